"""The order book, from Python, against two peers that do the same work on the same levels.

Each update is a level that comes and goes at the best bid, so that the best price moves every time.
"""

import os
from array import array
from pathlib import Path

import pytest

from bench.micro.conftest import Time
from bench.subjects.frames import apply, bench_instrument, captured_deltas
from engine.book import ASK, BID, Book, SortedBook

BIDS = [(price, 1000) for price in range(100, 5000, 100)]
ASKS = [(price, 1000) for price in range(5100, 10_000, 100)]
BEST, TURNS, MANY = 5000, 50, 1000


@pytest.fixture
def book() -> Book:
    made = Book(bench_instrument())
    made.snapshot(BIDS, ASKS)
    return made


def test_apply(time_calls: Time, book: Book) -> None:
    apply = book.apply

    def run() -> None:
        for _ in range(TURNS):
            apply(BID, BEST, 1000)
            apply(BID, BEST, -1000)

    time_calls("book.apply", run, 2 * TURNS)


def test_apply_many(time_calls: Time, book: Book) -> None:
    sides = array("q", [BID] * MANY)
    prices = array("q", [BEST] * MANY)
    changes = array("q", [1000, -1000] * (MANY // 2))
    time_calls("book.apply_many", lambda: book.apply_many(sides, prices, changes), MANY)


def test_apply_many_captured(time_calls: Time) -> None:
    """A real feed, in one call."""
    files = sorted(Path(os.environ.get("FIXLANE_CAPTURES", "-")).glob("*.ndjson.gz"))
    if not files:
        pytest.skip("FIXLANE_CAPTURES names no directory of captured feeds")
    snapshot, *deltas = captured_deltas(files[0])
    book = Book(bench_instrument())

    def run() -> None:
        apply(book, snapshot)
        assert book.apply_many(*deltas) == len(deltas[0])

    time_calls("book.apply_many_captured", run, len(deltas[0]))


def test_best(time_calls: Time, book: Book) -> None:
    def run() -> None:
        for _ in range(TURNS):
            book.best_bid, book.best_ask  # noqa: B018

    time_calls("book.best", run, TURNS)


def test_depth(time_calls: Time, book: Book) -> None:
    time_calls("book.depth", lambda: book.depth(BID, 5), 1)


def test_sweep(time_calls: Time, book: Book) -> None:
    time_calls("book.sweep", lambda: book.sweep(ASK, 2500, 9900), 1)


def test_apply_and_best(time_calls: Time, book: Book) -> None:
    time_calls("book.apply_and_best", lambda: _come_and_go(book), 2 * TURNS)


def test_sorted_book(time_calls: Time) -> None:
    made = SortedBook(bench_instrument())
    made.snapshot(BIDS, ASKS)
    time_calls("book.sorted_apply_and_best", lambda: _come_and_go(made), 2 * TURNS)


def _come_and_go(book: Book | SortedBook) -> None:
    for _ in range(TURNS):
        book.apply(BID, BEST, 1000)
        book.best_bid, book.best_ask  # noqa: B018
        book.apply(BID, BEST, -1000)
        book.best_bid, book.best_ask  # noqa: B018


def test_order_book_package(time_calls: Time) -> None:
    peer = pytest.importorskip("order_book").OrderBook()
    for price, size in BIDS:
        peer.bids[price] = size
    for price, size in ASKS:
        peer.asks[price] = size

    def run() -> None:
        bids, asks = peer.bids, peer.asks
        for _ in range(TURNS):
            bids[BEST] = 1000
            bids.index(0), asks.index(0)
            del bids[BEST]
            bids.index(0), asks.index(0)

    time_calls("peer.order_book.apply_and_best", run, 2 * TURNS)


def test_sorted_dict(time_calls: Time) -> None:
    sorted_dict = pytest.importorskip("sortedcontainers").SortedDict
    bids, asks = sorted_dict({-price: size for price, size in BIDS}), sorted_dict(ASKS)

    def run() -> None:
        for _ in range(TURNS):
            bids[-BEST] = 1000
            bids.peekitem(0), asks.peekitem(0)
            del bids[-BEST]
            bids.peekitem(0), asks.peekitem(0)

    time_calls("peer.sortedcontainers.apply_and_best", run, 2 * TURNS)
