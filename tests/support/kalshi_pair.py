"""The engine at the simulated Kalshi, both as the demo runs them, with something done to either in between."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from msgspec import structs

from engine.app.demo import kalshi
from engine.app.engine import Engine
from engine.config.keeping import AuditSection
from engine.config.sections import EngineConfig
from engine.runtime.notices import NoticeKind
from engine.sim.child import SimChild
from engine.sim.rest.faults import RestFault

Act = Callable[["Pair"], Awaitable[None]]
PATIENCE_S = 40.0


class Pair:
    """A venue in a process of its own, and an engine in this one."""

    def __init__(self, engine: Engine, venue: SimChild) -> None:
        self.engine = engine
        self.venue = venue

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; name it where it does not come."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            supervisor = self.engine.supervisor
            raise AssertionError(f"not {what}: {supervisor.state.value}, {supervisor.reason}") from None

    async def lose_session(self, command: str, **arguments: object) -> None:
        """Have the venue end the FIX session, and wait until that has been heard, however soon it is up again."""
        before = self._losses()
        self.venue.ask(command, **arguments)
        await self.until(lambda: self._losses() > before, "logged out")

    def _losses(self) -> int:
        told = self.engine.trading.notices.all()
        return sum(notice.count for notice in told if notice.kind == NoticeKind.SESSION_LOST)

    async def trading(self) -> None:
        """Wait until orders rest, in books that move."""
        state = self.engine.supervisor.state
        await self.until(lambda: self.engine.trading.is_trading, f"trading ({state.value})")
        orders = self.engine.trading.orders
        await self.until(lambda: any(order.order_id for order in orders.live()), "orders at rest")

    async def compared(self) -> None:
        """Wait for a comparison of the account that begins after now and finds nothing in the way."""
        assert self.engine.account is not None and self.engine.account.watch is not None
        watch, before = self.engine.account.watch, self.engine.account.watch.last_ns
        watch.logged_on()
        await self.until(lambda: watch.last_ns != before and watch.last and watch.last.is_clean, "compared and clean")


def trade(
    directory: Path,
    act: Act,
    session: str = "native",
    *,
    over_rest: bool = False,
    change: Callable[[EngineConfig], EngineConfig] = lambda config: config,
    faults: tuple[RestFault, ...] = (),
    lag_ms: int = 0,
    feed: str = "websocket",
    connections: int = 1,
    audit: Path | None = None,
    tier: str = "",
) -> tuple[dict[str, Any], Engine]:
    """Trade until `act` is done, then end in order; return both sides' results, the venue's under "venue".

    `faults` are those of its REST server, whose reads are `lag_ms` behind. `feed` is what market data
    come over, on so many `connections`; the audit log lies in `audit`. `tier` is that of
    every member.
    """
    arguments = argparse.Namespace(session=session, mode=None)
    venue_config = kalshi.venue_config(directory)
    if tier:
        members = tuple(structs.replace(member, tier=tier) for member in venue_config.members)
        venue_config = structs.replace(venue_config, members=members)
    rest = structs.replace(venue_config.rest, faults=faults, lag_ms=lag_ms)
    with SimChild(structs.replace(venue_config, rest=rest), directory) as venue:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            config = kalshi.engine_config(directory, venue, arguments, feed)
            config = structs.replace(config, feed=structs.replace(config.feed, connections=connections))
            if audit is not None:
                config = structs.replace(config, audit=AuditSection(file=audit))
            if over_rest:
                config = sending_over_rest(config)
            result, engine = runner.run(_trade(change(config), venue, act))
        result["venue"] = venue.ask("account", account=kalshi.MEMBER)
    result["venue"]["deposit"] = sum(kalshi.deposits().values())
    return result, engine


def sending_over_rest(config: EngineConfig) -> EngineConfig:
    """Return a configuration whose orders go over REST."""
    assert config.rest is not None
    return structs.replace(config, rest=structs.replace(config.rest, orders="always"))


async def _trade(config: Any, venue: SimChild, act: Act) -> tuple[dict[str, Any], Engine]:
    engine = Engine(config, asyncio.get_running_loop())
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        await act(Pair(engine, venue))
        venue.ask("freeze")
        await asyncio.sleep(kalshi.LAST_WORDS_S)
    finally:
        engine.stop()
        await running
    return kalshi.results(engine, 0.0), engine
