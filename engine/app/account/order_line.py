"""One order over REST: its requests one after another, what their answers owe, and looks at what became of them.

A request is sent once, whatever happens to it. One without a good answer leaves its order UNKNOWN, and the order is
looked up until the venue's own reads say what became of it. They lag behind its writes, and a request that was given
up may still arrive: what says that nothing happened is believed only after `GRACE_NS`, and of reads that are fresh.

Units   times in ns since 1970.
Errors  none: what fails is told, and its order is in doubt.
Bounds  one request, one look and one collection of fills of an order at a time.
Thread  the loop thread only.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from engine.errors import ConfigError, EngineError
from engine.fix import Msg, Status
from engine.net.rest.client import RestClient
from engine.net.rest.errors import RestError
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.orders.table import TERMINAL
from engine.runtime import log
from engine.trading.loop import TradingLoop
from engine.venue.account import AccountDialect, VenueOrder
from engine.venue.rest import Call, RestRefusal
from engine.venue.rest_orders import RestOrderAnswer, RestOrderDialect

LOGGER = logging.getLogger(log.LOGGER)
_S = 1_000_000_000
NEW, CANCEL, REPLACE = Msg.NEW_ORDER_SINGLE, Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST
GRACE_NS = 3 * _S  # in which a request that was given up may still reach the venue
LOOK_AFTER_S = 0.1  # for what the feed has to say of an order
COLLECT_AFTER_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # the feed tells most fills before the venue is asked
SINCE_NS = 72 * 3600 * _S  # how far back an order of an earlier run is looked for
MARGIN_NS = 60 * _S  # of the venue's clock and ours


class OrderReach(NamedTuple):
    """What the lines of one desk share. `on_unreachable` takes why the venue could not even be connected to."""

    loop: TradingLoop
    client: RestClient
    path: RestOrderDialect
    account: AccountDialect
    wall_ns: Callable[[], int]
    on_unreachable: Callable[[str], object]


class OrderLine:
    """What is under way about one order; `on_idle` is told when nothing is."""

    def __init__(self, order: Order, reach: OrderReach, on_idle: Callable[["OrderLine"], object]) -> None:
        self.order = order
        self._reach = reach
        self._on_idle = on_idle
        self._requests: deque[str] = deque()
        self._sending = ""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._owed: tuple[RestOrderAnswer, int] | None = None  # and the CumQty(14) that it makes
        self._must_cancel = False  # as soon as the venue has named it
        self._began_ns = reach.wall_ns()
        self._doubted_ns = self._began_ns  # when a request was given up for the last time

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        return not self._tasks

    @property
    def is_over(self) -> bool:
        """Return whether it has nothing left to remember."""
        return self.order.is_done or (self.order.ord_status != Status.UNKNOWN and not self._must_cancel)

    @property
    def is_settling(self) -> bool:
        """Return whether a request is under way, or was given up so lately that it may still arrive."""
        if "write" in self._tasks:
            return True
        is_unknown = self.order.ord_status == Status.UNKNOWN
        return is_unknown and self._reach.wall_ns() - self._doubted_ns < GRACE_NS

    # What is asked for

    def ask(self, request: str) -> None:
        """Send a request, a MsgType(35), as soon as the one before it is answered."""
        self._requests.append(request)
        self._start("write", self._write)

    def look(self, after_s: float = 0.0) -> None:
        """Ask the venue what became of the order, unless that is being asked."""
        self._start("look", lambda: self._look(after_s))

    def apply(self, report: ExecutionReport) -> None:
        """Apply a report by the path that every report takes."""
        loop = self._reach.loop
        loop.counters.reports += 1
        loop.apply(report)

    def cancel_tasks(self) -> None:
        """Give up whatever is under way."""
        for task in list(self._tasks.values()):
            task.cancel()

    def _start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name not in self._tasks:
            self._tasks[name] = asyncio.get_running_loop().create_task(self._do(name, work))

    async def _do(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception as error:  # a fault of ours: the order may be anything
            LOGGER.exception("ClOrdID(11) %s over REST", self.order.cl_ord_id)
            self._requests.clear()
            self._reach.loop.suspect(self.order, f"ClOrdID(11) {self.order.cl_ord_id}: {type(error).__name__}: {error}")
        finally:
            del self._tasks[name]
            if self.is_idle:
                self._on_idle(self)

    # Requests

    async def _write(self) -> None:
        while self._requests:
            await self._send(self._requests.popleft())
        if self.order.ord_status == Status.UNKNOWN:
            self.look(LOOK_AFTER_S)

    async def _send(self, request: str) -> None:
        if self.order.is_done:  # meanwhile: there is nothing to cancel or replace
            return
        if request != NEW and not self.order.order_id:
            self._must_cancel = request == CANCEL
            self.look()
            return
        self._sending = request
        try:
            answer = await self._reach.client.call(self._call(request))
        except RestError as error:
            self._failed(request, error)
        except ConfigError as error:
            self.apply(self._reach.path.never_sent(self.order, request, str(error)))
        else:
            self._take(answer)
        finally:
            self._sending = ""

    def _call(self, request: str) -> Call[RestOrderAnswer]:
        path, order, now_ns = self._reach.path, self.order, self._reach.wall_ns()
        if request == NEW:
            return path.new_order(order, now_ns)
        return path.cancel(order, now_ns) if request == CANCEL else path.replace(order, now_ns)

    def _failed(self, request: str, error: RestError) -> None:
        """Apply what a request without a good answer leaves behind."""
        path, order = self._reach.path, self.order
        self._doubted_ns = self._reach.wall_ns()
        if error.is_outcome_unknown:
            self.apply(path.unknown(order, request, str(error)))
        elif error.status:
            self.apply(path.refused(order, request, error.status, RestRefusal(error.code, error.text)))
        else:
            self.apply(path.never_sent(order, request, str(error)))
            if error.code == "connect":
                self._reach.on_unreachable(str(error))

    def _take(self, answer: RestOrderAnswer) -> None:
        for report in answer.reports:
            self.apply(report)
        if answer.owed_qty or answer.then:
            self._owed = answer, self.order.cum_qty + answer.owed_qty
            self._start("collect", self._collect)

    # Fills that an answer owes

    async def _collect(self) -> None:
        for pause_s in COLLECT_AFTER_S:
            await asyncio.sleep(pause_s)
            if self._owed is None or self._settled([]) or await self._fetched():
                return
        self._owed = None
        self._doubted_ns = self._reach.wall_ns()
        text = "the venue does not tell the fills that its answers count"
        self.apply(self._reach.path.unknown(self.order, self.order.pending, text))
        self.look(LOOK_AFTER_S)

    async def _fetched(self) -> bool:
        """Ask for the order's fills; return whether nothing is owed any more."""
        assert self._owed is not None
        try:
            listed = await self._reach.client.all(self._reach.path.fills_of(self._owed[0]))
            return self._settled(listed.complete())
        except EngineError as error:
            LOGGER.warning("ClOrdID(11) %s: its fills cannot be read: %s", self.order.cl_ord_id, error)
            return False

    def _settled(self, fills: list[Any]) -> bool:
        """Count what is owed as far as nobody else told it meanwhile; return whether that is all."""
        if self._owed is None:
            return True
        answer, cum_qty = self._owed
        owed_qty = max(cum_qty - self.order.cum_qty, 0)
        if owed_qty and not fills:
            return False
        reports = self._reach.path.trades(self.order, fills, answer._replace(owed_qty=owed_qty))
        if owed_qty and not reports:
            return False
        self._owed = None
        for report in reports:
            self.apply(report)
        return True

    # Looks

    async def _look(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if not self.order.is_done and self._owed is None:
            try:
                await self._find()
            except EngineError as error:
                LOGGER.warning("ClOrdID(11) %s cannot be looked up: %s", self.order.cl_ord_id, error)
        if self._must_cancel and self.order.order_id:
            self._must_cancel = False
            if not self._reach.loop.cancel(self.order):  # it is still the last request
                self.ask(CANCEL)

    async def _find(self) -> None:
        """Ask until when reads tell everything, then for the order; take what follows."""
        is_fresh, before = await self._is_fresh(), self._stand()
        answer = await (self._state() if self.order.order_id else self._named())
        if before != self._stand() or self.order.is_done:
            return  # something came between: whoever still wants to know asks again
        is_late = is_fresh and self._reach.wall_ns() - self._doubted_ns >= GRACE_NS
        if answer is None:
            if is_late and not self.order.cum_qty and "write" not in self._tasks:
                self.apply(self._reach.path.never_arrived(self.order))
        elif self._is_news(answer, is_fresh, is_late):
            self._take(answer)

    async def _is_fresh(self) -> bool:
        asked = self._reach.account.as_of()
        return asked is None or await self._reach.client.call(asked) >= self._doubted_ns

    def _stand(self) -> tuple[object, ...]:
        """Return what changes whenever anything is sent or heard."""
        order = self.order
        return order.cum_qty, order.order_qty, order.price, order.ord_status, order.pending_cl_ord_id, order.order_id

    async def _state(self) -> RestOrderAnswer:
        return await self._reach.client.call(self._reach.path.state_of(self.order))

    async def _named(self) -> RestOrderAnswer | None:
        """Look for an order that the venue has not named; None where it has none."""
        path, order = self._reach.path, self.order
        since_ns = self._began_ns - (MARGIN_NS if order.sent_ns else SINCE_NS)
        listed: list[VenueOrder] = (await self._reach.client.all(path.lookup(order, since_ns))).complete()
        told = [each for each in listed if path.is_same(order, each)]
        return path.found(order, told[0]) if told else None

    def _is_news(self, answer: RestOrderAnswer, is_fresh: bool, is_late: bool) -> bool:
        """Return whether a state may be believed: an end and a fill always, that nothing happened only in time."""
        if answer.is_stale or self._sending not in ("", CANCEL):  # no cancel's answer contradicts an end
            return False
        if answer.owed_qty or not answer.reports or answer.reports[0].ord_status in TERMINAL:
            return True
        if self.order.ord_status != Status.UNKNOWN or not is_fresh or "write" in self._tasks:
            return False
        told = answer.reports[0]
        is_applied = (told.price, told.order_qty) == (self.order.pending_price, self.order.pending_qty)
        return is_late or is_applied or not self.order.pending_qty
