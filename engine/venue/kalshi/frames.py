"""Kalshi's WebSocket frames as types: what is read of each message, and the commands that are written.

Shapes  unknown keys are ignored; prices and sizes stay text here, `market_data` makes them integers.
Errors  msgspec's and UnicodeDecodeError (all are ValueError), RecursionError for JSON nested too deep.
Cost    0.3 us for an orderbook_delta.
Source  Kalshi WebSocket: replies and envelope, order book, trade, market lifecycle; fixed-point form of 2026-03-12 and
        later.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from engine.venue.kalshi.channels.messages import LISTED_NEWS, NewsMessage

Levels: TypeAlias = list[tuple[str, str]]
YesNo: TypeAlias = Literal["yes", "no"]


class LevelChange(msgspec.Struct, gc=False):
    """One level's signed change, on the side that `side` names."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: YesNo
    ts_ms: int = 0
    client_order_id: str = ""  # of the order of ours that made it


class Delta(msgspec.Struct, tag_field="type", tag="orderbook_delta", gc=False):
    """A level change under the number of its stream."""

    sid: int
    seq: int
    msg: LevelChange
    sending_ts_ms: int = 0


class Ladders(msgspec.Struct):
    """Both sides of a book; `yes` and `no` are the integer form of old recordings."""

    market_ticker: str
    yes_dollars_fp: Levels | None = None
    no_dollars_fp: Levels | None = None
    yes: msgspec.Raw = msgspec.Raw()
    no: msgspec.Raw = msgspec.Raw()

    @property
    def is_legacy(self) -> bool:
        """Whether the levels are in the integer form only: read as text they would seem an empty book."""
        has_text = self.yes_dollars_fp is not None or self.no_dollars_fp is not None
        return not has_text and not {bytes(self.yes), bytes(self.no)} <= _NO_LEVELS


class Snapshot(msgspec.Struct, tag_field="type", tag="orderbook_snapshot"):
    """A whole book; `id` is that of the command that asked for it."""

    sid: int
    seq: int
    msg: Ladders
    id: int = 0
    sending_ts_ms: int = 0


class Print(msgspec.Struct, gc=False):
    """One public trade; older recordings have `taker_side` and `ts`, in seconds, only."""

    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_outcome_side: YesNo | None = None
    taker_book_side: Literal["bid", "ask"] | None = None
    taker_side: YesNo | None = None
    is_block_trade: bool = False
    ts_ms: int = 0
    ts: int = 0
    trade_id: str = ""

    @property
    def is_taker_buying(self) -> bool | None:
        """Whether the taker bought YES; None if none of the three fields says so."""
        taker = self.taker_outcome_side or self.taker_side
        if taker is None:
            return None if self.taker_book_side is None else self.taker_book_side == "bid"
        return taker == "yes"


class Trade(msgspec.Struct, tag_field="type", tag="trade", gc=False):
    """A public trade under the number of its stream."""

    sid: int
    msg: Print
    seq: int = 0  # recordings of old have none
    sending_ts_ms: int = 0


class Channel(msgspec.Struct, gc=False):
    """What was subscribed, and the sid that it got."""

    channel: str
    sid: int


class Subscribed(msgspec.Struct, tag_field="type", tag="subscribed", gc=False):
    """Acknowledgement of a subscription."""

    msg: Channel
    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class Ok(msgspec.Struct, tag_field="type", tag="ok"):
    """Acknowledgement of any other command; `msg` is an object, or of list_subscriptions an array."""

    id: int = 0
    msg: Any = None
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class Unsubscribed(msgspec.Struct, tag_field="type", tag="unsubscribed", gc=False):
    """The end of a subscription that we asked for."""

    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class Complaint(msgspec.Struct, gc=False):
    """Why the venue refused: a code of `ERROR_NAMES` and its own words."""

    code: int
    msg: str = ""


class Error(msgspec.Struct, tag_field="type", tag="error", gc=False):
    """Refusal of a command, or error of a stream."""

    msg: Complaint
    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class Envelope(msgspec.Struct, gc=False):
    """What every message has, for one whose type is not listed here."""

    type: str
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class Band(msgspec.Struct, gc=False):
    """Prices from `start` to `end` every `step`, in dollars."""

    start: str
    end: str
    step: str


class Metadata(msgspec.Struct):
    """What a new market is."""

    event_ticker: str = ""
    title: str = ""
    name: str = ""
    yes_sub_title: str = ""


class Stage(msgspec.Struct):
    """What happened to a market; every `_ts` is in seconds."""

    event_type: str
    market_ticker: str = ""
    result: str = ""
    settlement_value: str = ""
    open_ts: int = 0
    close_ts: int = 0
    exchange_index: int = 0
    price_ranges: list[Band] = []
    additional_metadata: Metadata = msgspec.field(default_factory=Metadata)


class StageMessage(msgspec.Struct, tag_field="type", tag="market_lifecycle_v2"):
    """A stage of one market, which need not be one of ours: the channel has no filter."""

    msg: Stage
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class ComboStageMessage(msgspec.Struct, tag_field="type", tag="multivariate_market_lifecycle"):
    """The same of a combination of markets."""

    msg: Stage
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


Message: TypeAlias = (
    Delta | Snapshot | Trade | Subscribed | Ok | Unsubscribed | Error | StageMessage | ComboStageMessage | NewsMessage
)  # fmt: skip
LISTED = LISTED_NEWS | {
    "orderbook_delta", "orderbook_snapshot", "trade", "subscribed", "ok", "unsubscribed", "error",
    "market_lifecycle_v2", "multivariate_market_lifecycle",
}  # fmt: skip
_NO_LEVELS = {b"", b"null", b"[]"}

read_message = msgspec.json.Decoder(Message).decode

ERROR_NAMES = {
    1: "not processable",
    2: "params required",
    3: "channels required",
    4: "sids required",
    5: "unknown command",
    6: "already subscribed",  # retired: a repeated subscription is accepted
    7: "unknown sid",
    8: "unknown channel",
    9: "authentication or access required",
    10: "channel error",
    11: "invalid parameter",
    12: "exactly one sid required",
    13: "unsupported action",
    14: "market ticker required",
    15: "action required",
    16: "retired",
    17: "retired",
    18: "command timeout",
    19: "shard_factor or shard_key wrong",
    20: "shard_factor or shard_key wrong",
    21: "shard_factor or shard_key wrong",
    22: "shard_factor or shard_key wrong",
    23: "match ids required",
    24: "index ids required",
    25: "subscription buffer overflow",
    26: "market limit per subscription",
    27: "too many commands",
    28: "underlying tickers required",
}
ENDS_SUBSCRIPTION = frozenset((10, 17, 25))  # 17 did so until it was retired


def command(id_: int, cmd: str, params: dict[str, object]) -> bytes:
    """Return the frame of one command."""
    return msgspec.json.encode({"id": id_, "cmd": cmd, "params": params})
