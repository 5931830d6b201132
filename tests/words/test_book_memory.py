"""What a book costs in memory, at rest and for each update."""

import gc
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.book import ASK, BID, Book
from engine.instrument import Instrument, PriceBand
from tests.support.books import CENTI_CENTS, CENTS, AnyBook

DELTAS = [
    (side, price, change)
    for side, prices in ((BID, (4_900, 5_000, 4_500)), (ASK, (5_200, 5_100, 5_500)))
    for price in prices
    for change in (700, -300, -400)
]
TURNS = 100_000 // len(DELTAS) + 1


def replay(book: AnyBook) -> int:
    apply, quotes = book.apply, 0
    for _ in range(TURNS):
        for side, price, change in DELTAS:
            apply(side, price, change)
            quotes += book.best_bid <= book.best_ask
    return quotes


def test_hundred_thousand_deltas_allocate_nothing() -> None:
    book = Book(Instrument("KXTEST", 0, CENTS), 3)
    book.snapshot([(4_900, 10), (4_800, 20)], [(5_200, 10), (5_300, 20)])
    replay(book)
    gc.collect()
    blocks = sys.getallocatedblocks()
    quotes = replay(book)
    assert abs(sys.getallocatedblocks() - blocks) < 10
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        replay(book)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (now - before < 1_000, peak - before < 1_000) == (True, True)
    assert (quotes, book.updates) == (TURNS * len(DELTAS), 1 + 3 * TURNS * len(DELTAS))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_thousand_cent_books_stay_under_200_mib() -> None:
    before = resident_bytes()
    books = [Book(Instrument(f"KXTEST-{index}", index, CENTS)) for index in range(10_000)]
    assert resident_bytes() - before < 200 * 2**20
    assert len({book.instrument.symbol for book in books}) == 10_000


@pytest.mark.parametrize(("bands", "slots"), [(CENTS, 99), (CENTI_CENTS, 9_999)], ids=["cents", "centi-cents"])
def test_book_holds_two_rows_of_sizes_two_bitmaps_and_little_else(bands: Sequence[PriceBand], slots: int) -> None:
    instrument = Instrument("KXTEST", 0, bands)
    books = [Book(instrument)]  # the first makes what all books of the grid share
    rows = 2 * (slots + 1) * 8 + 2 * (slots // 64 + 1) * 8
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        books.append(Book(instrument))
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert rows <= held <= rows + 2_560
