"""Lists in pages: their end, and every way in which one may be incomplete."""

from typing import Any

import pytest

from engine.net.rest.errors import RestError
from engine.venue.rest import PagedCall
from tests.support.rest_venue import paged, reply, visiting
from tests.support.ws_venue import run

Pages = list[tuple[list[int], str]]


def read(pages: Pages, *more: Any, call: PagedCall[int] | None = None, **options: Any) -> tuple[list[int], str, int]:
    """Return the items that were read, the problem, and the number of requests; both ways of reading must agree."""
    found: list[tuple[list[int], str, int]] = []

    async def body() -> None:
        for _ in range(2):
            async with visiting(attempts=1, **options) as (venue, visitor):
                venue.answers = [reply({"items": items, "cursor": cursor}) for items, cursor in pages]
                venue.answers += [reply(value, status) for value, status in more]
                items: list[int] = []
                problem = ""
                if found:
                    listing = await visitor.client.all(paged())
                    items, problem = listing.items, str(listing.problem or "")
                    assert listing.is_complete is (not problem)
                else:
                    try:
                        async for item in visitor.client.pages(paged()):
                            items.append(item)
                    except RestError as error:
                        problem = str(error)
                found.append((items, problem, len(venue.seen)))

    run(body(), 30)
    assert found[0] == found[1]
    return found[0]


def test_list_is_read_to_its_end() -> None:
    assert read([([1, 2], "a"), ([3], "b"), ([4], "")]) == ([1, 2, 3, 4], "", 3)
    assert read([([], "")]) == ([], "", 1)


def test_cursor_is_sent_with_each_following_page() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply({"items": [1], "cursor": "a/b"}), reply({"items": [2], "cursor": ""})]
            assert (await visitor.client.all(paged())).complete() == [1, 2]
            assert [seen.target for seen in venue.seen] == ["/api/numbers", "/api/numbers?cursor=a%2Fb"]

    run(body(), 30)


def test_pages_without_items_are_passed_over() -> None:
    assert read([([1], "a"), ([], "b"), ([], "c"), ([2], "")]) == ([1, 2], "", 4)


INCOMPLETE: list[tuple[str, Pages, list[int], str]] = [
    ("cursor of itself", [([1], "a"), ([2], "a")], [1, 2], "page 2 leads back to an earlier one: read it anew"),
    ("cursor of before", [([1], "a"), ([2], "b"), ([3], "a")], [1, 2, 3], "page 3 leads back"),
    ("same page again", [([1], "a"), ([2], "b"), ([2], "c")], [1, 2], "page 3 has what an earlier one had"),
    ("first page again", [([1], "a"), ([2], "b"), ([3], "c"), ([1], "d")], [1, 2, 3], "page 4 has what"),
    ("repeated last page", [([1], "a"), ([1], "")], [1], "page 2 has what an earlier one had"),
    ("too many", [([1], "a"), ([2], "b"), ([3], "c"), ([4], "d"), ([5], "")], [1, 2, 3, 4], "more than 4 pages"),
]


@pytest.mark.parametrize(("name", "pages", "items", "problem"), INCOMPLETE, ids=[name for name, *_ in INCOMPLETE])
def test_list_that_repeats_or_does_not_end_is_incomplete(
    name: str, pages: Pages, items: list[int], problem: str
) -> None:
    found, told, _ = read(pages, most_pages=4)
    assert found == items
    assert told.startswith("get_numbers: the list is incomplete: ") and problem in told


def test_later_page_that_fails_leaves_the_list_incomplete() -> None:
    items, problem, _ = read([([1], "a")], ({"code": "c", "message": "m"}, 400))
    assert items == [1] and "HTTP 400 c m" in problem
    items, problem, _ = read([([1], "a")], ({"items": [2]}, 200))
    assert items == [1] and "cannot be read" in problem


def test_incomplete_list_raises_for_whoever_wants_all() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply({"code": "c", "message": "m"}, 403)]
            listing = await visitor.client.all(paged())
            assert listing.items == []
            with pytest.raises(RestError, match="403"):
                listing.complete()

    run(body(), 30)
