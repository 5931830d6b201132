"""Lists in pages. A cursor is opaque to clients: base64 of the key of the last item that they have.

What is added or removed between two pages repeats nothing and loses nothing else, because a page begins behind a key
and not at a count. A cursor that is none begins at the start without a word, as the venue was seen to do.

Shapes  a key is (number, text), different for each item of a list; a list is in the order of its keys.
Cost    O(items log items) a page.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")
Key = tuple[int, str]


class Slice(NamedTuple):
    """A page: its items as they are answered, and the cursor of the next one, "" on the last."""

    items: list[Any]
    cursor: str


def page(items: Iterable[T], limit: int, cursor: str, key: Callable[[T], Key], show: Callable[[T], object]) -> Slice:
    """Return up to `limit` items behind the cursor's; a limit of 0 is the venue's own, 100."""
    limit = limit or 100
    after = read_cursor(cursor)
    keyed = sorted(((key(item), item) for item in items), key=lambda pair: pair[0])
    behind = [pair for pair in keyed if after is None or pair[0] > after]
    shown, more = behind[:limit], len(behind) > limit
    return Slice([show(item) for _, item in shown], make_cursor(shown[-1][0]) if more else "")


def newest_first(time_ns: int, name: str) -> Key:
    """Return the key that puts the newest item first."""
    return -time_ns, name


def last_first(number: int) -> Key:
    """Return the key that puts the highest number first, which is that of the last record."""
    return -number, ""


def make_cursor(key: Key) -> str:
    """Return the cursor of what comes behind a key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def read_cursor(cursor: str) -> Key | None:
    """Return the key that a cursor holds, None for none or a bad one."""
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode()), type=tuple[int, str])
    except (binascii.Error, ValueError):
        return None
