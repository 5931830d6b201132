"""A taker that answers every move of the best price with one immediate-or-cancel order.

It exists to be measured: the shortest honest way from a frame to an order.
"""

import msgspec

from engine import fix
from engine.book import NO_ASK, NO_BID, Book
from engine.strategy import Strategy


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: int = 100


class Taker(Strategy):
    """Buys at the best ask when the bid rose, sells at the best bid when the ask fell; else it rests a step away."""

    Parameters = Parameters
    parameters: Parameters

    def on_start(self) -> None:
        self._last: dict[int, tuple[int, int]] = {}

    def on_book(self, book: Book) -> None:
        bid, ask = book.best_bid, book.best_ask
        if bid == NO_BID or ask == NO_ASK:
            return
        last_bid, last_ask = self._last.get(book.index, (bid, ask))
        self._last[book.index] = (bid, ask)
        if bid > last_bid:
            self.context.buy(book.instrument, ask, self.parameters.size, fix.Tif.IOC)
        elif ask < last_ask:
            self.context.sell(book.instrument, bid, self.parameters.size, fix.Tif.IOC)
