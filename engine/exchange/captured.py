"""Captured liquidity in a market of the exchange: which orders it fills.

The captured size at a price queues among the venue's own orders as orders of the account CAPTURED, in order of time.

1  An own order that crosses captured size takes it, oldest first. What was taken is remembered (`taken`): size that
   the capture still shows there is not available again, until the capture itself cancels at that price, which pays
   that much of it back.
2  An own order that rests queues behind the size captured at its price so far; later size queues behind it.
3  A captured trade uses up the queue at its price from the front, own orders included. Own orders at better prices
   than the trade's go first, whatever stands ahead of them.
4  A captured decrease that is no trade cancels from the back of the queue: what is ahead of an own order shrinks only
   when there is nothing left behind it. With `left_ahead` that says instead what is left ahead of each own order.
   One that hit an order of the recorder's own takes no captured size: only own orders that come first at its price.
5  Each captured trade has a decrease of the same price, size and venue time, before or after it. If it came before,
   its effect under 4 is undone first; if it comes after, it changes no queue.
6  Captured size that arrives at a price crossing own resting orders trades with them first, at their prices.
7  A snapshot is the decrease or increase of every level from what it was.
8  In the end a level's available size is always what the capture shows less what was taken.

Block trades are no part of the book. The published book is the capture's alone: own orders are not in it.

Errors  DecodeError for a frame that contradicts the capture so far.
Cost    O(own orders and pieces of size at the price) per frame.
"""

from collections.abc import Callable

from engine import fix
from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage, Frame
from engine.exchange.events import CAPTURED, Event
from engine.exchange.exchange import Exchange
from engine.exchange.market import RestingOrder

LeftAhead = Callable[[RestingOrder, int, int, int], int]  # of an order, from what is ahead, what is shown, what goes
PAIRING_MS = 1_000  # a trade and its decrease are not further apart in venue time


class _Decrease:
    """A captured decrease that may prove to be a trade, and what to undo then of rules 1 and 4."""

    def __init__(self, ts_ms: int, qty: int, repaid: int, pieces: list[tuple[RestingOrder, int]]) -> None:
        self.key = (ts_ms, qty)
        self.repaid = repaid
        self.pieces = pieces


class _Trade:
    """A captured trade whose decrease has not come, and how much captured size it used up."""

    def __init__(self, ts_ms: int, qty: int, used: int) -> None:
        self.key = (ts_ms, qty)
        self.used = used


class _Level:
    """One price of one captured side."""

    def __init__(self) -> None:
        self.shown = 0
        self.taken = 0
        self.decreases: list[_Decrease] = []
        self.trades: list[_Trade] = []

    def available(self) -> int:
        """Return the size that own orders can still trade with (rule 8)."""
        return max(0, self.shown - self.taken - sum(trade.used for trade in self.trades))

    def forget_before(self, ts_ms: int) -> None:
        """Drop what is too old, in venue time, to find its counterpart."""
        self.decreases = [decrease for decrease in self.decreases if decrease.key[0] >= ts_ms]
        self.trades = [trade for trade in self.trades if trade.key[0] >= ts_ms]

    def pop_decrease(self, key: tuple[int, int]) -> _Decrease | None:
        """Take the last decrease of a trade's time and size; None if it has not come."""
        found = next((decrease for decrease in reversed(self.decreases) if decrease.key == key), None)
        if found is not None:
            self.decreases.remove(found)
        return found

    def pop_trade(self, key: tuple[int, int]) -> _Trade | None:
        """Take the trade that a decrease of this time and size belongs to; None if it has not come."""
        found = next((trade for trade in self.trades if trade.key == key), None)
        if found is not None:
            self.trades.remove(found)
        return found


class CapturedMarket:
    """One market of `exchange` whose captured frames are liquidity for the venue's own orders."""

    def __init__(self, exchange: Exchange, symbol: str, left_ahead: LeftAhead | None = None) -> None:
        self._exchange = exchange
        self._left_ahead = left_ahead
        self._market = exchange.markets[symbol]
        self._market.captured = self
        self._instrument = self._market.instrument
        self._levels: dict[int, dict[int, _Level]] = {fix.BUY: {}, fix.SELL: {}}
        self._has_book = False

    def levels(self, side: int) -> list[tuple[int, int]]:
        """Return the captured book, which is the published one: (price, size) pairs, best first."""
        shown = [(price, level.shown) for price, level in self._levels[side].items() if level.shown]
        return sorted(shown, reverse=side == fix.BUY)

    def apply(self, frame: Frame, now_ns: int) -> list[Event]:
        """Apply one frame to the captured liquidity; return the events of own orders that follow."""
        message = frame.message()
        events: list[Event] = []
        if frame.kind == DELTA:
            if not self._has_book:
                raise DecodeError(
                    f"{frame.symbol}: the capture changes a book before it shows one: let it begin at an {SNAPSHOT}"
                )
            self._on_delta(message, now_ns, events)
        elif frame.kind == SNAPSHOT:
            self._has_book = True
            self._on_snapshot(message, now_ns, events)
        elif not message.is_block_trade:
            self._on_trade(message, now_ns, events)
        return events

    def taken(self, side: int, price: int, qty: int) -> None:
        """Remember that an own order took captured size (rule 1)."""
        self._level(side, price).taken += qty

    def _on_delta(self, message: CapturedMessage, now_ns: int, events: list[Event]) -> None:
        side, price = self._place(message.side, message.price_dollars)
        delta = self._instrument.parse_size(message.delta_fp)
        if delta > 0:
            self._level(side, price).shown += delta
            self._settle(side, price, now_ns, events)
        else:
            self._decrease(side, price, -delta, message.ts_ms, now_ns, events)

    def _on_snapshot(self, message: CapturedMessage, now_ns: int, events: list[Event]) -> None:
        sizes: dict[int, dict[int, int]] = {fix.BUY: {}, fix.SELL: {}}
        for outcome, pairs in (("yes", message.yes_dollars_fp), ("no", message.no_dollars_fp)):
            for price_text, size_text in pairs:
                side, price = self._place(outcome, price_text)
                sizes[side][price] = self._instrument.parse_size(size_text)
        for side in (fix.BUY, fix.SELL):
            for price in sorted(self._levels[side].keys() | sizes[side].keys()):
                self._reset(side, price, sizes[side].get(price, 0), now_ns, events)

    def _on_trade(self, message: CapturedMessage, now_ns: int, events: list[Event]) -> None:
        maker_side = fix.SELL if message.taker_outcome_side == "yes" else fix.BUY
        price = self._checked(self._instrument.parse_price(message.yes_price_dollars))
        qty = self._instrument.parse_size(message.count_fp)
        if message.recorder_own:
            rest = self._fill_crossed(maker_side, price, qty, now_ns, events, inclusive=False)
            self._use_up(maker_side, price, rest, now_ns, events, True)
            return
        level = self._level(maker_side, price)
        decrease = level.pop_decrease((message.ts_ms, qty))
        if decrease is not None:
            self._undo(maker_side, level, decrease)
        rest = self._fill_crossed(maker_side, price, qty, now_ns, events, inclusive=False)
        used = self._use_up(maker_side, price, rest, now_ns, events)
        if decrease is None:
            level.trades.append(_Trade(message.ts_ms, qty, used))
        self._settle(maker_side, price, now_ns, events)

    def _reset(self, side: int, price: int, size: int, now_ns: int, events: list[Event]) -> None:
        """Show `size` at `price`; a trade whose decrease has not come is in it already."""
        level = self._level(side, price)
        level.trades.clear()
        level.taken -= min(level.taken, max(level.shown - size, 0))
        level.shown = size
        self._settle(side, price, now_ns, events, is_cancel=True)

    def _decrease(self, side: int, price: int, qty: int, ts_ms: int, now_ns: int, events: list[Event]) -> None:
        level = self._level(side, price)
        if qty > level.shown:
            raise DecodeError(f"{self._instrument.symbol}: the capture takes {qty} of {level.shown} at {price}")
        level.shown -= qty
        level.forget_before(ts_ms - PAIRING_MS)
        if level.pop_trade((ts_ms, qty)) is not None:
            self._settle(side, price, now_ns, events)
            return
        repaid = min(level.taken, qty)
        level.taken -= repaid
        pieces = self._settle(side, price, now_ns, events, is_cancel=True)
        level.decreases.append(_Decrease(ts_ms, qty, repaid, pieces))

    def _undo(self, side: int, level: _Level, decrease: _Decrease) -> None:
        level.taken += decrease.repaid
        for order, qty in decrease.pieces:
            self._market.side(side).grow(order, qty)

    def _fill_crossed(
        self, side: int, price: int, qty: int, now_ns: int, events: list[Event], *, inclusive: bool
    ) -> int:
        """Fill own orders of `side` better than `price`, or also as good, up to `qty`; return what is left of it."""
        for order in self._market.own_orders(side, price):
            if not qty or (order.price == price and not inclusive):
                break
            filled = min(qty, order.leaves_qty)
            events += self._exchange.fill_without_taker(order, filled, now_ns)
            qty -= filled
        return qty

    def _use_up(self, side: int, price: int, qty: int, now_ns: int, events: list[Event], is_own: bool = False) -> int:
        """Use up the queue from its front, `is_own` only up to captured size; return how much was captured size."""
        resting = self._market.side(side)
        used = 0
        while qty and (level := resting.level(price)) is not None:
            first = level.first()
            part = min(qty, first.leaves_qty)
            if first.account == CAPTURED:
                if is_own:
                    break
                resting.shrink(first, part)
                first.leaves_qty -= part
                used += part
            else:
                events += self._exchange.fill_without_taker(first, part, now_ns)
            qty -= part
        return used

    def _settle(
        self, side: int, price: int, now_ns: int, events: list[Event], *, is_cancel: bool = False
    ) -> list[tuple[RestingOrder, int]]:
        """Make the captured size at `price` what is available there (rule 8); return the pieces that were cancelled."""
        level = self._level(side, price)
        level.taken = min(level.taken, level.shown)
        surplus = self._queued(side, price) - level.available()
        if surplus > 0:
            return self._cancel(side, price, surplus, is_cancel)
        if surplus < 0:
            other = fix.SELL if side == fix.BUY else fix.BUY
            rest = self._fill_crossed(other, price, -surplus, now_ns, events, inclusive=True)
            level.taken += -surplus - rest
            self._add_back(side, price, rest)
        return []

    def _queued(self, side: int, price: int) -> int:
        level = self._market.side(side).level(price)
        return sum(order.leaves_qty for order in level.queue.values() if order.account == CAPTURED) if level else 0

    def _add_back(self, side: int, price: int, qty: int) -> None:
        resting = self._market.side(side)
        level = resting.level(price)
        if not qty:
            return
        if level is not None and level.last().account == CAPTURED:
            resting.grow(level.last(), qty)
        else:
            resting.add(RestingOrder(self._exchange.next_number(), CAPTURED, self._instrument.symbol, side, price, qty))

    def _cancel(self, side: int, price: int, qty: int, is_cancel: bool) -> list[tuple[RestingOrder, int]]:
        """Take `qty` from the captured size at a price: from the back, or from where a queue model has it."""
        level = self._market.side(side).level(price)
        queue = list(level.queue.values()) if level else []
        own = [place for place, order in enumerate(queue) if order.account != CAPTURED]
        if self._left_ahead is None or not is_cancel or not own:
            return self._shrink(queue, qty)
        shown = sum(order.leaves_qty for order in queue if order.account == CAPTURED)
        pieces: list[tuple[RestingOrder, int]] = []
        begin = passed = left = 0
        for place in own:
            part = queue[begin:place]
            size = sum(order.leaves_qty for order in part)
            passed += size
            now_left = max(left, self._left_ahead(queue[place], passed, shown, qty))
            pieces += self._shrink(part, size - (now_left - left))
            begin, left = place + 1, now_left
        return pieces + self._shrink(queue[begin:], qty - (passed - left))

    def _shrink(self, queue: list[RestingOrder], qty: int) -> list[tuple[RestingOrder, int]]:
        """Take `qty` from captured size, the newest first; return what was taken of each."""
        pieces: list[tuple[RestingOrder, int]] = []
        for order in reversed(queue):
            part = min(qty, order.leaves_qty) if order.account == CAPTURED else 0
            if part:
                self._market.side(order.side).shrink(order, part)
                order.leaves_qty -= part
                pieces.append((order, part))
                qty -= part
        return pieces

    def _level(self, side: int, price: int) -> _Level:
        return self._levels[side].setdefault(price, _Level())

    def _place(self, outcome: str, price_text: str) -> tuple[int, int]:
        """Return side and price of the YES book: a NO bid at q is a YES ask at 1 - q."""
        price = self._instrument.parse_price(price_text)
        if outcome == "yes":
            return fix.BUY, self._checked(price)
        return fix.SELL, self._checked(self._instrument.limit - price)

    def _checked(self, price: int) -> int:
        if not self._instrument.is_valid_price(price):
            raise DecodeError(
                f"{self._instrument.symbol}: captured price {self._instrument.format_price(price)} is off its grid; "
                "put the event's EVENT.event.json beside the capture"
            )
        return price
