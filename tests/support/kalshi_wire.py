"""Frames of Kalshi's WebSocket as a venue sends them, for tests: every value is named, every text is the venue's."""

import json

RAIN = "KXDEMORAIN-26DEC01-T2"
SNOW = "KXDEMOSNOW-26DEC01-T1"
TS_MS = 1_795_444_202_099


def frame(**message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def subscribed(channel: str, sid: int, id: int = 1) -> bytes:
    return frame(id=id, type="subscribed", msg={"channel": channel, "sid": sid})


def snapshot(
    seq: int,
    symbol: str = RAIN,
    yes: list[list[str]] | None = None,
    no: list[list[str]] | None = None,
    sid: int = 1,
    **extra: object,
) -> bytes:
    sides = {"yes_dollars_fp": yes, "no_dollars_fp": no}
    msg = {"market_ticker": symbol, "market_id": "7d3b0c58"} | {key: side for key, side in sides.items() if side}
    return frame(type="orderbook_snapshot", sid=sid, seq=seq, msg=msg, **extra)


def delta(
    seq: int | str,
    price: float | str = "0.4000",
    change: str = "10.00",
    side: str = "yes",
    symbol: str = RAIN,
    sid: int = 1,
    ts_ms: int = TS_MS,
) -> bytes:
    msg = {"market_ticker": symbol, "market_id": "7d3b0c58", "price_dollars": price, "delta_fp": change, "side": side}
    return frame(type="orderbook_delta", sid=sid, seq=seq, msg=msg | {"ts_ms": ts_ms})


def trade(
    seq: int,
    price: float | str = "0.4150",
    size: str = "25.00",
    taker: str | None = "yes",
    symbol: str = RAIN,
    sid: int = 2,
    ts_ms: int = TS_MS,
) -> bytes:
    msg = {"trade_id": "c8f1d3b6", "market_ticker": symbol, "yes_price_dollars": price, "count_fp": size}
    return frame(type="trade", sid=sid, seq=seq, msg=msg | {"taker_outcome_side": taker, "ts_ms": ts_ms})


def ok(seq: int, id: int = 2, sid: int = 1) -> bytes:
    return frame(id=id, type="ok", sid=sid, seq=seq, msg={"market_tickers": [RAIN]})


def error(code: int, text: str = "", **place: object) -> bytes:
    return frame(type="error", msg={"code": code, "msg": text}, **place)
