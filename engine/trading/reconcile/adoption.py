"""Takes for ours what the venue has and we did not know: orders that rest there, and positions.

An adopted order goes through the journal like one of our own, in doubt until the same comparison says what it is.

Units   prices, sizes and money as in the instrument.
Errors  none: what cannot be adopted is said by the returned value.
Thread  the loop thread only.
"""

from engine.errors import EngineError
from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.runtime.person import the_engine
from engine.trading.loop import TradingLoop
from engine.venue.account import VenueOrder

LIMIT, GOOD_TILL_CANCEL = "2", "1"


class Adoption:
    """The adoptions of one desk."""

    def __init__(self, loop: TradingLoop) -> None:
        self._loop = loop
        self._unwanted: list[Order] = []  # adopted to be cancelled

    def take(self, known: VenueOrder, is_unwanted: bool) -> bool:
        """Take an order that is none of ours for ours; False where it has no name, or no market of ours."""
        instrument = self._market(known.symbol)
        if instrument is None or not known.cl_ord_id or known.leaves_qty <= 0:
            return False
        loop, wall_ns = self._loop, self._loop.wall.now_ns()
        qty = known.cum_qty + known.leaves_qty
        try:
            order = loop.orders.open(
                instrument, known.side, known.price, qty, LIMIT, GOOD_TILL_CANCEL, False, 0, 0, known.cl_ord_id
            )
            loop.journal.append_new(order, wall_ns)
            loop.journal.append_doubt(order, wall_ns)
        except (EngineError, OSError) as error:
            loop.guard.halt(f"OrderID(37) {known.order_id} cannot be adopted: {error}")
            return False
        loop.orders.doubt(order)
        loop.risk.update(order)
        if is_unwanted:
            self._unwanted.append(order)
        return True

    def cancel_unwanted(self) -> None:
        """Cancel what was adopted for that, as often as it takes."""
        self._unwanted = [order for order in self._unwanted if not order.is_done]
        for order in self._unwanted:
            if order.ord_status != Status.UNKNOWN:
                self._loop.cancel(order)

    def hold(self, symbol: str, gap: int) -> bool:
        """Hold so much more from now on, at the market's mark; False where there is none to value it by."""
        instrument = self._market(symbol)
        position = None if instrument is None else self._loop.portfolio[instrument]
        if instrument is None or position is None:
            return False
        net = position.net + gap
        long_mark, short_mark = self._loop.portfolio.holding(instrument)[4:6]
        mark = long_mark if net > 0 else short_mark  # a market that was never held has a book all the same
        if net and not mark:
            return False
        self._loop.settlements.hold(instrument, net, net * mark, str(the_engine()), "the venue's word")
        return True

    def _market(self, symbol: str) -> Instrument | None:
        return next((each for each in self._loop.instruments if each.symbol == symbol), None)
