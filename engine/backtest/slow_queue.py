"""The queue model of one market of the slow exchange, which asks for each own order what a cancel leaves ahead of it.

Units   as in `instrument`.
Errors  none.
"""

from engine import fix
from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import RISK_AVERSE, QueueModel
from engine.backtest.joins import NO_JOIN, FrameJoin
from engine.exchange.captured import LeftAhead
from engine.exchange.market import Market, RestingOrder


class SlowQueue:
    """Answers for one market; it is told of each frame before it is applied, and of each request after it was."""

    def __init__(self, model: QueueModel) -> None:
        self._model = model
        self._gone = NO_JOIN  # the order that the present frame takes away
        self._last = 0  # of the market's orders
        self._joined: dict[tuple[int, int], int] = {}  # by an own order and its place: the last one before it

    @property
    def left_ahead(self) -> LeftAhead | None:
        """Return what the exchange asks; None for the model that it has by itself."""
        return None if self._model == RISK_AVERSE else self._ask

    def happens(self, join: FrameJoin) -> None:
        """Learn whose order comes or goes with the frame that is next."""
        self._gone = NO_JOIN if join.is_new else join.number
        if join.is_new:
            self._last = join.number

    def note(self, market: Market) -> None:
        """Learn which orders rest: one that is new, or lost its place, stands behind all that were there."""
        resting = [*market.own_orders(fix.BUY), *market.own_orders(fix.SELL)]
        self._joined = {key: self._joined.get(key, self._last) for key in map(_place, resting)}

    def _ask(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        joined = self._joined.get(_place(order), self._last)
        return size_ahead(self._model, ahead, shown, gone, join=self._gone, joined=joined)


def _place(order: RestingOrder) -> tuple[int, int]:
    return order.number, order.rank
