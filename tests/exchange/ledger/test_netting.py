"""What positions across the markets of an event are sure to pay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.ledger.netting import sure_payout
from engine.exchange.ledger.terms import Netting

NETS = st.lists(st.integers(-9, 9), max_size=5)


@pytest.mark.parametrize(
    ("kind", "nets", "pays"),
    [
        (Netting.NONE, [-10, -10], 0),
        (Netting.EXCLUSIVE, [-10, -10], 10),
        (Netting.EXCLUSIVE, [-10, -4, -7], 11),
        (Netting.EXCLUSIVE, [10, 10], 0),
        (Netting.EXCLUSIVE, [10, -10], 0),
        (Netting.DIRECTIONAL, [10, -10], 10),
        (Netting.DIRECTIONAL, [-10, 10], 0),
        (Netting.DIRECTIONAL, [10, -4], 4),
        (Netting.DIRECTIONAL, [-10], 0),
        (Netting.DIRECTIONAL, [], 0),
    ],
)
def test_sure_payout(kind: str, nets: list[int], pays: int) -> None:
    assert sure_payout(kind, nets, [None] * len(nets), 10_000) == pays * 10_000


def test_known_result_says_what_the_others_pay() -> None:
    assert sure_payout(Netting.EXCLUSIVE, [0, -10], [True, None], 1) == 10
    assert sure_payout(Netting.EXCLUSIVE, [0, -10, -4], [False, None, None], 1) == 4
    assert sure_payout(Netting.DIRECTIONAL, [0, -3], [False, None], 1) == 3
    assert sure_payout(Netting.DIRECTIONAL, [5, 0], [None, True], 1) == 5


@given(NETS, st.data())
def test_payout_is_never_less_than_was_sure(nets: list[int], data: st.DataObject) -> None:
    """Settling a market never costs more of what is sure than it pays."""
    kind = data.draw(st.sampled_from((Netting.EXCLUSIVE, Netting.DIRECTIONAL)))
    places = range(len(nets))
    outcomes = [[place < true for place in places] for true in range(len(nets) + 1)]
    if kind == Netting.EXCLUSIVE:
        outcomes = [[place == true for place in places] for true in range(-1, len(nets))]
    outcome = data.draw(st.sampled_from(outcomes))
    known: list[bool | None] = [None] * len(nets)
    sure = sure_payout(kind, nets, known, 1)
    for place in data.draw(st.permutations(list(places))):
        paid = max(nets[place], 0) if outcome[place] else max(-nets[place], 0)
        nets[place], known[place] = 0, outcome[place]
        after = sure_payout(kind, nets, known, 1)
        assert after + paid >= sure
        sure = after
    assert sure == 0
