"""Markets over several connections, and a book compared with what the venue answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import ASK, BID
from engine.instrument import Instrument
from engine.venue.comparison import BookComparison, LevelDifference, compare_books
from engine.venue.shards import shards


@given(st.integers(0, 300), st.integers(1, 50))
def test_every_market_is_on_one_connection_and_all_are_equally_full(count: int, most: int) -> None:
    instruments = [Instrument(f"KX{i}", i, None) for i in range(count)]
    split = shards(instruments, most)
    assert sorted(each.index for group in split for each in group) == list(range(count))
    assert len(split) == -(-count // most)
    sizes = [len(group) for group in split]
    assert not sizes or (max(sizes) <= most and max(sizes) - min(sizes) <= 1)


def test_neighbours_go_to_different_connections() -> None:
    instruments = [Instrument(f"KX{i}", i, None) for i in range(5)]
    assert [[each.index for each in group] for group in shards(instruments, 2)] == [[0, 3], [1, 4], [2]]


def test_connections_without_room_are_refused() -> None:
    with pytest.raises(ValueError, match="most_per_connection must be 1 or more, not 0"):
        shards([], 0)


def test_equal_books_are_equal_in_any_order() -> None:
    found = compare_books([(40, 1), (41, 2)], [(50, 3)], [(41, 2), (40, 1)], [(50, 3)], 1_000, 5_000)
    assert found == BookComparison(4_000, ())
    assert found.is_equal


def test_differences_stand_best_first_with_both_sizes() -> None:
    found = compare_books([(40, 1), (41, 2)], [(50, 3), (52, 1)], [(39, 5), (40, 4), (41, 2)], [(51, 1)], 9, 4)
    assert found.age_ns == -5
    assert found.differences == (
        LevelDifference(BID, 40, 1, 4),
        LevelDifference(BID, 39, 0, 5),
        LevelDifference(ASK, 50, 3, 0),
        LevelDifference(ASK, 51, 0, 1),
        LevelDifference(ASK, 52, 1, 0),
    )
    assert not found.is_equal
