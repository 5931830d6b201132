"""The number of a sequenced stream, case by case."""

import pytest

from engine.venue.sequence import DUPLICATE, GAP, IN_ORDER, RESET, Sequence


@pytest.mark.parametrize(
    ("seqs", "outcomes"),
    [
        ([1, 2, 3], [IN_ORDER, IN_ORDER, IN_ORDER]),
        ([7001, 7002], [IN_ORDER, IN_ORDER]),
        ([5, 5, 6], [IN_ORDER, DUPLICATE, IN_ORDER]),
        ([5, 7, 8], [IN_ORDER, GAP, IN_ORDER]),
        ([5, 3, 4], [IN_ORDER, RESET, IN_ORDER]),
        ([5, 0, 1], [IN_ORDER, RESET, IN_ORDER]),
        ([0, 0, 1], [IN_ORDER, DUPLICATE, IN_ORDER]),
        ([5, 9, 9, 9], [IN_ORDER, GAP, DUPLICATE, DUPLICATE]),
    ],
    ids=["first", "any-baseline", "duplicate", "gap", "reset", "reset-to-zero", "zero", "gap-then-duplicates"],
)
def test_numbers_are_judged_against_the_one_before(seqs: list[int], outcomes: list[int]) -> None:
    sequence = Sequence()
    assert [sequence.step(seq) for seq in seqs] == outcomes
