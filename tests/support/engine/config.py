"""The demo's configuration, bent to a venue of the tests; and a strategy that only does what a test tells it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.app.demo.configs import make_key
from engine.book import Book
from engine.config.engine import load
from engine.config.markets import load_instruments
from engine.config.sections import EngineConfig
from engine.config.shipped import config_path
from engine.config.strategies import StrategySection
from engine.orders.order import Order
from engine.strategy import Strategy
from engine.units import NO_LIMIT
from tests.support.sim.process import SimProcess

UNLIMITED = {"max_book_age_ns": NO_LIMIT, "collar_opposite": NO_LIMIT, "collar_own": NO_LIMIT}
SCRIPTED = StrategySection(path="tests.support.engine.config:Scripted")
SESSION_FILE = """
[DEFAULT]
ConnectionType=initiator
SocketConnectHost=127.0.0.1
SocketNodelay=Y
ReconnectInterval=1
LogonTimeout=2
LogoutTimeout=1
NonStopSession=Y
DataDictionary=FIX44.xml
"""
Reaction = Callable[..., object]


def engine_config(
    venue: SimProcess,
    directory: Path,
    account: str,
    limits: dict[str, int] | None = None,
    keys: dict[str, object] | None = None,
    strategy: StrategySection | None = SCRIPTED,
    mode: str = "event",
    session: str = "quickfix",
    feed: dict[str, int] | None = None,
) -> EngineConfig:
    """Return the configuration of an engine that trades the venue's markets.

    `keys` are what the session file says otherwise, `feed` what that table does, `session` the kind of session;
    `strategy` None is the demo's.
    """
    config = load(config_path("engine.toml"))
    fixed = {"FileStorePath": directory / "store", "SocketConnectPort": venue.fix_port, "HeartBtInt": 30}
    lines = [f"{key}={value}" for key, value in (fixed | (keys or {})).items()]
    lines += ["[SESSION]", "BeginString=FIX.4.4", f"SenderCompID={account}", "TargetCompID=VENUE", ""]
    session_file = directory / "initiator.cfg"
    session_file.write_text(SESSION_FILE + "\n".join(lines))
    return replace(
        config,
        engine=replace(config.engine, mode=mode, session=session, state_dir=directory / "engine"),
        instruments=tuple(load_instruments(venue.path / "markets.toml")),
        session=replace(config.session, settings=session_file),
        feed=replace(
            config.feed,
            url=f"ws://127.0.0.1:{venue.feed_port}/trade-api/ws/v2",
            credentials=make_key(directory),
            **({"heartbeat_timeout_ns": 600_000_000, "backoff_min_ns": 50_000_000} | (feed or {})),
        ),
        risk=replace(config.risk, **(UNLIMITED | (limits or {}))),
        strategy=strategy or config.strategy,
        journal=replace(config.journal, directory=directory / "journal"),
    )


class Scripted(Strategy):
    """Writes down each hook but `on_book`; `react` says what else a hook does."""

    def __init__(self, parameters: object = None) -> None:
        super().__init__(parameters)
        self.seen: list[tuple[Any, ...]] = []
        self.react: dict[str, Reaction] = {}

    def on_book(self, book: Book) -> None:
        self._do("on_book", book)

    def on_start(self) -> None:
        self._note("on_start")

    def on_order(self, order: Order) -> None:
        self._note("on_order", order.ord_status, arguments=(order,))

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        self._note("on_fill", price, qty)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self._note("on_reject", reason, text)

    def on_timer(self, key: object) -> None:
        self._note("on_timer", key)

    def on_halt(self, reason: str) -> None:
        self._note("on_halt", reason)

    def on_stop(self) -> None:
        self._note("on_stop")

    def _note(self, hook: str, *words: object, arguments: tuple[object, ...] | None = None) -> None:
        self.seen.append((hook, *words))
        self._do(hook, *(words if arguments is None else arguments))

    def _do(self, hook: str, *arguments: object) -> None:
        if reaction := self.react.get(hook):
            reaction(*arguments)
