"""Messages of the channels beside books and trades, as types: what is read of each.

Shapes  unknown keys are ignored, deprecated ones never needed; prices, sizes and money stay text here.
Errors  as in `frames`.
Source  Kalshi WebSocket: private channels, communications, ticker, event lifecycle and fee update.
"""

from typing import Literal, TypeAlias

import msgspec

Outcome: TypeAlias = Literal["yes", "no"]
BookSide: TypeAlias = Literal["bid", "ask"]


class FillText(msgspec.Struct):
    """One fill of ours; `outcome_side` and `book_side` say the same."""

    trade_id: str
    order_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    is_taker: bool
    client_order_id: str = ""
    outcome_side: Outcome | None = None
    book_side: BookSide | None = None
    post_position_fp: str = ""
    ts_ms: int = 0
    subaccount: int = 0


class FillMessage(msgspec.Struct, tag_field="type", tag="fill"):
    """A fill; the channel has no numbers."""

    msg: FillText
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class OrderText(msgspec.Struct):
    """One order of ours as it stands now; its market is under `ticker`."""

    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    remaining_count_fp: str
    fill_count_fp: str
    client_order_id: str = ""
    outcome_side: Outcome | None = None
    book_side: BookSide | None = None
    exchange_index: int = 0
    created_ts_ms: int = 0
    last_updated_ts_ms: int = 0
    last_update_reason: str = ""
    subaccount_number: int = 0


class OrderMessage(msgspec.Struct, tag_field="type", tag="user_order"):
    """An order; the channel has no numbers."""

    msg: OrderText
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class PositionText(msgspec.Struct):
    """What we hold of one market."""

    market_ticker: str
    position_fp: str
    fees_paid_dollars: str
    realized_pnl_dollars: str = "0"
    subaccount: int = 0


class PositionMessage(msgspec.Struct, tag_field="type", tag="market_position"):
    """A position; the channel has no numbers."""

    msg: PositionText
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class GroupText(msgspec.Struct):
    """What became of an order group."""

    event_type: str = ""
    order_group_id: str = ""
    contracts_limit_fp: str = ""
    ts_ms: int = 0


class GroupMessage(msgspec.Struct, tag_field="type", tag="order_group_updates"):
    """A change of an order group."""

    msg: GroupText = msgspec.field(default_factory=GroupText)
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class QuoteText(msgspec.Struct):
    """Every field of a request for quotes or of a quote; which there are depends on the type of the message."""

    id: str = ""  # of a request
    rfq_id: str = ""
    quote_id: str = ""
    order_id: str = ""
    client_order_id: str = ""
    creator_id: str = ""  # of a request
    quote_creator_id: str = ""
    rfq_creator_id: str = ""
    market_ticker: str = ""
    event_ticker: str = ""
    contracts_fp: str = ""
    target_cost_dollars: str = ""
    yes_bid_dollars: str = ""
    no_bid_dollars: str = ""
    yes_contracts_offered_fp: str = ""
    no_contracts_offered_fp: str = ""
    accepted_side: str = ""
    contracts_accepted_fp: str = ""
    created_ts: str = ""
    deleted_ts: str = ""
    executed_ts: str = ""


class _Communication(msgspec.Struct, tag_field="type"):
    """A message of the communications channel."""

    msg: QuoteText = msgspec.field(default_factory=QuoteText)
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class RfqCreated(_Communication, tag="rfq_created"):
    """Somebody asks for quotes."""


class RfqDeleted(_Communication, tag="rfq_deleted"):
    """A request for quotes is over."""


class QuoteCreated(_Communication, tag="quote_created"):
    """A quote, seen by its two parties."""


class QuoteAccepted(_Communication, tag="quote_accepted"):
    """A quote was accepted, its maker may still decline."""


class QuoteExecuted(_Communication, tag="quote_executed"):
    """A quote became an order of ours."""


class TickerText(msgspec.Struct, gc=False):
    """A market in short."""

    market_ticker: str = ""
    price_dollars: str = ""
    yes_bid_dollars: str = ""
    yes_ask_dollars: str = ""
    yes_bid_size_fp: str = ""
    yes_ask_size_fp: str = ""
    last_trade_size_fp: str = ""
    volume_fp: str = ""
    open_interest_fp: str = ""
    ts_ms: int = 0


class Ticker(msgspec.Struct, tag_field="type", tag="ticker", gc=False):
    """A ticker; the channel has no numbers."""

    msg: TickerText = msgspec.field(default_factory=TickerText)
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class FeeOverride(msgspec.Struct):
    """Another fee for every market of an event; null gives the usual one back. The multiplier is read as text."""

    event_ticker: str = ""
    fee_type_override: str | None = None
    fee_multiplier_override: msgspec.Raw = msgspec.Raw(b"null")


class FeeUpdate(msgspec.Struct, tag_field="type", tag="event_fee_update"):
    """A change of fees."""

    msg: FeeOverride = msgspec.field(default_factory=FeeOverride)
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class EventText(msgspec.Struct):
    """An event, whose markets are told apart from it."""

    event_ticker: str = ""
    series_ticker: str = ""
    title: str = ""
    subtitle: str = ""
    collateral_return_type: str = ""
    exchange_index: int = 0


class EventLifecycle(msgspec.Struct, tag_field="type", tag="event_lifecycle"):
    """The news of a whole event."""

    msg: EventText = msgspec.field(default_factory=EventText)
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


NewsMessage: TypeAlias = (
    FillMessage | OrderMessage | PositionMessage | GroupMessage | RfqCreated | RfqDeleted | QuoteCreated | QuoteAccepted
    | QuoteExecuted | Ticker | FeeUpdate | EventLifecycle
)  # fmt: skip
LISTED_NEWS = frozenset((
    "fill", "user_order", "market_position", "order_group_updates", "rfq_created", "rfq_deleted", "quote_created",
    "quote_accepted", "quote_executed", "ticker", "event_fee_update", "event_lifecycle",
))  # fmt: skip
