"""Queue models for the slow exchange, which asks for each own order what a cancel leaves ahead of it."""

from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import FIFO, RISK_AVERSE, QueueModel
from engine.backtest.generated.queues import KnownQueues
from engine.errors import ConfigError
from engine.exchange.captured import LeftAhead
from engine.exchange.market import RestingOrder


def left_ahead(model: QueueModel) -> LeftAhead | None:
    """Return what the slow exchange asks, None for the model that it has by itself; raise ConfigError for matched."""
    if model.is_matched:
        raise ConfigError(
            "queue matched wants the orders that cancels took, which frames do not name: use fixlane quote"
        )
    if model == RISK_AVERSE:
        return None
    if model.kind == FIFO:
        return KnownQueues()

    def ask(order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        """Return what is left ahead of an order."""
        return size_ahead(model, ahead, shown, gone)

    return ask
