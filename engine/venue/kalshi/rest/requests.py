"""Requests to Kalshi's REST, and the proof that each is one that the venue takes.

Units   times in ns since 1970; the venue's filters count seconds, a lower bound is rounded down, an upper one up.
Errors  RequestError, before anything is sent.
Source  Kalshi REST, pagination and operations.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from engine.venue.kalshi.rest.numbers import NS, RequestError
from engine.venue.rest import Call, Page, PagedCall, RestRequest, Urgency

T = TypeVar("T")

ROOT = "/trade-api/v2"
MOST_ITEMS = 1_000  # of a page
MOST_SUBACCOUNT, MOST_SHARD = 63, 100
MOST_TEXT = 512

Value = str | int | bool | Iterable[str] | None
Query = tuple[tuple[str, str], ...]


def path(*parts: str) -> str:
    """Return the path of these parts, each percent-encoded, as it is sent and signed."""
    for part in parts:
        checked_text("a part of the path", part)
    return "/".join([ROOT, *(quote(part, safe="") for part in parts)])


def query(**given: Value) -> Query:
    """Return the parameters that have a value; one with several is named once for each."""
    found: list[tuple[str, str]] = []
    for name, value in given.items():
        if isinstance(value, bool):
            found.append((name, "true" if value else "false"))
        elif isinstance(value, int):
            found.append((name, str(value)))
        elif isinstance(value, str):
            found += [(name, value)] if value else []
        elif value is not None:
            found += [(name, each) for each in value]
    return tuple(found)


def get(
    operation: str,
    where: str,
    read: Callable[[bytes], T],
    given: Query = (),
    *,
    urgency: Urgency = Urgency.BROWSE,
    max_age_ns: int = 0,
    statuses: tuple[int, ...] = (200,),
) -> Call[T]:
    """Return one read."""
    request = RestRequest(
        operation=operation, method="GET", path=where, query=given, urgency=urgency, max_age_ns=max_age_ns
    )
    return Call(request, read, statuses)


def pages(
    operation: str,
    where: str,
    read: Callable[[bytes], Page[T]],
    given: Query = (),
    *,
    urgency: Urgency = Urgency.BROWSE,
) -> PagedCall[T]:
    """Return a list that is read in pages."""

    def following(cursor: str) -> RestRequest:
        """Return the request of the page that a cursor names."""
        rest = (*given, ("cursor", cursor)) if cursor else given
        return RestRequest(operation=operation, method="GET", path=where, query=rest, urgency=urgency)

    return PagedCall(following, read)


def write(
    operation: str,
    method: str,
    where: str,
    read: Callable[[bytes], T],
    body: object = None,
    given: Query = (),
    *,
    status: int = 200,
    tokens: int = 10,
    shard: int | None = None,
    urgency: Urgency = Urgency.ORDER,
) -> Call[T]:
    """Return one write. It spends the tokens of its shard where that is named, of the account at large for 0."""
    request = RestRequest(
        operation=operation,
        method=method,
        path=where,
        query=given,
        body=b"" if body is None else msgspec.json.encode(body),
        is_write=True,
        urgency=urgency,
        tokens=tokens,
        shard=max(shard or 0, 0),
    )
    return Call(request, read, (status,))


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a body that have a value: the venue takes no null."""
    return {name: value for name, value in fields.items() if value is not None}


def csv(name: str, values: Iterable[str], most: int) -> str:
    """Return a list as one comma-separated text."""
    found = [values] if isinstance(values, str) else list(values)
    if len(found) > most:
        raise RequestError(f"{name}: {len(found)} are too many for one request, which takes {most}: ask in parts")
    for each in found:
        if "," in each:
            raise RequestError(f"{name}: {each!r} holds a comma, which parts the list")
        checked_text(name, each)
    return ",".join(found)


def several(name: str, values: Iterable[str], most: int) -> str:
    """Return the same of a list that must not be empty."""
    found = csv(name, values, most)
    if not found:
        raise RequestError(f"{name}: name at least one")
    return found


def checked_text(name: str, text: str) -> str:
    """Return a text that can stand in a request."""
    if not text.strip() or len(text) > MOST_TEXT or not text.isprintable():
        raise RequestError(f"{name} {text[:40]!r} must be 1 to {MOST_TEXT} printable characters")
    return text


def within(name: str, value: int | None, least: int, most: int) -> int | None:
    """Return a number that lies between two others, both included."""
    if value is not None and not least <= value <= most:
        raise RequestError(f"{name} {value} must be {least} to {most}")
    return value


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """Return a word that the venue knows; "" is none."""
    if value and value not in known:
        raise RequestError(f"{name} {value!r} must be one of {', '.join(known)}")
    return value


def subaccount_of(number: int | None) -> int | None:
    """Return the number of a subaccount, 0 for the primary one; None is left to the venue."""
    return within("subaccount", number, 0, MOST_SUBACCOUNT)


def shard_of(index: int | None) -> int | None:
    """Return the index of a shard; None is all of them, or that of the market."""
    return within("exchange_index", index, 0, MOST_SHARD)


def since(name: str, ns: int) -> int | None:
    """Return a lower bound of time in seconds; None for 0."""
    return None if not ns else within(name, ns // NS, 0, 2**40)


def until(name: str, ns: int) -> int | None:
    """Return an upper bound of time in seconds; None for 0."""
    return None if not ns else within(name, -(-ns // NS), 0, 2**40)


def bounds(since_ns: int, until_ns: int) -> dict[str, int | None]:
    """Return the `min_ts` and `max_ts` of a list."""
    if until_ns and until_ns < since_ns:
        raise RequestError("the period ends before it begins")
    return {"min_ts": since("min_ts", since_ns), "max_ts": until("max_ts", until_ns)}
