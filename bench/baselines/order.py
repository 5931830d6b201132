"""The usual way to use quickfix from Python, as a baseline: its own thread, a typed message for every order.

The strategy runs on a uvloop loop; QuickFIX's thread hands reports over with `call_soon_threadsafe`.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

import quickfix as fix
import quickfix44 as fix44

from bench.subjects.frames import SYMBOL
from bench.subjects.sampler import Sampler
from bench.subjects.strategies import price_of
from bench.venue import session_file

Report = tuple[str, int, str]  # ClOrdID(11), price in 0.0001, ExecType(150)


class ThreadedApplication(fix.Application):
    """Passes reports to the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_report: Callable[[Report], None]) -> None:
        super().__init__()
        self._loop = loop
        self._on_report = on_report
        self.session_id: fix.SessionID | None = None
        self.logged_on = asyncio.Event()

    def onCreate(self, session_id: fix.SessionID) -> None:
        self.session_id = fix.SessionID(
            session_id.getBeginString().getString(),
            session_id.getSenderCompID().getString(),
            session_id.getTargetCompID().getString(),
        )

    def onLogon(self, session_id: fix.SessionID) -> None:
        self._loop.call_soon_threadsafe(self.logged_on.set)

    def onLogout(self, session_id: fix.SessionID) -> None:
        pass

    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass

    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass

    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass

    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        cl_ord_id, price, exec_type = fix.ClOrdID(), fix.Price(), fix.ExecType()
        message.getField(cl_ord_id)
        message.getField(price)
        message.getField(exec_type)
        report = (cl_ord_id.getValue(), round(price.getValue() * 10_000), exec_type.getValue())
        self._loop.call_soon_threadsafe(self._on_report, report)


class ThreadedSession:
    """One QuickFIX initiator on a thread of its own."""

    def __init__(self, state: Path, port: int, on_report: Callable[[Report], None]) -> None:
        path = session_file.write(state, port)
        path.write_text(path.read_text().replace("FIX44.xml", f"{sys.prefix}/share/quickfix/FIX44.xml"))
        self._settings = fix.SessionSettings(str(path))
        self.application = ThreadedApplication(asyncio.get_running_loop(), on_report)
        self._store = fix.FileStoreFactory(self._settings)
        self._initiator = fix.SocketInitiator(self.application, self._store, self._settings)

    async def start(self) -> None:
        self._initiator.start()
        await asyncio.wait_for(self.application.logged_on.wait(), 10)

    def send_order(self, cl_ord_id: str, symbol: str, side: str, qty: float, price: float) -> None:
        order = fix44.NewOrderSingle()
        order.setField(fix.ClOrdID(cl_ord_id))
        order.setField(fix.Symbol(symbol))
        order.setField(fix.Side(side))
        order.setField(fix.TransactTime())
        order.setField(fix.OrdType(fix.OrdType_LIMIT))
        order.setField(fix.OrderQty(qty))
        order.setField(fix.Price(price))
        order.setField(fix.TimeInForce(fix.TimeInForce_IMMEDIATE_OR_CANCEL))
        fix.Session.sendToTarget(order, self.application.session_id)

    def stop(self) -> None:
        self._initiator.stop(True)
        fix.SocketInitiator.__swig_destroy__(self._initiator)  # while what it calls still stands


class BaselineOrder:
    """Sends orders when its sampler says so, and tells it when each one's report is handled."""

    def __init__(self, state: Path, port: int) -> None:
        self.sampler = Sampler(self._send)
        self.session = ThreadedSession(state, port, self._on_report)
        self._waiting: deque[tuple[str, int]] = deque()

    def _send(self, number: int) -> None:
        cl_ord_id, price = f"base{number}", price_of(number)
        self._waiting.append((cl_ord_id, price))
        side = fix.Side_SELL if number & 1 else fix.Side_BUY
        self.session.send_order(cl_ord_id, SYMBOL, side, 1.0, price / 10_000)

    def _on_report(self, report: Report) -> None:
        now_ns = perf_counter_ns()
        if not self._waiting or report[:2] != self._waiting[0]:
            self.sampler.fail(f"no answer to the oldest order: {report}")
            return
        self._waiting.popleft()
        self.sampler.answered(now_ns)
