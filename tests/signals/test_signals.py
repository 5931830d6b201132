"""Statistics over integers, each against a plain reference over everything that came before."""

from fractions import Fraction
from math import floor, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import make_book
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.signals import MILLIONTHS, Bar, Bars, Ema, Volatility, Vwap, imbalance, micro_price
from tests.support.desks import CENTS

PRICES = st.integers(-10_000, 10_000)
TRADES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9_999), st.integers(1, 500)), max_size=40)


@given(st.lists(PRICES, min_size=1, max_size=40), st.integers(1, 20), st.integers(0, 20))
def test_ema_is_the_recurrence_to_the_unit(values: list[int], part: int, more: int) -> None:
    ema = Ema(part, part + more)
    exact = Fraction(values[0])
    for value in values:
        exact += (value - exact) * Fraction(part, part + more)
        assert abs(ema.take(value) - exact) <= 1 + Fraction(len(values), 2**32)


def test_ema_of_one_value_stays_it() -> None:
    ema = Ema(1, 3)
    assert ema.value is None
    assert [ema.take(value) for value in (7, 7, 10, 10)] == [7, 7, 8, 8]


@given(TRADES, st.integers(1, 60))
def test_vwap_is_that_of_the_trades_in_the_window(steps: list[tuple[int, int, int]], window_ns: int) -> None:
    vwap, trades, now_ns = Vwap(window_ns), list[tuple[int, int, int]](), 0
    for step_ns, price, size in steps:
        now_ns += step_ns
        trades.append((now_ns, price, size))
        vwap.take(now_ns, price, size)
        inside = [(price, size) for time_ns, price, size in trades if time_ns > now_ns - window_ns]
        assert vwap.size == sum(size for _, size in inside)
        assert vwap.value(now_ns) == sum(price * size for price, size in inside) // vwap.size
    assert vwap.value(now_ns + window_ns) is None


@given(st.lists(PRICES, max_size=40), st.integers(2, 8))
def test_volatility_is_that_of_the_last_changes(prices: list[int], count: int) -> None:
    volatility = Volatility(count)
    for price in prices:
        volatility.take(price)
    changes = [after - before for before, after in zip(prices, prices[1:], strict=False)][-count:]
    assert volatility.is_ready == (len(changes) == count)
    if not changes:
        assert volatility.variance is volatility.deviation is None
        return
    mean = Fraction(sum(changes), len(changes))
    variance = sum((change - mean) ** 2 for change in changes) / len(changes)
    assert volatility.variance == floor(variance)
    deviation = volatility.deviation
    assert deviation is not None and deviation**2 <= variance < (deviation + 1) ** 2
    assert deviation == pytest.approx(sqrt(variance), abs=1)


@given(st.lists(st.integers(1, 500), max_size=4), st.lists(st.integers(1, 500), max_size=4), st.integers(1, 5))
def test_imbalance_and_micro_price_are_those_of_the_levels(bids: list[int], asks: list[int], levels: int) -> None:
    book = make_book(Instrument("RAIN", 0, CENTS))
    book.snapshot(
        [(4_500 - 100 * step, size) for step, size in enumerate(bids)],
        [(4_600 + 100 * step, size) for step, size in enumerate(asks)],
    )
    bid, ask = sum(bids[:levels]), sum(asks[:levels])
    found = imbalance(book, levels)
    if not bid + ask:
        assert found is None
    else:
        assert found == int(Fraction((bid - ask) * MILLIONTHS, bid + ask))
    if bids and asks:
        exact = Fraction(4_500 * asks[0] + 4_600 * bids[0], asks[0] + bids[0])
        assert micro_price(book) == floor(exact)
        assert 4_500 <= exact <= 4_600
    else:
        assert micro_price(book) is None


@given(TRADES, st.integers(1, 60))
def test_bars_hold_every_trade_once(steps: list[tuple[int, int, int]], interval_ns: int) -> None:
    bars, finished, trades, now_ns = Bars(interval_ns), list[Bar](), list[tuple[int, int, int]](), 0
    for step_ns, price, size in steps:
        now_ns += step_ns
        trades.append((now_ns, price, size))
        if (bar := bars.take(now_ns, price, size)) is not None:
            finished.append(bar)
    if (bar := bars.end(now_ns + interval_ns)) is not None:
        finished.append(bar)
    expected = []
    for start_ns in sorted({time_ns // interval_ns * interval_ns for time_ns, _, _ in trades}):
        prices = [price for time_ns, price, _ in trades if time_ns // interval_ns * interval_ns == start_ns]
        sizes = [size for time_ns, _, size in trades if time_ns // interval_ns * interval_ns == start_ns]
        money = sum(price * size for price, size in zip(prices, sizes, strict=True))
        expected.append(Bar(start_ns, prices[0], max(prices), min(prices), prices[-1], sum(sizes), money, len(prices)))
    assert finished == expected
    assert [bar.vwap for bar in finished] == [bar.money // bar.size for bar in finished]
    assert bars.end(now_ns + interval_ns) is None


def test_bar_is_not_over_before_its_time() -> None:
    bars = Bars(10)
    bars.take(13, 5, 1)
    assert bars.end(19) is None
    assert bars.end(20) == Bar(10, 5, 5, 5, 5, 1, 5, 1)


@pytest.mark.parametrize(
    "make", [lambda: Ema(0, 1), lambda: Ema(2, 1), lambda: Vwap(0), lambda: Volatility(1), lambda: Bars(0)]
)
def test_window_that_is_none_is_refused(make: object) -> None:
    with pytest.raises(ConfigError):
        make()  # type: ignore[operator]
