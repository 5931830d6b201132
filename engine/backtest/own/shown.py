"""Own orders of a backtest in the book that its desk sees: a venue's book shows them, a capture of others does not.

Units   ns since 1970; prices and sizes as in `instrument`.
Shapes  an own order is heard of as the last captured frame before it was: as long after it happened.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from engine import fix
from engine.backtest.feed import BesideFrames
from engine.backtest.history import TimedFrame
from engine.backtest.own.moves import Moved, Resting, RestingOrders
from engine.backtest.venue_side import VenueFollower
from engine.exchange.captures import DELTA, NS_PER_MS, SNAPSHOT, Frame
from engine.exchange.events import Event
from engine.instrument import Instrument

Place = tuple[int, int]  # side and price


class _Waiting(NamedTuple):
    heard_ns: int
    side: int
    price: int
    change: int
    frame: Frame
    cause: Frame | None


class OwnInBook(VenueFollower, BesideFrames):
    """Makes frames of what own orders do to levels, to be heard after the way of the feed."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._instruments = {each.symbol: each for each in instruments}
        self._orders = RestingOrders()
        self._waiting: deque[_Waiting] = deque()
        self._cause: Frame | None = None  # what happens now, unless a request does
        self._heard: defaultdict[str, dict[Place, int]] = defaultdict(dict)
        self._way_ns = self._last_ns = 0

    def before(self, timed: TimedFrame) -> None:
        """Note how long the feed takes now."""
        self._way_ns = timed.recv_ns - timed.venue_ns
        self._cause = timed.frame

    def after(self, events: Sequence[Event], now_ns: int) -> None:
        """Have every change of a level heard in its time."""
        for moved in self._orders.take(events):
            self._last_ns = max(self._last_ns, now_ns + self._way_ns)
            for place, change in _changes(moved):
                frame = self._frame(place, change, moved.cl_ord_id, now_ns)
                self._waiting.append(_Waiting(self._last_ns, place.side, place.price, change, frame, self._cause))
        self._cause = None

    def next_ns(self, never_ns: int) -> int:
        """Return when the next change is heard."""
        return self._waiting[0].heard_ns if self._waiting else never_ns

    def is_of(self, frame: Frame) -> bool:
        """Return whether a captured frame made the next change."""
        return self._waiting[0].cause is frame

    def take(self) -> Frame:
        """Return the next change as a frame."""
        _, side, price, change, frame, _ = self._waiting.popleft()
        levels = self._heard[frame.symbol]
        levels[side, price] = levels.get((side, price), 0) + change
        if not levels[side, price]:
            del levels[side, price]
        return frame

    def with_own(self, frame: Frame) -> Frame:
        """Return a snapshot with what was heard of own orders in it; any other frame as it is."""
        levels = self._heard.get(frame.symbol)
        if frame.kind != SNAPSHOT or not levels:
            return frame
        message: dict[str, Any] = msgspec.json.decode(frame.body)
        instrument = self._instruments[frame.symbol]
        for side, name in ((fix.BUY, "yes_dollars_fp"), (fix.SELL, "no_dollars_fp")):
            sizes = {price: instrument.parse_size(size) for price, size in message.get(name, ())}
            for (own_side, price), size in levels.items():
                if own_side == side:
                    text = _price(instrument, side, price)
                    sizes[text] = sizes.get(text, 0) + size
            message[name] = [(price, instrument.format_size(size)) for price, size in sorted(sizes.items())]
        return Frame(frame.recv_ns, frame.symbol, SNAPSHOT, msgspec.json.encode(message))

    def _frame(self, place: Resting, change: int, cl_ord_id: str, now_ns: int) -> Frame:
        instrument = self._instruments[place.symbol]
        message = {
            "market_ticker": place.symbol,
            "price_dollars": _price(instrument, place.side, place.price),
            "delta_fp": instrument.format_size(change),
            "side": "yes" if place.side == fix.BUY else "no",
            "ts_ms": now_ns // NS_PER_MS,
            "client_order_id": cl_ord_id,
        }
        return Frame(self._last_ns, place.symbol, DELTA, msgspec.json.encode(message))


def _changes(moved: Moved) -> list[tuple[Resting, int]]:
    was, now = moved.before, moved.after
    if was is not None and now is not None and was[:3] == now[:3]:
        return [(now, now.leaves - was.leaves)]
    gone = [(was, -was.leaves)] if was is not None else []
    return gone + ([(now, now.leaves)] if now is not None else [])


def _price(instrument: Instrument, side: int, price: int) -> str:
    return instrument.format_price(price if side == fix.BUY else instrument.limit - price)
