"""What an account has at a venue, asked for over the session of orders: the seam, and lists put together from answers.

An answer counts only as a whole. One that lacks an item which was announced, or contradicts itself, decides nothing:
what is not in it may be there.

Units   prices and sizes as in the venue's instruments; times in ns since 1970.
Errors  none here; DecodeError of a dialect for an answer that cannot be read.
"""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, Protocol, TypeVar

from engine.codec import Fields
from engine.orders.order import Order
from engine.venue.account import VenueOrder, VenuePosition

T = TypeVar("T")
UNTOLD = -1


class OrderAnswer(NamedTuple):
    """One order of an answer, None where there is none; `announced` is how many the whole has, UNTOLD if not said."""

    request_id: str
    order: VenueOrder | None
    announced: int = UNTOLD
    is_last: bool = False


class PositionsAnnounced(NamedTuple):
    """How many positions follow."""

    request_id: str
    announced: int = UNTOLD


class PositionAnswer(NamedTuple):
    """One position of an answer; `report_id` tells it apart, a market may have several."""

    request_id: str
    report_id: str
    position: VenuePosition
    announced: int = UNTOLD


class AccountRefusal(NamedTuple):
    """A request is refused, named by its id or its number; `is_for_good` where the venue has no such request."""

    request_id: str
    ref_seq_num: int
    text: str
    is_for_good: bool


AccountAnswer = OrderAnswer | PositionsAnnounced | PositionAnswer | AccountRefusal


class SessionAccountDialect(Protocol):
    """What asks for an account over the session of orders, and reads what answers."""

    def every_order(self, request_id: str, now_ns: int) -> bytes:
        """Return the body that asks for every order of the account that is open."""

    def one_order(self, order: Order, request_id: str, now_ns: int) -> bytes:
        """Return the body that asks for one order, whatever its state."""

    def every_position(self, request_id: str, now_ns: int) -> bytes:
        """Return the body that asks for every position of the account."""

    def read(self, fields: Fields) -> AccountAnswer | None:
        """Return what a message answers; None for one that is about something else. DecodeError if it is unreadable."""


class Listed(Generic[T]):
    """A list that comes item by item; `key` tells two items apart."""

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self.fault = ""  # what contradicts itself
        self._key = key
        self._items: dict[Hashable, T] = {}
        self._announced = UNTOLD
        self._is_ended = False

    @property
    def items(self) -> list[T]:
        """What has come so far, in the order in which it came."""
        return list(self._items.values())

    @property
    def is_over(self) -> bool:
        """Return whether nothing more is to come: it is whole, or can never be."""
        is_all = self._announced != UNTOLD and len(self._items) >= self._announced
        return bool(self.fault) or is_all or self._is_ended

    @property
    def lacks(self) -> str:
        """Return why the list is not whole, empty if it is."""
        if self.fault:
            return self.fault
        if self._announced == UNTOLD:
            return "" if self._is_ended else f"{len(self._items)} came, and nothing says how many there are"
        if len(self._items) < self._announced:
            return f"{self._announced} were announced, {len(self._items)} came"
        return ""

    def announce(self, count: int) -> None:
        """Learn how many there are; UNTOLD says nothing."""
        if count == UNTOLD:
            return
        if self._announced not in (UNTOLD, count):
            self.fault = self.fault or f"{self._announced} were announced, and then {count}"
        self._announced = count
        self._judge_count()

    def take(self, item: T) -> None:
        """Take one item; the same one again is one."""
        key = self._key(item)
        if self._items.setdefault(key, item) != item:
            self.fault = self.fault or f"{key} came twice, each time otherwise"
        self._judge_count()

    def end(self) -> None:
        """Learn that this was the last one."""
        self._is_ended = True

    def _judge_count(self) -> None:
        if UNTOLD != self._announced < len(self._items):
            self.fault = self.fault or f"{self._announced} were announced, {len(self._items)} came"
