"""Queue models for the slow exchange, which asks for each own order what a cancel leaves ahead of it."""

from collections.abc import Iterable, Sequence

from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import FIFO, RISK_AVERSE, QueueModel
from engine.backtest.generated.queues import KnownQueues
from engine.backtest.history import TimedFrame
from engine.backtest.matched import MatchedQueues
from engine.exchange.captured import LeftAhead
from engine.exchange.market import RestingOrder
from engine.instrument import Instrument


def left_ahead(model: QueueModel, frames: Iterable[TimedFrame], instruments: Sequence[Instrument]) -> LeftAhead | None:
    """Return what the slow exchange of these frames asks, None for the model that it has by itself."""
    if model.is_matched:
        return MatchedQueues(model, frames, instruments)
    if model == RISK_AVERSE:
        return None
    if model.kind == FIFO:
        return KnownQueues()

    def ask(order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        """Return what is left ahead of an order."""
        return size_ahead(model, ahead, shown, gone)

    return ask
