"""hftbacktest over the rows of captures, in a process of its own: what a second of its CPU time gets through.

Called with a file of `bench.peers.backtests.export` and the number of repeats; prints JSON. Imports no engine.

Units   prices in dollars and sizes in contracts, as floats; times in ns.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    NONE,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.data import correct_event_order
from hftbacktest.types import event_dtype
from numba import njit

WAY_NS = 5_000_000
SIZE = 10.0
PRICE, LOT = 1e4, 1e2
RESET, LEVEL, TRADE = range(3)
SHOT = 32
FOREVER_NS = 10**18
ENDED = 1


def events(rows: dict[str, Any]) -> Any:
    """Return the rows of one market as its events, once for each side that sees them in another order."""
    kind, flags, side = rows["kind"], rows["flags"], rows["maker_side"]
    kept = np.flatnonzero(kind <= TRADE)
    found = np.zeros(len(kept), event_dtype)
    is_bid = (side[kept] == 1) == (kind[kept] != TRADE)  # a trade's side is that of whoever took
    what = np.select(
        [kind[kept] == TRADE, kind[kept] == RESET, (flags[kept] & SHOT) != 0],
        [TRADE_EVENT, DEPTH_CLEAR_EVENT, DEPTH_SNAPSHOT_EVENT],
        DEPTH_EVENT,
    )
    direction = np.where(kind[kept] == RESET, 0, np.where(is_bid, BUY_EVENT, SELL_EVENT))
    found["ev"] = what | direction
    found["exch_ts"], found["local_ts"] = rows["venue_ns"][kept], rows["recv_ns"][kept]
    found["px"], found["qty"] = rows["price"][kept] / PRICE, rows["size"][kept] / LOT
    order = [np.argsort(found[name], kind="stable") for name in ("exch_ts", "local_ts")]
    return correct_event_order(found, *order)


def backtest(data: Any, tick: float) -> Any:
    """Return a backtest of one market, 5 ms each way, cancels by volume."""
    asset = BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(WAY_NS, WAY_NS)
    asset = asset.power_prob_queue_model(1.0).no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
    return HashMapMarketDepthBacktest([asset.tick_size(tick).lot_size(0.01).last_trades_capacity(0)])


@njit  # type: ignore[untyped-decorator]
def replay(market: Any) -> int:
    """Go to the end."""
    market._goto_end()
    return 0


@njit  # type: ignore[untyped-decorator]
def look(market: Any) -> int:
    """Read both best prices after each event."""
    total = 0
    while market.wait_next_feed(False, FOREVER_NS) != ENDED:
        depth = market.depth(0)
        total += depth.best_bid_tick + depth.best_ask_tick
    return 0 * total


@njit  # type: ignore[untyped-decorator]
def quote(market: Any) -> int:
    """Hold an order at each best price; return how many requests that took."""
    number, sent = 1, 0
    ids, ticks = [0, 0], [0, 0]
    while market.wait_next_feed(False, FOREVER_NS) != ENDED:
        depth = market.depth(0)
        best = (depth.best_bid_tick, depth.best_ask_tick)
        if best[0] >= best[1] or best[0] < 0 or best[1] > 100_000:
            continue
        orders = market.orders(0)
        for side in range(2):
            if best[side] == ticks[side]:
                continue
            held = orders.get(ids[side])
            if held is not None and held.req != NONE:
                continue  # the answer to its last request is on its way
            if held is not None and held.cancellable:
                market.cancel(0, ids[side], False)
                sent += 1
            price = best[side] * depth.tick_size
            if side == 0:
                market.submit_buy_order(0, number, price, SIZE, GTX, LIMIT, False)
            else:
                market.submit_sell_order(0, number, price, SIZE, GTX, LIMIT, False)
            ids[side], ticks[side] = number, best[side]
            number += 1
            sent += 1
        if number % 64 == 0:
            market.clear_inactive_orders(0)
    return sent


def main(path: str, repeats: int) -> None:
    """Print the CPU seconds of each run, the fastest of the repeats, without compiling and preparing."""
    with np.load(path) as file:
        rows = {name: file[name] for name in file.files}
    numbers = np.unique(rows["market"])
    days = [{name: values[rows["market"] == each] for name, values in rows.items()} for each in numbers]
    prepared = [(events(each), 0.01 if not (each["price"] % 100).any() else 0.0001) for each in days]
    both = EXCH_EVENT | LOCAL_EVENT
    assert all((data["ev"] & both).all() for data, _ in prepared)
    found = {}
    for name, run in (("replay", replay), ("looking", look), ("quoting", quote)):
        best, sent = float("inf"), 0
        run(backtest(*prepared[0]))  # compiled now
        for _ in range(repeats):
            took, sent = 0.0, 0
            for each in prepared:
                market = backtest(*each)
                began = time.process_time()
                sent += run(market)
                took += time.process_time() - began
                market.close()
            best = min(best, took)
        found[name] = {"cpu_s": best, "requests": sent}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
