"""Growth sizes: the worked example, and no small trade that grows faster from where they end."""

import math

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.portfolio.kelly import Odds, Sized, capped, growth_sizes, growth_sizes_with

EXAMPLE = [Odds(0.1), Odds(0.5, 0.45, 0.43), Odds(0.2, 0.27, 0.25), Odds(0.2, 0.22, 0.20)]


def growth(odds: list[Odds], wealth: list[float], trades: list[float]) -> float:
    paid = sum(
        size * (each.cost if size > 0 else each.proceeds) for each, size in zip(odds, trades, strict=True) if size
    )
    left = [have + size - paid for have, size in zip(wealth, trades, strict=True)]
    return sum(
        each.belief * math.log(have) if have > 0 else -math.inf
        for each, have in zip(odds, left, strict=True)
        if each.belief
    )


@st.composite
def markets(draw: st.DrawFn) -> list[Odds]:
    count = draw(st.integers(2, 5))
    weights = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count))
    prices = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count))
    beliefs = [weight / sum(weights) for weight in weights]
    odds = []
    for place, belief in enumerate(beliefs):
        fair, half = prices[place] / sum(prices), draw(st.integers(1, 5)) / 200
        is_listed = draw(st.booleans())
        odds.append(Odds(belief, min(fair + half, 0.999), max(fair - half, 0.0)) if is_listed else Odds(belief))
    return odds


def assert_nothing_grows_faster(odds: list[Odds], wealth: list[float], trades: list[float]) -> None:
    best = growth(odds, wealth, trades)
    assert best >= growth(odds, wealth, [0.0] * len(odds)) - 1e-9
    for place, each in enumerate(odds):
        for step in (1e-3, -1e-3):
            if step < 0 or each.cost < math.inf:
                other = [size + (step if at == place else 0) for at, size in enumerate(trades)]
                assert growth(odds, wealth, other) <= best + 1e-8


@settings(max_examples=200, deadline=None, phases=[Phase.generate])
@given(markets())
def test_no_other_size_grows_faster(odds: list[Odds]) -> None:
    assert_nothing_grows_faster(odds, [1.0] * len(odds), growth_sizes(odds))


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(markets(), st.lists(st.integers(5, 20), min_size=5, max_size=5))
def test_nor_with_holdings(odds: list[Odds], tenths: list[int]) -> None:
    wealth = [each / 10 for each in tenths[: len(odds)]]
    assert_nothing_grows_faster(odds, wealth, growth_sizes_with(odds, wealth))


def test_the_example() -> None:
    assert growth_sizes(EXAMPLE) == pytest.approx([0, 0.1111, -0.2, 0], abs=1e-4)
    assert growth(EXAMPLE, [1.0] * 4, growth_sizes(EXAMPLE)) == pytest.approx(0.00805, abs=1e-5)
    held = [1 - 0.05 * 0.45 + (0.05 if place == 1 else 0) for place in range(4)]
    assert growth_sizes_with(EXAMPLE, held) == pytest.approx([0, 0.0611, -0.2, 0], abs=1e-4)


@pytest.mark.parametrize(
    ("odds", "why"),
    [
        ([Odds(0.5), Odds(0.4)], "add up to 1"),
        ([Odds(0.5, 0.4, 0.5), Odds(0.5)], "crossed"),
        ([Odds(0.5, 0.4, 0.3), Odds(0.5, 0.5, 0.4)], "arbitrage"),
        ([Odds(0.5, 0.7, 0.6), Odds(0.5, 0.6, 0.5)], "arbitrage"),
    ],
)
def test_what_cannot_be_sized_is_named(odds: list[Odds], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        growth_sizes(odds)


def test_the_cap_that_decided_is_named() -> None:
    assert capped(100.0, 20, 0.02, 0.005, {"max_order": 50, "depth": 30}) == Sized(30, "depth")
    assert capped(100.0, 90, 0.02, 0.005, {"max_order": 50}) == Sized(10, "target")
    assert capped(-100.0, 0, 0.02, 0.005, {"max_order": 50}) == Sized(-50, "max_order")
    assert capped(100.0, 0, 0.004, 0.005, {}) == Sized(0, "edge")
    assert capped(100.0, 0, 0.02, 0.005, {"position": -5}) == Sized(0, "position")
