"""Where requests go that are carried over REST: a line of its own for each order, and a sweep of the whole account.

Units   times in ns since 1970.
Errors  SessionError before it is opened; afterwards what fails is told, and its order is in doubt.
Bounds  a line for each order that is alive.
Thread  the loop thread only.
"""

import asyncio
from typing import Any

from engine.app.account.order_line import CANCEL, NEW, REPLACE, OrderLine, OrderReach
from engine.codec import Fields
from engine.errors import EngineError, SessionError
from engine.net.rest.errors import RestError
from engine.orders.order import Order
from engine.runtime.notices import NoticeKind
from engine.trading.gateway import Gateway
from engine.venue.account import VenueOrder

GONE = 404
RETRY_S = 1.0  # after a sweep that failed
NOT_OPEN = "orders cannot leave over REST yet: the engine is starting"


class RestGateway(Gateway):
    """Requests over REST from `open` to `close`."""

    def __init__(self) -> None:
        self._reach: OrderReach | None = None
        self._lines: dict[Order, OrderLine] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self._sweep_failed = ""
        self.draining = ""  # why trading waits until what is under way here has ended

    def open(self, reach: OrderReach) -> None:
        """Take requests from now on."""
        self._reach = reach

    def close(self) -> None:
        """Give up whatever is under way."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for line in list(self._lines.values()):
            line.cancel_tasks()

    # What a gateway does

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return a new order for `pass_on`; SessionError before it is opened."""
        self._opened()
        return order, NEW

    def replace(self, order: Order, now_ns: int) -> object:
        """Return a request to the pending price and quantity; SessionError before it is opened."""
        self._opened()
        return order, REPLACE

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return a cancel, which leaves behind nothing but the answer that names the order."""
        return order, CANCEL

    def pass_on(self, request: Any) -> None:
        """Send a request on the line of its order."""
        order, kind = request
        self.line(order).ask(kind)

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Cancel whatever rests, known to us or not, and try until that is done."""
        reach = self._opened()
        if self._sweeping is None or self._sweeping.done():
            self._sweep_failed = "they are being cancelled"
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep(reach))

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Ask what became of an order."""
        self.line(order).look()
        return True

    def refuse(self, fields: Fields) -> None:
        """Answer nothing: no message comes over REST."""

    # What else is asked of it

    def line(self, order: Order) -> OrderLine:
        """Return the line of an order."""
        line = self._lines.get(order)
        if line is None:
            line = self._lines[order] = OrderLine(order, self._opened(), self._leave)
        return line

    @property
    def is_settled(self) -> bool:
        """Return whether what the venue tells of the account now can be held against what we know."""
        return not any(line.is_settling for line in self._lines.values())

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""
        swept = f"orders of an earlier run may be alive: {self._sweep_failed}" if self._sweep_failed else ""
        return swept or self.draining

    def _opened(self) -> OrderReach:
        if self._reach is None:
            raise SessionError(NOT_OPEN)
        return self._reach

    def _leave(self, line: OrderLine) -> None:
        if line.is_over:
            self._lines.pop(line.order, None)

    # The sweep

    async def _sweep(self, reach: OrderReach) -> None:
        while True:
            try:
                await self._sweep_once(reach)
            except EngineError as error:
                self._sweep_failed = str(error)
                reach.loop.notices.tell(NoticeKind.REST_TROUBLE, f"not every order could be cancelled: {error}")
                await asyncio.sleep(RETRY_S)
            else:
                self._sweep_failed = ""
                return

    async def _sweep_once(self, reach: OrderReach) -> None:
        """Cancel what rests now, order by order: the venue's own mass cancel may catch those of the minute after."""
        try:
            resting: list[VenueOrder] = (await reach.client.all(reach.account.open_orders())).complete()
        except EngineError:
            await reach.client.call(reach.path.mass_cancel())
            raise
        outcomes = await asyncio.gather(*(self._cancel(reach, each) for each in resting), return_exceptions=True)
        for order in reach.loop.orders.live():
            self.line(order).look()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _cancel(self, reach: OrderReach, told: VenueOrder) -> Any:
        """Cancel one order that rests; one that is gone is as good."""
        try:
            await reach.client.call(reach.path.cancel_told(told))
        except RestError as error:
            if error.status != GONE:
                raise
