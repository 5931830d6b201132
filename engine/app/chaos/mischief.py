"""A strategy that quotes, and does what no strategy should while its page says so.

Thread  the loop thread.
"""

import asyncio
import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

from engine.app.chaos.shim import PageWord
from engine.book import Book
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.strategies.quoter import TwoSidedQuoter

_SLEEP_S = 1.5
_page: list[memoryview] = []  # of this process, for a strategy is made from its configuration alone


class MischiefDone(Exception):
    """What a hook raises."""


def watch(path: Path) -> None:
    """Let the strategies of this process obey a page."""
    with path.open("r+b") as file:
        _page.append(memoryview(mmap.mmap(file.fileno(), 0)).cast("q"))


class Mischief(TwoSidedQuoter):
    """The sample quoter, with a mischief before each of its looks."""

    def on_book(self, book: Book) -> None:
        """Do what the page says, then quote."""
        if _page and (number := _page[-1][PageWord.MISCHIEF]):
            MISCHIEFS[list(MISCHIEFS)[number - 1]](self)
        super().on_book(book)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        """Raise where a look would."""
        if _page and _page[-1][PageWord.MISCHIEF] == 1:
            raise MischiefDone("on_fill")
        super().on_fill(order, price, qty)

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        """Forget a market that is over."""
        super().on_settle(instrument, value, position)

    @property
    def quotes(self) -> list[Order]:
        """Every order that stands in a market."""
        return list(self._quotes.values())


def _raise(error: BaseException) -> Callable[[Mischief], None]:
    def act(_: Mischief) -> None:
        """Raise it."""
        raise error

    return act


def _loop(_: Mischief) -> None:
    """Hold the loop until the page says otherwise."""
    while _page[-1][PageWord.MISCHIEF]:
        pass


def _fork(_: Mischief) -> None:
    if not os.fork():
        os._exit(0)


def _write(strategy: Mischief) -> None:
    """Write into an order what is not so; where there is none yet, the next look does."""
    for order in strategy.quotes:
        order.cum_qty = order.order_qty


MISCHIEFS: dict[str, Callable[[Mischief], None]] = {
    "raise": _raise(MischiefDone("on_book")),
    "raise SystemExit": _raise(SystemExit(3)),
    "raise KeyboardInterrupt": _raise(KeyboardInterrupt()),
    "raise MemoryError": _raise(MemoryError()),
    "raise CancelledError": _raise(asyncio.CancelledError()),
    "sleep": lambda _: time.sleep(_SLEEP_S),
    "loop": _loop,
    "fork": _fork,
    "write into orders": _write,
}
