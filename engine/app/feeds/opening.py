"""Makes the connections of a feed from its configuration, and joins them to the loop that reads them.

Errors  ConfigError for what the venue does not offer.
Thread  the loop thread, from `start` on.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from engine.app import loading
from engine.app.account.keys import Keys
from engine.app.feeds import choosing
from engine.app.feeds.record import FeedRecord, NothingRecorded
from engine.app.replay.entries import EngineEntries
from engine.config.sections import FeedSection
from engine.net.feed import Feed, FeedSettings
from engine.net.feed_audit import FeedAudit
from engine.net.feeds import Feeds
from engine.net.fix_feed import FixFeed
from engine.net.settings import FixFeedSettings, authorities, shown_address
from engine.net.sharded import ShardedMarketData
from engine.runtime import log
from engine.runtime._sockets import Sockets
from engine.runtime.audit import AuditSink
from engine.runtime.backoff import Backoff
from engine.trading.assembly import FeedConnections
from engine.trading.entry_path import EntryPath
from engine.trading.loop import TradingLoop
from engine.venue import AnsweringDialect, FixMarketDataDialect, MarketDataDialect, MarketDataStream

LOGGER = logging.getLogger(log.LOGGER)


def connections(dialect: MarketDataStream, feeds: Callable[[], Feeds]) -> FeedConnections | None:
    """Return what a desk knows of several connections, `feeds` being made later; None where there is only one."""
    if not isinstance(dialect, ShardedMarketData):
        return None

    def reconnect(number: int, reason: str) -> None:
        """Begin one anew."""
        feeds().feeds[number].reconnect(reason)

    return FeedConnections([partial(reconnect, number) for number in range(len(dialect.dialects))], dialect.home)


class FeedParts(NamedTuple):
    """What the connections are joined to."""

    trading: TradingLoop
    sockets: Sockets
    keys: Keys
    wall_ns: Callable[[], int]
    audit: AuditSink | None
    loop: asyncio.AbstractEventLoop
    state_dir: Path
    record: NothingRecorded
    entries: EngineEntries


class FeedFollower(Protocol):
    """What is told of the connections, by the number of each."""

    def on_feed(self, connection: int) -> None:
        """Learn that market data come again over a connection."""

    def on_feed_lost(self, reason: str, connection: int) -> None:
        """Learn that a connection is away."""


def make_feeds(
    section: FeedSection, dialect: MarketDataStream, parts: FeedParts, followers: Sequence[FeedFollower]
) -> Feeds:
    """Return the connections, not yet connected; keys that are read again go to them."""
    if section.is_fix:
        feeds = Feeds([_over_fix(section, cast(FixMarketDataDialect, dialect), parts, followers)])
    elif isinstance(dialect, ShardedMarketData):
        feeds = _sharded(section, dialect, parts, followers)
    else:
        over_websocket = cast(MarketDataDialect, dialect)
        feeds = Feeds([_feed(section, over_websocket, parts, followers, 0, parts.trading.on_frame)])
    parts.keys.feed.hurry = feeds.hurry
    return feeds


def _sharded(
    section: FeedSection, dialect: ShardedMarketData, parts: FeedParts, followers: Sequence[FeedFollower]
) -> Feeds:
    made = [
        _feed(section, one, parts, followers, number, entry(dialect, parts.trading, number))
        for number, one in enumerate(dialect.dialects)
    ]
    feeds = Feeds(made, lambda: dialect.active)
    dialect.send, dialect.is_up = feeds.send_over, feeds.is_up
    return feeds


def entry(dialect: ShardedMarketData, trading: TradingLoop, number: int) -> Callable[[bytes, bool], object]:
    """Return what takes the frames of one connection of several."""
    take, follow = trading.on_frame, trading.watch.follow

    def on_frame(frame: bytes, is_last: bool) -> None:
        """Say whose frame it is, and hand it on."""
        if dialect.active != number:
            dialect.active = number
            follow(number)
        take(frame, is_last)

    return on_frame


def _feed(
    section: FeedSection,
    dialect: MarketDataDialect,
    parts: FeedParts,
    followers: Sequence[FeedFollower],
    number: int,
    on_frame: Callable[[bytes, bool], object],
) -> Feed:
    name = f"connection {number + 1} of {section.connections}" if section.connections > 1 else ""
    settings = FeedSettings(url=section.url, silence_ns=section.heartbeat_timeout_ns, name=name)
    audit = None
    if parts.audit is not None:
        audit = FeedAudit(parts.audit, f"{shown_address(section.url)} {name}".rstrip(), parts.wall_ns)
        if isinstance(dialect, AnsweringDialect):
            dialect.on_answer = audit.answered

    on_frame = parts.entries.frames(number, on_frame)
    if isinstance(parts.record, FeedRecord):
        followers = [*followers, parts.record]
        on_frame = parts.record.before(number, on_frame)
    connected, lost = _told(parts.entries, followers, number, loading.feed_protection(section))
    return Feed(
        settings,
        dialect,
        on_frame=on_frame,
        on_read_end=parts.entries.entry("read end", parts.trading.on_read_end),
        on_connected=connected,
        on_lost=lost,
        wall_ns=parts.wall_ns,
        backoff=Backoff(section.backoff_min_ns, section.backoff_max_ns, random.Random()),
        sockets=parts.sockets,
        ssl_context=authorities("feed.ca", section.ca),
        sign=parts.keys.feed.sign,
        audit=audit,
    )


def _over_fix(
    section: FeedSection, dialect: FixMarketDataDialect, parts: FeedParts, followers: Sequence[FeedFollower]
) -> FixFeed:
    entries = EntryPath(parts.trading, dialect)
    connected, lost = _told(parts.entries, followers, 0, choosing.protection(section, parts.state_dir))
    feed = FixFeed(
        FixFeedSettings(silence_ns=section.heartbeat_timeout_ns),
        choosing.session(section, parts.state_dir),
        dialect,
        loop=parts.loop,
        on_message=entries.on_message,
        on_missed=entries.on_missed,
        on_read_end=parts.trading.on_read_end,
        on_connected=connected,
        on_lost=lost,
        tell=parts.trading.notices.tell,
        wall_ns=parts.wall_ns,
        logon=parts.keys.feed_logon,
        sockets=parts.sockets,
    )
    parts.keys.feed_session = feed.session
    return feed


def _told(
    entries: EngineEntries, followers: Sequence[FeedFollower], number: int, protection: str
) -> tuple[Callable[[], None], Callable[[str], None]]:
    """Return what tells everybody that connection `number` is there, and that it is away."""

    def connected() -> None:
        """Say so, and tell everybody."""
        LOGGER.info("market data: %s", protection)
        for follower in followers:
            follower.on_feed(number)

    def lost(reason: str) -> None:
        """Tell everybody."""
        for follower in followers:
            follower.on_feed_lost(reason, number)

    return entries.entry(f"feed {number}", connected), entries.entry(f"feed lost {number}", lost)
