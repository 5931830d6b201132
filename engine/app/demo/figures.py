"""What a demo came to, as plain numbers, and whether the venue's ledger says the same.

Units   as in the results file: latencies in ns, sizes, prices and money in the instrument's units, see `decimals`.
"""

from typing import Any

from engine.app.demo.amounts import read_money
from engine.app.engine import Engine
from engine.book import ASK, BID
from engine.runtime.latency import LatencyCounts

COUNTERS = (
    "frames", "book_updates", "trades", "orders", "acks", "fills", "cancels", "replaces", "rejects", "risk_denials",
    "gaps",
)  # fmt: skip


def results(engine: Engine, seconds: float) -> dict[str, Any]:
    """Return the engine's side, as `demo --json` writes it."""
    money = read_money(engine)
    instruments = [book.instrument for book in engine.books]
    symbols = [instrument.symbol for instrument in instruments]
    found: dict[str, Any] = {"seconds": round(seconds, 3)}
    found |= {name: getattr(engine.counters, name) for name in COUNTERS}
    found["reconnects"] = engine.reconnects()
    found["position"] = {symbol: net for symbol, net in zip(symbols, money.nets, strict=True) if net}
    found["cash"] = money.cash
    found["marks"] = dict(zip(symbols, money.marks, strict=True))
    found["pnl"] = money.pnl
    found["pnl_by_market"] = dict(zip(symbols, money.pnls, strict=True))
    found["decimals"] = {each.symbol: [each.price_decimals, each.size_decimals] for each in instruments}
    found["tick_to_order_ns"] = LatencyCounts(engine.trading.tick_to_order).summary()
    found["order_round_trip_ns"] = LatencyCounts(engine.trading.round_trip).summary()
    found["mode"] = engine.config.engine.mode
    found["session"] = engine.config.engine.session
    found["last_book"] = {
        book.instrument.symbol: {"bids": book.depth(BID, 100), "asks": book.depth(ASK, 100)} for book in engine.books
    }
    return found


def compare(result: dict[str, Any]) -> list[str]:
    """Return in what our record and the venue's differ."""
    venue = result["venue"]
    ours = {"fills": result["fills"], "position": result["position"], "cash": result["cash"]}
    theirs = {
        "fills": venue["fills"],
        "position": {symbol: net for symbol, net in venue["positions"].items() if net},
        "cash": venue["cash"],
    }
    return [f"{name}: ours {ours[name]}, the venue's {theirs[name]}" for name in ours if ours[name] != theirs[name]]
