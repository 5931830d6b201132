"""A whole engine in the test's own process, against the simulated venue in another; and a counterparty for it.

`rig` is a fixture that starts one: the loop turns only inside `until` and `turn`, so a test reads books, orders and
counters where they stand. Each rig trades under an account of its own; nobody but OTHER, the counterparty, quotes.
Whatever leaves the engine passes through `Rig.sent`; what should not have left is in `Rig.wrong`.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine import fix
from engine.app.engine import Engine
from engine.app.running import obey_signals, running_mode
from engine.app.seams import Seams
from engine.book import ASK, BID, Book
from engine.codec import Fields
from engine.config.sections import EngineConfig
from engine.exchange.blotter import EnteredOrder, Fill, read_blotter
from engine.instrument import Instrument
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.ops.control import SOCKET
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.runtime.log import LOGGER
from engine.session import Session
from engine.trading.controls.desk_state import DeskState
from engine.trading.gateway import Gateway, SessionGateway
from engine.venue import OrderDialect
from tests.support.engine.config import engine_config
from tests.support.sim.clients import FixClient, pick
from tests.support.sim.process import SESSION_FILE, SimProcess, write_config

PATIENCE_S = 10.0
ACCOUNTS = 256
SESSIONS = ("quickfix", "native")
NEW, CANCEL, REPLACE = fix.Msg.NEW_ORDER_SINGLE, fix.Msg.ORDER_CANCEL_REQUEST, fix.Msg.ORDER_CANCEL_REPLACE_REQUEST
STATUS, MASS_CANCEL = fix.Msg.ORDER_STATUS_REQUEST, fix.Msg.ORDER_MASS_CANCEL_REQUEST
DEPTH = 99


class Rig:
    """One engine under `account`, and OTHER's client; both end with `close`."""

    def __init__(self, venue: SimProcess, config: EngineConfig, account: str) -> None:
        self.venue, self.account, self.directory = venue, account, config.engine.state_dir.parent
        self.sent: list[tuple[str, str]] = []  # MsgType, ClOrdID of whatever left for the venue
        self.wrong: list[str] = []  # what of it should not have left
        self.reports = Reports()
        LOGGER_OF_ENGINE.addHandler(self.reports)
        self.loop = uvloop.new_event_loop()
        self.engine = Engine(config, self.loop, Seams(gateway=self._gateway))
        self.trading, self.supervisor, self.counters = self.engine.trading, self.engine.supervisor, self.engine.counters
        self.rain, self.snow = self.trading.instruments[:2]
        self.strategy: Any = self.trading.guard.strategy
        self.desk = self.strategy.context
        self.task: asyncio.Task[None] | None = None
        self._other: FixClient | None = None
        self._names = count(1)

    def _gateway(self, session: Session, dialect: OrderDialect) -> Gateway:
        """Return a gateway that lets every message be noted."""
        return SessionGateway(dialect, partial(self._watch, session.send), session.refuse)

    def _watch(self, send: Callable[[bytes], None], body: bytes) -> None:
        """Note a message on its way out, and whether it may leave as things stand."""
        fields = Fields(body)
        msg_type, symbol = fields.msg_type, fields.text(fix.Symbol)
        self.sent.append((msg_type, fields.text(fix.ClOrdID)))
        if msg_type in (NEW, REPLACE):
            if self.supervisor.state is not DeskState.TRADING:
                self.wrong.append(f"{fields} while {self.supervisor.state}")
            if any(book.is_stale for book in self.trading.books if book.instrument.symbol == symbol):
                self.wrong.append(f"{fields} with a stale book")
        send(body)

    # Time

    def start(self) -> None:
        """Begin to run, without waiting for anything."""
        obey_signals(self.engine, self.loop)
        self.task = self.loop.create_task(self._run())

    async def _run(self) -> None:
        with running_mode(self.engine.config, self.loop, self.engine):
            await self.engine.run()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Let the engine run until `condition` answers something true, and return that."""

        async def wait() -> Any:
            end = self.loop.time() + PATIENCE_S
            while not (found := condition()):
                assert self.loop.time() < end, f"{what}: not within {PATIENCE_S} s; {self.engine.status()}"
                await asyncio.sleep(0.002)
            return found

        return self.loop.run_until_complete(wait())

    def turn(self, seconds: float) -> None:
        """Let the engine run for so long."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def until_ended(self) -> None:
        assert self.task is not None
        self.loop.run_until_complete(self.task)

    def until_trading(self) -> None:
        self.until(lambda: self.supervisor.state is DeskState.TRADING, "trading")

    def until_status(self, order: Order, ord_status: str) -> None:
        self.until(lambda: order.ord_status == ord_status, f"OrdStatus(39) {ord_status} of {order}")

    # The two sides

    def rest(self, side: int, price: int, qty: int, instrument: Instrument | None = None) -> Order:
        """Enter an order of ours and wait until it is acknowledged."""
        self.until_trading()  # a machine that stood still may just have lost its market data
        enter = self.desk.buy if side == fix.BUY else self.desk.sell
        order = enter(instrument or self.rain, price, qty)
        assert order is not None, self.strategy.seen
        self.until_status(order, fix.Status.NEW)
        return order

    @property
    def other(self) -> FixClient:
        if self._other is None:
            self._other = self.venue.logged_on("OTHER")
        return self._other

    def other_enters(self, side: str, qty: str, price: str, symbol: str = "RAIN") -> str:
        """Let OTHER enter an order, and return its ClOrdID once the venue has it."""
        name = f"{self.account}-{next(self._names)}"
        self.other.order(name, side, qty, price, symbol=symbol)
        while pick(self.other.receive(), 11, 150) != (name, "0"):
            pass
        return name

    def ask(self, action: str, reason: str = "test") -> dict[str, Any]:
        """Ask the engine through its control socket."""

        async def talk() -> bytes:
            reader, writer = await asyncio.open_unix_connection(str(self.directory / "engine" / SOCKET))
            writer.write(json.dumps({"action": action, "reason": reason}).encode() + b"\n")
            answer = await reader.readline()
            writer.close()
            return answer

        answer: dict[str, Any] = json.loads(self.loop.run_until_complete(talk()))
        return answer

    def hear(self, text: str) -> None:
        """Let the engine take a message that the venue never sent; `|` stands for SOH."""
        self.trading.on_report(Fields(text.replace("|", "\x01").encode()))

    def types_sent(self) -> list[str]:
        return [msg_type for msg_type, _ in self.sent]

    # How it must end

    def venue_orders(self) -> set[tuple[Any, ...]]:
        names = ("cl_ord_id", "symbol", "side", "price", "cum_qty", "leaves_qty")
        orders = self.venue("orders", account=self.account)["orders"]
        return {tuple(order[name] for name in names) for order in orders}

    def our_orders(self) -> set[tuple[Any, ...]]:
        return {
            (order.cl_ord_id, order.instrument.symbol, order.side, order.price, order.cum_qty, order.leaves_qty)
            for order in self.trading.orders.live()
        }

    def has_venue_books(self) -> bool:
        return all(map(self.is_venue_book, self.trading.books))

    def is_venue_book(self, book: Book) -> bool:
        """Whether a book is fresh and the venue's, level by level."""
        levels = self.venue("book", symbol=book.instrument.symbol)
        ours = {name: list(map(list, book.depth(side, DEPTH))) for side, name in ((BID, "bids"), (ASK, "asks"))}
        return not book.is_stale and ours == levels

    def assert_agrees(self) -> None:
        """Books, orders, fills, positions and cash are the venue's, by our record and by our journal's."""
        for book in self.trading.books:
            self.until(partial(self.is_venue_book, book), f"the venue's book of {book.instrument.symbol}")
        self.until(lambda: self.our_orders() == self.venue_orders(), "the venue's orders")
        entries = [e for e in read_blotter(self.venue.path / "state" / "blotter.jsonl") if e.account == self.account]
        entered = [entry.cl_ord_id for entry in entries if isinstance(entry, EnteredOrder)]
        fills = {e.exec_id: (e.symbol, e.side, e.qty, e.price, e.fee) for e in entries if isinstance(e, Fill)}
        asked = [cl_ord_id for msg_type, cl_ord_id in self.sent if msg_type == NEW]
        assert [cl_ord_id for cl_ord_id in asked if cl_ord_id in entered] == entered
        assert self.counters.fills == len(fills)
        summary = self.venue("summary", account=self.account)
        again, replayed = Orders("again"), Portfolio(self.trading.instruments)
        recover(journal_paths(self.directory / "journal"), self.trading.instruments, again, replayed)
        for orders, held in ((self.trading.orders, self.engine.portfolio), (again, replayed)):
            assert fills_of(orders) == fills
            assert {p.instrument.symbol: p.net for p in held if p.net} == {
                symbol: net for symbol, net in summary["positions"].items() if net
            }
            assert held.cash - held.fees == sum(p.cash - p.fees for p in held) == summary["cash"]
        assert [repr(order) for order in again.live()] == [repr(order) for order in self.trading.orders.live()]
        assert self.wrong == []

    def close(self) -> None:
        """End the engine as a person would; once is enough."""
        if self.loop.is_closed():
            return
        if self.task is not None:
            self.engine.stop()
            self.loop.run_until_complete(self.task)
        with contextlib.suppress(Exception):
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        LOGGER_OF_ENGINE.removeHandler(self.reports)


class Reports(logging.Handler):
    """What the engine told people, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def has(self, beginning: str) -> bool:
        return any(line.startswith(beginning) for line in self.lines)


LOGGER_OF_ENGINE = logging.getLogger(LOGGER)
Start = Callable[..., Rig]


def fills_of(orders: Orders) -> dict[str, tuple[str, int, int, int, int]]:
    """Return every fill that counts, by ExecID(17)."""
    return {
        exec_id: (order.instrument.symbol, order.side, *fill)
        for order in {order for _, order in orders.ids.items()}
        for exec_id, fill in order.executions.items()
        if fill is not None
    }


@pytest.fixture(scope="session")
def faulty_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimProcess, Iterator[str]]]:
    path = tmp_path_factory.mktemp("faulty")
    write_config(path, "[feed]\nping_seconds = 0.1")
    accounts = [f"ENGINE{number}" for number in range(ACCOUNTS)]
    sessions = "".join(f"[SESSION]\nTargetCompID={account}\n" for account in accounts)
    (path / "acceptor.cfg").write_text(SESSION_FILE + sessions)
    venue = SimProcess(path)
    yield venue, iter(accounts)
    venue.kill()


@pytest.fixture(params=SESSIONS)
def rig(
    faulty_venue: tuple[SimProcess, Iterator[str]], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Start]:
    """Start an engine that trades, on either session; the arguments are what limits and session file say otherwise."""
    venue, accounts = faulty_venue
    running: list[Rig] = []

    def start(limits: dict[str, int] | None = None, feed: dict[str, int] | None = None, **keys: object) -> Rig:
        account = next(accounts)
        config = engine_config(venue, tmp_path, account, limits, keys, session=request.param, feed=feed)
        running.append(Rig(venue, config, account))
        running[-1].start()
        running[-1].until_trading()
        return running[-1]

    yield start
    venue("clear")
    for each in running:
        each.close()
    venue.reset()
