"""What differs between venues, as the engine sees it: one market-data dialect, one order dialect, one fee rule.

A venue is one folder or module here that satisfies these protocols; nothing else in the engine names a venue.
"""

from collections.abc import Iterable
from typing import Protocol, cast

from engine.codec import Fields
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport

NO_INSTRUMENT = cast(Instrument, None)


class EventKind:
    """Kinds of decoded market-data frames."""

    DELTA = 0  # one level's signed change
    SNAPSHOT = 1  # a whole book
    TRADE = 2
    CONTROL = 3  # nothing for a book: acknowledgement, duplicate, level of a book that waits for its snapshot
    GAP = 4  # frames are missing, and this one says nothing by itself
    REFUSED = 5  # the venue answered with an error, `text` says which
    UNKNOWN = 6  # a type, market or price we do not know: counted, nothing applied, `text` says what
    LEVEL = 7  # one level's absolute size


class MarketEvent:
    """One decoded frame, valid until the next one is decoded.

    `side` is a Side of the YES book: whose level it is, or who was the aggressor of a trade. `bids` and `asks`
    are (price, size) pairs of a snapshot in any order. The books of `suspects` are stale from here on, and
    `commands` go back to the venue at once; `gap` says that frames were lost before this one, which is itself
    sound unless its kind is GAP. A DELTA or LEVEL never has suspects, commands, gap or text.
    """

    __slots__ = (
        "asks", "bids", "commands", "gap", "instrument", "kind", "price", "seq", "sid", "side", "size", "suspects",
        "text", "venue_time_ns",
    )  # fmt: skip

    def __init__(self, kind: int = EventKind.UNKNOWN) -> None:
        self.clear(kind)

    def clear(self, kind: int) -> None:
        """Reset every field, and set the kind."""
        self.kind = kind
        self.gap = False
        self.sid = 0
        self.seq = 0
        self.instrument = NO_INSTRUMENT  # of a kind that is about a market
        self.side = 0
        self.price = 0
        self.size = 0
        self.bids: list[tuple[int, int]] = []
        self.asks: list[tuple[int, int]] = []
        self.venue_time_ns = 0
        self.suspects: tuple[Instrument, ...] = ()
        self.commands: list[bytes] = []
        self.text = ""


class MarketDataCounts:
    """Counts of a dialect since it was made, in frames unless stated otherwise."""

    __slots__ = (
        "duplicates", "gaps", "malformed", "missed", "off_grid", "refused", "resets", "snapshots", "trades",
        "unknown_markets", "unknown_types", "waiting",
    )  # fmt: skip

    def __init__(self) -> None:
        self.duplicates = 0
        self.gaps = 0
        self.malformed = 0  # raised as DecodeError
        self.missed = 0  # numbers that never came
        self.off_grid = 0  # prices that the instrument does not have
        self.refused = 0
        self.resets = 0  # streams whose numbers went back
        self.snapshots = 0
        self.trades = 0
        self.unknown_markets = 0
        self.unknown_types = 0
        self.waiting = 0  # levels of books that waited for a snapshot


class MarketDataDialect(Protocol):
    """Frames to events, and the commands that keep a subscription whole. No I/O, no clock of its own."""

    counts: MarketDataCounts

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the HTTP headers, signed, for a connection made now (`now_ns` since 1970)."""

    def subscribe(self) -> list[bytes]:
        """Forget every subscription and return the frames that make them anew on a fresh connection."""

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the frames that ask for fresh snapshots of these markets, whose levels are ignored until then."""

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come."""

    def decode(self, frame: bytes) -> MarketEvent:
        """Return the event of one frame; raise DecodeError if it is not one."""


class OrderDialect(Protocol):
    """Orders to message bodies and messages to one report. A body is what `Session.send` takes."""

    def new_order(self, order: Order, now_ns: int) -> bytes:
        """Return the body of the request that opens an order, under `order.cl_ord_id`."""

    def cancel(self, order: Order, now_ns: int) -> bytes:
        """Return the body of an OrderCancelRequest under `order.pending_cl_ord_id`."""

    def replace(self, order: Order, now_ns: int) -> bytes:
        """Return the body of a request to the pending price and quantity, under `order.pending_cl_ord_id`."""

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> bytes:
        """Return the body that cancels every order of this account, whoever placed it."""

    def order_status(self, order: Order, now_ns: int) -> bytes | None:
        """Return the body that asks for an order's state; None if the venue has no such request."""

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report, one reused object; None for a message type that says nothing about orders."""


class FeeRule(Protocol):
    """What a fill costs when its report does not say."""

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return money of the instrument's decimals; negative for a rebate."""
