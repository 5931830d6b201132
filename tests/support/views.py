"""A desk whose View is published, with connections and a supervisor that say what a test sets."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from engine.book import Book, make_book
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.net.settings import FeedCounts
from engine.ops.metrics.families import ViewCollector
from engine.ops.view import layout
from engine.ops.view._publish import ViewWriter
from engine.ops.view.account import AccountFacts, RestFacts, SideFacts, UniverseFacts
from engine.ops.view.further import CopiesFacts, FurtherFacts, SettlementFacts
from engine.ops.view.publisher import Publisher
from engine.ops.view.reader import MarketName, View, ViewReader
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.controls.desk_state import DeskState
from engine.trading.gateway import SessionGateway
from engine.trading.loop import TradingLoop
from tests.support.desks import FakeDialect, FakeMarketData, Scene
from tests.support.risks import NO_LIMITS


def desk(
    instruments: Sequence[Instrument],
    books: Sequence[Book] | None = None,
    portfolio: Portfolio | None = None,
    risk: Risk | None = None,
    orders: Orders | None = None,
) -> TradingLoop:
    """Return a desk of real parts over these markets; nothing reaches it."""
    portfolio = portfolio or Portfolio(instruments)
    dialect: Any = FakeDialect()
    parts = Parts(
        books=books or [make_book(instrument) for instrument in instruments],
        market_data=cast(Any, FakeMarketData()),
        decode_report=lambda fields: None,
        orders=orders or Orders("T"),
        portfolio=portfolio,
        risk=risk or Risk(NO_LIMITS, instruments, portfolio),
        journal=NullJournal(),
        strategy=Strategy(),
    )
    around = Surroundings(
        gateway=SessionGateway(dialect, lambda body: None, lambda fields: None),
        command=lambda commands: None,
        halt=lambda reason: None,
        clock_ns=lambda: 5,
        wall_ns=lambda: 9,
        call_later=lambda delay_ns, due: None,
    )
    return assemble(parts, around)


def picture(loop: TradingLoop) -> Callable[[], View]:
    """Return what takes a view of a loop alone, in memory and nowhere else."""
    places, size = layout.places(len(loop.books))
    head = dict.fromkeys(layout.HEAD.names, 0)
    head |= {name: getattr(loop.instruments[0], name) for name in ("price_decimals", "size_decimals")}
    front = layout.HEAD.struct.pack(b"", *list(head.values())[1:])
    for block in layout.BLOCKS:
        front += layout.DIRECTORY.struct.pack(block.name.encode(), places[block.name][0], block.size, 10**6, 0)
    memory = bytearray(front + bytes(size - len(front)))
    writer = ViewWriter(memory, loop, ())
    counts = {"counters": 1, "markets": len(loop.books), "listed": len(loop.books)}
    names = [MarketName(each.symbol, each.event, each.limit, each.series, each.category) for each in loop.instruments]

    def look() -> View:
        """Write and read."""
        writer.publish(1, 1)
        parts = {
            block.name: bytes(memory[at : at + counts.get(block.name, 0) * block.size])
            for block in layout.BLOCKS
            for at in places[block.name][:1]
        }
        return View(bytes(memory[: len(front)]), parts, names)

    return look


class Connections:
    """A session and a feed in one, as far as the publisher looks."""

    def __init__(self) -> None:
        self.on_logon: Callable[[], None] = lambda: None
        self.on_logout: Callable[[str], None] = lambda reason: None
        self.name, self.protection = "FIX.4.4:US->VENUE", "TLS"
        self.is_logged_on = True
        self.last_error = ""
        self.next_sender_seq_num, self.next_target_seq_num = 17, 23
        self.is_connected = True
        self.address = "wss://venue/ws"
        self.totals = FeedCounts(connects=3, losses=2, frames=1_000, bytes=9_000, resyncs=4)
        self.last_loss, self.last_loss_ns = "", 0


class RestSide:
    """A REST side whose figures are all different, as far as a view goes."""

    facts = SideFacts(
        RestFacts._make(["https://venue", 101, *range(2, 24), 1_800_000_001 * 10**9, "get_fills: HTTP 503"]),
        {"timeout": 2, "unavailable": 3},
        AccountFacts(
            1_800_000_002 * 10**9,
            31,
            32,
            33,
            34,
            35_000_000,
            -36,
            "differs",
            37,
            1_800_000_003 * 10**9,
            "HTTP 502",
            38,
            -39_000_000,
            40,
            45_000_000_000,
        ),
        UniverseFacts(41, 42, 43, 1_800_000_004 * 10**9, 44, 0, ""),
    )

    def shown(self) -> SideFacts:
        return self.facts


class FurtherSide:
    """Further sessions whose figures are all different, as far as a view goes."""

    facts = FurtherFacts(CopiesFacts._make(range(51, 62)), SettlementFacts._make(range(71, 77)))
    sessions: dict[str, Any] = {}

    def shown(self) -> FurtherFacts:
        return self.facts


class Shown:
    """One engine as far as its View goes; `look` publishes it and returns what a reader finds."""

    def __init__(self, directory: Path, scene: Scene | None = None) -> None:
        self.scene = scene or Scene()
        self.trading = self.scene.loop
        self.supervisor: Any = SimpleNamespace(state=DeskState.TRADING, reason="")
        self.session: Any = Connections()
        self.feed: Any = self.session
        self.feeds: Any = [self.feed]
        self.account: Any = None
        self.further: Any = None
        self.session_account: Any = None
        self.told: list[str] = []
        self.clock_ns: Callable[[], int] = lambda: self.scene.now_ns
        self.wall_ns = 1_800_000_000 * 10**9
        self.directory = directory
        self.publisher_home: Any = SimpleNamespace(state_dir=directory, group_id=None)
        self.publisher = Publisher(self, self.publisher_home, lambda: self.wall_ns, self.told.append)
        self.publisher.open()
        self.reader = ViewReader(directory)

    def look(self) -> View:
        """Publish, and read."""
        self.publisher._slow_ns = -(10**10)
        self.publisher.publish()
        assert self.told == []
        return self.reader.read()

    def families(self, *markets: str) -> dict[str, Metric]:
        """Publish, and return the metrics as Prometheus reads them."""
        self.look()
        return families(scraped(self.reader.read, *markets))


def scraped(read: Callable[[], View], *markets: str) -> str:
    registry = CollectorRegistry()
    registry.register(ViewCollector(read, markets))
    return generate_latest(registry).decode()


def families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    """Return {label values: value} of a family without buckets."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}
