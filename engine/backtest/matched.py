"""The queue model `matched` for the slow exchange: whose order each cancel took, and who stood before it.

Units   as in `instrument`.
Errors  DecodeError for a frame that cannot be read.
Cost    every frame is read once more, before the first is applied.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import QueueModel
from engine.backtest.history import TimedFrame
from engine.backtest.joins import NO_JOIN, joins_of
from engine.backtest.venue_side import VenueFollower
from engine.exchange.events import Accepted, Event, Replaced
from engine.exchange.market import RestingOrder
from engine.instrument import Instrument


class _Place(NamedTuple):
    """Where an own order stands: behind the captured order `joined` of its market, and all that were before it."""

    price: int
    total: int
    joined: int


class MatchedQueues(VenueFollower):
    """Says what a cancel leaves ahead of an own order; hears each frame before it is applied, and what followed."""

    def __init__(self, model: QueueModel, frames: Iterable[TimedFrame], instruments: Sequence[Instrument]) -> None:
        symbols = {each.symbol for each in instruments}
        in_order = sorted(frames, key=lambda each: each.venue_ns)
        self._joins = iter(joins_of([each.frame for each in in_order if each.frame.symbol in symbols], instruments))
        self._model = model
        self._gone = NO_JOIN  # the order that the present frame takes away
        self._last: defaultdict[str, int] = defaultdict(int)  # by market
        self._places: dict[str, _Place] = {}  # by OrderID

    def __call__(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        """Return what is left ahead of an order."""
        joined = self._places[order.order_id].joined
        return size_ahead(self._model, ahead, shown, gone, join=self._gone, joined=joined)

    def before(self, timed: TimedFrame) -> None:
        """Learn whose order comes or goes with this frame."""
        join = next(self._joins)
        self._gone = NO_JOIN if join.is_new else join.number
        if join.is_new:
            self._last[timed.frame.symbol] = join.number

    def after(self, events: Sequence[Event], now_ns: int) -> None:
        """Learn where own orders stand: one that is new, or lost its place, is behind all that were there."""
        for event in events:
            if isinstance(event, Accepted | Replaced):
                was = self._places.get(event.order_id)
                if was is None or event.price != was.price or event.order_qty > was.total:
                    was = _Place(event.price, event.order_qty, self._last[event.symbol])
                self._places[event.order_id] = was._replace(total=event.order_qty)
