from collections.abc import Iterable
from typing import Final, Self, final

from engine.book import Book
from engine.portfolio import Portfolio

COLUMNS: Final[tuple[str, ...]]

@final
class MarketRows:
    @property
    def rows(self) -> memoryview[int]: ...
    def __new__(cls, books: Iterable[Book], portfolio: Portfolio) -> Self: ...
    def table(self) -> list[list[int]]: ...
    def take(self) -> int: ...
