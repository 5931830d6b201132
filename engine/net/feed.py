"""The market-data connection: one WebSocket, watched, and made anew when it is lost.

Units   durations and times in ns; a ping or any frame proves that the venue lives.
Shapes  a message is handed on as bytes of its own; fragments are joined first.
Errors  none from the connection: a loss, a refusal or a protocol error is a reason in words for `on_lost`.
Cost    0.4 us a message, picows included.
Thread  the loop thread only, every callable too.
Source  RFC 6455; Kalshi WebSocket: connection, keep-alive, close.
"""

import asyncio
import contextlib
from collections.abc import Callable
from ssl import SSLContext
from typing import cast

import msgspec
from picows import WSCloseCode, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.runtime._sockets import Sockets, Watch
from engine.runtime.backoff import Backoff
from engine.venue import MarketDataDialect

_TEXT = WSMsgType.TEXT
_NS = 1_000_000_000
_CHECKS = 4  # looks at the connection in the time that it may be silent
_GOODBYE_S = 1.0  # how long `close` waits for the venue's close frame
_EXCERPT = 200  # characters of a refusal's body that its reason shows
_ADVICE = {
    401: "(check the API key id, its key file, and this host's clock)",
    403: "(the API key lacks the permission)",
    404: "(check the path of the address)",
    429: "(too many connections: close others of this account)",
}


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the feed is and how patient we are."""

    url: str
    silence_ns: int = 25 * _NS  # Kalshi pings every 10 s
    connect_timeout_ns: int = 5 * _NS  # to connect, and again for the handshake
    max_message: int = 64 * 2**20


class FeedCounts(msgspec.Struct):
    """What came over one connection, or over all of them."""

    connects: int = 0
    losses: int = 0  # connections lost and attempts failed
    frames: int = 0  # messages handed on
    bytes: int = 0
    pings: int = 0
    fragments: int = 0
    ignored: int = 0  # frames that are neither text nor control
    resyncs: int = 0  # snapshots asked for again because they did not come

    def add(self, other: "FeedCounts") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Feed:
    """A market-data feed that keeps itself connected and subscribed from `start` to `close`.

    `on_frame` gets every text message; its flag says that no further one of the same read follows. Where a read ends
    with something else (a ping, a fragment) after messages, `on_read_end` says so. `on_connected` follows the
    subscription, `on_lost` each loss and each failed attempt. An exception from `on_frame` ends the connection.
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
    ) -> None:
        if not settings.url.startswith(("ws://", "wss://")):
            raise ConfigError(f"feed url {settings.url!r} must start with ws:// or wss://")
        self.settings = settings
        self.dialect = dialect
        self.is_closing = False
        self.sockets = sockets
        self.on_frame = on_frame
        self.on_read_end = on_read_end
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._wall_ns = wall_ns
        self._backoff = backoff
        self._ssl_context = ssl_context
        self._connection: _Connection | None = None
        self._past = FeedCounts()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

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
        for frame in frames:
            self._connection.transport.send(WSMsgType.TEXT, frame)
        return True

    async def close(self) -> None:
        """Say goodbye and disconnect for good; nothing is called back any more."""
        self.is_closing = True
        if self._connection is not None:
            await self._connection.say_goodbye()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _stay_connected(self) -> None:
        while True:
            try:
                transport = await self._connect()
                with contextlib.suppress(Exception):  # the connection has told its reason itself
                    await transport.wait_disconnected()
            except Exception as error:  # whatever stops an attempt, the next one may succeed
                self._past.losses += 1
                self._tell_loss(_words(error))
            await asyncio.sleep(self._backoff.next_ns() / _NS)

    async def _connect(self) -> WSTransport:
        settings = self.settings
        timeout = settings.connect_timeout_ns / _NS
        async with asyncio.timeout(2 * timeout):  # half to connect, then half for the handshake
            transport, listener = await ws_connect(
                lambda request, response: _Connection(self),
                settings.url,
                ssl_context=self._ssl_context,
                websocket_handshake_timeout=timeout,
                enable_auto_pong=False,  # an automatic pong would swallow the flag of a read that ends with a ping
                max_frame_size=settings.max_message,
                extra_headers=self.dialect.handshake_headers(self._wall_ns()),
                max_redirects=0,  # the signature is for this path alone
            )
        if listener is None:
            raise ConnectionError("closed by the venue during the handshake")
        return transport

    # called by the connection

    def connected(self, connection: "_Connection") -> None:
        self._connection = connection
        self.send(self.dialect.subscribe())
        self._on_connected()

    def disconnected(self, connection: "_Connection", reason: str) -> None:
        self._connection = None
        if connection.counts.frames:
            self._backoff.reset()
        self._past.add(connection.counts)
        if not self.is_closing:
            self._past.losses += 1
            self._tell_loss(reason)

    def _tell_loss(self, reason: str) -> None:
        try:
            self._on_lost(f"market data of {self.settings.url}: {reason}")
        except Exception as error:
            _report(error, "on_lost")


class _Connection(WSListener):
    """One connection from its handshake to its loss."""

    def __init__(self, feed: Feed) -> None:
        self.counts = FeedCounts()
        self.transport: WSTransport
        self._feed = feed
        self._on_frame = feed.on_frame
        self._parts: list[bytes] = []  # of a fragmented message
        self._reason = ""
        self._others = 0  # frames that are no whole message
        self._heard = 0
        self._silent_checks = 0
        self._late: set[Instrument] = set()
        self._watch: asyncio.TimerHandle | None = None
        self._reading: Watch | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if self._feed.is_closing:
            transport.disconnect(graceful=False)
            return
        self.counts.connects = 1
        self._wait_to_check()
        if self._feed.sockets is not None:
            socket = transport.underlying_transport
            protocol = cast(asyncio.BufferedProtocol, socket.get_protocol())
            self._reading = self._feed.sockets.watch_buffered(socket, protocol)
        try:
            self._feed.connected(self)
        except Exception as error:
            self._fail(error, "on_connected")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        try:
            if frame.msg_type == _TEXT and frame.fin:
                message = frame.get_payload_as_bytes()
                self.counts.frames += 1
                self.counts.bytes += len(message)
                self._on_frame(message, frame.last_in_buffer)
            else:
                self._others += 1
                self._take_other(frame)
        except Exception as error:
            self._fail(error, "on_frame")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._stop_reading()
        self._feed.disconnected(self, self._reason or _closing_words(transport))

    def _take_other(self, frame: WSFrame) -> None:
        """Take what is no whole text message."""
        kind = frame.msg_type
        if kind == WSMsgType.PING:
            self.counts.pings += 1
            self.transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self.transport.send_close(WSCloseCode.OK)
            self.transport.disconnect()
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            if self._join(frame):
                return
        elif kind != WSMsgType.PONG:
            self.counts.ignored += 1
        if frame.last_in_buffer and not self._reason:
            self._feed.on_read_end()

    def _join(self, frame: WSFrame) -> bool:
        """Add a fragment; hand on the message if that completes it, and say whether it did."""
        if (frame.msg_type == _TEXT) == bool(self._parts):
            self._end("protocol error: fragments of two messages are mixed")
            return False
        self._parts.append(frame.get_payload_as_bytes())
        self.counts.fragments += 1
        if sum(map(len, self._parts)) > self._feed.settings.max_message:
            self._end(f"a message of more than {self._feed.settings.max_message} bytes")
        elif frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self.counts.frames += 1
            self.counts.bytes += len(message)
            self._on_frame(message, frame.last_in_buffer)
            return True
        return False

    def _wait_to_check(self) -> None:
        delay = self._feed.settings.silence_ns / _CHECKS / _NS
        self._watch = asyncio.get_running_loop().call_later(delay, self._check)

    def _check(self) -> None:
        """End a connection that has gone silent; ask again for snapshots that are overdue."""
        heard = self.counts.frames + self._others
        self._silent_checks = self._silent_checks + 1 if heard == self._heard else 0
        self._heard = heard
        if self._silent_checks == _CHECKS:
            self._end(f"silent for {self._feed.settings.silence_ns / _NS:g} s")
            return
        waiting = self._feed.dialect.waiting()
        overdue = [each for each in waiting if each in self._late]
        if overdue:
            self.counts.resyncs += 1
            self._feed.send(self._feed.dialect.resync(overdue))
        self._late = set(waiting)
        self._wait_to_check()

    async def say_goodbye(self) -> None:
        self._on_frame = _drop
        self.transport.send_close(WSCloseCode.OK)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.transport.wait_disconnected(), _GOODBYE_S)
        self.transport.disconnect(graceful=False)

    def _fail(self, error: Exception, where: str) -> None:
        _report(error, where)
        self._end(f"{where} raised {error!r}")

    def _end(self, reason: str) -> None:
        """Disconnect at once; what is still in the buffer is dropped."""
        self._reason = self._reason or reason
        self._on_frame = _drop
        self._stop_reading()
        self.transport.disconnect(graceful=False)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None


def _report(error: Exception, where: str) -> None:
    """Tell the loop's exception handler what a callable of ours raised."""
    asyncio.get_running_loop().call_exception_handler({"message": f"feed: {where} raised", "exception": error})


def _drop(message: bytes, is_last: bool) -> None:
    """Take the place of `on_frame` on a connection that is over."""


def _words(error: Exception) -> str:
    """Say why there is no connection, and what to do about it where we know."""
    if isinstance(error, WSHandshakeError) and error.response is not None:
        status = error.response.status
        body = (error.raw_body or b"")[:_EXCERPT].decode("latin-1")
        return f"handshake refused: HTTP {status.value} {status.phrase} {body} {_ADVICE.get(status, '')}".rstrip()
    if isinstance(error, TimeoutError):
        return "no answer to the handshake in time"
    return f"cannot connect: {error}"


def _closing_words(transport: WSTransport) -> str:
    handshake = transport.close_handshake
    if handshake is None:
        return "connection lost without a close frame"
    who, info = ("the venue", handshake.recv) if handshake.recv_then_sent else ("us", handshake.sent)
    return f"closed by {who}" + (f": {info.code:d} {info.reason or ''}".rstrip() if info is not None else "")
