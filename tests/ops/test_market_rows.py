"""Rows for the views: each column is what the book or the position says, for both kinds of books."""

from random import Random

import pytest

from engine import fix
from engine.book import ASK, BID, make_book
from engine.errors import OrderError
from engine.instrument import Instrument
from engine.ops._markets import COLUMNS, MarketRows
from engine.portfolio import Portfolio
from tests.support.desks import CENTS


def test_rows_are_what_books_and_positions_say_after_every_change() -> None:
    chance = Random(20261127)
    instruments = [Instrument("RAIN", 0, CENTS), Instrument("TOKEN", 1, None), Instrument("SNOW", 2, CENTS)]
    portfolio, books = Portfolio(instruments), [make_book(instrument) for instrument in instruments]
    rows = MarketRows(books, portfolio)
    for turn in range(500):
        book = chance.choice(books)
        if book.is_stale:
            book.snapshot([(4_500, 10)], [(4_700, 20)])
        else:
            book.apply(chance.choice((BID, ASK)), chance.choice((4_400, 4_500, 4_700, 4_800)), chance.choice((5, -5)))
        book.updated_ns = turn
        price = chance.randrange(100, 9_900, 100)
        portfolio.fill(book.instrument, chance.choice((fix.BUY, fix.SELL)), chance.randint(1, 9), price, 3)
        portfolio.mark_book(book)
        rows.take()
        for each, shown in zip(books, rows.table(), strict=True):
            position = portfolio[each.instrument]
            said = [getattr(each if hasattr(each, name) else position, name) for name in COLUMNS]
            assert shown == said, each.instrument


def test_rows_stay_as_they_are_until_they_are_taken_again() -> None:
    instrument = Instrument("RAIN", 0, CENTS)
    portfolio, book = Portfolio([instrument]), make_book(instrument)
    rows = MarketRows([book], portfolio)
    assert rows.table() == [[0] * len(COLUMNS)]
    portfolio.fill(instrument, fix.BUY, 7, 4_500, 1)
    rows.take()
    portfolio.fill(instrument, fix.BUY, 7, 4_500, 1)
    assert rows.table()[0][COLUMNS.index("net")] == 7


def test_book_of_a_stranger_is_refused() -> None:
    with pytest.raises(OrderError, match="unknown to the portfolio: 'SNOW'"):
        MarketRows([make_book(Instrument("SNOW", 0, CENTS))], Portfolio([Instrument("RAIN", 0, CENTS)]))
