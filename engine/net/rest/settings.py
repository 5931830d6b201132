"""Settings of a REST client, and the judgement of its address.

Units   durations in ns, sizes in bytes.
Errors  ConfigError for an address that must not be used.
"""

from ssl import CERT_REQUIRED, SSLContext
from urllib.parse import SplitResult, urlsplit

import msgspec

from engine.errors import ConfigError
from engine.venue.rest import TokenLimits

_NS = 1_000_000_000
LOCAL = ("127.0.0.1", "localhost", "::1")


class RestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address, bounds and patience of a REST client. `url` is an origin: the venue gives each path whole."""

    url: str
    limits: TokenLimits = TokenLimits(200, 200, 100, 100)  # until the venue says what the account has
    unused_percent: int = 5  # of each burst, as the venue counts a request later than we do
    connect_timeout_ns: int = 5 * _NS
    timeout_ns: int = 10 * _NS  # from the start of connecting to the last byte of the answer
    most_body: int = 64 * 2**20
    most_reads: int = 16  # at once
    most_writes: int = 16  # at once, over all shards
    more_cancels: int = 8  # at once, beside as many writes
    cancel_reserve: int = 10  # tokens that only cancels spend
    most_waiting: int = 1_000  # for tokens or their turn: reads, and writes of each shard
    longest_wait_ns: int = 30 * _NS
    longest_order_wait_ns: int = 2 * _NS  # an order that waits longer is stale, and never leaves
    attempts: int = 4  # of a read
    first_retry_ns: int = _NS // 10  # doubled with each, and as much by chance
    longest_retry_ns: int = 5 * _NS
    longest_retry_after_ns: int = 30 * _NS  # that a venue may ask for; beyond it a read fails at once
    retry_time_ns: int = 60 * _NS  # after which a read is not tried again
    most_pages: int = 10_000
    cache_entries: int = 2_000
    cache_bytes: int = 64 * 2**20
    stale_ns: int = 300 * _NS  # beyond its age, for which an answer may stand in while the venue cannot be asked
    idle_ns: int = 30 * _NS  # after which a connection is closed: before the venue does it under a write of ours


def origin(url: str) -> SplitResult:
    """Return the parts of an address that may be used."""
    address = urlsplit(url)
    shown = f"REST url {address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
    try:
        host, _ = address.hostname, address.port
    except ValueError as error:
        raise ConfigError(f"{shown}: {error}") from None
    if address.scheme not in ("https", "http") or not host:
        raise ConfigError(f"{shown}: write https:// and the host")
    if address.scheme == "http" and host not in LOCAL:
        raise ConfigError(f"{shown}: plain http:// goes to this machine alone, as keys and orders would be readable")
    if "@" in address.netloc:
        raise ConfigError(f"{shown}: has a user or password in it: take them out, credentials have their own keys")
    if address.path.strip("/") or address.query or address.fragment:
        raise ConfigError(f"{shown}: give scheme, host and port alone: the path comes with each request")
    return address


def check_verifies(context: SSLContext) -> None:
    """Raise ConfigError for a context that would speak to anybody."""
    if context.verify_mode is not CERT_REQUIRED or not context.check_hostname:
        raise ConfigError("REST: the TLS context does not verify the venue's certificate and name: leave that on")
