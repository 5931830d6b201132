"""A two-sided quoter that leans against its inventory.

Units   `half_spread` and `skew` in grid steps, sizes in contracts of the instrument's size unit.
"""

import msgspec

from engine import fix
from engine.book import NO_ASK, NO_BID, Book
from engine.orders import Order
from engine.strategy import Strategy


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How wide, how much, and how hard to lean.

    Quotes stand `half_spread` grid steps outside the mid price and move down `skew` steps for every
    `size` that is held long (up for short); at `max_position` the side that would add to it is withdrawn.
    """

    size: int = 1000
    half_spread: int = 1
    skew: int = 1
    max_position: int = 5000


class TwoSidedQuoter(Strategy):
    """Keeps one post-only bid and one post-only offer in every market."""

    Parameters = Parameters
    parameters: Parameters

    def on_start(self) -> None:
        self._quotes: dict[tuple[int, int], Order] = {}

    def on_book(self, book: Book) -> None:
        bid, ask = book.best_bid, book.best_ask
        if bid == NO_BID or ask == NO_ASK or bid >= ask:
            return
        instrument = book.instrument
        prices = instrument.grid.prices
        slot_of = instrument.grid.slot_of
        p = self.parameters
        net = self.context.position(instrument).net
        lean = p.skew * net // p.size
        middle = (slot_of[bid] + slot_of[ask]) // 2 - lean
        bid_slot = min(middle - p.half_spread, slot_of[ask] - 1)
        ask_slot = max(middle + p.half_spread + 1, slot_of[bid] + 1)
        last = len(prices) - 1
        self._quote(book, fix.BUY, prices[max(bid_slot, 0)] if bid_slot >= 0 and net < p.max_position else 0)
        self._quote(book, fix.SELL, prices[min(ask_slot, last)] if ask_slot <= last and net > -p.max_position else 0)

    def _quote(self, book: Book, side: int, price: int) -> None:
        """Bring this side's quote to `price`; 0 withdraws it."""
        context = self.context
        instrument = book.instrument
        key = (instrument.index, side)
        order = self._quotes.get(key)
        if order is None or order.is_terminal:
            if price:
                enter = context.buy if side == fix.BUY else context.sell
                sent = enter(instrument, price, self.parameters.size, post_only=True)
                if sent is not None:
                    self._quotes[key] = sent
        elif order.pending or not order.is_acknowledged:
            return  # one request in flight at a time
        elif not price:
            context.cancel(order)
        elif order.price != price:
            context.replace(order, price, order.order_qty)
