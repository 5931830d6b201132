"""Frames of Kalshi's WebSocket as a venue sends them, for tests: every value is named, every text is the venue's."""

import json

RAIN = "KXDEMORAIN-26DEC01-T2"
SNOW = "KXDEMOSNOW-26DEC01-T1"
TS_MS = 1_795_444_202_099


def frame(**message):
    return json.dumps(message, separators=(",", ":")).encode()


def subscribed(channel, sid, id=1):
    return frame(id=id, type="subscribed", msg={"channel": channel, "sid": sid})


def snapshot(seq, symbol=RAIN, yes=None, no=None, sid=1, **extra):
    sides = {"yes_dollars_fp": yes, "no_dollars_fp": no}
    msg = {"market_ticker": symbol, "market_id": "7d3b0c58"} | {key: side for key, side in sides.items() if side}
    return frame(type="orderbook_snapshot", sid=sid, seq=seq, msg=msg, **extra)


def delta(seq, price="0.4000", change="10.00", side="yes", symbol=RAIN, sid=1, ts_ms=TS_MS):
    msg = {"market_ticker": symbol, "market_id": "7d3b0c58", "price_dollars": price, "delta_fp": change, "side": side}
    return frame(type="orderbook_delta", sid=sid, seq=seq, msg=msg | {"ts_ms": ts_ms})


def trade(seq, price="0.4150", size="25.00", taker="yes", symbol=RAIN, sid=2, ts_ms=TS_MS):
    msg = {"trade_id": "c8f1d3b6", "market_ticker": symbol, "yes_price_dollars": price, "count_fp": size}
    return frame(type="trade", sid=sid, seq=seq, msg=msg | {"taker_outcome_side": taker, "ts_ms": ts_ms})


def ok(seq, id=2, sid=1):
    return frame(id=id, type="ok", sid=sid, seq=seq, msg={"market_tickers": [RAIN]})


def error(code, text="", **place):
    return frame(type="error", msg={"code": code, "msg": text}, **place)
