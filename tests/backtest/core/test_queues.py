"""Queue models: formulas by hand and by a plain reference, and what each does to a run."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.core._pass import CompiledPass, size_ahead
from engine.backtest.core.settings import UNLIMITED, ParameterSet, QueueModel, QuoteBoth
from engine.errors import ConfigError
from tests.support.rows import MadeRows, grids

FORMULAS: dict[str, Callable[[float, float], float]] = {
    "risk-averse": lambda f, b: 0.0,
    "optimistic": lambda f, b: 1.0,
    "power": lambda f, b: f / (f + b),
    "power:0.5": lambda f, b: f**0.5 / (f**0.5 + b**0.5),
    "power:3": lambda f, b: f**3 / (f**3 + b**3),
    "power2:2": lambda f, b: 1 - (b / (f + b)) ** 2,
    "power3:2": lambda f, b: (f / (f + b)) ** 2,
    "log": lambda f, b: math.log1p(f / 100) / (math.log1p(f / 100) + math.log1p(b / 100)),
    "log2": lambda f, b: 1 - math.log1p(b / 100) / math.log1p((f + b) / 100),
    "biased:0.5:-1": lambda f, b: 1 / (1 + math.exp(1) * (b / f) ** 0.5),
}
SIZES = st.integers(1, 10_000_000)


@given(st.sampled_from(sorted(FORMULAS)), SIZES, SIZES, st.data())
def test_cancel_takes_the_share_of_the_formula(name: str, ahead: int, behind: int, data: st.DataObject) -> None:
    gone = data.draw(st.integers(1, ahead + behind))
    left = size_ahead(QueueModel.parse(name), ahead, ahead + behind, gone)
    share = min(ahead, gone * FORMULAS[name](ahead, behind))
    wanted = min(max(share, gone - behind), ahead)
    assert ahead - left == pytest.approx(wanted, abs=1.01)
    assert 0 <= left <= ahead + behind - gone


@given(st.sampled_from(sorted(FORMULAS)), SIZES, SIZES, SIZES)
def test_cancel_lets_no_order_pass_one_before_it(name: str, first: int, second: int, behind: int) -> None:
    model, shown = QueueModel.parse(name), first + second + behind
    gone = max(1, shown // 3)
    assert size_ahead(model, first, shown, gone) <= size_ahead(model, first + second, shown, gone) + 1


@given(SIZES, SIZES)
def test_known_order_is_judged_by_when_it_joined(ahead: int, behind: int) -> None:
    matched, shown = QueueModel.parse("matched/power:3"), ahead + behind
    gone = min(ahead, behind)
    assert size_ahead(matched, ahead, shown, gone, join=5, joined=5) == ahead - gone
    assert size_ahead(matched, ahead, shown, gone, join=6, joined=5) == ahead
    assert size_ahead(matched, ahead, shown, gone) == size_ahead(QueueModel.parse("power:3"), ahead, shown, gone)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lifo", "name one of risk-averse"),
        ("power:4", "the exponent is one of 0, 0.5"),
        ("log:1", "log takes no number"),
        ("biased:1", "biased takes N and A"),
        ("biased:1:x", "'x' is no number"),
        ("biased:1:99", "99 is not between -50 and 50"),
        ("matched/best", "name one of"),
    ],
)
def test_model_that_is_none_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        QueueModel.parse(text)


def test_impossible_cancel_is_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10 lots"):
        size_ahead(QueueModel(), 1, 10, 11)


def test_more_hope_fills_more() -> None:
    """Over many rows, and for orders that never move: the two bounds hold what is between them."""
    volumes: dict[str, int] = dict.fromkeys(("risk-averse", "power", "matched/power", "optimistic"), 0)
    for seed in range(30):
        made = MadeRows(seed)
        for _ in range(200):
            made.step()
        sets = [
            ParameterSet(strategy=QuoteBoth(500), limits=UNLIMITED, queue=QueueModel.parse(name)) for name in volumes
        ]
        run = CompiledPass(made.columns(), grids(1), sets)
        run.run_all()
        for place, name in enumerate(volumes):
            volumes[name] += run.result(place).volume
    assert volumes["risk-averse"] < volumes["power"] < volumes["optimistic"]
    assert volumes["risk-averse"] < volumes["matched/power"] < volumes["optimistic"]
