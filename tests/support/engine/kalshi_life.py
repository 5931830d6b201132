"""The engine in the test's own process, at a simulated Kalshi where nobody trades but a test.

The loop turns only inside `do`, `until` and what calls them. The strategy does what a test tells it; another member
takes from our orders where a test wants them filled. Markets stay open for years.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from msgspec import structs

from engine import fix
from engine.app.demo import kalshi
from engine.app.engine import Engine
from engine.app.rest_client import make_client
from engine.cli import main
from engine.config.credentials import Credentials
from engine.config.sections import EngineConfig
from engine.instrument import Instrument
from engine.net.rest.client import RestClient
from engine.ops.control import OperatorRequest
from engine.ops.status.facts import facts
from engine.ops.status.page import page
from engine.ops.view.reader import ViewReader
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.runtime.notices import NoticeKind
from engine.runtime.person import this_process
from engine.sim.child import SimChild
from engine.sim.kalshi.config import KalshiSimConfig, MemberConfig
from engine.trading.reconcile.rules import ReconcileSection
from engine.units import NO_LIMIT
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from tests.support.engine.config import SCRIPTED, UNLIMITED
from tests.support.views import families, samples, scraped

PATIENCE_S = 20.0
YEARS_S = 10**9
NEVER_NS = 3_600_000_000_000
OTHER = "other"
KEY_OF_OTHER = "KALSHI_OTHER_KEY_ID"
LOOSE = (
    "max_position", "max_event_position", "max_gross_position", "max_open_orders", "max_open_cost", "max_market_loss",
    "max_event_loss", "max_daily_loss", "max_drawdown",
)  # fmt: skip
MANY = 10**6  # requests, for a fault that lasts until it is cleared
T = TypeVar("T")


def quiet_venue(directory: Path) -> KalshiSimConfig:
    """Return a venue where nobody trades by itself."""
    config = kalshi.venue_config(directory)
    series = tuple(structs.replace(each, period_s=YEARS_S) for each in config.series)
    other = MemberConfig(name=OTHER, deposits={0: "10000", 2: "10000"})
    return structs.replace(config, series=series, liquidity=None, members=(*config.members, other))


def quiet_engine(directory: Path, venue: SimChild, session: str, **rules: Any) -> EngineConfig:
    """Return an engine that compares its account when it is asked to, and by these rules."""
    config = kalshi.engine_config(directory, venue, argparse.Namespace(session=session, mode=None))
    assert config.rest is not None
    return structs.replace(
        config,
        strategy=SCRIPTED,
        risk=structs.replace(config.risk, **UNLIMITED, **dict.fromkeys(LOOSE, NO_LIMIT)),
        feed=structs.replace(config.feed, channels=()),
        rest=structs.replace(config.rest, compare_every_ns=NEVER_NS),
        reconcile=ReconcileSection(**{"every_ns": NEVER_NS, **rules}),
    )


class KalshiLife:
    """One venue and one engine, from `start` to `close`; `begin` prepares the venue before the engine comes."""

    def __init__(self, directory: Path, session: str, **rules: Any) -> None:
        self.directory = directory
        self.venue = SimChild(quiet_venue(directory), directory)
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.config = quiet_engine(directory, self.venue, session, **rules)
        self._names = iter(range(1, 10**6))
        self._task: asyncio.Task[None] | None = None
        self._other: RestClient | None = None

    # Time

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        async def wait() -> Any:
            end = time.monotonic() + PATIENCE_S
            while not (found := condition()):
                assert time.monotonic() < end, f"not {what}: {self.supervisor.state.value}, {self.supervisor.reason}"
                await asyncio.sleep(0.01)
            return found

        return self.do(wait())

    def start(self) -> "KalshiLife":
        async def begin() -> None:
            self.engine = Engine(self.config, asyncio.get_running_loop())
            self._task = asyncio.get_running_loop().create_task(self.engine.run())

        self.do(begin())
        return self

    def trading(self) -> "KalshiLife":
        """Wait until the first comparison is over and every market takes orders."""
        self.until(lambda: self.supervisor.state.value == "trading" and self.markets_open(), "trading")
        self.market = min(self.trading_loop.instruments, key=lambda each: each.symbol)
        return self

    def stop(self) -> None:
        """End the engine in order."""

        async def end() -> None:
            self.engine.stop()
            assert self._task is not None
            await self._task

        if self._task is not None:
            self.do(end())
            self._task = None

    def close(self) -> None:
        try:
            self.stop()
            if self._other is not None:
                self.do(self._other.close())
        finally:
            self.runner.close()
            self.venue.close()

    # Its parts

    @property
    def supervisor(self) -> Any:
        return self.engine.supervisor

    @property
    def trading_loop(self) -> Any:
        return self.engine.trading

    @property
    def watch(self) -> Any:
        assert self.engine.account is not None
        return self.engine.account.watch

    @property
    def desk(self) -> Any:
        return self.trading_loop.guard.strategy.context

    def markets_open(self) -> bool:
        instruments = self.trading_loop.instruments
        return bool(instruments) and not any(map(self.stopped_by, instruments))

    def stopped_by(self, market: Instrument) -> Any:
        return self.trading_loop.markets.causes(market)

    def losses(self) -> int:
        """Return how often the session was lost."""
        told = self.trading_loop.notices.all()
        return sum(each.count for each in told if each.kind == NoticeKind.SESSION_LOST)

    # What happens

    def rest(self, price: int = 3_000, qty: int = 500) -> Order:
        """Enter an order that nobody takes, and wait until the venue has it."""
        order: Order | None = self.desk.buy(self.market, price, qty)
        assert order is not None, self.trading_loop.guard.strategy.seen
        self.until(lambda: order.order_id, "acknowledged")
        return order

    def filled(self, qty: int = 300, price: int = 3_500) -> Order:
        """Have an order of ours filled for so much, and wait until that is told."""
        order, before = self.rest(price, qty), self.engine.counters.fills
        self.sell_into(price, qty)
        self.until(lambda: self.engine.counters.fills > before, "filled")
        return order

    def sell_into(self, price: int, qty: int) -> None:
        """Let the other member sell to our best order."""
        self.do(self._enter(self._client_of_other(), fix.SELL, price, qty, fix.Tif.IOC))

    def beside(self, side: int, price: int, qty: int, tif: str = fix.Tif.GTC) -> None:
        """Enter an order under our own key, past the engine."""
        assert self.engine.account is not None
        self.do(self._enter(self.engine.account.client, side, price, qty, tif))

    def cancel_beside(self, order: Order) -> None:
        """Cancel an order of ours under our own key, past the engine."""
        assert self.engine.account is not None
        self.do(self.engine.account.client.call(KalshiRestOrders({self.market.symbol: 2}).cancel(order, 0)))

    def cancel_strangers(self) -> None:
        """Cancel every order of our account that is none of ours, past the engine."""

        async def cancel() -> None:
            client = self.engine.account.client  # type: ignore[union-attr]
            for told in (await client.all(KalshiAccount().open_orders())).complete():
                if told.cl_ord_id.startswith("beside"):
                    await client.call(KalshiRestOrders({self.market.symbol: 2}).cancel_told(told))

        self.do(cancel())

    async def _enter(self, client: RestClient, side: int, price: int, qty: int, tif: str) -> None:
        now_ns, name = time.time_ns(), f"beside-{next(self._names)}"
        orders = Orders(name, lambda *fill: 0)
        order = orders.open(self.market, side, price, qty, fix.Type.LIMIT, tif, False, 0, now_ns)
        await client.call(KalshiRestOrders({self.market.symbol: 2}).new_order(order, now_ns))

    def _client_of_other(self) -> RestClient:
        if self._other is None:
            key = self.venue.ready["keys"][OTHER][0]
            os.environ[KEY_OF_OTHER] = key["key_id"]
            credentials = Credentials(key_id_env=KEY_OF_OTHER, private_key_file=Path(key["file"]))
            assert self.config.rest is not None
            section = structs.replace(self.config.rest, credentials=credentials)
            self._other = make_client(section, time.time_ns, time.monotonic_ns, None, lambda text: None)

            async def open_it(client: RestClient) -> None:
                client.open()

            self.do(open_it(self._other))
        return self._other

    def lie(self, kind: str, operation: str, where: dict[str, Any] | None = None, **change: Any) -> None:
        """Let an operation of REST tell what is not so until `truth`."""
        arguments = {"operation": operation, "where": where or {}, "change": change, "count": MANY}
        self.venue.ask("rest_fault", kind=kind, **arguments)

    def truth(self) -> None:
        self.venue.ask("rest_clear")

    # What is said of it

    def reconcile(self, **arguments: object) -> tuple[bool, str]:
        """Ask for a comparison as `fixlane reconcile` does; return whether all is well, and what was said."""

        async def ask() -> tuple[bool, str]:
            request = OperatorRequest("reconcile", "test", arguments, this_process())
            begun = self.engine.actions["reconcile"](request)
            while True:
                answer = self.engine.actions["errand"](OperatorRequest("errand", "", dict(begun or {}), this_process()))
                assert answer is not None
                if answer["is_done"]:
                    lines: Any = answer["lines"]
                    return bool(answer["is_good"]), "\n".join(lines)
                await asyncio.sleep(0.01)

        return self.do(ask())

    def differing(self, rule: str, **arguments: object) -> str:
        """Compare until a difference of this rule is found, and return what is said."""
        for _ in range(6):
            _, text = self.reconcile(**arguments)
            if rule in text:
                return text
        raise AssertionError(f"no {rule}: {text}")

    def clean(self) -> None:
        """Compare until both sides agree and every market is open."""
        end = time.monotonic() + PATIENCE_S
        while not (self.reconcile()[0] and self.markets_open()):
            assert time.monotonic() < end, self.watch.last
            self.do(asyncio.sleep(0.05))

    def steps(self, capsys: Any) -> list[dict[str, Any]]:
        """Return what `fixlane journal --kind reconcile` prints."""
        capsys.readouterr()
        directory = self.config.journal.directory
        assert main(["journal", str(directory), "--kind", "reconcile", "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def metric(self, name: str, *labels: str) -> float:
        """Return a metric as Prometheus would read it."""
        read = ViewReader(self.config.engine.state_dir).read
        return samples(families(scraped(read))[name])[labels]

    def page(self) -> str:
        """Return what `fixlane status` prints."""
        return "\n".join(page(facts(ViewReader(self.config.engine.state_dir).read())))

    def assert_agrees(self) -> None:
        """Both ledgers are equal to the unit: orders, fills, positions, cash, fees."""
        venue = self.venue.ask("account", account=kalshi.MEMBER)
        venue["deposit"] = sum(kalshi.deposits().values())
        resting = venue.pop("resting")
        live = [order for order in self.trading_loop.orders.live() if order.leaves_qty]
        assert len(live) == resting
        assert kalshi.compare({**kalshi.results(self.engine, 0.0), "venue": venue | {"resting": 0}}) == []
