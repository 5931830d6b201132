"""A book of ours compared with one that the venue answered when it was asked, now and then.

The two are never of one moment: whoever compares asks again before believing a difference.

Units   prices and sizes as in `instrument`; times in ns of one clock.
Errors  none.
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.book import ASK, BID


class LevelDifference(NamedTuple):
    """One price at which the two differ; 0 is no level."""

    side: int
    price: int
    ours: int
    theirs: int


class BookComparison(NamedTuple):
    """What a comparison found. `age_ns` is how much older our book is than their answer, below 0 if it is younger."""

    age_ns: int
    differences: tuple[LevelDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every level is the same."""
        return not self.differences


def is_mirrored(ours: dict[int, int], theirs: dict[int, int], limit: int) -> bool:
    """Return whether one side of a book, size by price, is theirs with each price taken from `limit`."""
    return bool(ours) and ours != theirs and ours == {limit - price: size for price, size in theirs.items()}


Levels = Iterable[tuple[int, int]]


def compare_books(
    our_bids: Levels, our_asks: Levels, their_bids: Levels, their_asks: Levels, updated_ns: int, answered_ns: int
) -> BookComparison:
    """Return how a book that changed last at `updated_ns` differs from an answer of `answered_ns`, bids first.

    Levels are (price, size) in any order. Of each side the best differences stand first.
    """
    bids = _differences(BID, dict(our_bids), dict(their_bids))
    asks = _differences(ASK, dict(our_asks), dict(their_asks))
    return BookComparison(answered_ns - updated_ns, (*reversed(bids), *asks))


def _differences(side: int, ours: dict[int, int], theirs: dict[int, int]) -> list[LevelDifference]:
    prices = sorted(ours.keys() | theirs.keys())
    found = [LevelDifference(side, price, ours.get(price, 0), theirs.get(price, 0)) for price in prices]
    return [each for each in found if each.ours != each.theirs]
