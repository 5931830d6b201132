"""One WebSocket connection of a market-data feed, from its handshake to its loss.

Units   durations in ns; a ping or any frame proves that the venue lives.
Shapes  a message is handed on as bytes of its own; fragments are joined first.
Errors  none: the owner is told the reason of a loss, be it a protocol error or an exception of its own.
Cost    0.4 us a message, picows included.
Thread  the loop thread only.
Source  RFC 6455; Kalshi WebSocket: connection, keep-alive, close.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from engine.instrument import Instrument
from engine.net import reasons
from engine.net.settings import FeedCounts, FeedSettings
from engine.runtime._sockets import Sockets, Watch
from engine.venue import MarketDataDialect

_TEXT = WSMsgType.TEXT
_NS = 1_000_000_000
_CHECKS = 4  # looks at the connection in the time that it may be silent
GOODBYE_S = 1.0  # how long `say_goodbye` waits for the venue's close frame


class ConnectionOwner(Protocol):
    """The feed to which a connection belongs; everything is called on the loop thread."""

    @property
    def settings(self) -> FeedSettings:
        """Limits: how long the venue may be silent, and the size of a message."""

    @property
    def dialect(self) -> MarketDataDialect:
        """The venue's dialect, which knows the missing snapshots and how to request them."""

    @property
    def sockets(self) -> Sockets | None:
        """The loop's sockets for busy mode; None without it."""

    @property
    def on_frame(self) -> Callable[[bytes, bool], object]:
        """Receives each message; the flag says that it is the last of its read."""

    @property
    def on_read_end(self) -> Callable[[], object]:
        """Called when a read ends with something other than a whole message."""

    @property
    def is_closing(self) -> bool:
        """Whether the feed is being closed."""

    def connected(self, connection: "WebSocketConnection") -> None:
        """Called once when the connection is ready to send."""

    def disconnected(self, connection: "WebSocketConnection", reason: str) -> None:
        """Called once when the connection is over, with the reason."""


class WebSocketConnection(WSListener):
    """One connection from its handshake to its loss."""

    def __init__(self, feed: ConnectionOwner) -> None:
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
        """Start reading and watching; called by picows after the handshake."""
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
        """Hand on a message; called by picows for each frame, and the hot path of market data."""
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
        """Report the end of the connection; called by picows once."""
        if self._watch is not None:
            self._watch.cancel()
        self._stop_reading()
        self._feed.disconnected(self, self._reason or reasons.of_loss(transport))

    def send(self, frames: list[bytes]) -> None:
        """Send text messages."""
        for frame in frames:
            self.transport.send(_TEXT, frame)

    def _take_other(self, frame: WSFrame) -> None:
        """Handle a control frame or a fragment."""
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
        """Add a fragment; hand on the message that it completes. Return whether it completed one."""
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
        """Disconnect if the venue has gone silent; request overdue snapshots again."""
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
            self.send(self._feed.dialect.resync(overdue))
        self._late = set(waiting)
        self._wait_to_check()

    def give_up(self, reason: str) -> None:
        """End the connection because it is of no use to its owner."""
        self._end(reason)

    async def say_goodbye(self) -> None:
        """Send a close frame, wait up to `GOODBYE_S` for the venue's, and disconnect; hand on no further message."""
        self._on_frame = _drop
        self.transport.send_close(WSCloseCode.OK)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.transport.wait_disconnected(), GOODBYE_S)
        self.transport.disconnect(graceful=False)

    def _fail(self, error: Exception, where: str) -> None:
        report(error, where)
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


def report(error: Exception, where: str) -> None:
    """Report an exception of a callback to the loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler({"message": f"feed: {where} raised", "exception": error})


def _drop(message: bytes, is_last: bool) -> None:
    """Stand in for `on_frame` once the connection is over."""
