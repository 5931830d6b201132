"""Settings and counts of a market-data feed.

Units   durations in ns, sizes in bytes.
"""

import ssl
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec

from engine.errors import ConfigError

_NS = 1_000_000_000


def protection(url: str, key: str = "feed.url") -> str:
    """Say how a connection to this address, which stands under `key`, is protected."""
    address = urlsplit(url)
    if address.scheme in ("wss", "https"):
        return f"TLS 1.2+, verified as {address.hostname}"
    return f"plain TCP: {key} begins with {address.scheme}:"


def authorities(key: str, file: Path | None) -> ssl.SSLContext | None:
    """Return what trusts the authorities in a file; None without one, for those of the system."""
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{key}: {file} holds no certificates in PEM: {error}") from None


def shown_address(url: str) -> str:
    """Return where a connection goes, without what may be a secret in the URL."""
    address = urlsplit(url)
    return urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address, timeouts and limits of a feed."""

    url: str
    name: str = ""  # which of several it is
    silence_ns: int = 25 * _NS  # Kalshi pings every 10 s
    connect_timeout_ns: int = 5 * _NS  # to connect, and again for the handshake
    first_snapshot_ns: int = 30 * _NS  # a connection without one by then is no good
    max_message: int = 64 * 2**20  # Kalshi's own limit
    max_fragments: int = 65_536  # of one message
    max_pings: int = 1_000  # a second
    max_unsent: int = 4 * 2**20  # that the venue does not read


class FeedCounts(msgspec.Struct):
    """Counts of one connection, or of all of them."""

    connects: int = 0
    losses: int = 0  # connections lost and attempts failed
    frames: int = 0  # messages handed on
    bytes: int = 0
    pings: int = 0
    fragments: int = 0
    ignored: int = 0  # frames that are neither text nor control
    resyncs: int = 0  # snapshots asked for again because they did not come

    def add(self, other: "FeedCounts") -> None:
        """Add what another connection counted."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class FixFeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Timeouts of a feed over FIX; everything else stands in its session file."""

    silence_ns: int
    first_snapshot_ns: int = 30 * _NS  # a session without one by then is no good
