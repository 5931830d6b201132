"""`fixlane check --connect`: each connection of a configuration tried in turn, each step said.

The engine that tries is the one that would trade, with its own state: only its strategy is another. On the way it
places one order, post-only and as far away as the market allows, and cancels it; where real money is at stake only if
that is asked for.

Errors  EngineError with the step that failed and why.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import uvloop

from engine.app.engine import Engine
from engine.app.setup.probe import Probe
from engine.config.sections import EngineConfig
from engine.config.strategies import StrategySection
from engine.errors import EngineError
from engine.fix import Status
from engine.runtime import log
from engine.session import Session
from engine.trading.controls.desk_state import DeskState

PROBE = f"{Probe.__module__}:{Probe.__qualname__}"
PATIENCE_S = 30.0
LOOK_S = 0.02
ENDED = (Status.CANCELED, Status.REJECTED, Status.EXPIRED, Status.FILLED)


class Step(NamedTuple):
    """One step: what it is called, when it is done, what then is said, and what stands in its way until then."""

    name: str
    is_done: Callable[[], object]
    said: Callable[[], str]
    obstacle: Callable[[], str]


def connect(config: EngineConfig, with_order: bool, say: Callable[[str], object] = print) -> None:
    """Try every connection; say each step as it is done."""
    config = msgspec.structs.replace(config, strategy=StrategySection(path=PROBE))
    listener = log.start("error", config.log.file)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_connect(config, with_order, say))
    finally:
        listener.stop()


async def _connect(config: EngineConfig, with_order: bool, say: Callable[[str], object]) -> None:
    engine = Engine(config, asyncio.get_running_loop())
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        for step in steps(engine):
            await _take(step, running, say)
        if with_order:
            for step in order_steps(engine):
                await _take(step, running, say)
            if engine.account is not None and engine.account.watch is not None:
                say(f"ok    account again: {await engine.account.watch.compare_now()}")
        else:
            say("--    no order was placed: --order places one, far away, and cancels it")
    finally:
        engine.stop()
        await running
    say("ok    logged out")


async def _take(step: Step, running: "asyncio.Task[None]", say: Callable[[str], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not step.is_done():
        if running.done():
            raise EngineError(f"{step.name}: the engine ended: {running.exception() or 'in order'}")
        if time.monotonic() > until:
            raise EngineError(f"{step.name}: not within {PATIENCE_S:.0f} s: {step.obstacle() or 'nobody says why'}")
        await asyncio.sleep(LOOK_S)
    say(f"ok    {step.name}: {step.said()}")


def steps(engine: Engine) -> list[Step]:
    """Return the steps up to the point where orders may leave."""
    session, trading, supervisor = engine.session, engine.trading, engine.supervisor
    found = [
        _logged_on("session", session),
        *_further(engine),
        *_listing(engine),
        Step(
            "market data",
            lambda: any(not book.is_stale for book in trading.books),
            lambda: f"{sum(not book.is_stale for book in trading.books)} of {len(trading.books)} books",
            lambda: engine.feed.last_loss or "no book has come",
        ),
    ]
    account = engine.account.watch if engine.account is not None else None
    if account is not None:
        found.append(
            Step(
                "account",
                lambda: account.last is not None,
                lambda: str(account.last),
                account.obstacle,
            )
        )
    found.append(
        Step(
            "ready",
            lambda: supervisor.state is DeskState.TRADING,
            lambda: "nothing stands in the way of orders",
            lambda: supervisor.reason,
        )
    )
    return found


def _further(engine: Engine) -> list[Step]:
    """Return a step for each session beside that of orders."""
    return [_logged_on(f"sessions.{name}", session) for name, session in engine.further.sessions.items()]


def _logged_on(name: str, session: Session) -> Step:
    return Step(
        name,
        lambda: session.is_logged_on,
        lambda: f"{session.name} logged on, {session.protection}",
        lambda: session.last_error or session.phase,
    )


def _listing(engine: Engine) -> list[Step]:
    """Return the step at which there are markets, where the venue lists them."""
    markets = engine.account.markets if engine.account is not None else None
    if markets is None:
        return []
    return [
        Step(
            "markets",
            lambda: not markets.reason,
            lambda: f"{len(engine.trading.instruments)} of this universe",
            lambda: markets.reason,
        )
    ]


def order_steps(engine: Engine) -> list[Step]:
    """Return the steps of one order's life."""
    probe = engine.trading.guard.strategy
    assert isinstance(probe, Probe)
    told = ""

    def is_placed() -> bool:
        """Place it as soon as a market takes it, and look whether it rests."""
        nonlocal told
        if probe.order is None:
            told = probe.place()
        return probe.order is not None and probe.order.ord_status == Status.NEW

    def is_withdrawn() -> bool:
        """Ask for its cancel, and look whether it is over."""
        order = probe.order
        if order is not None and order.can_cancel:
            probe.withdraw()
        return order is not None and order.ord_status in ENDED

    return [
        Step("order", is_placed, lambda: f"{told}: accepted", lambda: f"{told}: {probe.refused or 'no answer'}"),
        Step("cancel", is_withdrawn, lambda: "confirmed", lambda: probe.refused or "no answer"),
    ]
