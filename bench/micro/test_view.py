"""What it costs to read every market for others to see, beside reading the same as Python attributes."""

import pytest
from engine.ops._markets import COLUMNS, MarketRows

from bench.micro.conftest import Time
from engine.book import Book
from engine.instrument import Instrument, PriceBand
from engine.portfolio import Portfolio

MARKETS = 200


@pytest.fixture
def desk() -> tuple[list[Book], Portfolio]:
    instruments = [Instrument(f"KXBENCH-{i}", i, [PriceBand(0, 10_000, 100)]) for i in range(MARKETS)]
    books = [Book(instrument) for instrument in instruments]
    for book in books:
        book.snapshot([(4900, 1000)], [(5100, 1000)])
    return books, Portfolio(instruments)


def test_rows(time_calls: Time, desk: tuple[list[Book], Portfolio]) -> None:
    time_calls("view.200_markets", MarketRows(*desk).take, 1)


def test_attributes(time_calls: Time, desk: tuple[list[Book], Portfolio]) -> None:
    books, portfolio = desk
    positions = list(portfolio)
    of_book, of_position = COLUMNS[:6], COLUMNS[6:]

    def run() -> None:
        for book, position in zip(books, positions, strict=True):
            [getattr(book, name) for name in of_book]
            [getattr(position, name) for name in of_position]

    time_calls("view.200_markets.attributes", run, 1)
