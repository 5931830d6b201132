"""What a feed is made of, over WebSocket or over FIX: its dialect, its keys, where it goes and how it is protected.

Errors  ConfigError that names the key, and what to do.
"""

from collections.abc import Sequence
from pathlib import Path

from engine.app import loading
from engine.config.sections import FeedSection
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.net.sharded import ShardedMarketData
from engine.session import LogonDialect
from engine.session.file.settings import SessionSettings, load_session
from engine.session.native import settings as native_settings
from engine.session.native import tls
from engine.venue import MarketDataDialect, MarketDataStream
from engine.venue.shards import Shards


def stream(section: FeedSection, instruments: Sequence[Instrument]) -> MarketDataStream:
    """Return the venue's market-data dialect for the configured kind of feed."""
    if section.is_fix:
        if section.connections > 1:
            raise ConfigError("feed.connections: market data over FIX come on one session: set it to 1")
        return loading.fix_market_data_dialect(section, instruments)
    return _over_websocket(section, instruments)


def _over_websocket(section: FeedSection, instruments: Sequence[Instrument]) -> MarketDataDialect:
    """Return the dialect of the feed, of several connections as one; the first of them carries the account's news."""
    if section.connections == 1:
        return loading.market_data_dialect(section, instruments)
    if 0 < len(instruments) < section.connections:  # with a universe there are none at the start
        many = f"{section.connections} for {len(instruments)} markets"
        raise ConfigError(f"feed.connections: {many}: some would carry nothing; set it to {len(instruments)} or less")
    shards = Shards(section.connections)
    placed = shards.place(instruments)
    return ShardedMarketData(
        [
            loading.market_data_dialect(section, placed.get(number, ()), carries_account=number == 0)
            for number in range(section.connections)
        ],
        shards,
    )


def logon(section: FeedSection) -> LogonDialect | None:
    """Return what a Logon of the feed needs beyond the standard; None over WebSocket, and where a plain one does."""
    return loading.feed_logon_dialect(section) if section.is_fix else None


def session(section: FeedSection, state_dir: Path) -> SessionSettings:
    """Return the session of a feed over FIX, whose store lies in `state_dir`."""
    return load_session(section.file, "initiator", state_dir)


def problems(section: FeedSection, settings: SessionSettings) -> list[str]:
    """Return why the venue would refuse this session, or send no market data over it."""
    if settings.flag("ResetOnLogon"):
        found = []
    else:
        found = [f"{settings.file}: ResetOnLogon: market data are never sent again; set it to Y"]
    found += native_settings.refused(settings)
    try:
        return found + loading.feed_session_problems(section, settings)
    except ConfigError:  # of the dialect or the key: found elsewhere
        return found


def address(section: FeedSection, state_dir: Path) -> str:
    """Return where market data come from, without what may be a secret."""
    if not section.is_fix:
        return loading.feed_address(section)
    host, port = session(section, state_dir).endpoints()[0]
    return f"fix://{host}:{port}"


def protection(section: FeedSection, state_dir: Path) -> str:
    """Say in a line how the connection of market data is protected."""
    if not section.is_fix:
        return loading.feed_protection(section)
    return tls.protection(session(section, state_dir))
