"""The simulated venue: exchange, liquidity, feed, FIX sessions and control server on one loop.

Units   times in ns since 1970, the venue's own clock.
Errors  ConfigError before it listens; whatever goes wrong later ends `run` with an EngineError.
Thread  one; every event is published in the order in which the exchange made it, before anything else happens.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError
from engine.exchange import captures
from engine.exchange.blotter import Blotter
from engine.exchange.captured import CapturedMarket
from engine.exchange.events import (
    Canceled,
    CancelRejected,
    Event,
    LevelChanged,
    MassCancel,
    MassCanceled,
    PublicTrade,
    Report,
    Request,
)
from engine.exchange.exchange import Exchange
from engine.exchange.faults import Faults
from engine.exchange.liquidity import Liquidity
from engine.sim.config import SimConfig, feed_tls, load_instruments, public_keys
from engine.sim.control import Command, ControlServer
from engine.sim.feed.frames import Level
from engine.sim.feed.publisher import MarketData
from engine.sim.feed.server import FeedServer
from engine.sim.fix.gateway import VenueGateway
from engine.sim.fix.opening import open_acceptor
from engine.sim.mishaps import Mishaps
from engine.sim.order_log import OrderLog
from engine.sim.turning import Turning, words
from engine.venue.kalshi.fees import QuadraticFee

DISCONNECTED = "CANCEL_ON_DISCONNECT"  # Text(58)


class Venue(Turning):
    """One venue, from `start` to the end of `run`."""

    def __init__(self, config: SimConfig, clock: Callable[[], int] = time.time_ns) -> None:
        super().__init__(config.step_ms, config.mode == "busy")
        self.now_ns = clock
        now_ns = clock()
        state_path = Path(config.state_path)
        state_path.mkdir(parents=True, exist_ok=True)
        files = [Path(file) for file in config.capture.files]
        listed = captures.markets(files) if files else list(load_instruments(Path(config.markets)).values())
        self.instruments = {instrument.symbol: instrument for instrument in listed}
        self.faults = Faults(config.faults, now_ns)
        self.liquidity = Liquidity(listed, config.liquidity) if config.liquidity and not files else None
        house = self.liquidity.accounts if self.liquidity else ()
        # The time begins every id that the venue gives, so that one which starts again repeats none.
        self.exchange = Exchange(listed, QuadraticFee(), nonce=f"{now_ns // 10**6:x}-", house=house, faults=self.faults)
        self.captured = {symbol: CapturedMarket(self.exchange, symbol) for symbol in self.instruments if files}
        self.replay: captures.CaptureReplay | None = None
        self.blotter = Blotter(state_path / "blotter.jsonl", ignore=house)
        fix_config = config.fix
        self.acceptor = open_acceptor(fix_config.acceptor, Path(fix_config.session_file), state_path, fix_config.port)
        self.acceptor.on_logout = self._on_logout
        self.acceptor.on_fault = self.stop
        self.gateway = VenueGateway(
            self.acceptor,
            self.instruments,
            self.faults,
            self._submit,
            self.publish,
            lambda account: self.blotter.summary(account).positions,
            frozenset(fix_config.not_offered),
        )
        self.market_data = MarketData(self.instruments, self.depth, config.feed.market_limit, self.faults, self.now_ns)
        self.feed = FeedServer(
            self.market_data, config.feed, public_keys(config.feed), self.faults, feed_tls(config.feed)
        )
        self._order_log = OrderLog(state_path / "orders.jsonl")
        self.mishaps = Mishaps(self.exchange, self._order_log)
        self._control: ControlServer | None = None
        self._config = config
        self._captures = files
        self._accounts = frozenset(self.acceptor.accounts)

    async def start(self, commands: Mapping[str, Command]) -> dict[str, int]:
        """Settle what an earlier run left open, then listen; the control port takes `commands`. Return the ports."""
        self.gateway.tell_untold(self._order_log.untold)
        self.publish(self._order_log.restart(self.exchange, self.now_ns()))
        if self.liquidity is not None:
            self.publish(self.liquidity.step(self.exchange, self.now_ns()))
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.stop(words(context.get("exception", context["message"]))))
        await self.acceptor.start()
        try:
            feed_port = await self.feed.start()
            self._control = ControlServer(commands)
            control_port = await self._control.start(self._config.control.host, self._config.control.port)
        except OSError as error:
            await self.close()
            raise ConfigError(f"feed.port or control.port: {error}; choose a free one, or 0 for any") from None
        return {"feed_port": feed_port, "fix_port": self.acceptor.port, "control_port": control_port}

    def publish(self, events: Iterable[Event], request: Fields | None = None) -> None:
        """Record events and send them: reports to their account, market data to everybody."""
        for event in events:
            if isinstance(event, LevelChanged):
                self.market_data.on_level(event)
            elif isinstance(event, PublicTrade):
                self.market_data.on_trade(event)
            elif event.account in self._accounts:
                self._tell(event, request)
        self.market_data.flush()

    def depth(self, symbol: str) -> tuple[list[Level], list[Level]]:
        """Return the published bids and asks of a market, best first."""
        captured = self.captured.get(symbol)
        if captured is not None:
            return captured.levels(fix.BUY), captured.levels(fix.SELL)
        market = self.exchange.markets[symbol]
        return market.bids.levels(), market.asks.levels()

    def step(self) -> None:
        """Advance every part to the present: liquidity, replay, expiries, faults."""
        now_ns = self.now_ns()
        if self.liquidity is not None:
            self.publish(self.liquidity.step(self.exchange, now_ns))
        elif self._captures:
            self._play(now_ns)
        self.perform_faults()

    def perform_faults(self) -> None:
        """Perform at once the faults that are due, without waiting for the next tick."""
        now_ns = self.now_ns()
        self.publish(self.exchange.advance(now_ns))
        self.publish(self.mishaps.advance(now_ns))
        self.market_data.step(now_ns)
        self.feed.step(now_ns)
        self.gateway.step(now_ns)

    def _play(self, now_ns: int) -> None:
        """Publish the captured frames that are due, once somebody has subscribed to a book."""
        if self.replay is None:
            if not self.market_data.has_book_subscriber:
                return
            self.replay = captures.CaptureReplay(self._captures, self._config.capture.speed, now_ns)
        if self._config.capture.speed or not self.feed.is_backed_up:
            for frame in self.replay.due(now_ns):
                self.publish(self.captured[frame.symbol].apply(frame, now_ns))
                self.market_data.on_frame(frame, now_ns)
            self.market_data.flush()

    def _submit(self, request: Request) -> list[Event]:
        return self.exchange.submit(request, self.now_ns())

    def _tell(self, event: Report | CancelRejected | MassCanceled, request: Fields | None) -> None:
        """Record what happened, tell its account, and what a fault wants told besides."""
        besides: list[Canceled | CancelRejected] = []
        if isinstance(event, Report):
            self._order_log.record(event)
            self.blotter.record([event])
            besides += self.mishaps.follow(event, self.now_ns())
        self.gateway.tell(event, request)
        for each in besides:
            self.gateway.tell(each, request)

    def _on_logout(self, account: str) -> None:
        if self._config.fix.cancel_on_disconnect and not self.is_stopping:
            events = self.exchange.mass_cancel(MassCancel(account=account, cl_ord_id=""), self.now_ns())
            self.publish(
                [
                    msgspec.structs.replace(event, text=DISCONNECTED) if isinstance(event, Canceled) else event
                    for event in events
                    if not isinstance(event, MassCanceled)
                ]
            )

    async def close(self) -> None:
        """Stop listening, log out, and close the files."""
        if self._control is not None:
            self._control.close()
        self.feed.close()
        await self.acceptor.close()
        self._order_log.close()
        self.blotter.close()
