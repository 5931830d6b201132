"""Markets over several connections, and a book compared with what the venue answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import ASK, BID
from engine.instrument import Instrument
from engine.venue.comparison import BookComparison, LevelDifference, compare_books
from engine.venue.shards import Shards


def markets(count: int) -> list[Instrument]:
    return [Instrument(f"KX{i}", i, None) for i in range(count)]


@given(st.integers(0, 300), st.integers(1, 50))
def test_every_market_is_on_one_connection_and_all_are_equally_full(count: int, connections: int) -> None:
    shards = Shards(connections)
    placed = shards.place(markets(count))
    assert sorted(each.index for group in placed.values() for each in group) == list(range(count))
    assert shards.sizes == [len(placed.get(number, ())) for number in range(connections)]
    assert max(shards.sizes) - min(shards.sizes) <= 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=60))
def test_market_stays_where_it_is_and_a_new_one_goes_to_the_emptiest(moves: list[tuple[bool, int]]) -> None:
    shards, known, there = Shards(3), markets(13), dict[int, int]()
    for comes, index in moves:
        if comes:
            sizes = list(shards.sizes)
            ((home, group),) = shards.place([known[index]]).items()
            assert group == [known[index]]
            assert home == there.setdefault(index, sizes.index(min(sizes)))
        else:
            home = there.pop(index, -1)
            assert shards.home(known[index].symbol) == home
            assert shards.take([known[index]]) == ({} if home < 0 else {home: [known[index]]})
        assert shards.sizes == [list(there.values()).count(number) for number in range(3)]


def test_neighbours_go_to_different_connections() -> None:
    placed = Shards(3).place(markets(5))
    assert {home: [each.index for each in group] for home, group in placed.items()} == {0: [0, 3], 1: [1, 4], 2: [2]}


def test_no_connection_is_refused() -> None:
    with pytest.raises(ValueError, match="there must be 1 connection or more, not 0"):
        Shards(0)


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
