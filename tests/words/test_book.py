"""Both books, update by update: outcomes, bounds, staleness."""

from array import array

import pytest

from engine.book import ASK, BID, MAX_SIZE, MOVED, NO_ASK, NO_BID, QUIET, STALE
from tests.support.books import (
    ASKS,
    BIDS,
    SORTED_ASKS,
    SORTED_BIDS,
    BookKind,
    bbo,
    both_books,
    content,
    full,
    instrument,
)

# What a book is before and after its first snapshot


@both_books
def test_new_book_is_empty_and_stale(kind: BookKind) -> None:
    book = kind(instrument(index=7))
    book._check()
    assert (book.is_stale, book.updates, book.index, book.watch_depth) == (True, 0, 7, 1)
    assert (book.updated_ns, book.is_dirty, book.is_crossed) == (0, False, False)
    assert bbo(book) == (NO_BID, 0, NO_ASK, 0)
    assert content(book) == ([], [])


@both_books
def test_new_book_refuses_every_update(kind: BookKind) -> None:
    book = kind(instrument())
    assert book.apply(BID, 4_900, 5) == STALE
    assert book.set_level(BID, 4_900, 5) == STALE
    assert book.apply_many(array("q", [BID]), array("q", [4_900]), array("q", [5])) == 0
    assert (content(book), book.updates) == (([], []), 0)


@both_books
def test_snapshot_in_any_order_gives_sorted_sides(kind: BookKind) -> None:
    book = full(kind)
    book._check()
    assert content(book) == (SORTED_BIDS, SORTED_ASKS)
    assert bbo(book) == (4_900, 10, 5_100, 40)
    assert (book.is_stale, book.updates) == (False, 1)


@both_books
def test_empty_snapshot_gives_a_fresh_empty_book(kind: BookKind) -> None:
    book = full(kind)
    assert book.snapshot([], []) == MOVED
    book._check()
    assert (bbo(book), book.is_stale, book.is_crossed) == ((NO_BID, 0, NO_ASK, 0), False, False)


@both_books
def test_snapshot_level_of_size_zero_is_no_level(kind: BookKind) -> None:
    book = kind(instrument())
    assert book.snapshot([(4_900, 0), (4_800, 5), (4_800, 0)], [(5_000, 0)]) == MOVED
    book._check()
    assert content(book) == ([(4_800, 5)], [])


@both_books
@pytest.mark.parametrize(
    "level",
    [(0, 1), (-100, 1), (10_000, 1), (4_950, 1), (2**40, 1), (4_600, -1), (4_600, MAX_SIZE + 1), (4_900, 1)],
    ids=["zero", "negative price", "limit", "off grid", "far", "negative size", "too large", "duplicate"],
)
@pytest.mark.parametrize("side", [BID, ASK])
def test_snapshot_with_a_bad_level_leaves_an_empty_stale_book(
    kind: BookKind, side: int, level: tuple[int, int]
) -> None:
    book = full(kind)
    sides = {BID: [(4_900, 1)], ASK: [(4_900, 1)]}
    sides[side].append(level)
    assert book.snapshot(*sides.values()) == STALE
    book._check()
    assert (content(book), book.is_stale, book.updates) == (([], []), True, 1)


@both_books
def test_snapshot_that_is_no_pairs_raises_and_leaves_the_book_stale(kind: BookKind) -> None:
    book = full(kind)
    with pytest.raises(TypeError):
        book.snapshot(BIDS, [(5_100, 1), None])  # type: ignore[list-item]
    book._check()
    assert book.is_stale
    assert book.snapshot(BIDS, ASKS) == MOVED


@both_books
def test_mark_stale_keeps_levels_and_refuses_updates_until_a_snapshot(kind: BookKind) -> None:
    book = full(kind)
    book.mark_stale()
    assert (book.is_stale, content(book)) == (True, (SORTED_BIDS, SORTED_ASKS))
    assert [book.apply(BID, 4_900, 1), book.set_level(BID, 4_900, 1)] == [STALE, STALE]
    assert content(book) == (SORTED_BIDS, SORTED_ASKS)
    assert (book.snapshot(BIDS, ASKS), book.apply(BID, 4_900, 1)) == (MOVED, MOVED)


# Outcomes of a delta

# rows of (side, price, change) and the outcome for watch_depth 0, 1, 2 and 3
DELTAS = {
    "best grows": ((BID, 4_900, 5), (QUIET, MOVED, MOVED, MOVED)),
    "best shrinks": ((ASK, 5_100, -1), (QUIET, MOVED, MOVED, MOVED)),
    "best goes": ((BID, 4_900, -10), (MOVED, MOVED, MOVED, MOVED)),
    "better comes": ((ASK, 5_000, 1), (MOVED, MOVED, MOVED, MOVED)),
    "second grows": ((BID, 4_800, 1), (QUIET, QUIET, MOVED, MOVED)),
    "second goes": ((ASK, 5_200, -50), (QUIET, QUIET, MOVED, MOVED)),
    "third grows": ((BID, 4_700, 1), (QUIET, QUIET, QUIET, MOVED)),
    "third goes": ((ASK, 5_300, -60), (QUIET, QUIET, QUIET, MOVED)),
    "fourth comes": ((BID, 4_600, 1), (QUIET, QUIET, QUIET, QUIET)),
    "nothing": ((BID, 4_900, 0), (QUIET, QUIET, QUIET, QUIET)),
    "nothing where nothing is": ((BID, 100, 0), (QUIET, QUIET, QUIET, QUIET)),
}


@both_books
@pytest.mark.parametrize("watch_depth", [0, 1, 2, 3])
@pytest.mark.parametrize("row", DELTAS)
def test_delta_says_whether_watched_levels_moved(kind: BookKind, watch_depth: int, row: str) -> None:
    delta, outcomes = DELTAS[row]
    book = full(kind, watch_depth)
    assert book.apply(*delta) == outcomes[watch_depth]
    book._check()
    assert (book.is_stale, book.updates) == (False, 2)


@both_books
def test_level_beyond_the_last_moves_a_watch_deeper_than_the_book(kind: BookKind) -> None:
    book = full(kind, 5)
    assert [book.apply(BID, price, 1) for price in (100, 4_600, 200, 100)] == [MOVED, MOVED, MOVED, QUIET]


@both_books
def test_watch_follows_levels_that_go_and_come(kind: BookKind) -> None:
    book = full(kind, 2)
    assert book.apply(ASK, 5_300, 1) == QUIET
    assert book.apply(ASK, 5_100, -40) == MOVED
    assert book.apply(ASK, 5_300, 1) == MOVED
    assert book.apply(ASK, 5_000, 1) == MOVED
    assert book.apply(ASK, 5_300, 1) == QUIET


@both_books
def test_deltas_move_best_prices(kind: BookKind) -> None:
    book = full(kind)
    assert book.apply(BID, 4_900, -10) == MOVED
    assert bbo(book) == (4_800, 20, 5_100, 40)
    assert book.apply(ASK, 5_000, 7) == MOVED
    assert bbo(book) == (4_800, 20, 5_000, 7)
    assert [book.apply(BID, 4_800, -20), book.apply(BID, 4_700, -30)] == [MOVED, MOVED]
    assert bbo(book) == (NO_BID, 0, 5_000, 7)
    assert book.apply(BID, 9_900, 1) == MOVED
    book._check()
    assert (bbo(book), book.is_crossed) == ((9_900, 1, 5_000, 7), True)


@both_books
@pytest.mark.parametrize(
    "delta",
    [
        (BID, 4_900, -11),
        (ASK, 4_900, -1),
        (BID, 100, -1),
        (BID, 4_950, 1),
        (ASK, 0, 1),
        (ASK, 10_000, 1),
        (BID, 9_999, 1),
        (BID, -100, 1),
        (BID, 2**40, 1),
        (BID, 4_900, MAX_SIZE - 9),
        (BID, 4_900, 2**63 - 1),
        (BID, 4_900, -(2**63)),
        (3, 4_900, 1),
        (-1, 4_900, 1),
        (0, 4_900, 1),
    ],
)
def test_delta_that_does_not_fit_marks_stale_and_changes_nothing_else(
    kind: BookKind, delta: tuple[int, int, int]
) -> None:
    book = full(kind)
    assert book.apply(*delta) == STALE
    book._check()
    assert (book.is_stale, book.updates, content(book)) == (True, 1, (SORTED_BIDS, SORTED_ASKS))
    assert book.apply(BID, 4_900, 1) == STALE


@both_books
def test_level_holds_up_to_max_size(kind: BookKind) -> None:
    book = full(kind)
    assert book.apply(BID, 4_900, MAX_SIZE - 10) == MOVED
    assert book.best_bid_size == MAX_SIZE
    assert book.apply(BID, 4_900, -MAX_SIZE) == MOVED
    assert book.best_bid == 4_800


@both_books
@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        ((BID, 4_900, 11), MOVED),
        ((BID, 4_900, 10), QUIET),
        ((BID, 4_900, 0), MOVED),
        ((BID, 4_800, 1), QUIET),
        ((BID, 100, 0), QUIET),
        ((ASK, 5_000, MAX_SIZE), MOVED),
        ((BID, 4_900, -1), STALE),
        ((BID, 4_900, MAX_SIZE + 1), STALE),
        ((BID, 4_950, 1), STALE),
        ((3, 4_900, 1), STALE),
    ],
)
def test_set_level_replaces_the_size(kind: BookKind, level: tuple[int, int, int], outcome: int) -> None:
    book = full(kind)
    side, price, size = level
    before = content(book)
    assert book.set_level(*level) == outcome
    book._check()
    if outcome == STALE:
        assert (book.is_stale, book.updates, content(book)) == (True, 1, before)
    else:
        assert (book.is_stale, book.updates, book.size_at(side, price)) == (False, 2, size)


# Batches


@both_books
def test_apply_many_equals_single_deltas(kind: BookKind) -> None:
    deltas = [(BID, 4_900, 5), (ASK, 5_000, 2), (BID, 4_800, -20), (ASK, 5_100, -1)]
    one, many = full(kind), full(kind)
    for delta in deltas:
        one.apply(*delta)
    assert many.apply_many(*(array("q", column) for column in zip(*deltas, strict=True))) == 4
    many._check()
    assert (content(many), many.updates) == (content(one), one.updates)


@both_books
def test_apply_many_stops_at_the_first_stale_delta(kind: BookKind) -> None:
    book = full(kind)
    sides, prices, changes = array("q", [BID] * 3), array("q", [4_900] * 3), array("q", [1, -12, 5])
    assert book.apply_many(sides, prices, changes) == 1
    assert (book.is_stale, book.best_bid_size, book.updates) == (True, 11, 2)


@both_books
@pytest.mark.parametrize("side", [3, 0, -1, 2**32 + 1, 2**32 + 2])
def test_apply_many_refuses_a_side_that_is_none(kind: BookKind, side: int) -> None:
    book = full(kind)
    assert book.apply_many(array("q", [side]), array("q", [4_900]), array("q", [1])) == 0
    assert (book.is_stale, content(book)) == (True, (SORTED_BIDS, SORTED_ASKS))


@both_books
def test_apply_many_of_nothing_applies_nothing(kind: BookKind) -> None:
    book = full(kind)
    assert book.apply_many(array("q"), array("q"), array("q")) == 0
    assert not book.is_stale


@both_books
def test_apply_many_of_unequal_columns_raises(kind: BookKind) -> None:
    with pytest.raises(ValueError, match="apply_many of 2 sides, 1 prices, 1 changes"):
        full(kind).apply_many(array("q", [BID, BID]), array("q", [4_900]), array("q", [1]))
