"""The strategy of `fixlane check --connect`: one order as far away as its market allows, and its cancel."""

from engine.risk import RiskReject
from engine.strategy import Instrument, Order, Strategy

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

        `order` stays None where every market refused, such as one that opens soon or has just closed.
        """
        context, told = self.context, "no market has a book"
        for instrument in [each for each in context.instruments if not context.book(each).is_stale]:
            price = self._place_in(instrument)
            told = f"buy {LOTS} {instrument.symbol} at {instrument.format_price(price)}, post-only"
            if self.order is not None:
                break
        return told

    def _place_in(self, instrument: Instrument) -> int:
        price = 0
        for price in instrument.grid.prices if instrument.grid else (1,):
            self.order = self.context.buy(instrument, price, LOTS * 10**instrument.size_decimals, post_only=True)
            if self.order is not None or self.reason == RiskReject.MARKET_STOPPED:
                break
        return price

    def withdraw(self) -> None:
        """Ask for its cancel."""
        if self.order is not None:
            self.context.cancel(self.order)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Remember why it did not work."""
        self.refused, self.reason = text or str(reason), reason
