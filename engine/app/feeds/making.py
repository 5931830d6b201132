"""Makes the feed of an engine, and joins it to its desk.

Errors  ConfigError for what cannot be used.
Thread  the loop thread.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from engine.app.account.keys import Keys
from engine.app.account.side import authorities
from engine.app.feeds import choosing
from engine.config.sections import FeedSection
from engine.net.feed import Feed, FeedSettings
from engine.net.fix_feed import FixFeed
from engine.net.market_feed import MarketFeed
from engine.net.settings import FixFeedSettings
from engine.runtime._sockets import Sockets
from engine.runtime.backoff import Backoff
from engine.trading.entry_path import EntryPath
from engine.trading.loop import TradingLoop
from engine.venue import FixMarketDataDialect, MarketDataDialect, MarketDataStream


class FeedDesk(NamedTuple):
    """What a feed reaches of its engine."""

    trading: TradingLoop
    on_connected: Callable[[], object]
    on_lost: Callable[[str], object]
    wall_ns: Callable[[], int]
    sockets: Sockets
    state_dir: Path
    loop: asyncio.AbstractEventLoop


def make_feed(section: FeedSection, dialect: MarketDataStream, desk: FeedDesk, keys: Keys) -> MarketFeed:
    """Return the configured feed, not connected yet; keys that are read again go to it."""
    feed: MarketFeed
    if section.is_fix:
        feed = _over_fix(section, cast(FixMarketDataDialect, dialect), desk, keys)
    else:
        feed = _over_websocket(section, cast(MarketDataDialect, dialect), desk, keys)
    keys.feed.hurry = feed.hurry
    return feed


def _over_websocket(section: FeedSection, dialect: MarketDataDialect, desk: FeedDesk, keys: Keys) -> Feed:
    return Feed(
        FeedSettings(url=section.url, silence_ns=section.heartbeat_timeout_ns),
        dialect,
        on_frame=desk.trading.on_frame,
        on_read_end=desk.trading.on_read_end,
        on_connected=desk.on_connected,
        on_lost=desk.on_lost,
        wall_ns=desk.wall_ns,
        backoff=Backoff(section.backoff_min_ns, section.backoff_max_ns, random.Random()),
        sockets=desk.sockets,
        ssl_context=authorities("feed.ca", section.ca),
        sign=keys.feed.sign,
    )


def _over_fix(section: FeedSection, dialect: FixMarketDataDialect, desk: FeedDesk, keys: Keys) -> FixFeed:
    entries = EntryPath(desk.trading, dialect)
    feed = FixFeed(
        FixFeedSettings(silence_ns=section.heartbeat_timeout_ns),
        choosing.session(section, desk.state_dir),
        dialect,
        loop=desk.loop,
        on_message=entries.on_message,
        on_missed=entries.on_missed,
        on_read_end=desk.trading.on_read_end,
        on_connected=desk.on_connected,
        on_lost=desk.on_lost,
        tell=desk.trading.notices.tell,
        wall_ns=desk.wall_ns,
        logon=keys.feed_logon,
        sockets=desk.sockets,
    )
    keys.feed_session = feed.session
    return feed
