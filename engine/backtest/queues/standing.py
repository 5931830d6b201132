"""One market of a recording of our own trading: its levels, and where each queue model has our orders in them.

The recorded book shows our own orders; what stands ahead of one is what others had there when it joined, less what
traded, less what the model says of cancels. Own orders that joined before it stand ahead too, and are known.

Units   prices and sizes as in the frames; times in ns since 1970.
Errors  none: what does not fit is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import QueueModel
from engine.backtest.own.reports import Move
from engine.backtest.own.size import Place
from engine.units import Side

MOST_STEPS = 10_000  # between two reports of one order; with more the pair says nothing


class QueueStep(NamedTuple):
    """Others lost `gone` of `shown` lots at the price of an order, in a trade or by a cancel."""

    shown: int
    gone: int
    is_trade: bool


class OwnPlace:
    """An own order in its queue: `ahead` of it by model, and what happened there since the last report of it."""

    __slots__ = ("ahead", "joined", "leaves", "order_id", "place", "reported", "since_ns", "steps")

    def __init__(self, order_id: str, place: Place, leaves: int, since_ns: int, joined: int) -> None:
        self.order_id = order_id
        self.place = place
        self.leaves = leaves
        self.since_ns = since_ns
        self.joined = joined  # the number of the last order of others that was there before
        self.ahead: list[int] = []
        self.reported: int | None = None
        self.steps: list[QueueStep] = []

    def note(self, step: QueueStep) -> None:
        """Keep what happened since the last report."""
        if self.reported is not None:
            self.steps.append(step)
            if len(self.steps) > MOST_STEPS:
                self.reported = None
                self.steps = []


class StandingMarket:
    """Levels and own orders; `models` are asked about every cancel at the price of an order."""

    def __init__(self, models: Sequence[QueueModel]) -> None:
        self._models = models
        self._levels: dict[Place, int] = {}
        self._orders: dict[str, OwnPlace] = {}  # in the order in which they joined
        self._last = 0

    def show(self, levels: Mapping[Place, int]) -> None:
        """Begin anew: where our orders stand in these levels nobody knows."""
        self._levels = dict(levels)
        self._orders.clear()

    def move_own(self, move: Move, now_ns: int) -> None:
        """Take a change of a level that an own order made."""
        place = move.side, move.price
        if move.begins:
            self._join(OwnPlace(move.order_id, place, move.change, now_ns, self._last))
        elif (order := self._orders.get(move.order_id)) is not None:
            order.leaves += move.change
            if order.leaves <= 0:
                del self._orders[move.order_id]
        self._change(place, move.change)

    def _join(self, order: OwnPlace) -> None:
        order.ahead = [self.outside(order.place)] * len(self._models)
        self._orders.pop(order.order_id, None)
        self._orders[order.order_id] = order

    def move_other(self, place: Place, change: int, is_trade: bool, join: int) -> None:
        """Take a change of a level that others made; `join` is the number of the order that came or went."""
        if change > 0:
            self._last = max(self._last, join)
        elif orders := [each for each in self._orders.values() if each.place == place]:
            shown = self.outside(place)
            gone = min(-change, shown)
            for each in orders if gone > 0 else ():
                self._pass(each, QueueStep(shown, gone, is_trade), join)
        self._change(place, change)

    def _pass(self, order: OwnPlace, step: QueueStep, join: int) -> None:
        order.note(step)
        order.ahead = [
            after(model, ahead, step, join, order.joined)
            for model, ahead in zip(self._models, order.ahead, strict=True)
        ]

    def _change(self, place: Place, change: int) -> None:
        size = self._levels.get(place, 0) + change
        if size > 0:
            self._levels[place] = size
        else:
            self._levels.pop(place, None)

    def order(self, order_id: str) -> OwnPlace | None:
        """Return an own order; None where it was never seen to join."""
        return self._orders.get(order_id)

    def outside(self, place: Place) -> int:
        """Return what others have at a place."""
        own = sum(each.leaves for each in self._orders.values() if each.place == place)
        return max(self._levels.get(place, 0) - own, 0)

    def before(self, order: OwnPlace) -> int:
        """Return what trades before an order for certain: better prices, and own orders that joined before it."""
        better = sum(
            size for place, size in self._levels.items() if is_before(place, order.place) and place != order.place
        )
        return better + sum(each.leaves for each in self._earlier(order))

    def _earlier(self, order: OwnPlace) -> Iterator[OwnPlace]:
        for each in self._orders.values():
            if each is order:
                return
            if each.place == order.place:
                yield each


def is_before(place: Place, other: Place) -> bool:
    """Return whether a place is the other, or a better one of its side."""
    if place[0] != other[0]:
        return False
    return place[1] >= other[1] if other[0] == Side.BUY else place[1] <= other[1]


def after(model: QueueModel, ahead: int, step: QueueStep, join: int = -1, joined: int = 0) -> int:
    """Return what is ahead of an order after a step, as a model has it."""
    if step.is_trade:
        return min(max(ahead - step.gone, 0), step.shown - step.gone)
    return size_ahead(model, min(ahead, step.shown), step.shown, step.gone, join=join, joined=joined)
