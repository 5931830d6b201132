"""What an event makes at its worst, against every outcome and every choice of fills, added up one by one."""

from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL, Status
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Order, restore_fields
from engine.portfolio import Portfolio
from engine.risk import Exposure, RiskReject
from engine.risk.fee_bound import FeeBound
from tests.support.risks import Desk

PAYOUT = 100
ALL, ONE = (), ("E",)


class Traded(NamedTuple):
    """A fill or an order: the market's number, side, quantity, price, fee."""

    market: int
    side: int
    qty: int
    price: int
    fee: int


def markets(count: int) -> tuple[Instrument, ...]:
    cents = [PriceBand(0, PAYOUT, 1)]
    return tuple(
        Instrument(f"M{index}", index, cents, event="E", price_decimals=2, size_decimals=0) for index in range(count)
    )


def gain(traded: Traded, paid: int) -> int:
    signed = traded.qty if traded.side == BUY else -traded.qty
    return signed * (paid - traded.price) - traded.fee


def outcomes(count: int, is_exclusive: bool) -> list[tuple[int, ...]]:
    every = list(product((0, PAYOUT), repeat=count))
    return [outcome for outcome in every if not is_exclusive or sum(outcome) <= PAYOUT]


def worst_by_hand(fills: list[Traded], orders: list[Traded], count: int, is_exclusive: bool) -> int:
    """Return the lowest sum over every outcome and every subset of the orders that fills, each whole."""
    chosen = [
        [each for each, is_taken in zip(orders, taken, strict=True) if is_taken] for taken in subsets(len(orders))
    ]
    return min(
        sum(gain(each, outcome[each.market]) for each in [*fills, *some_of_them])
        for outcome in outcomes(count, is_exclusive)
        for some_of_them in chosen
    )


def subsets(count: int) -> list[tuple[bool, ...]]:
    return list(product((False, True), repeat=count))


class Held:
    """One event whose orders cost a fee of their own each: a bound by order and nothing by lot."""

    def __init__(self, count: int, exclusive: tuple[str, ...], fee: int) -> None:
        self.instruments = markets(count)
        self.portfolio = Portfolio(self.instruments)
        bounds = [FeeBound(per_order=fee)] * count
        self.exposure = Exposure(self.instruments, self.portfolio, bounds, exclusive)
        self.orders: list[Order] = []

    def fill(self, traded: Traded) -> None:
        instrument = self.instruments[traded.market]
        self.portfolio.fill(instrument, traded.side, traded.qty, traded.price, traded.fee)
        self.exposure.refresh(instrument)

    def open(self, traded: Traded) -> Order:
        name = f"A{len(self.orders)}"
        order = Order(name, self.instruments[traded.market], traded.side, traded.price, traded.qty)
        restore_fields(order, ord_status=Status.NEW)
        self.orders.append(order)
        self.exposure.update(order)
        return order


def some(most: int) -> st.SearchStrategy[list[Traded]]:
    prices = st.integers(1, 99)
    return st.lists(
        st.builds(Traded, st.integers(0, 3), st.sampled_from((BUY, SELL)), st.integers(1, 9), prices, st.just(0)),
        max_size=most,
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some(8), some(5), st.sampled_from((ALL, ONE)), st.sampled_from((0, 3, 400)))
def test_worst_is_that_of_every_outcome_and_every_fill(
    fills: list[Traded], orders: list[Traded], exclusive: tuple[str, ...], fee: int
) -> None:
    held = Held(4, exclusive, fee)
    for each in fills:
        held.fill(each)
    for each in orders:
        held.open(each)
    held.exposure._check()
    charged = [each._replace(fee=fee) for each in orders]
    assert held.exposure.event_loss("E") == worst_by_hand(fills, charged, 4, bool(exclusive))
    for instrument in held.instruments:
        own, at_work = [
            [each._replace(market=0) for each in some if each.market == instrument.index] for some in (fills, charged)
        ]
        assert held.exposure.market_loss(instrument) == worst_by_hand(own, at_work, 1, is_exclusive=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(some(6), some(6), st.sampled_from((ALL, ONE)), st.randoms(use_true_random=False))
def test_no_fill_and_no_cancel_of_a_counted_order_makes_the_worst_worse(
    fills: list[Traded], orders: list[Traded], exclusive: tuple[str, ...], random: st.DrawFn
) -> None:
    held = Held(4, exclusive, 5)
    for each in fills:
        held.fill(each)
    opened = [(held.open(each), each) for each in orders]
    for order, each in opened:
        before = held.exposure.event_loss("E")
        if random.random() < 0.3:  # type: ignore[attr-defined]
            restore_fields(order, ord_status=Status.CANCELED, leaves_qty=0)
        else:
            qty = random.randint(1, each.qty)  # type: ignore[attr-defined]
            restore_fields(order, cum_qty=qty, leaves_qty=each.qty - qty)
            fee = 5 if qty == each.qty else 0
            held.portfolio.fill(order.instrument, each.side, qty, each.price, fee)
            restore_fields(order, ord_status=Status.FILLED if qty == each.qty else Status.PARTIALLY_FILLED)
        held.exposure.update(order)
        held.exposure._check()
        assert held.exposure.event_loss("E") >= before


def test_example_of_three_outcomes() -> None:
    fees = [FeeBound(per_order=fee) for fee in (6, 8, 5)]
    instruments = markets(3)
    portfolio = Portfolio(instruments)
    exposure = Exposure(instruments, portfolio, fees, ONE)
    portfolio.fill(instruments[0], BUY, 40, 31, 0)
    portfolio.fill(instruments[1], SELL, 25, 46, 12)
    for index, (side, qty, price) in enumerate(((BUY, 10, 29), (SELL, 15, 48), (BUY, 20, 11))):
        order = Order(f"A{index}", instruments[index], side, price, qty)
        restore_fields(order, ord_status=Status.NEW)
        exposure.update(order)
    assert exposure.event_loss("E") == -3_911
    assert [exposure.market_loss(each) for each in instruments] == [-1_240 - 296, 1_150 - 12 - 3_288, -225]


@pytest.mark.parametrize("exclusive", [ALL, ONE])
def test_a_market_that_goes_takes_its_swings_along_and_its_place_is_used_again(exclusive: tuple[str, ...]) -> None:
    held = Held(3, exclusive, 0)
    held.fill(Traded(0, SELL, 5, 40, 0))
    held.fill(Traded(1, SELL, 7, 30, 0))
    held.fill(Traded(1, BUY, 7, 35, 0))  # closed: 35 are lost for good
    held.exposure.remove([held.instruments[1]])
    assert held.exposure.event_loss("E") == 5 * 40 - 5 * PAYOUT - 35
    new = Instrument("NEW", 1, [PriceBand(0, PAYOUT, 1)], event="E", price_decimals=2, size_decimals=0)
    held.portfolio.remove([held.instruments[1]])
    held.portfolio.add([new])
    held.exposure.add([new])
    assert held.exposure.market_loss(new) == 0
    assert held.exposure.event_loss("E") == 5 * 40 - 5 * PAYOUT - 35


def test_without_a_payout_nothing_is_bounded() -> None:
    free = Instrument("FREE", 0, None, event="E")
    portfolio = Portfolio([free])
    exposure = Exposure([free], portfolio)
    portfolio.fill(free, SELL, 5, 40, 0)
    exposure.refresh(free)
    assert (exposure.market_loss(free), exposure.event_loss("E")) == (0, 0)


@pytest.mark.parametrize("exclusive", [(), ("WEATHER",)])
def test_buying_the_worst_outcome_back_passes_where_the_limit_is_used_up(exclusive: tuple[str, ...]) -> None:
    desk = Desk(max_event_loss=50_000, exclusive_events=exclusive)
    desk.fill(SELL, 10, 5_000)
    assert desk.risk.exposure.event_loss("WEATHER") == -50_000
    assert desk.new(BUY, 4_500, 10) is RiskReject.NONE
    assert desk.new(SELL, 4_500, 1) is RiskReject.MAX_EVENT_LOSS


def test_outcome_that_excludes_the_worst_costs_nothing_more() -> None:
    desk = Desk(max_event_loss=50_000, exclusive_events=("WEATHER",))
    desk.fill(SELL, 10, 5_000)
    assert desk.new(SELL, 4_500, 10, desk.snow) is RiskReject.NONE
    assert Desk(max_event_loss=50_000).new(SELL, 4_500, 10) is RiskReject.MAX_EVENT_LOSS


@settings(max_examples=60, deadline=None, derandomize=True)
@given(some(8), some(5), st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=4))
def test_word_of_the_venue_counts_from_whenever_it_comes(
    fills: list[Traded], orders: list[Traded], told: list[tuple[int, bool]]
) -> None:
    held, is_exclusive = Held(4, ALL, 3), False
    steps = [(held.fill, each) for each in fills] + [(held.open, each) for each in orders]
    for number, (step, each) in enumerate(steps):
        for at, word in told:
            if at == number:
                assert held.exposure.set_exclusive("E", word) is (word != is_exclusive)
                is_exclusive = word
        step(each)
    charged = [each._replace(fee=3) for each in orders]
    assert held.exposure.event_loss("E") == worst_by_hand(fills, charged, 4, is_exclusive)


def test_what_the_configuration_calls_exclusive_stays_so_and_a_stranger_is_none() -> None:
    held = Held(2, ONE, 0)
    assert not held.exposure.set_exclusive("E", False)
    assert not held.exposure.set_exclusive("F", True)
    for market in (0, 1):
        held.fill(Traded(market, SELL, 10, 30, 0))
    assert held.exposure.event_loss("E") == 600 - 10 * PAYOUT


def test_market_that_comes_later_joins_its_exclusive_event_and_the_word_ends_with_the_event() -> None:
    first, second = markets(2)
    portfolio = Portfolio((first,))
    exposure = Exposure((first,), portfolio)
    assert exposure.set_exclusive("E", True)
    portfolio.add([second])
    exposure.add([second])
    for instrument in (first, second):
        portfolio.fill(instrument, SELL, 10, 30, 0)
        exposure.refresh(instrument)
    assert exposure.event_loss("E") == 600 - 10 * PAYOUT
    for instrument in (first, second):
        portfolio.fill(instrument, BUY, 10, 30, 0)
        exposure.refresh(instrument)
    exposure.remove([first, second])
    exposure.add([first])
    assert exposure.set_exclusive("E", True)
