"""Scenarios against closed forms, against exact convolution, and the words for matrices that are none."""

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy", reason="scenarios need the extra `history`")

from engine.portfolio.scenarios import (  # noqa: E402 - after the extra that it needs
    EventRisk,
    Scenarios,
    correlations,
    stressed,
    tail_loss,
)

PAIR = [EventRisk((0, 10_000), (40, 60), 6_000), EventRisk((0, 10_000), (50, 50), 4_600)]


def exact(events: list[EventRisk]) -> list[tuple[float, int]]:
    """Return probability and loss of every way in which independent events may end."""
    found = []
    for ends in product(*[range(len(event.payoffs)) for event in events]):
        chance = math.prod(event.shares[end] / sum(event.shares) for event, end in zip(events, ends, strict=True))
        found.append((chance, sum(event.value - event.payoffs[end] for event, end in zip(events, ends, strict=True))))
    return found


def exact_shortfall(events: list[EventRisk], level: float) -> float:
    rest, total = 1 - level, 0.0
    for chance, loss in sorted(exact(events), key=lambda pair: -pair[1]):
        used = min(chance, rest)
        total, rest = total + used * loss, rest - used
    return total / (1 - level)


def test_two_independent_events() -> None:
    tail = tail_loss(Scenarios(2).losses(PAIR), 0.7)
    assert tail.value_at_risk == 600
    assert exact_shortfall(PAIR, 0.7) == pytest.approx(7_266.67, abs=0.01)
    assert tail.expected_shortfall == pytest.approx(7_266.67, abs=250)
    assert tail.low <= tail.value_at_risk <= tail.high


def test_two_events_that_move_together() -> None:
    matrix, change = correlations([[1, 0.5], [0.5, 1]])
    assert change == 0
    losses = Scenarios(2, matrix=matrix).losses(PAIR)
    assert np.mean(losses == -9_400) == pytest.approx(0.380436, abs=0.015)
    assert tail_loss(losses, 0.7).expected_shortfall == pytest.approx(9_948, abs=250)
    assert tail_loss(losses, 0.9).expected_shortfall == pytest.approx(10_600)


def test_a_normal_tail_is_the_closed_form() -> None:
    """Many small independent events add up to a normal number."""
    events = [EventRisk((-100, 100), (1, 1), 0)] * 400
    tail = tail_loss(Scenarios(400).losses(events), 0.95)
    sd = 100 * math.sqrt(400)
    assert tail.value_at_risk == pytest.approx(1.645 * sd, rel=0.06)
    assert tail.expected_shortfall == pytest.approx(2.063 * sd, rel=0.06)


@st.composite
def portfolios(draw: st.DrawFn) -> list[EventRisk]:
    events = []
    for _ in range(draw(st.integers(1, 3))):
        count = draw(st.integers(2, 4))
        amounts = st.lists(st.integers(-1_000, 1_000), min_size=count, max_size=count)
        shares = st.lists(st.integers(1, 50), min_size=count, max_size=count)
        events.append(EventRisk(tuple(draw(amounts)), tuple(draw(shares)), draw(st.integers(-500, 500))))
    return events


@settings(max_examples=60, deadline=None)
@given(portfolios(), st.sampled_from([0.5, 0.9, 0.95]))
def test_independent_scenarios_are_the_convolution(events: list[EventRisk], level: float) -> None:
    losses = Scenarios(len(events)).losses(events)
    tail = tail_loss(losses, level)
    outcomes = exact(events)
    assert {round(loss) for loss in losses.tolist()} <= {loss for _, loss in outcomes}
    mean = sum(chance * loss for chance, loss in outcomes)
    spread = max(loss for _, loss in outcomes) - min(loss for _, loss in outcomes)
    assert float(np.mean(losses)) == pytest.approx(mean, abs=spread * 0.05 + 1e-6)
    slack = 5 * 0.5 * spread / math.sqrt(10_000 * (1 - level)) + 1e-6
    assert tail.expected_shortfall == pytest.approx(exact_shortfall(events, level), abs=slack)
    assert tail.value_at_risk <= tail.expected_shortfall + 1e-6


@given(st.integers(-1_000, 1_000))
def test_cash_moves_both(cash: int) -> None:
    before = tail_loss(Scenarios(2, 500).losses(PAIR), 0.9)
    poorer = [PAIR[0], PAIR[1]._replace(payoffs=tuple([each - cash for each in PAIR[1].payoffs]))]
    after = tail_loss(Scenarios(2, 500).losses(poorer), 0.9)
    assert after.value_at_risk == before.value_at_risk + cash
    assert after.expected_shortfall == pytest.approx(before.expected_shortfall + cash)


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        ([[1, 0.5]], "square"),
        ([[1, 0.5], [0.4, 1]], "symmetric"),
        ([[1, 0], [0, 0.9]], "diagonal"),
        ([[1, 1.5], [1.5, 1]], "-1 to 1"),
        ([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]], "differs by"),
    ],
)
def test_a_matrix_that_is_none_is_refused(matrix: list[list[float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        correlations(matrix)


def test_a_small_repair_is_told() -> None:
    matrix, change = correlations([[1, 1], [1, 1]])
    assert 0 < change < 1e-6
    Scenarios(2, 10, matrix=matrix)
    repaired, much = correlations([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]], allow_repair=True)
    assert much > 0.05
    assert np.linalg.eigvalsh(repaired).min() > 0


def test_stress_hits_what_is_marked() -> None:
    assert stressed(PAIR, [True, False]) == 6_000
    assert stressed(PAIR, [True, True]) == 10_600
    assert stressed(PAIR, [False, False]) == 0


def test_a_certain_outcome_is_drawn_always() -> None:
    assert set(Scenarios(1, 100).losses([EventRisk((5, 7, 9), (0, 4, 0), 10)]).tolist()) == {3.0}
