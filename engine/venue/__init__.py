"""What differs between venues, as the engine sees it: one market-data dialect, one order dialect, one fee rule.

A venue is one folder or module here that satisfies these protocols; nothing else in the engine names a venue. What it
offers beside them: `rest` (requests as values), `rest_orders` (orders that way), `reference` (its markets), `account`
(what we have there), `further` (FIX sessions beside that of orders).
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Protocol, cast, runtime_checkable

from engine.codec import Fields
from engine.instrument import Instrument, PriceGrid
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.risk.fee_bound import FeeBound
from engine.runtime.notices import NoticeKind

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
    STATE = 8  # a market opens, pauses, closes, is decided or paid, or changes its grid: `text` is the venue's word


class MarketState:
    """Whether a market takes orders, and how far its end has come."""

    UNCHANGED = -1  # an event that says something else, such as a new grid
    ACTIVE = 0
    PAUSED = 1  # the venue opens it again
    CLOSED = 2
    DETERMINED = 3  # its result is known
    SETTLED = 4  # its result is paid


class MarketEvent:
    """One decoded frame, valid until the next one is decoded.

    `side` is a Side of the YES book: whose level it is, or who was the aggressor of a trade. `bids` and `asks`
    are (price, size) pairs of a snapshot in any order. The books of `suspects` are stale from here on, and
    `commands` go back to the venue at once; `gap` says that frames were lost before this one, which is itself
    sound unless its kind is GAP. The venue sends nothing about the markets in `refused` until it is connected anew.
    `notices` is what people are to be told. A DELTA or LEVEL never has any of these, nor a text.

    `venue_time_ns` is when the venue sent the frame, or else when what it tells happened; 0 if it does not say.

    A STATE has its `state`; `grid` where the prices change, `close_ns` where the venue says when the market closes,
    and as its `price` what a contract pays, -1 while nobody knows.

    `news` is what a frame says beside books, trades and states, whatever its kind: a value of `engine.venue.account`,
    `.reference` or `.quotes`. `account_gap` says that such news of our account may have been lost, `trade_gap` the same
    of public trades. `cl_ord_id` of a
    DELTA is that of our own order which caused it, "" for those of others. `trade_id` is the venue's
    name of a TRADE, "" where it has none.
    """

    __slots__ = (
        "account_gap", "asks", "bids", "cl_ord_id", "close_ns", "commands", "gap", "grid", "instrument", "is_block",
        "kind", "news", "notices", "price", "refused", "seq", "sid", "side", "size", "state", "suspects", "text",
        "trade_gap", "trade_id", "venue_time_ns",
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
        self.refused: tuple[Instrument, ...] = ()
        self.notices: tuple[tuple[NoticeKind, str], ...] = ()
        self.text = ""
        self.is_block = False  # a trade that was agreed beside the book
        self.state = MarketState.UNCHANGED
        self.grid: PriceGrid | None = None
        self.close_ns = 0
        self.news: object = None
        self.account_gap = False
        self.trade_gap = False
        self.cl_ord_id = ""
        self.trade_id = ""

    def tell(self, kind: NoticeKind, text: str) -> None:
        """Add a notice for people."""
        self.notices += ((kind, text),)


class MarketDataCounts:
    """Counts of a dialect since it was made, in frames unless stated otherwise."""

    __slots__ = (
        "blocks", "crossed", "doubled", "duplicates", "elsewhere", "gaps", "malformed", "missed", "off_grid", "refused",
        "resets", "snapshots", "states", "strays", "trades", "unknown_markets", "unknown_types", "waiting",
    )  # fmt: skip

    def __init__(self) -> None:
        self.blocks = 0  # trades beside the book
        self.crossed = 0  # books that were crossed in their first snapshot
        self.doubled = 0  # levels that a snapshot names twice
        self.duplicates = 0
        self.elsewhere = 0  # news of a subaccount that is not ours
        self.gaps = 0
        self.malformed = 0  # raised as DecodeError
        self.missed = 0  # numbers that never came
        self.off_grid = 0  # levels at prices that the instrument does not have
        self.refused = 0
        self.resets = 0  # streams whose numbers went back
        self.snapshots = 0
        self.states = 0  # changes of a market's life
        self.strays = 0  # levels on a stream that does not carry their market
        self.trades = 0
        self.unknown_markets = 0
        self.unknown_types = 0
        self.waiting = 0  # levels of books that waited for a snapshot


class MarketDataStream(Protocol):
    """What keeps the subscriptions of market data whole, however they come. No I/O, no clock of its own."""

    @property
    def counts(self) -> MarketDataCounts:
        """What it has counted."""

    @property
    def fault(self) -> str:
        """Why nothing but a new connection can help; empty while this one may."""

    def subscribe(self) -> list[bytes]:
        """Forget every subscription and return the frames that make them anew on a fresh connection."""

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Carry these markets too; return the frames that subscribe to them on the connection that there is.

        Where there is none they go with the next `subscribe`. Their snapshots are waited for.
        """

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Carry these markets no more; return the frames that end their subscriptions.

        What still comes about one of them is counted as about an unknown market.
        """

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Ask for fresh snapshots of these markets, whose levels are ignored until then.

        Return the frames that may leave at once; what is asked for too often is left to `due`.
        """

    def due(self, now_ns: int) -> list[bytes]:
        """Return the frames whose time has come: what is overdue or was refused, at a pace that the venue bears.

        The feed calls it a few times a second.
        """

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come."""

    def decode(self, message: Any, /) -> Any:
        """Return what a message says, as the kind of feed has it; raise DecodeError if it is none."""


class MarketDataDialect(MarketDataStream, Protocol):
    """Market data over WebSocket: frames to events."""

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the HTTP headers, signed, for a connection made now (`now_ns` since 1970)."""

    def decode(self, frame: bytes, /) -> MarketEvent:
        """Return the event of one frame; raise DecodeError if it is not one."""


class FixMarketDataDialect(MarketDataStream, Protocol):
    """Market data over a FIX session of their own: messages to events; what is sent are bodies, as of orders."""

    def decode(self, fields: Fields, /) -> Iterable[MarketEvent]:
        """Return the events of one message, each valid until the next; raise DecodeError if it cannot be read."""

    def missed(self, fields: Fields, text: str) -> MarketEvent:
        """Return the event of a message that was not taken, for the reason `text`: its books cannot be believed."""


@runtime_checkable
class AnsweringDialect(Protocol):
    """A MarketDataDialect whose venue answers commands: `on_answer` takes the number of each, and its answer."""

    on_answer: Callable[[int, bytes], object] | None


class Verdict(Enum):
    """What follows from a refusal, or from an end that nobody asked for, as its venue means it."""

    REFUSES_ORDER = "this order alone is refused, for now"
    ENDS_ORDER = "the order is over, as its own terms say or by the venue; nobody is at fault"
    CLOSES_MARKET = "the market takes no requests until its state changes"
    THROTTLES = "the account is short of something: the next requests must wait"
    UNKNOWN = "it may have been applied all the same"
    OUR_FAULT = "the request is wrong, and would be refused again"


class OrderDialect(Protocol):
    """Orders to message bodies and messages to one report. A body is what `Session.send` takes."""

    closed_texts: frozenset[str]  # Text(58) of a refusal that says that the market takes no requests now
    consequences: Mapping[str, Verdict]  # by Text(58), of every text that the venue is known to write

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too."""

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets; a request about one is an OrderError from here on."""

    def new_order(self, order: Order, now_ns: int) -> bytes:
        """Return the body of the request that opens an order, under `order.cl_ord_id`."""

    def new_order_with(self, order: Order, now_ns: int) -> bytes:
        """Return the same of an order that has options, which `judge_options` took."""

    def judge_options(self, options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
        """Return why the venue would refuse an order with these options, in words; empty if it would not."""

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


class TradeFee(Protocol):
    """What a venue charges for one trade: money of the instrument's decimals, negative for a rebate."""

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return the fee of one trade."""


class FeeRule(TradeFee, Protocol):
    """The same as an account is charged it: for fills whose report does not say, and for what risk expects."""

    def charge(self, order: Order, price: int, qty: int, is_taker: bool) -> int:
        """Return what the account pays for the next fill of an order.

        It may keep its rounding in `fee_rest`: compiled code writes that, Python by `restore_fields`.
        """

    def set_terms(self, instrument: Instrument, multiplier_milli: int, maker_percent: int) -> None:
        """Charge a market by terms that the venue has told, as in `FeeTerms`; one below 0 is not told."""

    def bound(self, instrument: Instrument) -> FeeBound:
        """Return the most that fills in a market can cost, for risk."""

    def forget(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
