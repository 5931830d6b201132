"""What an event pays against every outcome and every subset of fills, by brute force."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.portfolio.outcomes import (
    NettingRule,
    Outcomes,
    PaidSpan,
    Stake,
    StrikeRange,
    collateral,
    order_losses,
    payoff,
    worst_after,
)

LIMIT = 100
Order = tuple[int, int, int, int, int]  # market, side, price, qty, fee


def stakes_of(nets: list[int], cash: list[int], orders: list[Order]) -> list[Stake]:
    stakes = [Stake(net, money) for net, money in zip(nets, cash, strict=True)]
    for market, side, price, qty, fee in orders:
        stakes[market] = stakes[market].with_order(*order_losses(side, price, qty, fee, LIMIT))
    return stakes


def paid(outcomes: Outcomes, market: int, outcome: int) -> int:
    span = outcomes.spans[market]
    return LIMIT if span.low <= outcome < span.high else 0


def brute_worst(outcomes: Outcomes, nets: list[int], cash: list[int], orders: list[Order]) -> int:
    """Return the least over all outcomes and all sets of whole fills, each order with its fee or without any fill."""
    worsts = []
    for outcome in range(outcomes.count):
        held = sum(cash) + sum(net * paid(outcomes, market, outcome) for market, net in enumerate(nets))
        for filled in product((False, True), repeat=len(orders)):
            total = held
            for is_filled, (market, side, price, qty, fee) in zip(filled, orders, strict=True):
                if is_filled:
                    sign = 1 if side == fix.BUY else -1
                    total += sign * qty * (paid(outcomes, market, outcome) - price) - fee
            worsts.append(total)
    return min(worsts)


def lives(outcomes: Outcomes) -> st.SearchStrategy[tuple[list[int], list[int], list[Order]]]:
    markets = len(outcomes.spans)
    amounts = st.integers(-50, 50)
    order = st.tuples(
        st.integers(0, markets - 1),
        st.sampled_from([fix.BUY, fix.SELL]),
        st.integers(1, LIMIT - 1),
        st.integers(1, 30),
        st.integers(0, 2_000),  # some are larger than what the order can win
    )
    return st.tuples(
        st.lists(amounts, min_size=markets, max_size=markets),
        st.lists(st.integers(-3_000, 3_000), min_size=markets, max_size=markets),
        st.lists(order, max_size=5),
    )


def strikes() -> st.SearchStrategy[Outcomes]:
    number = st.integers(0, 6)
    above = st.builds(lambda floor, closed: StrikeRange(floor, None, closed), number, st.booleans())
    below = st.builds(lambda cap, closed: StrikeRange(None, cap, True, closed), number, st.booleans())
    between = st.builds(lambda floor, more: StrikeRange(floor, floor + 1 + more), number, st.integers(0, 3))
    return st.lists(st.one_of(above, below, between), min_size=1, max_size=4).map(Outcomes.on_one_number)


EVENTS = st.one_of(
    st.builds(
        lambda markets, is_complete: Outcomes.exclusive(markets, is_complete=is_complete),
        st.integers(1, 4),
        st.booleans(),
    ),
    strikes(),
)


@settings(max_examples=1_500, deadline=None)
@given(EVENTS.flatmap(lambda outcomes: st.tuples(st.just(outcomes), lives(outcomes))))
def test_the_worst_is_the_least_over_all_outcomes_and_fills(
    case: tuple[Outcomes, tuple[list[int], list[int], list[Order]]],
) -> None:
    outcomes, (nets, cash, orders) = case
    result = payoff(outcomes, stakes_of(nets, cash, orders), LIMIT)
    assert result.worst == brute_worst(outcomes, nets, cash, orders)
    assert min(result.filled) == brute_worst(outcomes, nets, cash, [])
    assert result.worst_void <= result.worst <= min(result.filled) <= result.best


@settings(max_examples=300, deadline=None)
@given(EVENTS.flatmap(lambda outcomes: st.tuples(st.just(outcomes), lives(outcomes))))
def test_another_order_costs_what_a_recount_says(
    case: tuple[Outcomes, tuple[list[int], list[int], list[Order]]],
) -> None:
    outcomes, (nets, cash, orders) = case
    if not orders:
        return
    *before, (market, side, price, qty, fee) = orders
    losses = order_losses(side, price, qty, fee, LIMIT)
    after = worst_after(outcomes, stakes_of(nets, cash, before), LIMIT, market, losses)
    assert after == brute_worst(outcomes, nets, cash, orders)


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=3), st.integers(0, 5))
def test_an_edge_that_no_market_needs_changes_nothing(nets: list[int], edge: int) -> None:
    strikes = [StrikeRange(1), StrikeRange(3), StrikeRange(2, 4)]
    coarse = payoff(Outcomes.on_one_number(strikes), [Stake(net) for net in nets], LIMIT)
    finer = payoff(Outcomes.on_one_number([*strikes, StrikeRange(edge)]), [Stake(net) for net in [*nets, 0]], LIMIT)
    assert (coarse.worst, coarse.best, coarse.worst_void) == (finer.worst, finer.best, finer.worst_void)


def test_an_event_of_three() -> None:
    held = [Stake(40, -1_240 - 12), Stake(-25, 1_150), Stake()]
    orders = [(0, fix.BUY, 29, 10, 6), (1, fix.SELL, 48, 15, 8), (2, fix.BUY, 11, 20, 5)]
    stakes = list(held)
    for market, side, price, qty, fee in orders:
        stakes[market] = stakes[market].with_order(*order_losses(side, price, qty, fee, LIMIT))
    outcomes = Outcomes.exclusive(3)
    result = payoff(outcomes, stakes, LIMIT)
    assert result.filled == (-102, 3_898, -2_602, -102)
    assert result.worst == -3_911
    after = [
        worst_after(outcomes, stakes, LIMIT, market, order_losses(side, price, qty, fee, LIMIT))
        for market, side, price, qty, fee in [
            (1, fix.BUY, 47, 25, 10),
            (2, fix.SELL, 13, 30, 6),
            (0, fix.BUY, 30, 10, 4),
        ]
    ]
    assert after == [-3_911, -3_911, -4_215]


def test_thresholds_and_a_range() -> None:
    outcomes = Outcomes.on_one_number(
        [StrikeRange(40, None, False), StrikeRange(50, None, False), StrikeRange(60, None, False), StrikeRange(45, 55)]
    )
    cash = [-50 * 71, 30 * 40, 0, 20 * 36]
    stakes = [Stake(net, money) for net, money in zip([50, -30, 0, -20], [cash[0] - 25, *cash[1:]], strict=True)]
    stakes[1] = stakes[1].with_order(*order_losses(fix.SELL, 42, 10, 2, LIMIT))
    stakes[2] = stakes[2].with_order(*order_losses(fix.BUY, 18, 40, 7, LIMIT))
    result = payoff(outcomes, stakes, LIMIT)
    assert outcomes.count == 6
    assert result.worst == -2_964
    assert result.worst_void == -7_964
    nets = [stake.net for stake in stakes]
    assert collateral(outcomes, nets, LIMIT, NettingRule.NONE) == 5_000
    assert collateral(outcomes, nets, LIMIT, NettingRule.DIRECNET) == 0


def test_every_outcome_bought_above_a_dollar_is_a_loss_whatever_happens() -> None:
    outcomes = Outcomes.exclusive(2, is_complete=True)
    assert payoff(outcomes, [Stake(10, -550), Stake(10, -480)], LIMIT).locked == "loss whatever happens"
    assert payoff(outcomes, [Stake(10, -450), Stake(10, -480)], LIMIT).locked == "profit whatever happens"
    assert payoff(Outcomes.exclusive(2), [Stake(10, -450), Stake(10, -480)], LIMIT).locked == ""


def test_what_exclusive_markets_give_back() -> None:
    outcomes = Outcomes.exclusive(3)
    assert collateral(outcomes, [-1, -1, 0], LIMIT, NettingRule.NONE) == 200
    assert collateral(outcomes, [-1, -1, 0], LIMIT, NettingRule.MECNET) == 100


def test_at_or_above_and_above_differ_by_a_cell() -> None:
    outcomes = Outcomes.on_one_number([StrikeRange(5), StrikeRange(5, None, False)])
    assert outcomes == Outcomes(3, (PaidSpan(1, 3), PaidSpan(2, 3)))


@pytest.mark.parametrize("strike", [StrikeRange(5, 5), StrikeRange(6, 5), StrikeRange(5, 5, False, True)])
def test_a_strike_that_nothing_meets_is_refused(strike: StrikeRange) -> None:
    with pytest.raises(ValueError, match="pays for no number"):
        Outcomes.on_one_number([strike])
