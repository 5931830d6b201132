"""`fixlane record`: the feed of a configuration to files, by a process that trades nothing.

Errors  ConfigError for a feed that is no WebSocket, a folder that cannot be written, or a venue that lists no market of
        the universe. Afterwards none: connections that are lost are made anew, and what was not recorded is told.
Thread  the loop thread; the files have their own.
"""

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import uvloop

from engine.app import loading
from engine.app.feeds import choosing
from engine.app.rest_client import make_client
from engine.backtest.capture.events import write_events
from engine.backtest.capture.frame_log import FrameLog
from engine.config.sections import EngineConfig, RestSection, UniverseSection
from engine.errors import ConfigError, DecodeError, EngineError
from engine.instrument import Instrument
from engine.net.feed import Feed, FeedSettings
from engine.net.rest.client import RestClient
from engine.net.settings import authorities
from engine.net.sharded import ShardedMarketData
from engine.runtime.backoff import Backoff
from engine.units import NO_LIMIT
from engine.venue import AnsweringDialect, MarketDataDialect
from engine.venue.reference import MarketListing, Selection

TICK_S = 0.25


class RecordedFeed:
    """One connection of the feed: its frames are recorded, and read as far as its subscriptions need it."""

    def __init__(self, config: EngineConfig, dialect: MarketDataDialect, number: int, log: FrameLog) -> None:
        section = config.feed
        self._dialect = dialect
        self._number = number
        self._log = log
        name = f"connection {number + 1} of {section.connections}" if section.connections > 1 else ""
        self.feed = Feed(
            FeedSettings(url=section.url, silence_ns=section.heartbeat_timeout_ns, name=name),
            dialect,
            on_frame=self.on_frame,
            on_read_end=lambda: None,
            on_connected=lambda: log.note(number, "connected"),
            on_lost=self._lost,
            wall_ns=time.time_ns,
            backoff=Backoff(section.backoff_min_ns, section.backoff_max_ns, random.Random()),
            ssl_context=authorities("feed.ca", section.ca),
        )
        if isinstance(dialect, AnsweringDialect):
            dialect.on_answer = None

    def on_frame(self, frame: bytes, is_last: bool) -> None:
        """Record a frame, whatever it is, then see what it does to the subscriptions."""
        self._log.add(self._number, frame, is_last)
        try:
            event = self._dialect.decode(frame)
            if event.commands:
                self.feed.send(event.commands)
        except DecodeError as error:
            _say(f"a frame could not be read: {error}")

    def _lost(self, reason: str) -> None:
        self._log.note(self._number, "lost", reason)
        _say(reason)


def record(config: EngineConfig, out: Path, seconds: float) -> int:
    """Record until SIGINT or SIGTERM, or for so many seconds; return the exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_record(config, out, seconds))


async def _record(config: EngineConfig, out: Path, seconds: float) -> int:
    if config.feed.is_fix:
        raise ConfigError('feed.source: frames are of a WebSocket: set it to "websocket" to record')
    instruments = config.instruments or await _listed(config)
    log = FrameLog(out, _say)
    write_events(out, instruments)
    dialect = choosing.stream(config.feed, instruments)
    dialects = dialect.dialects if isinstance(dialect, ShardedMarketData) else [cast(MarketDataDialect, dialect)]
    feeds = [RecordedFeed(config, each, number, log) for number, each in enumerate(dialects)]
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    _say(f"recording {len(instruments)} markets of {loading.feed_address(config.feed)} to {out}")
    log.start()
    for each in feeds:
        each.feed.start()
    try:
        await _until(over, seconds, feeds, log)
    finally:
        for each in feeds:
            await each.feed.close()
        log.close()
    _say(f"{log.written} frames were recorded, {log.dropped} were dropped")
    return 0 if log.written >= log.frames else 1


async def _until(over: asyncio.Event, seconds: float, feeds: Sequence[RecordedFeed], log: FrameLog) -> None:
    """Ask for what is overdue until it is over: the connections see to that themselves."""
    end_s = time.monotonic() + seconds if seconds else float("inf")
    while not over.is_set() and time.monotonic() < end_s:
        try:
            await asyncio.wait_for(over.wait(), min(TICK_S, max(end_s - time.monotonic(), 0.001)))
        except TimeoutError:
            log.tell_losses()


async def _listed(config: EngineConfig) -> tuple[Instrument, ...]:
    """Return the markets of the universe, as the venue lists them now."""
    if config.rest is None or config.universe is None:
        raise ConfigError("no markets: list them, or give [universe] and [rest]")
    found: list[MarketListing] = []
    client = make_client(config.rest, time.time_ns, time.monotonic_ns, None, _say)
    async with client:
        await _read(client, config.rest, config.universe, found.append)
    if not found:
        raise ConfigError("universe: the venue lists no market of it: see to its series, events and symbols")
    return tuple(
        Instrument(each.symbol, index, each.bands, event=each.event, series=each.series)
        for index, each in enumerate(found)
    )


async def _read(
    client: RestClient, rest: RestSection, universe: UniverseSection, take: Callable[[MarketListing], object]
) -> None:
    dialect = loading.reference_dialect(rest)
    if dialect is None:
        raise ConfigError(f'universe: venue "{rest.dialect}" lists no markets: name them in a file')
    within_ns = 0 if universe.closing_within_ns == NO_LIMIT else universe.closing_within_ns
    selection = Selection(
        symbols=universe.symbols, events=universe.events, series=universe.series, closing_within_ns=within_ns
    )
    seen: set[str] = set()
    for call in dialect.markets(selection):
        async for market in client.pages(call):
            if selection.takes(market, time.time_ns()) and market.symbol not in seen:
                seen.add(market.symbol)
                if len(seen) > universe.max_markets:
                    raise EngineError(f"the universe has more than max_markets {universe.max_markets}: raise it")
                take(market)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
