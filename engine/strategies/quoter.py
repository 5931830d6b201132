"""A two-sided quoter that leans against its inventory: one post-only bid and one post-only offer in every market."""

import msgspec

from engine import fix
from engine.book import NO_ASK, NO_BID, Book
from engine.instrument import Instrument, PriceGrid
from engine.orders.order import Order
from engine.strategy import Strategy
from engine.units import Size


class QuoterParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much, how wide, and how hard to lean.

    `qty` is each quote's quantity. Quotes stand `half_spread` grid steps outside the middle of the book, and move
    down `skew` steps for every `qty` that is held long, up for short. At `max_position` the side that would add to
    the position is withdrawn. A quote that is less than `tolerance` steps from where it should be stays.
    """

    qty: Size
    max_position: Size
    half_spread: int = 1
    skew: int = 1
    tolerance: int = 1


class TwoSidedQuoter(Strategy):
    """Keeps its quotes where its parameters want them, one request in flight for each."""

    Parameters = QuoterParameters
    parameters: QuoterParameters

    def __init__(self, parameters: QuoterParameters) -> None:
        super().__init__(parameters)
        self._quotes: dict[tuple[Instrument, int], Order] = {}

    def on_book(self, book: Book) -> None:
        """Bring both quotes to where this book wants them."""
        bid, ask, grid = book.best_bid, book.best_ask, book.instrument.grid
        if bid == NO_BID or ask == NO_ASK or bid >= ask or grid is None:
            return
        p = self.parameters
        net = self.context.position(book.instrument).net
        best_bid, best_ask = grid.slot_of[bid], grid.slot_of[ask]
        lean = p.skew * abs(net) // p.qty
        lean = -lean if net < 0 else lean
        both = best_bid + best_ask  # twice the middle, which may lie between two steps
        buy_at = min(both // 2 - p.half_spread - lean, best_ask - 1)
        sell_at = max((both + 1) // 2 + p.half_spread - lean, best_bid + 1)
        self._quote(book.instrument, grid, fix.BUY, buy_at if net < p.max_position else -1)
        self._quote(book.instrument, grid, fix.SELL, sell_at if net > -p.max_position else -1)

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        """Forget a market that is over."""
        for side in (fix.BUY, fix.SELL):
            self._quotes.pop((instrument, side), None)

    def _is_near(self, price: int, slot: int, grid: PriceGrid) -> bool:
        """Return whether a quote may stay; one at a price that the grid has lost may not."""
        return price in grid and abs(grid.slot_of[price] - slot) < self.parameters.tolerance

    def _quote(self, instrument: Instrument, grid: PriceGrid, side: int, slot: int) -> None:
        """Bring this side's quote to a slot of the grid; one off the grid withdraws it."""
        order = self._quotes.get((instrument, side))
        price = grid.prices[slot] if 0 <= slot < len(grid) else 0
        if order is None or order.is_done:
            if price:
                enter = self.context.buy if side == fix.BUY else self.context.sell
                sent = enter(instrument, price, self.parameters.qty, post_only=True)
                if sent is not None:
                    self._quotes[instrument, side] = sent
        elif not price:
            self.context.cancel(order)
        elif order.can_replace and not self._is_near(order.price, slot, grid):
            self.context.replace(order, price, order.order_qty)
