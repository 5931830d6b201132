"""Kalshi's WebSocket frames: JSON text out, commands in.

Units   prices, sizes as in `instrument`; times in Unix milliseconds, as on the wire.
Shapes  a frame is `head`, its seq, and a `tail` that is built once an event and shared by every connection.
Errors  ValueError (msgspec's, or of text that is not UTF-8) or RecursionError from `decode_command`.
Source  Kalshi WebSocket API: commands, replies and envelope, error codes, order book, ticker, trade.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

import msgspec

from engine import fix
from engine.instrument import Instrument
from engine.sim.feed.channels import NUMBERED

Level = tuple[int, int]  # price, size

ERROR_TEXT = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    6: "Already subscribed",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    9: "Authentication required",
    10: "Channel error",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market ticker required",
    15: "Action required",
    18: "Command timeout",
    19: "Invalid shard_factor",
    20: "Invalid shard_key",
    21: "shard_factor required",
    22: "shard_key required",
    23: "Match IDs required",
    24: "Index IDs required",
    25: "Subscription buffer overflow",
    26: "Market limit per subscription exceeded",
    27: "Too many commands",
    28: "Underlying tickers required",
}
MOST_SYMBOLS = 65_536  # whose ids are remembered


NOT_OURS: Mapping[str, object] = MappingProxyType({})


class Params(msgspec.Struct):
    """What a command may carry; unknown keys are ignored."""

    channels: list[str] = []
    market_ticker: str = ""
    market_tickers: list[str] = []
    market_id: str = ""
    market_ids: list[str] = []
    use_yes_price: bool = False
    send_initial_snapshot: bool = False
    skip_ticker_ack: bool = False
    sid: int = 0
    sids: list[int] = []
    action: str = ""
    shard_factor: int | None = None
    shard_key: int | None = None
    user_filter: str = ""
    index_ids: list[str] = []
    underlying_tickers: list[str] = []


class Command(msgspec.Struct):
    """One frame from a client; id 0 counts as none."""

    id: int = 0
    cmd: str = ""
    params: Params | None = None


class _Identified(msgspec.Struct):
    id: int = 0


_command_decoder = msgspec.json.Decoder(Command)
_id_decoder = msgspec.json.Decoder(_Identified)
_encode = msgspec.json.encode


def decode_command(frame: bytes) -> Command:
    """Return the command in one client frame; raise ValueError or RecursionError if it is not one."""
    return _command_decoder.decode(frame)


def decode_id(frame: bytes) -> int:
    """Return the id of a command that cannot be decoded, 0 if even that is unreadable."""
    try:
        return _id_decoder.decode(frame).id
    except (ValueError, RecursionError):
        return 0


@lru_cache(MOST_SYMBOLS)
def market_id(symbol: str) -> str:
    """Return the market's UUID, the same in every run."""
    return str(uuid5(NAMESPACE_URL, symbol))


def subscribed(id_: int, channel: str, sid: int, now_ms: int) -> bytes:
    """Acknowledge a subscription to one channel."""
    return _reply(id_, "subscribed", now_ms, msg={"channel": channel, "sid": sid})


def listing(id_: int, subscriptions: Iterable[tuple[str, int]], now_ms: int) -> bytes:
    """Answer `list_subscriptions` with the channel and sid of each."""
    return _reply(id_, "ok", now_ms, msg=[{"channel": channel, "sid": sid} for channel, sid in subscriptions])


def ok(id_: int, sid: int, seq: int, symbols: Iterable[str] | None, now_ms: int) -> bytes:
    """Answer an update; `symbols` is the full set after it, None leaves the list out."""
    msg = {} if symbols is None else {"market_tickers": list(symbols)}
    return _reply(id_, "ok", now_ms, sid=sid, seq=seq, msg=msg)


def unsubscribed(id_: int, sid: int, seq: int, now_ms: int) -> bytes:
    """Say that a subscription has ended."""
    return _reply(id_, "unsubscribed", now_ms, sid=sid, seq=seq)


def error(id_: int, code: int, detail: str, now_ms: int, sid: int = 0, seq: int = 0) -> bytes:
    """Refuse a command; with a `sid`, the refusal takes a number of that subscription."""
    text = ERROR_TEXT.get(code, "Error")
    text = f"{text}: {detail}" if detail else text
    place = {"sid": sid, "seq": seq} if sid else {}
    return _reply(id_, "error", now_ms, **place, msg={"code": code, "msg": text})


@lru_cache
def head(type_: str, sid: int) -> bytes:
    """Return the start of a type's frames, up to the seq where the type has one."""
    seq = ',"seq":' if type_ in NUMBERED else ""
    return f'{{"type":"{type_}","sid":{sid}{seq}'.encode()


def snapshot_head(sid: int) -> bytes:
    """Return the start of an orderbook_snapshot, up to the seq."""
    return head("orderbook_snapshot", sid)


def snapshot(
    instrument: Instrument, bids: Iterable[Level], asks: Iterable[Level], use_yes_price: bool, now_ms: int, id_: int = 0
) -> bytes:
    """Tail of an orderbook_snapshot; an empty side has no key."""
    named = f',"id":{id_}' if id_ else ""
    body = _market(instrument.symbol)
    if ladder := _ladder(instrument, bids):
        body += f',"yes_dollars_fp":{ladder}'
    if ladder := _ladder(instrument, [(_no_price(instrument, price, use_yes_price), size) for price, size in asks]):
        body += f',"no_dollars_fp":{ladder}'
    return f'{named},"sending_ts_ms":{now_ms},"msg":{{{body}}}}}'.encode()


def delta(
    instrument: Instrument,
    side: int,
    price: int,
    change: int,
    use_yes_price: bool,
    ts_ms: int,
    now_ms: int,
    own: Mapping[str, object] = NOT_OURS,
) -> bytes:
    """Tail of an orderbook_delta: the signed change of one level; `side` BUY is the YES ladder.

    `own` are the fields that its reader gets besides, whose order caused it.
    """
    ladder = "yes" if side == fix.BUY else "no"
    if side == fix.SELL:
        price = _no_price(instrument, price, use_yes_price)
    return (
        f',"sending_ts_ms":{now_ms},"msg":{{{_market(instrument.symbol)},'
        f'"price_dollars":"{instrument.format_price(price)}","delta_fp":"{instrument.format_size(change)}",'
        f'"side":"{ladder}","ts_ms":{ts_ms}{_more(own)}}}}}'
    ).encode()


def _more(fields: Mapping[str, object]) -> str:
    return f",{_encode(fields).decode()[1:-1]}" if fields else ""


def captured(msg: bytes, now_ms: int) -> bytes:
    """Tail of a frame whose `msg` is passed on as it was captured, old times included, and sent now."""
    return b',"sending_ts_ms":%d,"msg":%b}' % (now_ms, msg)


def trade(
    instrument: Instrument, trade_id: str, taker_side: int, price: int, size: int, ts_ms: int, now_ms: int
) -> bytes:
    """Tail of a trade; `taker_side` is the aggressor's Side(54)."""
    outcome, book_side = ("yes", "bid") if taker_side == fix.BUY else ("no", "ask")
    return (
        f',"sending_ts_ms":{now_ms},"msg":{{"trade_id":"{trade_id}","market_ticker":"{instrument.symbol}",'
        f'"yes_price_dollars":"{instrument.format_price(price)}",'
        f'"no_price_dollars":"{instrument.format_price(instrument.limit - price)}",'
        f'"count_fp":"{instrument.format_size(size)}","taker_side":"{outcome}","taker_outcome_side":"{outcome}",'
        f'"taker_book_side":"{book_side}","is_block_trade":false,"ts":{ts_ms // 1000},"ts_ms":{ts_ms}}}}}'
    ).encode()


def ticker(
    instrument: Instrument,
    bid: Level,
    ask: Level,
    last: Level,
    volume: int,
    cost: int,
    ts_ms: int,
    now_ms: int,
    interest: int = 0,
) -> bytes:
    """Tail of a ticker; `volume` in sizes, `cost` in money, a missing bid is price 0, a missing ask the payout.

    `interest` is how many contracts are held.
    """
    price, size = instrument.format_price, instrument.format_size
    dollars = cost // 10 ** (instrument.price_decimals + instrument.size_decimals)
    return (
        f',"sending_ts_ms":{now_ms},"msg":{{{_market(instrument.symbol)},"price_dollars":"{price(last[0])}",'
        f'"yes_bid_dollars":"{price(bid[0])}","yes_ask_dollars":"{price(ask[0])}",'
        f'"yes_bid_size_fp":"{size(bid[1])}","yes_ask_size_fp":"{size(ask[1])}",'
        f'"last_trade_size_fp":"{size(last[1])}","volume_fp":"{size(volume)}","open_interest_fp":"{size(interest)}",'
        f'"dollar_volume":{dollars},"dollar_open_interest":{interest // 10**instrument.size_decimals},'
        f'"ts":{ts_ms // 1000},"ts_ms":{ts_ms},"time":"{rfc3339(ts_ms)}"}}}}'
    ).encode()


def message(msg: Mapping[str, object], now_ms: int) -> bytes:
    """Tail of a message of any type."""
    return b',"sending_ts_ms":%d,"msg":%b}' % (now_ms, _encode(msg))


def rfc3339(ms: int) -> str:
    """Return a time in Unix milliseconds as the text that deprecated fields hold."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{ms % 1000:03}Z")


def stage(symbol: str, event_type: str, now_ms: int, fields: Mapping[str, object]) -> bytes:
    """Tail of a market_lifecycle_v2: what happened to a market."""
    return message({"event_type": event_type, "market_ticker": symbol, **fields}, now_ms)


def price_ranges(instrument: Instrument) -> list[dict[str, str]]:
    """Return the bands of a market's grid as they stand in a stage."""
    price = instrument.format_price
    bands = instrument.grid.bands if instrument.grid is not None else ()
    return [{"start": price(band.start), "end": price(band.end), "step": price(band.step)} for band in bands]


def _reply(id_: int, type_: str, now_ms: int, **rest: object) -> bytes:
    named = {"id": id_} if id_ else {}
    return _encode({**named, "type": type_, "sending_ts_ms": now_ms, **rest})


@lru_cache(MOST_SYMBOLS)
def _market(symbol: str) -> str:
    return f'"market_ticker":"{symbol}","market_id":"{market_id(symbol)}"'


def _ladder(instrument: Instrument, levels: Iterable[Level]) -> str:
    pairs = (f'["{instrument.format_price(price)}","{instrument.format_size(size)}"]' for price, size in sorted(levels))
    text = ",".join(pairs)
    return f"[{text}]" if text else ""


def _no_price(instrument: Instrument, price: int, use_yes_price: bool) -> int:
    return price if use_yes_price else instrument.limit - price
