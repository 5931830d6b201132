"""Closes what is held by orders that only reduce: a slice at a time at the best price of the other side.

No slice is larger than what that price shows, than the limits of one order let pass, or than what is held; none is at a
price that lies further than the collar (`collar_opposite`) from the best price that the closing began at. Where the
venue knows orders that only reduce, they are told so to it too. A market of which nothing is left, or whose time is
over, is finished, and stays held until it is resumed by name; then nothing of ours may rest there.

Units   price and size as in `instrument`; times in ns, monotonic.
Errors  EngineError for what cannot begin. A slice that risk denies is told with its reason and tried again.
Bounds  `PATIENCE_NS` and `MOST_SLICES` a market; one slice at a time.
Thread  the loop thread only.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from enum import Enum

from engine import fix
from engine.book import NO_ASK, NO_BID
from engine.errors import EngineError
from engine.instrument import Instrument
from engine.orders.options import Judge, OrderOptions
from engine.orders.order import Order
from engine.risk import NO_LIMIT
from engine.trading.controls.live_orders import LiveOrders
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop

EVERY_NS = 250_000_000
PATIENCE_NS = 60_000_000_000
MOST_SLICES = 1_000
TAG = "flatten"
REDUCING = OrderOptions(reduce_only=True, tag=TAG)
TOO_SMALL = "max_order_notional or max_order_cost lets nothing pass at this price"
NOBODY = "nobody is there, or the book is not believed"


class LegEnd(Enum):
    """How the closing of a market ended; the value is the word for people."""

    FLAT = "flat"
    TIME = "out of time"
    SLICES = "out of slices"
    HALTED = "halted meanwhile"
    LIFTED = "resumed meanwhile"


class Leg:
    """What is closed in one market."""

    def __init__(self, instrument: Instrument, net: int, floor: int | None) -> None:
        self.instrument = instrument
        self.net = net  # when it began
        self.floor = floor  # the worst price that a slice may have; None until a book told it
        self.slices = 0
        self.order: Order | None = None
        self.obstacle = ""
        self.end: LegEnd | None = None

    @property
    def side(self) -> int:
        """The side that reduces."""
        return fix.SELL if self.net > 0 else fix.BUY


class Flatten:
    """The closing of one desk's positions; `note` takes lines for people and the journal.

    `judge` says what the venue takes of options, `ended` is told of each market that is finished.
    """

    def __init__(
        self,
        loop: TradingLoop,
        live: LiveOrders,
        note: Callable[[str], object],
        judge: Judge,
        ended: Callable[[Instrument], object],
    ) -> None:
        self._loop = loop
        self._live = live
        self._note = note
        self._options = OrderOptions(tag=TAG) if judge(REDUCING, fix.Tif.IOC, False, fix.Type.LIMIT) else REDUCING
        self._ended = ended
        self.legs: list[Leg] = []
        self._until_ns = self._next_ns = 0

    @property
    def is_active(self) -> bool:
        """Whether something is still being closed."""
        return any(leg.end is None for leg in self.legs)

    def is_closing(self, instrument: Instrument) -> bool:
        """Return whether something is still being closed in a market."""
        return any(leg.instrument is instrument and leg.end is None for leg in self.legs)

    def plan(self, instruments: Iterable[Instrument]) -> list[str]:
        """Return what would be done, a line for each market that is held."""
        return [self._words(leg) for leg in self._legs(instruments)]

    def start(self, instruments: Iterable[Instrument], now_ns: int) -> list[str]:
        """Begin; return the lines of the plan. EngineError where the last closing is not finished."""
        if self.is_active:
            raise EngineError("a flatten is at work already: wait for its end, or halt")
        self.legs = self._legs(instruments)
        self._until_ns, self._next_ns = now_ns + PATIENCE_NS, now_ns
        lines = [self._words(leg) for leg in self.legs]
        for line in lines:
            self._note(f"FLATTEN: {line}")
        return lines

    def _legs(self, instruments: Iterable[Instrument]) -> list[Leg]:
        alive = {order.instrument for order in self._loop.orders.live()}
        nets = [(each, self._loop.portfolio[each].net) for each in instruments]
        return [self._with_floor(Leg(each, net, None)) for each, net in nets if net or each in alive]

    def _with_floor(self, leg: Leg) -> Leg:
        """Let the first best price that is believed set the worst that may follow."""
        best, _ = self._best(leg)
        reach = self._loop.risk.limits.collar_opposite
        if leg.floor is None and best is not None:
            leg.floor = 0 if reach >= NO_LIMIT else best - reach if leg.side == fix.SELL else best + reach
            if reach >= NO_LIMIT and leg.side == fix.BUY:
                leg.floor = NO_LIMIT
        return leg

    def _best(self, leg: Leg) -> tuple[int | None, int]:
        """Return the price and the size that a slice would meet; (None, 0) where nobody is there that is believed."""
        book = self._loop.book(leg.instrument)
        if book.is_stale or book.best_bid >= book.best_ask:
            return None, 0
        if leg.side == fix.SELL:
            return (None, 0) if book.best_bid == NO_BID else (book.best_bid, book.best_bid_size)
        return (None, 0) if book.best_ask == NO_ASK else (book.best_ask, book.best_ask_size)

    def _words(self, leg: Leg) -> str:
        instrument, (best, size) = leg.instrument, self._best(leg)
        verb, qty = "sell" if leg.side == fix.SELL else "buy", instrument.format_size(abs(leg.net))
        if not leg.net:
            return f"{instrument.symbol}: nothing is held; its orders are cancelled"
        if best is None or leg.floor is None:
            return f"{instrument.symbol}: {verb} {qty}, when there is a price: {NOBODY}"
        bound = "at any price" if leg.floor in (0, NO_LIMIT) else f"no worse than {instrument.format_price(leg.floor)}"
        shown = f"{instrument.format_size(size)} at {instrument.format_price(best)}"
        return f"{instrument.symbol}: {verb} {qty}, {bound}; now {shown} stand there"

    # Time

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        if not self.is_active or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + EVERY_NS
        for leg in self.legs:
            if leg.end is None:
                self._advance(leg, now_ns)

    def _advance(self, leg: Leg, now_ns: int) -> None:
        net = self._loop.portfolio[leg.instrument].net
        alive = [order for order in self._loop.orders.live() if order.instrument is leg.instrument]
        foreign = [order for order in alive if order is not leg.order]
        if net and (net > 0) != (leg.net > 0):  # a fill of an order that was still alive
            leg.net, leg.floor = net, None
        causes = self._loop.markets.causes(leg.instrument)
        if self._loop.is_halted or Stop.HALTED in causes:  # all of trading, or by name
            self._finish(leg, LegEnd.HALTED)
        elif Stop.FLATTENED not in causes:
            self._finish(leg, LegEnd.LIFTED)
        elif not alive and net == 0:
            self._finish(leg, LegEnd.FLAT)
        elif now_ns >= self._until_ns:
            self._finish(leg, LegEnd.TIME)
        elif leg.slices >= MOST_SLICES:
            self._finish(leg, LegEnd.SLICES)
        elif foreign:
            self._live.cancel(foreign, now_ns)
        elif not alive:
            self._slice(self._with_floor(leg), abs(net))

    def _slice(self, leg: Leg, left: int) -> None:
        """Send the next slice, if there is somebody to take it at a price that may be."""
        best, size = self._best(leg)
        if best is None or leg.floor is None:
            leg.obstacle = NOBODY
        elif best < leg.floor if leg.side == fix.SELL else best > leg.floor:
            leg.obstacle = f"{leg.instrument.format_price(best)} is beyond the collar"
        else:
            qty = self._most(leg, best, min(left, size, self._loop.risk.limits.max_order_qty))
            leg.order = self._send(leg, best, qty) if qty else None
            leg.slices += leg.order is not None
            leg.obstacle = "" if leg.order else "risk denies it, see status" if qty else TOO_SMALL

    def _most(self, leg: Leg, price: int, qty: int) -> int:
        """Return how much of a quantity one order may have by what it may be worth and cost."""
        limits, cost = self._loop.risk.limits, self._loop.risk.exposure.worst_cost
        if price:
            qty = min(qty, limits.max_order_notional // price)
        if cost(leg.instrument, leg.side, price, qty) <= limits.max_order_cost:
            return qty
        return bisect_right(
            range(1, qty + 1), limits.max_order_cost, key=lambda some: cost(leg.instrument, leg.side, price, some)
        )

    def _send(self, leg: Leg, price: int, qty: int) -> Order | None:
        markets = self._loop.markets
        with markets.opened(leg.instrument, Stop.FLATTENED):
            return self._loop.submit(
                leg.instrument, leg.side, price, qty, fix.Tif.IOC, False, fix.Type.LIMIT, 0, self._options
            )

    def _finish(self, leg: Leg, end: LegEnd) -> None:
        leg.end = end
        self._ended(leg.instrument)
        self._note(f"FLATTEN: {self.outcome(leg)}")

    def outcome(self, leg: Leg) -> str:
        """Return what became of a market, in words."""
        instrument = leg.instrument
        net = instrument.format_size(self._loop.portfolio[instrument].net)
        state = leg.end.value if leg.end else "at work"
        why = f": {leg.obstacle}" if leg.obstacle and leg.end is not LegEnd.FLAT else ""
        return f"{instrument.symbol}: {state}, {net} held, {instrument.format_size(leg.net)} before{why}"
