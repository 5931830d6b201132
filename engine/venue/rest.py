"""REST as a value: what a venue asks for and what an answer means. `engine.net.rest` carries it.

A `Call` is one request and the way to read its answer; a `PagedCall` reads a list in pages. The venue makes them and
does no I/O; whoever holds a client passes them on.

Units   times in ns; tokens as the venue counts them.
Errors  `Call.read` raises DecodeError for a body that is not what the venue promises.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Urgency(IntEnum):
    """What goes first where requests wait for tokens."""

    CANCEL = 0
    ORDER = 1
    RECONCILE = 2
    BROWSE = 3


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `path` is percent-encoded and begins at the root, as it is signed; the query is not encoded.

    `shard` is whose write tokens it spends, 0 for those of the account at large. A request that `is_write` is never
    sent a second time by itself. An answer not older than `max_age_ns` may stand in for a read; 0 is none.
    """

    operation: str  # its name, for metrics and the audit log, such as "get_markets"
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_write: bool = False
    urgency: Urgency = Urgency.BROWSE
    tokens: int = 10
    shard: int = 0
    max_age_ns: int = 0


class RestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A response. `age_ns` is above 0 for one out of the cache; `is_stale` where the venue could not be asked anew."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}  # names in lower case
    age_ns: int = 0
    is_stale: bool = False


class RestRefusal(NamedTuple):
    """What an error answer says: the venue's code, and its words for people."""

    code: str
    text: str


class Page(NamedTuple, Generic[T]):
    """A part of a list; an empty `cursor` is that of the last page."""

    items: list[T]
    cursor: str


class Call(NamedTuple, Generic[T]):
    """One request, and the reader of its answer's body. `statuses` are those of success."""

    request: RestRequest
    read: Callable[[bytes], T]
    statuses: tuple[int, ...] = (200,)


class PagedCall(NamedTuple, Generic[T]):
    """A list in pages: `following(cursor)` is the request of the next one, the first with an empty cursor."""

    following: Callable[[str], RestRequest]
    read: Callable[[bytes], Page[T]]


class TokenLimits(NamedTuple):
    """What an account may spend: tokens a second and at once, of reads and of writes."""

    read_per_second: int
    read_burst: int
    write_per_second: int
    write_burst: int
    tier: str = ""


class RestDialect(Protocol):
    """What a REST client must know of its venue."""

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        """Return the headers of a request sent now (`now_ns` since 1970); none without a key."""

    def refusal(self, answer: RestAnswer) -> RestRefusal:
        """Return what an answer that is no success says."""

    def is_limited(self, answer: RestAnswer) -> bool:
        """Return whether it was refused for its rate, so that it may be sent again later."""

    def limits(self) -> Call[TokenLimits] | None:
        """Return what asks for the account's token limits; None if the venue has no such request."""

    def costs(self) -> Call[dict[tuple[str, str], int]] | None:
        """Return what asks for the tokens of each (method, path pattern) that does not cost the default."""
