"""What differs between venues, as the engine sees it: one market-data dialect, one order dialect, one fee rule.

A venue is one folder or module here that satisfies these protocols; nothing else in the engine names a venue.
"""

from typing import Protocol

from engine.instrument import Instrument
from engine.orders import Order
from engine.report import ExecutionReport
from engine.session.fields import Fields


class Kind:
    """What a market-data frame was, after decoding."""

    DELTA = 0  # one level's signed change
    SNAPSHOT = 1  # a whole book
    TRADE = 2
    CONTROL = 3  # acknowledged command or heartbeat: nothing for the book
    GAP = 4  # frames are missing: every book of the subscription is stale
    REFUSED = 5  # the venue answered with an error, `text` says which
    UNKNOWN = 6  # a type or market we do not know: counted, nothing applied
    LEVEL = 7  # one level's absolute size


class MarketEvent:
    """One decoded frame; a single object is reused and valid until the next frame.

    `side` is BID or ASK of the YES book for levels, the aggressor's BUY or SELL for trades. `bids` and `asks`
    are (price, size) pairs of a snapshot in any order. `gap` marks an event that is sound itself but follows a loss.
    """

    __slots__ = (
        "asks", "bids", "gap", "instrument", "kind", "price", "seq", "sid", "side", "size", "text", "venue_time_ns",
    )  # fmt: skip

    def __init__(self) -> None:
        self.kind = Kind.UNKNOWN
        self.gap = False
        self.sid = 0
        self.seq = 0
        self.instrument: Instrument | None = None
        self.side = 0
        self.price = 0
        self.size = 0
        self.bids: list[tuple[int, int]] = []
        self.asks: list[tuple[int, int]] = []
        self.venue_time_ns = 0
        self.text = ""


class MarketDataDialect(Protocol):
    """Frames to events, and the commands that keep a subscription whole. No I/O, no clock of its own."""

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the HTTP headers, signed, for a connection made now."""

    def subscribe(self) -> list[bytes]:
        """Forget every subscription and return the frames that make them anew on a fresh connection."""

    def resync(self, instruments: list[Instrument]) -> list[bytes]:
        """Return the frames that ask for fresh snapshots of these markets."""

    def decode(self, frame: bytes) -> MarketEvent:
        """Return the event of one frame; raise DecodeError if it is not one."""


class OrderDialect(Protocol):
    """Orders to message bodies and messages to one report. A body is what `Session.send` takes."""

    def new_order(self, order: Order, now_ns: int) -> bytes: ...

    def cancel(self, order: Order, now_ns: int) -> bytes:
        """Body of an OrderCancelRequest under `order.pending_cl_ord_id`."""

    def replace(self, order: Order, now_ns: int) -> bytes:
        """Body of an OrderCancelReplaceRequest under `order.pending_cl_ord_id`, to the pending price and quantity."""

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> bytes:
        """Body that cancels every order of this account, whoever placed it."""

    def order_status(self, order: Order, now_ns: int) -> bytes | None:
        """Body that asks for an order's state; None where the venue has no such request."""

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report, one reused object; None for a message type that says nothing about orders."""


class FeeRule(Protocol):
    """What a fill costs when its report does not say."""

    def fee(self, price: int, qty: int, is_taker: bool) -> int:
        """Return money; negative for a rebate."""
