"""Both books as they are read, and how they are made."""

import pytest

from engine.book import ASK, BID, MAX_SIZE, MOVED, NO_ASK, NO_BID, QUIET, STALE, Book, SortedBook, make_book
from engine.errors import ConfigError
from engine.instrument import Instrument, PriceBand
from tests.support.books import CENTI_CENTS, CENTS, SORTED_ASKS, TAPERED, BookKind, bbo, both_books, full, instrument


@both_books
def test_size_at_and_depth_read_levels(kind: BookKind) -> None:
    book = full(kind)
    assert [book.size_at(BID, price) for price in (4_800, 4_600, 4_850, -1, 20_000)] == [20, 0, 0, 0, 0]
    assert [book.depth(ASK, levels) for levels in (-1, 0, 2, 9)] == [[], [], SORTED_ASKS[:2], SORTED_ASKS]


@both_books
@pytest.mark.parametrize(
    ("side", "qty", "limit", "swept"),
    [
        (ASK, 40, 5_100, (40, 204_000, 5_100)),
        (ASK, 41, 5_100, (40, 204_000, 5_100)),
        (ASK, 41, 5_200, (41, 209_200, 5_200)),
        (ASK, 1_000, 5_299, (90, 464_000, 5_200)),
        (ASK, 1_000, NO_ASK, (150, 782_000, 5_300)),
        (ASK, 10, 5_099, (0, 0, NO_ASK)),
        (BID, 11, 4_800, (11, 53_800, 4_800)),
        (BID, 11, 4_801, (10, 49_000, 4_900)),
        (BID, 1_000, NO_BID, (60, 286_000, 4_700)),
        (BID, 10, 4_901, (0, 0, NO_BID)),
        (BID, 0, 1, (0, 0, NO_BID)),
        (BID, -5, 1, (0, 0, NO_BID)),
    ],
)
def test_sweep_takes_the_best_levels_down_to_the_limit(
    kind: BookKind, side: int, qty: int, limit: int, swept: tuple[int, int, int]
) -> None:
    assert full(kind).sweep(side, qty, limit) == swept


@both_books
def test_sweep_of_the_largest_book_is_exact(kind: BookKind) -> None:
    book = kind(instrument(CENTI_CENTS))
    assert book.snapshot([], [(price, MAX_SIZE) for price in range(1, 10_000)]) == MOVED
    assert book.sweep(ASK, 2**63 - 1, NO_ASK) == (9_999 * MAX_SIZE, 49_995_000 * MAX_SIZE, 9_999)


@both_books
def test_reads_of_a_side_that_is_none_raise(kind: BookKind) -> None:
    book = full(kind)
    for side in (-1, 0, 3):
        for read in (book.size_at, book.depth):
            with pytest.raises(ValueError, match=rf"side must be BID \(1\) or ASK \(2\), not {side}"):
                read(side, 1)
        with pytest.raises(ValueError, match="side must be"):
            book.sweep(side, 1, 1)


@both_books
@pytest.mark.parametrize(
    ("bids", "asks", "crossed"),
    [(4_900, 5_000, False), (5_000, 5_000, True), (5_100, 5_000, True), (None, 5_000, False), (5_000, None, False)],
)
def test_book_is_crossed_when_bid_reaches_ask(
    kind: BookKind, bids: int | None, asks: int | None, crossed: bool
) -> None:
    book = kind(instrument())
    book.snapshot([(bids, 1)] if bids else [], [(asks, 1)] if asks else [])
    assert book.is_crossed is crossed


@both_books
def test_caller_keeps_time_and_flag_on_the_book(kind: BookKind) -> None:
    book = full(kind)
    book.updated_ns, book.is_dirty = 1_800_000_000_000_000_000, True
    book.apply(BID, 4_900, 1)
    book.snapshot([], [])
    assert (book.updated_ns, book.is_dirty) == (1_800_000_000_000_000_000, True)


# Construction


def test_make_book_picks_by_grid() -> None:
    unbounded = Instrument("BTC", 3, None)
    assert isinstance(make_book(instrument(), 4), Book)
    assert isinstance(make_book(unbounded, 4), SortedBook)
    assert [make_book(which, 4).watch_depth for which in (instrument(), unbounded)] == [4, 4]


def test_sorted_book_takes_any_positive_price_without_a_grid() -> None:
    book = SortedBook(Instrument("BTC", 0, None))
    assert book.snapshot([(10**15, 1)], [(10**15 + 1, 2)]) == MOVED
    assert book.apply(BID, 1, 1) == QUIET
    assert book.apply(BID, 0, 1) == STALE
    assert bbo(book) == (10**15, 1, 10**15 + 1, 2)


def test_book_without_a_grid_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Instrument\('BTC', 0\) has no price grid: use SortedBook"):
        Book(Instrument("BTC", 0, None))


@pytest.mark.parametrize(
    "bands", [[PriceBand(0, 40_000, 1)], [PriceBand(0, 1_000_000, 100)]], ids=["too many prices", "too high a sum"]
)
def test_book_over_a_grid_too_wide_is_refused(bands: list[PriceBand]) -> None:
    with pytest.raises(ConfigError, match=r"price grid of \d+ prices up to \d+ is too wide for Book"):
        Book(Instrument("WIDE", 0, bands, price_decimals=6))


@both_books
def test_negative_watch_depth_is_refused(kind: BookKind) -> None:
    with pytest.raises(ConfigError, match="watch_depth must be 0 or more, not -1"):
        kind(instrument(), -1)


def test_both_books_have_the_same_members() -> None:
    members = [{name for name in dir(kind) if not name.startswith("__")} for kind in (Book, SortedBook)]
    private = {name for name in members[1] if name.startswith("_")} - {"_check"}
    assert members[1] - private == members[0]


@pytest.mark.parametrize("bands", [CENTS, TAPERED, CENTI_CENTS], ids=["cents", "tapered", "centi-cents"])
def test_every_price_of_a_grid_holds_a_level(bands: list[PriceBand]) -> None:
    book = Book(instrument(bands))
    assert book.instrument.grid is not None
    prices = book.instrument.grid.prices
    book.snapshot([(price, price) for price in prices], [(price, 2 * price) for price in prices])
    book._check()
    assert book.depth(BID, 10_000) == [(price, price) for price in reversed(prices)]
    assert book.depth(ASK, 10_000) == [(price, 2 * price) for price in prices]


def test_best_price_crosses_an_empty_wide_grid() -> None:
    book = Book(instrument(CENTI_CENTS))
    book.snapshot([(1, 1), (9_999, 1)], [(1, 1), (9_999, 1)])
    assert [book.apply(BID, 9_999, -1), book.apply(ASK, 1, -1)] == [MOVED, MOVED]
    book._check()
    assert bbo(book) == (1, 1, 9_999, 1)
    assert [book.apply(BID, 1, -1), book.apply(ASK, 9_999, -1)] == [MOVED, MOVED]
    book._check()
    assert bbo(book) == (NO_BID, 0, NO_ASK, 0)
