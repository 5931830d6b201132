"""The queue `fifo`: frames name the order that each change of a level is of, so that nothing is modelled.

Shapes  `recorder_order` of a delta, as `engine.backtest.generated.venue` writes it.
Errors  ConfigError for frames that name no orders.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

from engine.backtest.core._pass import size_ahead
from engine.backtest.core.settings import FIFO, QueueModel
from engine.backtest.history import TimedFrame
from engine.backtest.joins import level_of, trades_of
from engine.backtest.own.moves import RestingOrders
from engine.backtest.venue_side import VenueFollower
from engine.errors import ConfigError
from engine.exchange.captures import DELTA, Frame
from engine.exchange.events import Event
from engine.exchange.market import RestingOrder
from engine.instrument import Instrument


class _Named(msgspec.Struct):
    recorder_order: str = ""
    delta_fp: str = ""


_NAMED = msgspec.json.Decoder(_Named)


class QueueErrors:
    """How much more a model had ahead of own orders than there was, in lots, after each cancel at their price."""

    def __init__(self, model: QueueModel) -> None:
        self.lots: list[int] = []
        self._model = model
        self._believed: dict[tuple[str, int], tuple[int, int]] = {}  # by order and place: the model's, and the truth

    def cancel(self, order: tuple[str, int], ahead: int, left: int, shown: int, gone: int) -> None:
        """Let the model say what a cancel left; what trades took since the last one it knows too."""
        believed, was = self._believed.get(order, (ahead, ahead))
        believed = min(max(believed - (was - ahead), 0), shown)
        believed = size_ahead(self._model, believed, shown, gone)
        self._believed[order] = believed, left
        self.lots.append(believed - left)

    @property
    def mean(self) -> float:
        """Return the mean error; more than 0 is too careful."""
        return fmean(self.lots) if self.lots else 0.0

    @property
    def absolute(self) -> float:
        """Return the mean absolute error."""
        return fmean(map(abs, self.lots)) if self.lots else 0.0

    def percentile(self, share: int) -> int:
        """Return the absolute error that so many of a hundred do not exceed."""
        ordered = sorted(map(abs, self.lots))
        return ordered[min(len(ordered) * share // 100, len(ordered) - 1)] if ordered else 0


class KnownQueues(VenueFollower):
    """Says what a cancel leaves ahead of an own order, by which of both joined the queue before.

    Each of `models` is asked besides, and `errors` says how far it was off. A trade's decrease that is heard before its
    trade passes for a cancel, unless `frames` of `instruments` say of all trades.
    """

    def __init__(
        self,
        models: Mapping[str, QueueModel] = {},
        frames: Iterable[Frame] = (),
        instruments: Iterable[Instrument] = (),
    ) -> None:
        self._instruments = {each.symbol: each for each in instruments}
        self._traded = trades_of(frames, self._instruments)
        self._is_trade = False  # the present frame is the decrease of one
        self.errors = {name: QueueErrors(model) for name, model in models.items()}
        self._orders = RestingOrders()
        self._joins = 0
        self._joined: dict[str, int] = {}  # by order, the number of its last joining
        self._own: dict[str, int] = {}
        self._moving = ""  # the order that the present frame is of

    def __call__(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        """Return what is left ahead of an order when `gone` of what is shown is cancelled."""
        was_first = self._joined.get(self._moving, 0) < self._own[order.order_id]
        left = ahead - gone if was_first else ahead
        for each in self.errors.values() if not self._is_trade else ():
            each.cancel((order.order_id, order.rank), ahead, left, shown, gone)
        return left

    def before(self, timed: TimedFrame) -> None:
        """Note whose order moves."""
        self._is_trade = False
        if timed.frame.kind != DELTA:
            self._moving = ""
            return
        self._is_trade = self._traded_by(timed.frame)
        named = _NAMED.decode(timed.frame.body)
        if not named.recorder_order:
            raise ConfigError(f"queue {FIFO}: the frames do not name orders, as those of a generated exchange do")
        self._moving = named.recorder_order
        if not named.delta_fp.startswith("-"):
            self._joins += 1
            self._joined[self._moving] = self._joins

    def _traded_by(self, frame: Frame) -> bool:
        """Return whether a delta is the decrease of a trade that is known."""
        instrument = self._instruments.get(frame.symbol)
        if instrument is None:
            return False
        message = frame.message()
        place = level_of(instrument, message.side, message.price_dollars)
        key = (frame.symbol, message.ts_ms, *place, -instrument.parse_size(message.delta_fp))
        is_known = self._traded.get(key, 0) > 0
        if is_known:
            self._traded[key] -= 1
        return is_known

    def after(self, events: Sequence[Event], now_ns: int) -> None:
        """Note which own orders went to the back of a queue."""
        for moved in self._orders.take(events):
            if moved.is_behind:
                self._joins += 1
                self._own[moved.order_id] = self._joins
            elif moved.after is None:
                self._own.pop(moved.order_id, None)
