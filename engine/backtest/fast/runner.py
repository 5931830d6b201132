"""One desk on history as `engine.backtest.runner` has it, over the compiled exchange: the same parts, the same result.

Two things differ from the slow exchange. A trade and its decrease are one match, at the time of whichever was heard
first; and what an order takes at a price is one fill, however many orders stood there.

Units   prices, sizes and money as in `instrument`; times in ns since 1970.
Errors  ConfigError names what only the slow exchange knows: a latency that is drawn or measured, an order type beside
        limit, a time in force beside GTC, IOC and FOK, a market without a grid, the queue matched.
Thread  one.
"""

import gc
from collections.abc import Callable, Mapping, Sequence

from engine.backtest.core.settings import FREE, RISK_AVERSE, UNLIMITED, ParameterSet, QueueModel, Ways
from engine.backtest.fast._pass_clock import PassClock
from engine.backtest.fast._strategy_pass import StrategyPass
from engine.backtest.fast.columns import FrameColumns
from engine.backtest.latency import Latency
from engine.backtest.recorder import SentRequest
from engine.backtest.runner import DeskRun, Ended
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.trading.assembly import Parts
from engine.venue import TradeFee


class FastRunner(DeskRun):
    """Runs `parts` over rows; `results` are what markets turned out to be worth, by symbol."""

    def __init__(
        self,
        make_parts: Callable[[Sequence[Instrument]], Parts],
        rows: FrameColumns,
        fees: TradeFee,
        latency: Latency,
        results: Mapping[str, int] = {},
        queue: QueueModel = RISK_AVERSE,
    ) -> None:
        judge(latency, queue)
        recv_ns = rows.columns["recv_ns"]
        self._clock = PassClock(recv_ns[0] - 1)
        one = ParameterSet(limits=UNLIMITED, ways=_ways(latency), queue=queue, fees=FREE, keeps_fills=False)
        self._pass = StrategyPass(rows.columns, rows.instruments, one, fees.fee, self._sent, self._heard, self._changed)
        super().__init__(make_parts(rows.instruments), self._clock, self._clock.call_later, self._pass.gateway, results)
        self._first_ns, self._last_ns = recv_ns[0], recv_ns[-1]
        self._pass.join(self.loop, self._clock)

    def run(self) -> Ended:
        """Run from the first row to the last."""
        gc.freeze()  # what was read before stays, and need not be looked through again and again
        try:
            self._begin()
            self._pass.run_all()
            self.loop.is_trading = False
            self._pass.finish()
        finally:
            gc.unfreeze()
        return self._end(self._clock.now_ns, self._first_ns, self._last_ns)

    def _sent(self, kind: str, cl_ord_id: str, order: Order, sent_ns: int, arrived_ns: int) -> None:
        origin = "" if kind == "new" else order.cl_ord_id
        price, qty = (order.pending_price, order.pending_qty) if kind == "replace" else (order.price, order.order_qty)
        if kind == "cancel":
            price = qty = 0
        post_only = order.post_only and kind == "new"
        self._told.note(
            SentRequest(
                kind, cl_ord_id, origin, order.instrument.symbol, order.side, price, qty, post_only, sent_ns, arrived_ns
            )
        )

    def _heard(self, report: ExecutionReport, acted_ns: int, heard_ns: int) -> None:
        self._told.heard(report, acted_ns, heard_ns)

    def _changed(self, now_ns: int) -> None:
        self._told.look(now_ns)


def judge(latency: Latency, queue: QueueModel) -> None:
    """Raise ConfigError for what only the slow exchange knows."""
    if latency.tables or latency.courses:
        raise ConfigError(
            "a latency that is drawn or measured: only the slow exchange knows it; give each way its time"
        )
    if queue.is_matched:
        raise ConfigError("queue matched is of the slow exchange: leave --fast out, or name another model")


def _ways(latency: Latency) -> Ways:
    return Ways(
        new=latency.new_ns,
        cancel=latency.cancel_ns,
        replace=latency.replace_ns,
        answer=latency.answer_ns,
        venue_delay_ns=latency.venue_delay_ns,
    )
