"""A taker that answers every move of a best price with one immediate-or-cancel order at that price.

It exists to be measured: the shortest honest way from a frame to an order.
"""

import msgspec

from engine import fix
from engine.book import NO_ASK, NO_BID, Book
from engine.instrument import Instrument
from engine.strategy import Strategy


class TakerParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`size` is the quantity of each order, in the instrument's size unit."""

    size: int = 100


class Taker(Strategy):
    """Buys an ask that moved, sells a bid that moved; when both moved, the ask."""

    Parameters = TakerParameters
    parameters: TakerParameters

    def __init__(self, parameters: TakerParameters) -> None:
        super().__init__(parameters)
        self._last: dict[Instrument, tuple[int, int]] = {}

    def on_book(self, book: Book) -> None:
        """Take the best price that moved since the last call."""
        bid, ask = book.best_bid, book.best_ask
        last_bid, last_ask = self._last.get(book.instrument, (NO_BID, NO_ASK))
        self._last[book.instrument] = (bid, ask)
        if NO_BID in (bid, last_bid) or NO_ASK in (ask, last_ask):
            return
        if ask != last_ask:
            self.context.buy(book.instrument, ask, self.parameters.size, fix.Tif.IOC)
        elif bid != last_bid:
            self.context.sell(book.instrument, bid, self.parameters.size, fix.Tif.IOC)

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        """Forget a market that is over."""
        self._last.pop(instrument, None)
