"""`fixlane demo --steps N`: venue and engine in one process, moved in steps, so that every run trades the same.

What differs from one demo to the next is when things happen. Here the clock is our own. In each step the house acts
once or twice, each frame that this causes is handed to the engine by itself, and before the next one the FIX session
has carried whatever either side had to say. Orders and fills then follow from the seed, whichever session carries them.

Units   as in the demo; times in ns of the stepped clock.
Errors  EngineError when the session stays silent, or the venue fails.
Thread  the loop thread only; the FIX connection is a real one, its heartbeats keep real time.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine import fix
from engine.app.engine import Engine
from engine.backtest.clock import START_NS, MovedClock
from engine.codec import Fields
from engine.config.engine import EngineConfig
from engine.errors import EngineError
from engine.exchange.blotter import Summary
from engine.sim.config import SimConfig
from engine.sim.venue import Venue
from engine.trading.supervisor import TICK_NS

STEP_NS = 4_000_000
PATIENCE_S = 10.0

# Fields of a message that say which run and which session it belongs to, not what it is about.
OF_THE_RUN = frozenset({
    fix.BeginString, fix.BodyLength, fix.MsgSeqNum, fix.SenderCompID, fix.TargetCompID, fix.SendingTime, fix.CheckSum,
    fix.ClOrdID, fix.OrigClOrdID,
})  # fmt: skip


class Run(NamedTuple):
    """What happened: `conversation` holds every application message, `>` to the venue and `<` from it, ids aside."""

    engine: Engine
    venue: Summary
    conversation: list[str]
    seconds: float

    @property
    def digest(self) -> str:
        """Return what stands for the whole conversation: two runs with the same digest traded the same."""
        return hashlib.sha256("\n".join(self.conversation).encode()).hexdigest()[:16]


class Stepped:
    """One venue, one engine, and the frames between them."""

    def __init__(self, venue: Venue, engine: Engine, clock: MovedClock) -> None:
        self._venue, self._engine, self._clock = venue, engine, clock
        self.conversation: list[str] = []
        self._frames: deque[bytes] = deque()
        self._sent = 0
        self._feed = venue.market_data.connect(self._frames.append)
        engine.session.on_message = self._receive
        self._send, engine.desk.send = engine.session.send, self._note_and_send
        engine.session.send = self._note_and_send  # type: ignore[method-assign]
        engine.desk.command = self._command
        engine.desk.call_later = clock.call_later

    async def run(self, steps: int) -> None:
        """Log on, trade for so many steps, cancel every order, log out."""
        self._venue.step()
        self._command(self._engine.feed.dialect.subscribe())
        self._engine.session.logon()
        await self._until(lambda: self._engine.desk.is_connected, "Logon")
        for _ in range(steps):
            await self._step()
        self._engine.supervisor.stop()
        while self._engine.desk.all_orders.live_count:
            await self._step()
        self._engine.tick()
        await self._until(lambda: not self._engine.desk.is_connected, "Logout")

    async def _step(self) -> None:
        self._clock.move(STEP_NS)
        self._venue.step()
        if self._clock.now_ns // TICK_NS != (self._clock.now_ns - STEP_NS) // TICK_NS:
            self._engine.tick()
        await self._until(self._is_quiet, "an answer")
        while self._frames:
            self._engine.desk.on_frame(self._frames.popleft(), True)
            await self._until(self._is_quiet, "an answer")

    def _is_quiet(self) -> bool:
        """Return whether each side has received what the other sent."""
        gateway = self._venue.gateway
        return gateway.messages == self._sent and self._engine.counters.reports == gateway.reports

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while not condition():
            if loop.time() > end:
                raise EngineError(f"no {what} within {PATIENCE_S:g} s: {self._engine.status()}")
            await asyncio.sleep(0)

    def _note_and_send(self, body: bytes) -> None:
        self._sent += 1
        self.conversation.append(_told("> ", Fields(body)))
        self._send(body)

    def _receive(self, fields: Fields) -> None:
        self.conversation.append(_told("< ", fields))
        self._engine.desk.on_report(fields)

    def _command(self, commands: list[bytes]) -> None:
        for command in commands:
            self._feed.command(command, self._venue.market_data.now_ms)


async def trade_in_steps(
    venue_config: SimConfig, engine_config: Callable[[int], EngineConfig], account: str, steps: int
) -> Run:
    """Trade for `steps`; `engine_config` is called with the venue's FIX port."""
    loop, clock = asyncio.get_running_loop(), MovedClock()
    venue = Venue(venue_config, clock)
    try:
        await venue.acceptor.start()
        engine = Engine(engine_config(venue.acceptor.port), loop, clock, clock)
        try:
            stepped = Stepped(venue, engine, clock)
            await stepped.run(steps)
        finally:
            await engine.close()
    finally:
        await venue.close()
    return Run(engine, venue.blotter.summary(account), stepped.conversation, (clock.now_ns - START_NS) / 1e9)


def _told(mark: str, fields: Fields) -> str:
    """Return a message without what belongs to the run, sorted, since QuickFIX writes fields in its own order."""
    kept = sorted(field for field in fields if field[0] not in OF_THE_RUN)
    return mark + "|".join(f"{tag}={value.decode('latin-1')}" for tag, value in kept)
