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
from engine.app.seams import Seams
from engine.backtest.clock import START_NS, MovedClock
from engine.codec import Fields
from engine.config.sections import EngineConfig
from engine.errors import EngineError
from engine.exchange.blotter import Summary
from engine.session import Session
from engine.sim.config import SimConfig
from engine.sim.venue import Venue
from engine.trading.gateway import Gateway, SessionGateway
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import TICK_NS
from engine.venue import OrderDialect

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

    def __init__(self, venue: Venue, config: EngineConfig, clock: MovedClock) -> None:
        self._venue, self._clock = venue, clock
        self.conversation: list[str] = []
        self._frames: deque[bytes] = deque()
        self._sent = 0
        self._feed = venue.market_data.connect(self._frames.append)
        seams = Seams(clock, clock, clock.call_later, self._gateway, self._command, self._receiver)
        self.engine = Engine(config, asyncio.get_running_loop(), seams)

    def _gateway(self, session: Session, dialect: OrderDialect) -> Gateway:
        """Return a gateway that notes what is sent."""

        def send(body: bytes) -> None:
            """Note one body and send it."""
            self._sent += 1
            self.conversation.append(_told("> ", Fields(body)))
            session.send(body)

        return SessionGateway(dialect, send, session.refuse)

    def _receiver(self, loop: TradingLoop) -> Callable[[Fields], None]:
        """Return what notes a message and hands it to the loop."""

        def receive(fields: Fields) -> None:
            """Note one message and hand it on."""
            self.conversation.append(_told("< ", fields))
            loop.on_report(fields)

        return receive

    async def run(self, steps: int) -> None:
        """Log on, trade for so many steps, cancel every order, log out."""
        self._venue.step()
        self._command(self.engine.feeds[0].dialect.subscribe())
        self.engine.session.logon()
        await self._until(lambda: self.engine.trading.is_connected, "Logon")
        for _ in range(steps):
            await self._step()
        self.engine.supervisor.stop()
        while self.engine.trading.orders.live_count:
            await self._step()
        self.engine.tick()
        await self._until(lambda: not self.engine.trading.is_connected, "Logout")

    async def _step(self) -> None:
        self._clock.move(STEP_NS)
        self._venue.step()
        if self._clock.now_ns // TICK_NS != (self._clock.now_ns - STEP_NS) // TICK_NS:
            self.engine.tick()
        await self._until(self._is_quiet, "an answer")
        while self._frames:
            self.engine.trading.on_frame(self._frames.popleft(), True)
            await self._until(self._is_quiet, "an answer")

    def _is_quiet(self) -> bool:
        """Return whether each side has received what the other sent."""
        gateway = self._venue.gateway
        return gateway.messages == self._sent and self.engine.counters.reports == gateway.reports

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while not condition():
            if loop.time() > end:
                raise EngineError(f"no {what} within {PATIENCE_S:g} s: {self.engine.status()}")
            await asyncio.sleep(0)

    def _command(self, commands: list[bytes]) -> None:
        for command in commands:
            self._feed.command(command, self._venue.market_data.now_ms)


async def trade_in_steps(
    venue_config: SimConfig, engine_config: Callable[[int], EngineConfig], account: str, steps: int
) -> Run:
    """Trade for `steps`; `engine_config` is called with the venue's FIX port."""
    clock = MovedClock()
    venue = Venue(venue_config, clock)
    try:
        await venue.acceptor.start()
        stepped = Stepped(venue, engine_config(venue.acceptor.port), clock)
        try:
            await stepped.run(steps)
        finally:
            await stepped.engine.close()
    finally:
        await venue.close()
    return Run(stepped.engine, venue.blotter.summary(account), stepped.conversation, (clock.now_ns - START_NS) / 1e9)


def _told(mark: str, fields: Fields) -> str:
    """Return a message without what belongs to the run, sorted, since QuickFIX writes fields in its own order."""
    kept = sorted(field for field in fields if field[0] not in OF_THE_RUN)
    return mark + "|".join(f"{tag}={value.decode('latin-1')}" for tag, value in kept)
