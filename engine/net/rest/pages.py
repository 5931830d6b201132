"""A list that comes in pages, read to its end or to the point from which nobody knows the rest.

Errors  RestError where the list is incomplete: a page fails, repeats, or is one too many.
Thread  the loop thread only.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, NamedTuple

from engine.net.rest.errors import RestError
from engine.venue.rest import Call, Page, PagedCall, T

_AGAIN = "read it anew from its first page"
_NARROW = "ask for less: a market, an event, or a later time"


class PagedList(NamedTuple, Generic[T]):
    """What was read of a list. It is complete only if every page came; `problem` says why it is not."""

    items: list[T]
    problem: RestError | None

    @property
    def is_complete(self) -> bool:
        """Whether these are all."""
        return self.problem is None

    def complete(self) -> list[T]:
        """Return all items; raise the problem where some are missing."""
        if self.problem is not None:
            raise self.problem
        return self.items


async def each_page(
    ask: Callable[[Call[Page[T]]], Awaitable[Page[T]]], paged: PagedCall[T], most_pages: int
) -> AsyncIterator[list[T]]:
    """Yield the items of one page after another. An end without RestError is the end of the list."""
    cursor = ""
    cursors = {""}
    first: list[Any] = []
    last: list[Any] = []
    for number in range(1, most_pages + 1):
        request = paged.following(cursor)
        page = await ask(Call(request, paged.read))
        if page.items and (page.items == last or page.items == first):
            raise _incomplete(request.operation, f"page {number} has what an earlier one had", _AGAIN)
        yield page.items
        if not page.cursor:
            return
        if page.cursor in cursors:
            raise _incomplete(request.operation, f"page {number} leads back to an earlier one", _AGAIN)
        cursor = page.cursor
        cursors.add(cursor)
        first, last = first or page.items, page.items
    raise _incomplete(request.operation, f"more than {most_pages} pages", _NARROW)


def _incomplete(operation: str, what: str, advice: str) -> RestError:
    return RestError(operation, f"the list is incomplete: {what}", code="pages", advice=advice)
