"""The strategy of `fixlane check --connect`: one order as far away as its market allows, and its cancel."""

from engine.strategy import Order, Strategy

LOTS = 1  # contracts


class Probe(Strategy):
    """Does nothing by itself; `place` and `withdraw` are asked for from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order | None = None
        self.refused = ""

    def place(self) -> str:
        """Send one post-only order to buy, at the lowest price that risk allows; return what it is, in words."""
        context = self.context
        instrument = next(each for each in context.instruments if not context.book(each).is_stale)
        qty = LOTS * 10**instrument.size_decimals
        price = 0
        for price in instrument.grid.prices if instrument.grid else (1,):
            self.order = context.buy(instrument, price, qty, post_only=True)
            if self.order is not None:
                break
        return f"buy {LOTS} {instrument.symbol} at {instrument.format_price(price)}, post-only"

    def withdraw(self) -> None:
        """Ask for its cancel."""
        if self.order is not None:
            self.context.cancel(self.order)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Remember why it did not work."""
        self.refused = text or str(reason)
