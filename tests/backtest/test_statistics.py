"""Figures of returns and forecasts, by hand and against libraries of others where these are installed."""

from math import isclose, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.backtest.results import calibration, statistics
from engine.backtest.results.calibration import Forecast

daily = st.lists(st.floats(-0.2, 0.2).map(lambda each: round(each, 4)), min_size=3, max_size=60)
forecasts = st.lists(
    st.builds(Forecast, st.integers(0, 100).map(lambda each: each / 100), st.integers(0, 1)), min_size=1
)


def test_sharpe_and_sortino_by_hand() -> None:
    assert isclose(statistics.sharpe([0.01, 0.03], 1) or 0, 0.02 / sqrt(0.0002))
    assert isclose(statistics.sortino([0.03, -0.01], 1) or 0, 0.01 / sqrt(0.00005))
    assert statistics.sharpe([0.01, 0.01]) is None and statistics.sortino([0.01]) is None


def test_growth_and_calmar_by_hand() -> None:
    assert isclose(statistics.growth([0.1, -0.5], 2) or 0, -0.45)
    assert isclose(statistics.calmar([0.1, -0.5], 2) or 0, -0.9)
    assert statistics.growth([-1.0]) is None and statistics.calmar([0.1]) is None


def test_drawdown_says_when_it_fell_and_when_it_came_back() -> None:
    points = [(1, 100), (2, 120), (3, 90), (4, 110), (5, 80), (6, 121), (7, 100)]
    assert statistics.drawdown(points) == (40, 40 / 120, 2, 5, 6)
    assert statistics.drawdown(points[:5]) == (40, 40 / 120, 2, 5, 0)
    assert statistics.drawdown([(1, 1), (2, 2)]) is None and statistics.drawdown([]) is None


def test_deflated_sharpe_is_the_published_one() -> None:
    """Bailey and Lopez de Prado 2014: 2.5 a year over five years, the best of a hundred trials."""
    expected, likely = statistics.deflated_sharpe(2.5 / sqrt(250), 1_250, -3, 10, 100, 0.5 / 250)
    assert round(expected, 4) == 0.1132 and round(likely, 4) == 0.9004


@given(daily)
def test_returns_agree_with_empyrical(days: list[float]) -> None:
    empyrical = pytest.importorskip("empyrical")
    numpy = pytest.importorskip("numpy")
    assume(max(days) - min(days) > 1e-3 and min(days) < -1e-3)
    column = numpy.array(days)
    for ours, theirs in (
        (statistics.sharpe(days), empyrical.sharpe_ratio(column, annualization=365)),
        (statistics.sortino(days), empyrical.sortino_ratio(column, annualization=365)),
        (statistics.growth(days), empyrical.cagr(column, annualization=365)),
        (statistics.fall(days), empyrical.max_drawdown(column)),
        (statistics.calmar(days), empyrical.calmar_ratio(column, annualization=365)),
    ):
        assert isclose(ours or 0.0, theirs, rel_tol=1e-9, abs_tol=1e-9)


def test_brier_and_log_loss_by_hand() -> None:
    rows = [Forecast(0.8, 1), Forecast(0.4, 0)]
    assert isclose(calibration.brier(rows) or 0, (0.04 + 0.16) / 2)
    assert isclose(calibration.log_loss([Forecast(0.5, 1)]) or 0, 0.6931471805599453)
    assert isclose(calibration.log_loss([Forecast(1.0, 0)]) or 0, 9.210340371976294)
    assert calibration.brier([]) is calibration.log_loss([]) is calibration.murphy([]) is None


@given(forecasts)
def test_parts_add_up_to_the_brier_score(rows: list[Forecast]) -> None:
    parts = calibration.murphy(rows)
    assert parts is not None
    assert isclose(parts.total, calibration.brier(rows) or 0, abs_tol=1e-12)
    assert sum(each.forecasts for each in calibration.binned(rows)) == len(rows)


@given(forecasts)
def test_scores_agree_with_scikit_learn(rows: list[Forecast]) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    said, came = [row.said for row in rows], [row.came for row in rows]
    assert isclose(calibration.brier(rows) or 0, sklearn.brier_score_loss(came, said, pos_label=1), abs_tol=1e-12)
    held = [min(max(each, calibration.CLIP), 1 - calibration.CLIP) for each in said]
    assert isclose(calibration.log_loss(rows) or 0, sklearn.log_loss(came, held, labels=[0, 1]), abs_tol=1e-9)


def test_interval_of_a_bin_is_wilsons() -> None:
    (found,) = calibration.binned([Forecast(0.5, 1)] * 8 + [Forecast(0.5, 0)] * 2, 1)
    assert (found.forecasts, round(found.low, 4), round(found.high, 4)) == (10, 0.4902, 0.9433)
