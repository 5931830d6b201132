"""NautilusTrader over the rows of captures, in a process of its own: what a second of its CPU time gets through.

Called with a file of `bench.peers.backtests.export` and the number of repeats; prints JSON. Imports no engine.

Units   prices in dollars, sizes in contracts; times in ns.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BookOrder, OrderBookDelta, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    AssetClass,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import BinaryOption
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

WAY_NS = 5_000_000
PRICE, LOT = 1e4, 1e2
RESET, LEVEL, TRADE = range(3)
BID = 1
LAST_OF_BATCH = 128
VENUE = Venue("ROWS")


class Looking(Strategy):
    """Reads both best prices after each event."""

    def __init__(self, instruments: list[Any]) -> None:
        super().__init__()
        self.instruments = instruments
        self.sent = 0

    def on_start(self) -> None:
        """Subscribe."""
        for each in self.instruments:
            self.subscribe_order_book_deltas(each.id, BookType.L2_MBP)

    def on_order_book_deltas(self, deltas: Any) -> None:
        """Look."""
        book = self.cache.order_book(deltas.instrument_id)
        self.moved(deltas.instrument_id, book.best_bid_price(), book.best_ask_price())

    def moved(self, market: Any, bid: Any, ask: Any) -> None:
        """Do nothing."""


class Quoting(Looking):
    """Holds an order at each best price."""

    def __init__(self, instruments: list[Any]) -> None:
        super().__init__(instruments)
        self.size = Quantity(10, 2)
        self.mine: dict[Any, Any] = {}

    def moved(self, market: Any, bid: Any, ask: Any) -> None:
        """Move what stands elsewhere."""
        if bid is None or ask is None or bid >= ask:
            return
        for side, price in ((OrderSide.BUY, bid), (OrderSide.SELL, ask)):
            order, at = self.mine.get((market, side), (None, None))
            if at == price or (order is not None and (order.is_inflight or order.is_pending_cancel)):
                continue  # where it should be, or the answer to its last request is on its way
            if order is not None and order.is_open:
                self.cancel_order(order)
                self.sent += 1
            made = self.order_factory.limit(market, side, self.size, price, post_only=True)
            self.submit_order(made)
            self.mine[market, side] = (made, price)
            self.sent += 1


def option(number: int) -> Any:
    """Return a market."""
    name = f"M{number}"
    return BinaryOption(
        instrument_id=InstrumentId(Symbol(name), VENUE),
        raw_symbol=Symbol(name),
        asset_class=AssetClass.ALTERNATIVE,
        currency=USD,
        price_precision=4,
        size_precision=2,
        price_increment=Price(0.0001, 4),
        size_increment=Quantity(0.01, 2),
        activation_ns=0,
        expiration_ns=2**62,
        ts_event=0,
        ts_init=0,
    )


def events(rows: dict[str, Any], markets: dict[int, Any]) -> list[Any]:
    """Return every row as its event; times are those of the receiver, as it has one clock."""
    found: list[Any] = []
    names = ("market", "kind", "maker_side", "price", "size", "recv_ns")
    for number, (market, kind, side, price, size, now_ns) in enumerate(
        zip(*(rows[name].tolist() for name in names), strict=True)
    ):
        instrument = markets[market].id
        if kind == TRADE:
            taker = AggressorSide.SELLER if side == BID else AggressorSide.BUYER
            at, amount = Price(price / PRICE, 4), Quantity(size / LOT, 2)
            found.append(TradeTick(instrument, at, amount, taker, TradeId(f"T{number}"), now_ns, now_ns))
        elif kind == RESET:
            found.append(OrderBookDelta.clear(instrument, number, now_ns, now_ns))
        elif kind == LEVEL:
            what = BookAction.UPDATE if size else BookAction.DELETE
            where = OrderSide.BUY if side == BID else OrderSide.SELL
            order = BookOrder(where, Price(price / PRICE, 4), Quantity(size / LOT, 2), price)
            found.append(OrderBookDelta(instrument, what, order, LAST_OF_BATCH, number, now_ns, now_ns))
    return found


def cpu_s(data: list[Any], markets: list[Any], strategy: Any) -> float:
    """Return what a run takes."""
    quiet = LoggingConfig(bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=quiet, run_analysis=False))
    way = LatencyModel(base_latency_nanos=WAY_NS)
    account = {"oms_type": OmsType.NETTING, "account_type": AccountType.MARGIN, "base_currency": USD}
    engine.add_venue(
        VENUE, **account, starting_balances=[Money(10**9, USD)], book_type=BookType.L2_MBP, latency_model=way,
        trade_execution=True,
    )  # fmt: skip
    for each in markets:
        engine.add_instrument(each)
    engine.add_data(data, sort=False)
    if strategy is not None:
        engine.add_strategy(strategy)
    began = time.process_time()
    engine.run()
    took = time.process_time() - began
    engine.dispose()
    return took


def main(path: str, repeats: int) -> None:
    """Print the CPU seconds of each run, the fastest of the repeats, without preparing."""
    with np.load(path) as file:
        rows = {name: file[name] for name in file.files}
    markets = {each: option(each) for each in np.unique(rows["market"]).tolist()}
    data, listed = events(rows, markets), list(markets.values())
    found = {}
    for name, make in (("replay", None), ("looking", Looking), ("quoting", Quoting)):
        best, sent = float("inf"), 0
        for _ in range(repeats):
            strategy = make(listed) if make is not None else None
            best = min(best, cpu_s(data, listed, strategy))
            sent = strategy.sent if strategy is not None else 0
        found[name] = {"cpu_s": best, "requests": sent}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
