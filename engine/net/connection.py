"""One WebSocket connection of a market-data feed, from its handshake to its loss.

Units   durations in ns; a ping or any frame proves that the venue lives.
Shapes  a message is handed on as bytes of its own; fragments are joined first.
Errors  none: the owner is told the reason of a loss, be it a protocol error or an exception of its own. What breaks
        RFC 6455 ends the connection under the code that the standard has for it; picows sees to masks, opcodes,
        lengths and control frames.
Cost    0.4 us a message, picows included.
Thread  the loop thread only.
Source  RFC 6455: data framing, closing, status codes; Kalshi WebSocket: connection, keep-alive, close.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from engine.errors import EncodingError
from engine.net import reasons
from engine.net.settings import FeedCounts, FeedSettings
from engine.runtime._sockets import Sockets, Watch
from engine.venue import MarketDataDialect

_TEXT = WSMsgType.TEXT
_NS = 1_000_000_000
_CHECKS = 4  # looks at the connection in the time that it may be silent, at least
_LONGEST_CHECK_NS = _NS // 2
_LONGEST_REASON = 123  # bytes that a close frame has for its reason
NO_CODE = WSCloseCode.NO_INFO  # which is never sent
LINGER_S = 0.05  # for the close frame to reach the venue
GOODBYE_S = 1.0  # how long `say_goodbye` waits for the venue's close frame


class ConnectionOwner(Protocol):
    """The feed to which a connection belongs; everything is called on the loop thread."""

    @property
    def settings(self) -> FeedSettings:
        """Limits: how long the venue may be silent, and the size of a message."""

    @property
    def dialect(self) -> MarketDataDialect:
        """The venue's dialect, which knows what is overdue, and when a connection is beyond repair."""

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

    def sent(self, frames: list[bytes]) -> None:
        """Called with the text messages that were sent."""

    def disconnected(self, connection: "WebSocketConnection", reason: str) -> None:
        """Called once when the connection is over, with the reason."""


class WebSocketConnection(WSListener):
    """One connection from its handshake to its loss."""

    def __init__(self, feed: ConnectionOwner) -> None:
        self.counts = FeedCounts()
        self.transport: WSTransport
        self._feed = feed
        self._on_frame = feed.on_frame
        self._whole: object = _TEXT  # the type of a whole message; None while fragments wait for their rest
        self._parts: list[bytes] = []  # of a fragmented message
        self._parts_size = 0
        self._reason = ""
        self._others = 0  # frames that are no whole message
        self._heard = 0
        self._heard_s = 0.0  # when that was last seen to change
        self._whole_s = 0.0  # when no fragment was last seen to wait
        self._pings = 0  # at the last check
        self._connected_s = 0.0
        self._snapshots = feed.dialect.counts.snapshots
        self._watch: asyncio.TimerHandle | None = None
        self._reading: Watch | None = None

    @property
    def has_delivered(self) -> bool:
        """Whether a snapshot came, which is what a feed connects for."""
        return self._feed.dialect.counts.snapshots > self._snapshots

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Start reading and watching; called by picows after the handshake."""
        self.transport = transport
        if self._feed.is_closing:
            transport.disconnect(graceful=False)
            return
        self.counts.connects = 1
        transport.underlying_transport.set_write_buffer_limits(high=self._feed.settings.max_unsent)
        self._connected_s = self._heard_s = self._whole_s = asyncio.get_running_loop().time()
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
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                self._end("reserved bits are set: no extension was agreed on", WSCloseCode.PROTOCOL_ERROR)
            elif frame.msg_type == self._whole and frame.fin:
                message = frame.get_payload_as_bytes()
                counts = self.counts
                counts.frames += 1
                counts.bytes += len(message)
                self._on_frame(message, frame.last_in_buffer)
            else:
                self._others += 1
                self._take_other(frame)
        except EncodingError as error:
            self._end(str(error), WSCloseCode.INVALID_TEXT)
        except Exception as error:
            self._fail(error, "on_frame")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Report the end of the connection; called by picows once."""
        if self._watch is not None:
            self._watch.cancel()
        self._stop_reading()
        if not self._reason:
            self._feed.disconnected(self, reasons.of_loss(transport))

    def pause_writing(self) -> None:
        """Give up a venue that does not read what we send; called by picows."""
        self._end(f"the venue leaves more than {self._feed.settings.max_unsent} bytes unread", NO_CODE)

    def resume_writing(self) -> None:
        """Do nothing: a connection that was given up stays so."""

    def send(self, frames: list[bytes]) -> None:
        """Send text messages."""
        if not self._reason:
            for frame in frames:
                self.transport.send(_TEXT, frame)
            self._feed.sent(frames)

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
        settings = self._feed.settings
        if (frame.msg_type == _TEXT) == bool(self._parts):
            self._end("protocol error: fragments of two messages are mixed", WSCloseCode.PROTOCOL_ERROR)
            return False
        self._whole = None
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_size += frame.payload_size
        self.counts.fragments += 1
        if self._parts_size > settings.max_message:
            self._end(f"a message of more than {settings.max_message} bytes", WSCloseCode.MESSAGE_TOO_BIG)
        elif len(self._parts) > settings.max_fragments:
            self._end(f"a message of more than {settings.max_fragments} fragments", WSCloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._parts_size = 0
            self._whole = _TEXT
            self.counts.frames += 1
            self.counts.bytes += len(message)
            self._on_frame(message, frame.last_in_buffer)
            return True
        return False

    # The watch

    def _wait_to_check(self) -> None:
        delay = min(self._feed.settings.silence_ns // _CHECKS, _LONGEST_CHECK_NS) / _NS
        self._watch = asyncio.get_running_loop().call_later(delay, self._check)

    def _check(self) -> None:
        """Give up a connection that is silent, of no use or a burden; send what is overdue over one that is good."""
        now_s = asyncio.get_running_loop().time()
        reason, code = self._fault(now_s)
        if reason:
            self._end(reason, code)
            return
        try:
            due = self._feed.dialect.due(int(now_s * _NS))
        except Exception as error:
            self._fail(error, "due")
            return
        self.counts.resyncs += len(due)
        self.send(due)
        self._wait_to_check()

    def _fault(self, now_s: float) -> tuple[str, WSCloseCode]:
        """Return why the connection must end, and under which code; an empty reason if it need not."""
        settings, dialect = self._feed.settings, self._feed.dialect
        heard = self.counts.frames + self._others
        if heard != self._heard:
            self._heard, self._heard_s = heard, now_s
        if not self._parts:
            self._whole_s = now_s
        pings, self._pings = self.counts.pings - self._pings, self.counts.pings
        if (now_s - self._heard_s) * _NS >= settings.silence_ns:
            return f"silent for {settings.silence_ns / _NS:g} s", WSCloseCode.GOING_AWAY
        if (now_s - self._whole_s) * _NS >= settings.silence_ns:
            return f"fragments without an end for {settings.silence_ns / _NS:g} s", WSCloseCode.POLICY_VIOLATION
        if pings > settings.max_pings:
            return f"{pings} pings in less than a second", WSCloseCode.POLICY_VIOLATION
        is_late = (now_s - self._connected_s) * _NS >= settings.first_snapshot_ns
        if is_late and not self.has_delivered and dialect.waiting():
            return f"no snapshot in {settings.first_snapshot_ns / _NS:g} s", WSCloseCode.GOING_AWAY
        return dialect.fault, WSCloseCode.GOING_AWAY

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

    def end(self, reason: str) -> None:
        """Disconnect for a reason of the feed's own, which `disconnected` gets."""
        self._end(reason, WSCloseCode.GOING_AWAY)

    def _end(self, reason: str, code: WSCloseCode = WSCloseCode.INTERNAL_ERROR) -> None:
        """Tell the venue why, and disconnect; what is still in the buffer is dropped."""
        if self._reason:
            return
        self._reason = reason
        self._on_frame = _drop
        self._parts.clear()
        self._stop_reading()
        transport = self.transport
        if code is not NO_CODE:
            transport.send_close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))
        if self._watch is not None:
            self._watch.cancel()
        transport.underlying_transport.pause_reading()
        self._feed.disconnected(self, reason)
        asyncio.get_running_loop().call_later(LINGER_S, transport.disconnect, False)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None


def report(error: Exception, where: str) -> None:
    """Report an exception of a callback to the loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler({"message": f"feed: {where} raised", "exception": error})


def _drop(message: bytes, is_last: bool) -> None:
    """Stand in for `on_frame` once the connection is over."""
