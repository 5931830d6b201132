"""One market of the venue: its orders in price-time order.

Units   prices and sizes as in `instrument`.
Shapes  a side is a sorted list of prices and a queue of orders for each; captured liquidity queues among them as
        orders of the account CAPTURED.
Cost    the best price O(1), a new price O(prices), everything else O(1).
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from typing import Protocol

from engine import fix
from engine.exchange.events import CAPTURED, PLAIN_TERMS, EntryTerms, NewOrder
from engine.instrument import Instrument
from engine.venue import MarketState

LIVE = frozenset((fix.Status.NEW, fix.Status.PARTIALLY_FILLED))


class RestingOrder:
    """One order that the venue remembers, or captured size at one price."""

    __slots__ = (
        "account",
        "cl_ord_id",
        "cl_ord_ids",
        "cum_cost",
        "cum_qty",
        "expire_time_ns",
        "fee_rest",
        "held_back",
        "leaves_qty",
        "number",
        "ord_status",
        "ord_type",
        "order_id",
        "order_qty",
        "price",
        "rank",
        "side",
        "symbol",
        "terms",
        "time_in_force",
    )

    def __init__(self, number: int, account: str, symbol: str, side: int, price: int, order_qty: int) -> None:
        self.number = number
        self.rank = 0  # place in time among the orders of its side, new whenever priority is lost
        self.order_id = ""
        self.account = account
        self.cl_ord_id = ""  # of the last request that changed the order
        self.cl_ord_ids: list[str] = []
        self.symbol = symbol
        self.side = side
        self.price = price
        self.order_qty = order_qty
        self.leaves_qty = order_qty
        self.cum_qty = 0
        self.cum_cost = 0
        self.ord_type = fix.Type.LIMIT
        self.time_in_force = fix.Tif.GTC
        self.expire_time_ns = 0
        self.terms: EntryTerms = PLAIN_TERMS
        self.fee_rest = 0  # rounding that the account has paid and not yet had back
        self.held_back = 0  # how much of it may not trade, and is cancelled once the rest has
        self.ord_status = fix.Status.NEW

    @classmethod
    def from_request(cls, request: NewOrder, number: int, order_id: str) -> "RestingOrder":
        """Return the order that a request asks for; it is in no book yet."""
        order = cls(number, request.account, request.symbol, request.side, request.price, request.order_qty)
        order.order_id = order_id
        order.cl_ord_id = request.cl_ord_id
        order.ord_type = request.ord_type
        order.time_in_force = request.time_in_force
        order.expire_time_ns = request.expire_time_ns
        order.terms = _terms(request)
        return order

    @property
    def post_only(self) -> bool:
        """Whether it is cancelled rather than take."""
        return self.terms.post_only

    @property
    def stp(self) -> int:
        """Return its SelfTradePreventionType(2964)."""
        return self.terms.stp

    @property
    def is_live(self) -> bool:
        """Whether it can still trade."""
        return self.ord_status in LIVE

    def fill(self, price: int, qty: int) -> None:
        """Book one trade; what is left over is `leaves_qty`."""
        self.cum_qty += qty
        self.cum_cost += price * qty
        self.leaves_qty -= qty
        self.ord_status = fix.Status.PARTIALLY_FILLED if self.leaves_qty else fix.Status.FILLED

    def end(self, ord_status: str) -> None:
        """Give up what is left, under an OrdStatus(39) that is final."""
        self.leaves_qty = 0
        self.ord_status = ord_status

    def accepts(self, price: int) -> bool:
        """Return whether this order, incoming, trades against a resting one at `price`."""
        if self.ord_type == fix.Type.MARKET:
            return True
        return price <= self.price if self.side == fix.BUY else price >= self.price


def _terms(request: NewOrder) -> EntryTerms:
    terms = EntryTerms(
        stp=request.stp,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        cancel_on_pause=request.cancel_on_pause,
        group=request.group,
        max_cost=request.max_cost,
        session=request.session,
    )
    return PLAIN_TERMS if terms == PLAIN_TERMS else terms


class QueueLevel:
    """The orders at one price, oldest first, and their sum."""

    __slots__ = ("price", "queue", "size")

    def __init__(self, price: int) -> None:
        self.price = price
        self.size = 0
        self.queue: OrderedDict[int, RestingOrder] = OrderedDict()

    def insert(self, order: RestingOrder) -> None:
        """Put an order behind all others."""
        self.queue[order.number] = order
        self.size += order.leaves_qty

    def first(self) -> RestingOrder:
        """Return the oldest order; StopIteration if there is none."""
        return next(iter(self.queue.values()))

    def last(self) -> RestingOrder:
        """Return the newest order; StopIteration if there is none."""
        return next(reversed(self.queue.values()))


class BookSide:
    """Bids or asks. A key is a price with its sign turned for asks, so that the best key is the last."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._sign = 1 if side == fix.BUY else -1
        self._keys: list[int] = []
        self._levels: dict[int, QueueLevel] = {}
        self._ranks = count(1)

    def best(self) -> QueueLevel | None:
        """Return the level that trades first; None if the side is empty."""
        return self._levels[self._keys[-1] * self._sign] if self._keys else None

    def level(self, price: int) -> QueueLevel | None:
        """Return the level at a price; None if nothing rests there."""
        return self._levels.get(price)

    def size_at(self, price: int) -> int:
        """Return the size at a price, 0 where nothing rests."""
        level = self._levels.get(price)
        return level.size if level else 0

    def __iter__(self) -> Iterator[QueueLevel]:
        """Yield levels, best first; the side must not change meanwhile."""
        return (self._levels[key * self._sign] for key in reversed(self._keys))

    def levels(self) -> list[tuple[int, int]]:
        """Return (price, size) pairs, best first."""
        return [(level.price, level.size) for level in self]

    def add(self, order: RestingOrder) -> None:
        """Put `order` behind all others at its price."""
        order.rank = next(self._ranks)
        self._open(order.price).insert(order)

    def grow(self, order: RestingOrder, qty: int) -> None:
        """Add `qty` to `order` without loss of priority, putting it back in its place if it had left the book."""
        if self.holds(order):
            self._levels[order.price].size += qty
            order.leaves_qty += qty
            return
        order.leaves_qty = qty
        level = self._open(order.price)
        level.insert(order)
        level.queue = OrderedDict(sorted(level.queue.items(), key=lambda item: item[1].rank))

    def holds(self, order: RestingOrder) -> bool:
        """Return whether an order rests on this side."""
        level = self._levels.get(order.price)
        return level is not None and order.number in level.queue

    def shrink(self, order: RestingOrder, qty: int) -> None:
        """Take `qty` of `order`'s size from the book; all of it removes the order. The order itself stays as it is."""
        level = self._levels[order.price]
        level.size -= qty
        if qty == order.leaves_qty:
            del level.queue[order.number]
            if not level.queue:
                self._drop(level)

    def _open(self, price: int) -> QueueLevel:
        level = self._levels.get(price)
        if level is None:
            level = self._levels[price] = QueueLevel(price)
            insort(self._keys, price * self._sign)
        return level

    def _drop(self, level: QueueLevel) -> None:
        del self._levels[level.price]
        del self._keys[bisect_left(self._keys, level.price * self._sign)]

    def _check(self) -> None:
        assert self._keys == sorted({price * self._sign for price in self._levels})
        for price, level in self._levels.items():
            assert level.queue and level.price == price
            ranks = [order.rank for order in level.queue.values()]
            assert ranks == sorted(ranks)
            assert level.size == sum(order.leaves_qty for order in level.queue.values())
            assert all(order.leaves_qty > 0 and order.price == price for order in level.queue.values())


class CapturedLiquidity(Protocol):
    """Captured liquidity of one market, told what the venue's own orders took of it."""

    def taken(self, side: int, price: int, qty: int) -> None:
        """Remember that an own order of the other side took `qty` at `price`."""


class Market:
    """The two sides of one instrument, and its trading state.

    A market with `captured` publishes the captured frames instead of its own changes.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.state = MarketState.ACTIVE
        self.bids = BookSide(fix.BUY)
        self.asks = BookSide(fix.SELL)
        self.captured: CapturedLiquidity | None = None

    def side(self, side: int) -> BookSide:
        """Return the bids for BUY, the asks for SELL."""
        return self.bids if side == fix.BUY else self.asks

    def opposite(self, side: int) -> BookSide:
        """Return the side that an order of `side` trades against."""
        return self.asks if side == fix.BUY else self.bids

    def own_orders(self, side: int, price: int | None = None) -> list[RestingOrder]:
        """Return the accounts' orders of one side up to and including `price`, best first, then oldest first."""
        orders: list[RestingOrder] = []
        for level in self.side(side):
            if price is not None and (level.price < price if side == fix.BUY else level.price > price):
                break
            orders += [order for order in level.queue.values() if order.account != CAPTURED]
        return orders

    def is_crossed_by(self, order: RestingOrder) -> bool:
        """Return whether `order`, incoming, would trade."""
        best = self.opposite(order.side).best()
        return best is not None and order.accepts(best.price)

    def size_for(self, order: RestingOrder) -> int:
        """Return how much `order`, incoming, could trade, counted until it is enough."""
        size = 0
        for level in self.opposite(order.side):
            if size >= order.leaves_qty or not order.accepts(level.price):
                break
            size += level.size
        return size

    def _check(self) -> None:
        self.bids._check()
        self.asks._check()
        bid, ask = self.bids.best(), self.asks.best()
        assert bid is None or ask is None or bid.price < ask.price or self.captured is not None
