"""What the tests of both books share: a small market, and ways to read a book whole."""

from collections.abc import Sequence
from typing import TypeAlias

import pytest

from engine.book import ASK, BID, MOVED, Book, SortedBook
from engine.instrument import Instrument, PriceBand

AnyBook: TypeAlias = Book | SortedBook
BookKind: TypeAlias = type[Book] | type[SortedBook]
Levels: TypeAlias = list[tuple[int, int]]
CENTS = [PriceBand(0, 10_000, 100)]
TAPERED = [PriceBand(0, 1_000, 10), PriceBand(1_000, 9_000, 100), PriceBand(9_000, 10_000, 10)]
CENTI_CENTS = [PriceBand(0, 10_000, 1)]
BIDS = [(4_700, 30), (4_900, 10), (4_800, 20)]
ASKS = [(5_300, 60), (5_100, 40), (5_200, 50)]

both_books = pytest.mark.parametrize("kind", [Book, SortedBook])


def instrument(bands: Sequence[PriceBand] = CENTS, index: int = 0) -> Instrument:
    return Instrument(f"KXTEST-{index}", index, bands)


def full(kind: BookKind, watch_depth: int = 1, bands: Sequence[PriceBand] = CENTS) -> AnyBook:
    book = kind(instrument(bands), watch_depth)
    assert book.snapshot(BIDS, ASKS) == MOVED
    return book


def content(book: AnyBook) -> tuple[Levels, Levels]:
    return book.depth(BID, 10_000), book.depth(ASK, 10_000)


def bbo(book: AnyBook) -> tuple[int, int, int, int]:
    return book.best_bid, book.best_bid_size, book.best_ask, book.best_ask_size


SORTED_BIDS = [(4_900, 10), (4_800, 20), (4_700, 30)]
SORTED_ASKS = [(5_100, 40), (5_200, 50), (5_300, 60)]
