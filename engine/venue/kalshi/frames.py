"""Kalshi's WebSocket frames as types: what is read of each message, and the commands that are written.

Shapes  unknown keys are ignored; prices and sizes stay text here, `market_data` makes them integers.
Errors  msgspec's and UnicodeDecodeError (all are ValueError), RecursionError for JSON nested too deep.
Cost    0.3 us for an orderbook_delta.
Source  Kalshi WebSocket: replies and envelope, order book, trade; fixed-point form of 2026-03-12 and later.
"""

from typing import Literal, TypeAlias

import msgspec

Levels: TypeAlias = list[tuple[str, str]]
YesNo: TypeAlias = Literal["yes", "no"]


class LevelChange(msgspec.Struct, gc=False):
    """One level's signed change, on the side that `side` names."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: YesNo
    ts_ms: int = 0


class Delta(msgspec.Struct, tag_field="type", tag="orderbook_delta", gc=False):
    """A level change under the number of its stream."""

    sid: int
    seq: int
    msg: LevelChange


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
        return not has_text and len(self.yes) + len(self.no) > 0


class Snapshot(msgspec.Struct, tag_field="type", tag="orderbook_snapshot"):
    """A whole book; `id` is that of the command that asked for it."""

    sid: int
    seq: int
    msg: Ladders
    id: int = 0


class Print(msgspec.Struct, gc=False):
    """One public trade; older recordings have `taker_side` only."""

    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_outcome_side: YesNo | None = None
    taker_side: YesNo | None = None
    ts_ms: int = 0


class Trade(msgspec.Struct, tag_field="type", tag="trade", gc=False):
    """A public trade under the number of its stream."""

    sid: int
    seq: int
    msg: Print


class Ticker(msgspec.Struct, tag_field="type", tag="ticker", gc=False):
    """A ticker, of which only the number counts."""

    sid: int = 0
    seq: int = 0


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


class Ok(msgspec.Struct, tag_field="type", tag="ok", gc=False):
    """Acknowledgement of any other command."""

    id: int = 0
    sid: int = 0
    seq: int = 0


class Unsubscribed(msgspec.Struct, tag_field="type", tag="unsubscribed", gc=False):
    """The end of a subscription that we asked for."""

    id: int = 0
    sid: int = 0
    seq: int = 0


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


class Envelope(msgspec.Struct, gc=False):
    """What every message has, for one whose type is not listed here."""

    type: str
    sid: int = 0
    seq: int = 0


Message: TypeAlias = Delta | Snapshot | Trade | Ticker | Subscribed | Ok | Unsubscribed | Error
LISTED = frozenset(
    ("orderbook_delta", "orderbook_snapshot", "trade", "ticker", "subscribed", "ok", "unsubscribed", "error")
)
read_message = msgspec.json.Decoder(Message).decode
read_envelope = msgspec.json.Decoder(Envelope).decode

ERROR_NAMES = {
    1: "not processable",
    2: "params required",
    3: "channels required",
    4: "sids required",
    5: "unknown command",
    7: "unknown sid",
    8: "unknown channel",
    9: "authentication or access required",
    10: "channel error",
    11: "invalid parameter",
    12: "exactly one sid required",
    13: "unsupported action",
    14: "market ticker required",
    15: "action required",
    18: "command timeout",
    23: "match ids required",
    24: "index ids required",
    25: "subscription buffer overflow",
    26: "market limit per subscription",
    27: "too many commands",
    28: "underlying tickers required",
}
ENDS_SUBSCRIPTION = frozenset((10, 25))


def command(id_: int, cmd: str, params: dict[str, object]) -> bytes:
    """Return the frame of one command."""
    return msgspec.json.encode({"id": id_, "cmd": cmd, "params": params})
