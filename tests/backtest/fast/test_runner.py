"""A strategy on the compiled exchange against the same on the slow one: the same requests, fills, worth and hooks."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.backtest.core.left_ahead import left_ahead
from engine.backtest.core.settings import QueueModel
from engine.backtest.fast.columns import columns_of
from engine.backtest.fast.runner import FastRunner
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended, Runner
from engine.errors import ConfigError
from engine.fix import Tif
from engine.strategy import Book, Strategy
from tests.support.made_frames import made_frames, made_markets
from tests.support.traders import ChanceTrader, FreeTrades, parts_for

NOW = Latency()
LATE = structs.replace(
    NOW, new_ns=5_000_000, cancel_ns=2_000_000, replace_ns=9_000_000, answer_ns=4_000_000, venue_delay_ns=500
)


def fills_of(ended: Ended) -> list[tuple[Any, ...]]:
    """Return the fills, those of one order at one time and price as one: how many orders it took does not count."""
    found: list[tuple[Any, ...]] = []
    for each in ended.fills:
        key = each.cl_ord_id, each.price, each.heard_ns, each.acted_ns, each.is_taker, each.symbol, each.side
        if found and found[-1][0] == key:
            found[-1] = (key, found[-1][1] + each.qty, found[-1][2] + each.fee)
        else:
            found.append((key, each.qty, each.fee))
    return found


def told(ended: Ended) -> dict[str, Any]:
    """Return everything that a run came to."""
    portfolio = ended.loop.portfolio
    return {
        "requests": ended.told.requests,
        "fills": fills_of(ended),
        "worth": ended.told.worth,
        "end": (portfolio.cash, portfolio.pnl, portfolio.fees, ended.open_at_end, ended.halted, ended.last_ns),
    }


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.integers(1, 3),
    st.sampled_from((NOW, LATE)),
    st.sampled_from(("risk-averse", "optimistic", "power:0.5", "log2", "biased:1:-1")),
)
def test_both_exchanges_tell_a_strategy_the_same(seed: int, count: int, latency: Latency, queue: str) -> None:
    frames, model = made_frames(seed, count, 150), QueueModel.parse(queue)
    results = {"M0": 10_000}
    slow, fast = ChanceTrader(seed), ChanceTrader(seed)
    reference = Runner(
        parts_for(slow), made_markets(count), frames, FreeTrades(), latency, results, left_ahead=left_ahead(model)
    ).run()
    markets = made_markets(count)
    found = FastRunner(parts_for(fast), columns_of(frames, markets), FreeTrades(), latency, results, model).run()
    for name, value in told(reference).items():
        assert told(found)[name] == value, name
    assert unmerged(fast.heard) == unmerged(slow.heard)


def unmerged(heard: Sequence[Any]) -> list[Any]:
    """Return what was heard, of fills of one order in a row the last: that is where they came to the same."""
    return [
        each
        for each, after in zip(heard, [*heard[1:], None], strict=True)
        if not (each[0] == "fill" and after and after[0] == "fill" and after[1:3] == each[1:3])
    ]


class DayTrader(Strategy):
    """Sends an order that ends with the day."""

    def on_book(self, book: Book) -> None:
        self.context.buy(book.instrument, 100, 100, Tif.DAY)


def test_order_that_only_the_slow_exchange_knows_ends_the_run() -> None:
    frames, markets = made_frames(1, 1, 20), made_markets(1)
    runner = FastRunner(parts_for(DayTrader()), columns_of(frames, markets), FreeTrades(), NOW)
    with pytest.raises(ConfigError, match=r"TimeInForce\(59\) 0: only the slow exchange knows it"):
        runner.run()


def test_latency_that_is_drawn_is_refused() -> None:
    frames, markets = made_frames(1, 1, 20), made_markets(1)
    drawn = structs.replace(NOW, tables={"new": (1, 2)})
    with pytest.raises(ConfigError, match="latency that is drawn"):
        FastRunner(parts_for(DayTrader()), columns_of(frames, markets), FreeTrades(), drawn)
