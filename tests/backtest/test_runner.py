"""A desk on history: what it hears and when, what it cannot know, and that a run is the same every time."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from engine.backtest.history import timed
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended, Runner
from engine.book import make_book
from engine.exchange import captures
from engine.fix import Tif
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Book, Order, Strategy
from engine.trading.assembly import Parts
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.places import ROOT
from tests.support.recorded import BEGAN_MS, BEHIND_MS, MS, Recording, wandering
from tests.support.risks import NO_LIMITS


class NoFees:
    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        return 0


class Noted(Strategy):
    """Writes down what it hears; `act` is called with each book."""

    def __init__(self, act: Any = None) -> None:
        super().__init__()
        self.act = act
        self.heard: list[tuple[int, str, Any]] = []

    def note(self, what: str, value: Any) -> None:
        self.heard.append((self.context.now_ns // MS - BEGAN_MS, what, value))

    def on_book(self, book: Book) -> None:
        self.note("book", (book.best_bid, book.best_ask))
        if self.act:
            self.act(self, book)

    def on_order(self, order: Order) -> None:
        self.note("order", order.ord_status)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        self.note("fill", (price, qty))

    def on_timer(self, key: object) -> None:
        self.note("timer", key)

    def on_stop(self) -> None:
        self.note("stop", None)


def ran(paths: Sequence[Path], strategy: Strategy, results: dict[str, int] | None = None, **ways: int) -> Ended:
    def parts(markets: Sequence[Instrument]) -> Parts:
        portfolio = Portfolio(markets)
        return Parts(
            books=[make_book(each) for each in markets],
            market_data=KalshiMarketData(markets),
            decode_report=Fix44(markets).decode,
            orders=Orders("B"),
            portfolio=portfolio,
            risk=Risk(NO_LIMITS, markets, portfolio),
            journal=NullJournal(),
            strategy=strategy,
        )

    latency = structs.replace(Latency(), **{name: value * MS for name, value in ways.items()})
    return Runner(parts, captures.markets(paths), timed(paths), NoFees(), latency, results or {}).run()


def once(act: Any) -> Any:
    """Return what acts on the first book alone."""
    done: list[bool] = []

    def first(strategy: Noted, book: Book) -> None:
        if not done:
            done.append(True)
            act(strategy, book)

    return first


def quiet(*more: tuple[str, Any]) -> Recording:
    """Return a market at 49 to 51, to which `more` happens."""
    recording = Recording()
    recording.snapshot(0, {49: 10}, {51: 10})
    for name, arguments in more:
        getattr(recording, name)(*arguments)
    return recording


@pytest.mark.parametrize(("way_ms", "qty"), [(28, 1000), (29, 600), (40, 600)])
def test_taker_gets_what_the_venue_shows_when_its_order_arrives(tmp_path: Path, way_ms: int, qty: int) -> None:
    """The ask shrinks a millisecond before that is heard; at one time the market moves before the order acts."""
    path = quiet(("level", (30, "ask", 51, -4)), ("level", (900, "bid", 48, 1))).write(tmp_path)

    def buy(strategy: Noted, book: Book) -> None:
        strategy.context.buy(book.instrument, 5100, 1000, Tif.IOC)

    ended = ran([path], Noted(once(buy)), new_ns=way_ms, answer_ns=7)
    assert [(fill.price, fill.qty) for fill in ended.fills] == [(5100, qty)]
    assert ended.fills[0].heard_ns == (BEGAN_MS + way_ms + 7) * MS


def test_resting_order_waits_behind_what_is_shown_and_is_filled_by_trades(tmp_path: Path) -> None:
    path = quiet(
        ("trade", (200, "no", 49, 8)),
        ("level", (200, "bid", 49, -8)),
        ("trade", (300, "no", 49, 2)),
        ("level", (300, "bid", 49, -2)),
        ("trade", (400, "no", 49, 3)),
        ("level", (900, "bid", 48, 1)),
    ).write(tmp_path)

    def bid(strategy: Noted, book: Book) -> None:
        strategy.context.buy(book.instrument, 4900, 300)

    strategy = Noted(once(bid))
    ended = ran([path], strategy, answer_ns=5)
    assert [(fill.price, fill.qty) for fill in ended.fills] == [(4900, 300)]
    assert ended.fills[0].heard_ns // MS - BEGAN_MS >= 400 - BEHIND_MS + 5


def test_timers_are_called_in_their_time_and_nothing_after_the_last_frame(tmp_path: Path) -> None:
    path = quiet(
        ("level", (500, "bid", 48, 5)),
    ).write(tmp_path)

    def wake(strategy: Noted, book: Book) -> None:
        strategy.context.timer(70 * MS, "early")
        strategy.context.timer(600 * MS, "late")

    strategy = Noted(once(wake))
    ran([path], strategy)
    assert [each for each in strategy.heard if each[1] == "timer"] == [(70, "timer", "early")]
    assert strategy.heard[-1][1] == "stop"


def test_request_after_the_last_frame_is_not_taken_and_its_order_ends_open(tmp_path: Path) -> None:
    path = quiet(
        ("level", (500, "bid", 50, 5)),
    ).write(tmp_path)

    def late(strategy: Noted, book: Book) -> None:
        if book.best_bid == 5000:
            strategy.context.buy(book.instrument, 4800, 100)

    ended = ran([path], Noted(late), new_ns=10)
    assert (ended.open_at_end, ended.fills) == (1, [])


def test_settlement_pays_what_is_held(tmp_path: Path) -> None:
    path = quiet(("level", (900, "bid", 48, 1))).write(tmp_path)

    def buy(strategy: Noted, book: Book) -> None:
        strategy.context.buy(book.instrument, 5100, 500, Tif.IOC)

    ended = ran([path], Noted(once(buy)), {"RAIN": 10_000})
    assert ended.loop.portfolio.cash == 500 * (10_000 - 5_100)


def quoting(strategy: Noted, book: Book) -> None:
    """Quote one contract on each side of the best prices, moving with them."""
    for side, price in (("buy", book.best_bid), ("sell", book.best_ask)):
        live = [order for order in strategy.context.orders() if (order.side == 1) == (side == "buy")]
        for order in live:
            if order.price != price:
                strategy.context.cancel(order)
        if not live:
            getattr(strategy.context, side)(book.instrument, price, 100)


@pytest.mark.parametrize("cut", [100, 250])
def test_what_comes_later_changes_nothing_before_it(tmp_path: Path, cut: int) -> None:
    whole = wandering(7)
    shorter = Recording()
    shorter.lines = whole.lines[:cut]
    (tmp_path / "short").mkdir()
    strategies = Noted(quoting), Noted(quoting)
    paths = whole.write(tmp_path), shorter.write(tmp_path / "short")
    for strategy, path in zip(strategies, paths, strict=True):
        ran([path], strategy, new_ns=15, cancel_ns=15, answer_ns=15)
    last = strategies[1].heard[-1]
    before = [each for each in strategies[0].heard if each[0] < last[0]]
    assert before == [each for each in strategies[1].heard if each[0] < last[0]]
    assert sum(what == "fill" for _, what, _ in before) > 3


def test_market_that_never_trades_changes_nothing(tmp_path: Path) -> None:
    path = wandering(3).write(tmp_path)
    silent = Recording("SNOW")
    silent.snapshot(5, {20: 5}, {80: 5})

    def one(strategy: Noted, book: Book) -> None:
        if book.instrument.symbol == "RAIN":
            quoting(strategy, book)

    alone = ran([path], Noted(one), new_ns=5, cancel_ns=5, answer_ns=5)
    beside = ran([path, silent.write(tmp_path)], Noted(one), new_ns=5, cancel_ns=5, answer_ns=5)
    assert alone.fills == beside.fills and len(alone.fills) > 3


def test_runs_are_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    path = wandering(11, 800).write(tmp_path)
    results = []
    for seed in ("1", "2", "3"):
        file = tmp_path / f"{seed}.json"
        words = [sys.executable, "-m", "engine", "backtest", "config/engine.toml", "--latency", "5"]
        subprocess.run(
            [*words, "--data", path, "--json", file],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        results.append(file.read_bytes())
    assert len(set(results)) == 1 and b'"qty"' in results[0]


def test_money_is_what_the_fills_say(tmp_path: Path) -> None:
    ended = ran([wandering(5).write(tmp_path)], Noted(quoting), new_ns=3, cancel_ns=3, answer_ns=3)
    signed = [(fill.qty if fill.side == 1 else -fill.qty, fill.price) for fill in ended.fills]
    assert ended.loop.portfolio.cash == -sum(qty * price for qty, price in signed)
    assert sum(each.net for each in ended.loop.portfolio) == sum(qty for qty, _ in signed)
