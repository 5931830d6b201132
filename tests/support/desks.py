"""A whole desk over spies: real books, orders, risk and portfolio whose every step is recorded as a tuple."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, cast

from msgspec import structs

from engine import fix
from engine.book import ASK, BID, Book, make_book
from engine.codec import Fields
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument, PriceBand
from engine.journal.writer import NullJournal
from engine.orders.options import OrderOptions
from engine.orders.order import Change, Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.venue import EventKind, MarketEvent, Verdict
from tests.support.order_reports import traded
from tests.support.risks import NO_LIMITS

CENTS = [PriceBand(0, 10_000, 100)]
HOOKS = (
    "on_start", "on_book", "on_trade", "on_block_trade", "on_late_trade", "on_order", "on_fill", "on_reject",
    "on_market", "on_settle", "on_stale", "on_connected", "on_pause", "on_resume", "on_signal", "on_parameters",
    "on_load", "on_save", "on_timer", "on_input", "on_halt", "on_stop",
)  # fmt: skip
UNRECORDED = (
    "on_stale", "on_connected", "on_pause", "on_resume", "on_signal", "on_parameters", "on_load", "on_save",
)  # fmt: skip
STEPS = {
    "book": ("apply", "snapshot", "set_level", "mark_stale"),
    "risk": ("check_new", "check_replace", "check_cancel", "update", "set_state"),
    "orders": ("open", "request_cancel", "request_replace", "apply", "on_disconnect"),
    "portfolio": ("book", "settle", "mark_book"),
    "strategy": tuple(name for name in HOOKS if name not in UNRECORDED),
    "journal": tuple(name for name in vars(NullJournal) if name.startswith("append_")),
    "dialect": ("new_order", "new_order_with", "cancel", "replace", "mass_cancel", "order_status", "decode"),
    "market_data": ("decode", "resync"),
}


def word(value: object) -> object:
    """What an argument is called in a record."""
    if isinstance(value, Order):
        return value.cl_ord_id
    if isinstance(value, ExecutionReport):
        return value.exec_type or value.msg_type
    if isinstance(value, MarketEvent):
        return value.kind
    if isinstance(value, Change):
        return traded(value)
    return getattr(value, "symbol", None) or getattr(getattr(value, "instrument", None), "symbol", value)


class Spy:
    """Passes everything on to its target, and records the calls named in STEPS as (name.method, *arguments)."""

    def __new__(cls, name: str, target: Any, record: list[tuple[Any, ...]]) -> Self:
        """Make one of its target's module, where an error in the target is looked for."""
        return super().__new__(type(cls.__name__, (cls,), {"__module__": type(target).__module__}))

    def __init__(self, name: str, target: Any, record: list[tuple[Any, ...]]) -> None:
        vars(self).update(_name=name, _target=target, _record=record)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name not in STEPS[self._name]:
            return found

        def call(*arguments: object) -> Any:
            self._record.append((f"{self._name}.{name}", *map(word, arguments)))
            return found(*arguments)

        return call

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._target, name, value)


def spied(kind: type[Any], name: str, record: list[tuple[Any, ...]], *made_of: Any) -> Any:
    """Return a `kind` that records the calls named in STEPS: the loop calls its parts by C signature."""

    def recorded(step: str) -> Callable[..., Any]:
        plain = getattr(kind, step)

        def call(self: Any, *arguments: object) -> Any:
            record.append((f"{name}.{step}", *map(word, arguments)))
            return plain(self, *arguments)

        return call

    members = {step: recorded(step) for step in STEPS[name]}
    return type(f"Spied{kind.__name__}", (kind,), members)(*made_of)


class FakeDialect:
    """Bodies that can be read, and reports that are what the wire would have said."""

    knows_status = True

    def add(self, instruments: Iterable[Instrument]) -> None:
        for instrument in instruments:
            if not instrument.symbol.isascii():
                raise ConfigError(f"Symbol(55) {instrument.symbol!r} is not ASCII")

    def remove(self, instruments: Iterable[Instrument]) -> None:
        pass

    def new_order(self, order: Order, now_ns: int) -> bytes:
        return f"D {order.cl_ord_id}".encode()

    def new_order_with(self, order: Order, now_ns: int) -> bytes:
        return f"D {order.cl_ord_id} {order.options}".encode()

    def judge_options(self, options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
        return "no such group" if options.order_group == "NONE" else ""

    def cancel(self, order: Order, now_ns: int) -> bytes:
        return f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()

    def replace(self, order: Order, now_ns: int) -> bytes:
        return f"G {order.pending_cl_ord_id} {order.cl_ord_id}".encode()

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> bytes:
        return f"q {cl_ord_id}".encode()

    def order_status(self, order: Order, now_ns: int) -> bytes | None:
        return f"H {order.cl_ord_id}".encode() if self.knows_status else None

    def decode(self, fields: ExecutionReport | Fields) -> ExecutionReport:
        if isinstance(fields, Fields):
            raise DecodeError("OrderQty(38) is no number")
        return fields


class FakeMarketData:
    """Frames are the events themselves; bytes cannot be read."""

    def decode(self, frame: MarketEvent | bytes) -> MarketEvent:
        if isinstance(frame, bytes):
            raise DecodeError("market data unreadable")
        return frame

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        return [f"add {' '.join([instrument.symbol for instrument in instruments])}".encode()]

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        return [f"remove {' '.join([instrument.symbol for instrument in instruments])}".encode()]

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        return [f"resync {instrument.symbol}".encode() for instrument in instruments]


class Scene:
    """One desk of two markets, RAIN and SNOW, with a full book each, trading.

    `loop` is the path and `desk` what the strategy sees of it. `record` holds every step since the last `taken`, `sent`
    what left; `now_ns` is the clock, which a test sets.
    """

    closed_texts: frozenset[str] = frozenset()
    verdicts: Mapping[str, Verdict] = {}

    def __init__(
        self,
        strategy: Strategy | None = None,
        journal: NullJournal | None = None,
        *,
        fees: Any = None,
        beside: Any = None,
        is_spied: bool = True,
        **limits: Any,
    ) -> None:
        self.record: list[tuple[Any, ...]] = []
        self.sent: list[bytes] = []
        self.now_ns = 1_000
        self.timers: list[tuple[int, Callable[[], None]]] = []
        self.halts: list[str] = []
        self.reconnects: list[str] = []
        self.rain, self.snow = self.instruments = tuple(
            Instrument(name, index, CENTS) for index, name in enumerate(("RAIN", "SNOW"))
        )
        self.strategy: Any = strategy or Strategy()
        self.orders = spied(Orders, "orders", self.record, "T")
        self.portfolio = spied(Portfolio, "portfolio", self.record, self.instruments)
        allowed = structs.replace(NO_LIMITS, **limits)
        self.risk = spied(Risk, "risk", self.record, allowed, self.instruments, self.portfolio)
        self.journal = journal or spied(NullJournal, "journal", self.record)
        self.dialect: Any = FakeDialect()
        self.books = [make_book(instrument, 3) for instrument in self.instruments]
        for book in self.books:
            book.snapshot([(4_500, 100), (4_400, 200)], [(4_600, 100), (4_700, 200)])
            book.updated_ns = self.now_ns
        self.risk.heard_ns = self.now_ns
        spies: dict[str, object] = {
            "market_data": FakeMarketData(),
            "dialect": self.dialect,
            "strategy": self.strategy,
        }
        self.spies: dict[str, Any] = {name: Spy(name, target, self.record) for name, target in spies.items()}
        spied_dialect = self.spies["dialect"]
        parts = Parts(
            books=[cast(Book, Spy("book", book, self.record)) for book in self.books],
            market_data=self.spies["market_data"],
            decode_report=spied_dialect.decode,
            orders=self.orders,
            portfolio=self.portfolio,
            risk=self.risk,
            journal=self.journal,
            strategy=self.spies["strategy"] if is_spied else self.strategy,
            closed_texts=self.closed_texts,
            verdicts=self.verdicts,
            judge_options=self.dialect.judge_options,
            fees=fees,
        )
        around = Surroundings(
            gateway=SessionGateway(spied_dialect, self.send, self.refuse),
            command=lambda commands: self.record.append(("command", *commands)),
            halt=self.halt,
            clock_ns=lambda: self.now_ns,
            wall_ns=lambda: 10**18 + self.now_ns,
            call_later=lambda delay_ns, due: self.timers.append((delay_ns, due)),
            reconnect=self.reconnects.append,
            obstacle=self.obstacle,
            beside=beside,
        )
        self.loop: Any = assemble(parts, around)  # Any: frames and reports are what the fakes read, not bytes
        self.desk = self.strategy.context
        self.loop.is_connected = self.loop.is_trading = True

    def send(self, body: bytes) -> None:
        self.record.append(("send", body))
        self.sent.append(body)

    def refuse(self, fields: object) -> None:
        self.record.append(("refuse", fields))

    def halt(self, reason: str) -> None:
        """Note why trading must end; a scene with a supervisor leaves it to him."""
        self.halts.append(reason)

    def obstacle(self) -> str:
        """Say why trading is paused; a scene with a supervisor asks him."""
        return ""

    def taken(self) -> list[tuple[Any, ...]]:
        """Return what was recorded since the last call."""
        steps = self.record[:]
        self.record.clear()
        return steps

    def names(self) -> list[str]:
        return [step[0] for step in self.taken()]

    def frame(self, kind: int, is_last: bool = True, **values: Any) -> None:
        """Feed one event."""
        event = MarketEvent(kind)
        for name, value in values.items():
            setattr(event, name, value)
        self.loop.on_frame(event, is_last)

    def delta(
        self, price: int, size: int, is_last: bool = True, side: int = BID, instrument: Instrument | None = None
    ) -> None:
        self.frame(EventKind.DELTA, is_last, instrument=instrument or self.rain, side=side, price=price, size=size)

    def buy(self, price: int = 4_500, qty: int = 10, **more: Any) -> Any:
        """Return the order, or None where risk denied it: a test knows which."""
        return self.desk.buy(self.rain, price, qty, **more)

    def sell(self, price: int = 4_600, qty: int = 10, **more: Any) -> Any:
        return self.desk.sell(self.rain, price, qty, **more)

    def refresh(self, book: Book, size: int = 500) -> None:
        """A whole new snapshot of one market."""
        self.frame(EventKind.SNAPSHOT, instrument=book.instrument, bids=[(4_500, size)], asks=[(4_600, size)])


__all__ = ["ASK", "BID", "CENTS", "HOOKS", "FakeDialect", "Scene", "Spy", "fix"]
