"""The queue `fifo`: frames name the order that each change of a level is of, so that nothing is modelled.

Shapes  `recorder_order` of a delta, as `engine.backtest.generated.venue` writes it.
Errors  ConfigError for frames that name no orders.
"""

from collections.abc import Sequence

import msgspec

from engine.backtest.core.settings import FIFO
from engine.backtest.history import TimedFrame
from engine.backtest.own.moves import RestingOrders
from engine.backtest.venue_side import VenueFollower
from engine.errors import ConfigError
from engine.exchange.captures import DELTA
from engine.exchange.events import Event
from engine.exchange.market import RestingOrder



class _Named(msgspec.Struct):
    recorder_order: str = ""
    delta_fp: str = ""


_NAMED = msgspec.json.Decoder(_Named)


class KnownQueues(VenueFollower):
    """Says what a cancel leaves ahead of an own order, by which of both joined the queue before."""

    def __init__(self) -> None:
        self._orders = RestingOrders()
        self._joins = 0
        self._joined: dict[str, int] = {}  # by order, the number of its last joining
        self._own: dict[str, int] = {}
        self._moving = ""  # the order that the present frame is of

    def __call__(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        """Return what is left ahead of an order when `gone` of what is shown is cancelled."""
        was_first = self._joined.get(self._moving, 0) < self._own[order.order_id]
        return ahead - gone if was_first else ahead

    def before(self, timed: TimedFrame) -> None:
        """Note whose order moves."""
        if timed.frame.kind != DELTA:
            self._moving = ""
            return
        named = _NAMED.decode(timed.frame.body)
        if not named.recorder_order:
            raise ConfigError(f"queue {FIFO}: the frames do not name orders, as those of a generated exchange do")
        self._moving = named.recorder_order
        if not named.delta_fp.startswith("-"):
            self._joins += 1
            self._joined[self._moving] = self._joins

    def after(self, events: Sequence[Event], now_ns: int) -> None:
        """Note which own orders went to the back of a queue."""
        for moved in self._orders.take(events):
            if moved.is_behind:
                self._joins += 1
                self._own[moved.order_id] = self._joins
            elif moved.after is None:
                self._own.pop(moved.order_id, None)
