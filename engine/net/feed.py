"""The market-data feed: one WebSocket connection, watched, and reconnected when it is lost.

Units   durations and times in ns.
Errors  none from the connection: `on_lost` gets the reason of a loss, a refusal or a protocol error as text.
Thread  the loop thread only, every callable too.
Source  RFC 6455; Kalshi WebSocket: connection, keep-alive, close.
"""

import asyncio
import contextlib
from collections.abc import Callable
from ssl import SSLContext

from picows import WSTransport, ws_connect

from engine.errors import ConfigError
from engine.net import reasons
from engine.net.connection import WebSocketConnection, report
from engine.net.feed_audit import FeedAudit
from engine.net.settings import FeedCounts, FeedSettings, protection, shown_address
from engine.runtime._sockets import Sockets
from engine.runtime.addresses import HostAddresses
from engine.runtime.backoff import Backoff
from engine.venue import MarketDataDialect

__all__ = ["Feed", "FeedCounts", "FeedSettings"]

_NS = 1_000_000_000
CREDENTIALS_NS = 30 * _NS  # after a refusal of our credentials, doubled with each
LONGEST_CREDENTIALS_NS = 600 * _NS


class Feed:
    """A market-data feed that keeps itself connected and subscribed from `start` to `close`.

    `on_frame` gets every text message; its flag says that no further one of the same read follows. Where a read ends
    with something else (a ping, a fragment) after messages, `on_read_end` says so. `on_connected` follows the
    subscription, `on_lost` each loss and each failed attempt. An exception from `on_frame` ends the connection.

    The delay between attempts begins anew only after a connection that brought a snapshot. Retry-After is obeyed, and
    refused credentials are tried seldom: nothing but a person can help there.
    """

    def __init__(
        self,
        settings: FeedSettings,
        dialect: MarketDataDialect,
        *,
        on_frame: Callable[[bytes, bool], object],
        on_read_end: Callable[[], object],
        on_connected: Callable[[], object],
        on_lost: Callable[[str], object],
        wall_ns: Callable[[], int],
        backoff: Backoff,
        ssl_context: SSLContext | None = None,
        sockets: Sockets | None = None,
        sign: Callable[[int], dict[str, str]] | None = None,
        audit: FeedAudit | None = None,
    ) -> None:
        """`sign` returns the headers of a handshake made now, instead of the dialect, such as by a newer key."""
        if not settings.url.startswith(("ws://", "wss://")):
            raise ConfigError(f"feed url {shown_address(settings.url)!r} must start with ws:// or wss://")
        self.settings = settings
        self.dialect = dialect
        self._audit = audit
        self._sign = sign or dialect.handshake_headers
        self.is_closing = False
        self.sockets = sockets
        self.on_frame = on_frame
        self.on_read_end = on_read_end
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._wall_ns = wall_ns
        self._backoff = backoff
        self._ssl_context = ssl_context
        self._addresses = HostAddresses(settings.connect_timeout_ns)
        self._connection: WebSocketConnection | None = None
        self._transport: WSTransport | None = None
        self._past = FeedCounts()
        self._credential_refusals = 0  # in a row
        self.last_loss = ""  # the reason of the last loss or failed attempt,
        self.last_loss_ns = 0  # and when that was, since 1970
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, subscribed and watched."""
        return self._connection is not None

    @property
    def address(self) -> str:
        """Where it goes, as people may see it, and which of several it is."""
        return f"{shown_address(self.settings.url)} {self.settings.name}".rstrip()

    @property
    def protection(self) -> str:
        """How the connection is protected, in words."""
        return protection(self.settings.url)

    @property
    def counts(self) -> FeedCounts:
        """What came over the present connection."""
        return self._connection.counts if self._connection else FeedCounts()

    @property
    def totals(self) -> FeedCounts:
        """What came over all connections."""
        totals = FeedCounts()
        totals.add(self._past)
        totals.add(self.counts)
        return totals

    def start(self) -> None:
        """Connect, and connect again after every loss, until `close`."""
        self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    def send(self, frames: list[bytes]) -> bool:
        """Send text messages; False, and nothing sent, while there is no connection."""
        if self._connection is None:
            return False
        self._connection.send(frames)
        return True

    def reconnect(self, reason: str) -> None:
        """Give the present connection up, and begin anew; nothing happens where there is none."""
        if self._connection is not None:
            self._connection.end(reason)

    def hurry(self) -> None:
        """Make the next attempt at once, such as with another key; what is connected stays."""
        if self._connection is None:
            self._hurry.set()

    def abandon(self) -> None:
        """Do nothing: before its start it holds nothing."""

    async def close(self) -> None:
        """Disconnect for good; no callback follows."""
        self.is_closing = True
        if self._connection is not None:
            await self._connection.say_goodbye()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._transport is not None:  # it may be waiting for a close frame to arrive
            self._transport.disconnect(graceful=False)
            with contextlib.suppress(Exception):
                await self._transport.wait_disconnected()

    async def _stay_connected(self) -> None:
        while True:
            wait_ns = 0
            self._hurry.clear()
            try:
                self._transport = await self._connect()
                with contextlib.suppress(Exception):  # the connection has told its reason itself
                    await self._transport.wait_disconnected()
            except Exception as error:  # whatever stops an attempt, the next one may succeed
                self._addresses.failed()
                wait_ns = self._pause_ns(error)
                self._past.losses += 1
                self._tell_loss(reasons.of_failure(error) + _words(wait_ns))
            await self._pause(max(wait_ns, self._backoff.next_ns()))

    async def _pause(self, wait_ns: int) -> None:
        """Wait before the next attempt, unless somebody hurries it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_ns / _NS):
                await self._hurry.wait()

    def _pause_ns(self, error: Exception) -> int:
        """Return for how long the venue wants no attempt, or none can help."""
        if not reasons.is_of_credentials(error):
            self._credential_refusals = 0
            return reasons.retry_after_ns(error, self._wall_ns())
        pause_ns = min(CREDENTIALS_NS << min(self._credential_refusals, 10), LONGEST_CREDENTIALS_NS)
        self._credential_refusals += 1
        return max(pause_ns, reasons.retry_after_ns(error, self._wall_ns()))

    async def _connect(self) -> WSTransport:
        settings = self.settings
        timeout = settings.connect_timeout_ns / _NS
        async with asyncio.timeout(2 * timeout):  # half to connect, then half for the handshake
            transport, listener = await ws_connect(
                lambda request, response: WebSocketConnection(self),
                settings.url,
                ssl_context=self._ssl_context,
                websocket_handshake_timeout=timeout,
                enable_auto_pong=False,  # an automatic pong would swallow the flag of a read that ends with a ping
                max_frame_size=settings.max_message,
                extra_headers=self._sign(self._wall_ns()),
                max_redirects=0,  # the signature is for this path alone
                socket_factory=lambda url: self._addresses.connect(url.host, url.port),
            )
        if listener is None:
            raise ConnectionError("closed by the venue during the handshake")
        return transport

    # called by the connection

    def connected(self, connection: WebSocketConnection) -> None:
        """Subscribe on a new connection."""
        self._connection = connection
        self._credential_refusals = 0
        if self._audit is not None:
            self._audit.connected()
        self.send(self.dialect.subscribe())
        self._on_connected()

    def sent(self, frames: list[bytes]) -> None:
        """Record what a connection has sent."""
        if self._audit is not None:
            self._audit.sent(frames)

    def disconnected(self, connection: WebSocketConnection, reason: str) -> None:
        """Count and report a loss; `start` keeps reconnecting."""
        self._connection = None
        if connection.has_delivered:
            self._backoff.reset()
        else:
            self._addresses.failed()
        self._past.add(connection.counts)
        if not self.is_closing:
            self._past.losses += 1
            self._tell_loss(reason)

    def _tell_loss(self, reason: str) -> None:
        self.last_loss, self.last_loss_ns = reason, self._wall_ns()
        if self._audit is not None:
            self._audit.lost(reason)
        try:
            self._on_lost(f"market data of {self.address}: {reason}")
        except Exception as error:
            report(error, "on_lost")


def _words(wait_ns: int) -> str:
    return f"; next attempt in {wait_ns / _NS:g} s" if wait_ns else ""
