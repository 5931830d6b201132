"""How much of the best to believe, by hand; and pictures of scores."""

from math import isclose

from engine.backtest.sweeps.axes import Axis
from engine.backtest.sweeps.guard import best_of, guard
from engine.backtest.sweeps.heat import heat_maps
from engine.backtest.sweeps.ledger import Tried
from engine.backtest.sweeps.rows import moments


def test_moments_by_hand() -> None:
    found = moments([0.0, 0.0, 0.0, 0.04])
    assert found.count == 4 and isclose(found.sharpe or 0, 0.01 / 0.02)
    assert isclose(found.skew, (0.03**3 - 3 * 0.01**3) / 4 / 0.0003**1.5)
    assert isclose(found.kurtosis, (0.03**4 + 3 * 0.01**4) / 4 / 0.0003**2)
    assert moments([0.1, 0.1]).sharpe is None


def test_guard_by_hand() -> None:
    """40 days of +2 % and -1 % in turn: mean 0.005, no skew, kurtosis 1; three trials with Sharpes 0.1, 0.2, 0.3.

    The best of three without skill: 0.1 (0.4227843 z(2/3) + 0.5772157 z(1 - 1/(3e))) = 0.1 (0.182105 + 0.670825).
    That likely: Phi((0.3291 - 0.0853) sqrt(39) / 1) = Phi(1.523); with kurtosis 1 the width is 1.
    """
    daily = [0.02, -0.01] * 20
    found = guard(daily, Tried(3, [0.1, 0.2, 0.3]))
    assert isclose(found.sharpe or 0, 0.005 / (0.015 * (40 / 39) ** 0.5))
    assert isclose(found.expected_best or 0, 0.0853, abs_tol=1e-4)
    assert isclose(found.deflated or 0, 0.9361, abs_tol=1e-4) and not found.note


def test_guard_says_why_it_says_nothing() -> None:
    assert guard([0.1, 0.2], Tried(1, [])).note == "2 days: not said of fewer than 30"
    found = guard([0.02, -0.01] * 20, Tried(9, [0.1]))
    assert found.deflated is None and "9 trials" in found.note


def test_more_trials_make_the_same_result_less_likely() -> None:
    daily = [0.02, -0.01] * 20
    likely = [guard(daily, Tried(count, [0.0, 0.1, 0.2])).deflated or 0 for count in (1, 10, 100, 1_000)]
    assert likely == sorted(likely, reverse=True) and likely[0] > likely[3] + 0.1


def test_best_are_ordered_and_ties_go_by_number() -> None:
    assert best_of({3: 1.0, 1: 1.0, 2: None, 4: 5.0}, 3) == [(4, 5.0), (1, 1.0), (3, 1.0)]


def test_map_shows_means_and_hides_what_does_not_vary() -> None:
    axes = [Axis("parameters.a", (1, 2)), Axis("parameters.<b>", ("x", "y")), Axis("parameters.c", (0,))]
    ((name, picture),) = heat_maps(axes, {0: 1.0, 1: -4.0, 2: None, 3: 2.5})
    assert name == "parameters.<b> by parameters.a" and "&lt;b&gt; by" in picture and "<b>" not in picture
    assert picture.count("<rect") == 3 and ">-4<" in picture and 'class="sell"' in picture
    ((_, single),) = heat_maps(axes[:1], {0: 1.0, 1: 2.0})
    assert single.count("<rect") == 2 and heat_maps(axes, {0: None}) == []
