"""The strategy of `fixlane check --connect`: one order as far away as its market allows, and its cancel."""

from engine.instrument import Instrument
from engine.risk import RiskReject
from engine.strategy import Order, Strategy

LOTS = 1  # contracts


class Probe(Strategy):
    """Does nothing by itself; `place` and `withdraw` are asked for from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order | None = None
        self.refused = ""
        self.reason = 0

    def place(self) -> str:
        """Send one post-only order to buy, at the lowest price that risk allows; return what it is, in words.

        Of the markets whose book is there it is the first that takes orders: others wait for their time, or are over.
        """
        context, told = self.context, "buy: no market has a book"
        for instrument in [each for each in context.instruments if not context.book(each).is_stale]:
            told = self._place_in(instrument)
            if self.order is not None:
                break
        return told

    def _place_in(self, instrument: Instrument) -> str:
        qty, price = LOTS * 10**instrument.size_decimals, 0
        for price in instrument.grid.prices if instrument.grid else (1,):
            self.order = self.context.buy(instrument, price, qty, post_only=True)
            if self.order is not None or self.reason == RiskReject.MARKET_STOPPED:
                break
        return f"buy {LOTS} {instrument.symbol} at {instrument.format_price(price)}, post-only"

    def withdraw(self) -> None:
        """Ask for its cancel."""
        if self.order is not None:
            self.context.cancel(self.order)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Remember why it did not work."""
        self.refused, self.reason = text or str(reason), reason
