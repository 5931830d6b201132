"""The books of one loop, each at the index of its market; markets come and go, off the path.

Shapes  what is kept by index is None where the index is free. Tables are replaced, never changed: whoever walks one
        goes on with what it was.
Errors  ConfigError for a book that fits no place, OrderError for a market that is not here.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from engine.book import MOVED, STALE, Book
from engine.errors import ConfigError, OrderError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.counters import Counters

Apply: TypeAlias = Callable[[int, int, int], int]
FREE = cast(Book, None)


class Books:
    """What a loop has of its markets.

    `books` and `instruments` are in the order of the index, without the free places. Each market that is added gets a
    number of its own, `numbers`[index], which no other one ever has; `listings` counts every change.
    """

    def __init__(self, books: Iterable[Book], counters: Counters, notices: Notices) -> None:
        self.counters = counters
        self.notices = notices
        self.went_stale: Callable[[Book], object] = _nobody  # is told of a book that an update contradicts
        self.listings = self._last_number = 0
        self._places: tuple[Book, ...] = ()
        self._apply: tuple[Apply, ...] = ()
        self.numbers: tuple[int, ...] = ()
        self._dirty: list[Book] = []
        self.add(books)

    def add(self, books: Iterable[Book]) -> None:
        """Take these books too, each at the index of its market."""
        places, numbers = list(self._places), list(self.numbers)
        for book in books:
            index = book.instrument.index
            missing = index + 1 - len(places)
            places += [FREE] * missing
            numbers += [0] * missing
            if index < 0 or places[index] is not FREE:
                raise ConfigError(f"{book.instrument.symbol}: index {index} is not free")
            self._last_number += 1
            places[index], numbers[index] = book, self._last_number
        self._become(places, numbers)

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        places, numbers = list(self._places), list(self.numbers)
        for instrument in instruments:
            book = self.book(instrument)
            if book in self._dirty:
                self._dirty.remove(book)
            places[instrument.index], numbers[instrument.index] = FREE, 0
        self._become(places, numbers)

    def book(self, instrument: Instrument) -> Book:
        """Return the book of a market; OrderError for one that is not here, or not any more."""
        index = instrument.index
        book = self._places[index] if 0 <= index < len(self._places) else FREE
        if book is FREE or book.instrument is not instrument:
            raise OrderError(f"Symbol(55) {instrument.symbol!r} is no market of this engine now")
        return book

    def _moved(self, book: Book, moved: int, now_ns: int) -> bool:
        """Note what an update did; False if it contradicts the book, which is stale now."""
        if moved == STALE:
            self.counters.stale_updates += 1
            self.notices.tell(NoticeKind.BOOK_CONTRADICTED, book.instrument.symbol)
            self.went_stale(book)
            return False
        self.counters.book_updates += 1
        book.updated_ns = now_ns
        if moved == MOVED and not book.is_dirty:
            book.is_dirty = True
            self._dirty.append(book)
        return True

    def _become(self, places: list[Book], numbers: list[int]) -> None:
        self._places, self.numbers = tuple(places), tuple(numbers)
        self._apply = tuple([cast(Apply, FREE) if book is FREE else book.apply for book in places])
        self.books = tuple([book for book in places if book is not FREE])
        self.instruments = tuple([book.instrument for book in self.books])
        self.listings += 1


def _nobody(book: Book) -> None:
    """Tell nobody."""
