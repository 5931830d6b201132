"""WebSocket server of the simulated venue: who may connect, pings, and clients that are slow, idle or hostile.

Units   times in ns, intervals in seconds.
Errors  OSError if the port is taken; a client's mistake is answered on its connection. What breaks RFC 6455 ends it
        under the standard's code; picows sees to masks, opcodes, lengths, control frames and the handshake's size.
Thread  the loop thread only.
Source  RFC 6455: data framing, status codes; Kalshi WebSocket API: connection, keep-alive, error 25.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from picows.common import WSUpgradeResponse, WSUpgradeResponseWithListener

from engine.exchange.faults import FaultKind, Faults
from engine.sim.config import FeedConfig
from engine.sim.feed import handshake
from engine.sim.feed.channels import BOOK
from engine.sim.feed.line import NOBODY
from engine.sim.feed.publisher import MarketData
from engine.sim.keys import KeyRing, SimKey

MAX_COMMAND = 4 * 2**20  # bytes, in however many frames
MAX_FRAGMENTS = 4096  # of one command
HANDSHAKE_SECONDS = 5.0
FIRST_COMMAND_PINGS = 6  # that a client may let pass before it asks for anything
UNANSWERED_PINGS = 3
CUT_OFF_AFTER = 1.0  # seconds that a client which was cut off has for its error and close frames


class FeedServer:
    """Serves `market_data` over WebSocket; `frames`, `refused`, `overflows` and `cut_off` count since the start.

    `keys` are those that may connect, each as its member; None admits everybody, as nobody. With an `ssl_context` it
    speaks TLS alone.
    """

    def __init__(
        self,
        market_data: MarketData,
        config: FeedConfig,
        keys: KeyRing | None,
        faults: Faults,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.market_data = market_data
        self.config = config
        self.frames = 0
        self.refused = 0
        self.overflows = 0
        self.cut_off = 0
        self.listeners: list[_Listener] = []
        self._keys = keys
        self._faults = faults
        self._ssl_context = ssl_context
        self._server: asyncio.Server | None = None
        self._pinger: asyncio.TimerHandle | None = None

    @property
    def is_backed_up(self) -> bool:
        """Return whether a reader has fallen behind; a replay at speed 0 waits for it."""
        limit = self.config.write_limit // 4
        return any(each.transport.underlying_transport.get_write_buffer_size() > limit for each in self.listeners)

    async def start(self) -> int:
        """Listen; return the port."""
        self._server = await ws_create_server(
            self._admit,
            self.config.host,
            self.config.port,
            ssl=self._ssl_context,
            max_frame_size=MAX_COMMAND,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
        )
        self._pinger = asyncio.get_running_loop().call_later(self.config.ping_seconds, self._ping)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening and cut every connection, without a close frame."""
        if self._pinger is not None:
            self._pinger.cancel()
        if self._server is not None:
            self._server.close()
        self._drop()

    def step(self, now_ns: int) -> None:
        """Perform the fault that is due."""
        fault = self._faults.take(FaultKind.DROP_FEED, now_ns)
        if fault is not None:
            self._drop(fault.symbol)

    def _drop(self, symbol: str = "") -> None:
        """Close every connection at once, or every one that carries a market's book, without a close frame."""
        for listener in [each for each in self.listeners if not symbol or each.carries(symbol)]:
            listener.transport.disconnect(graceful=False)

    def _admit(self, request: WSUpgradeRequest) -> "_Listener | WSUpgradeResponseWithListener | None":
        if request.path.partition(b"?")[0].decode("latin-1") != handshake.PATH:
            return None
        fault = self._faults.take(FaultKind.REFUSE_FEED, self.market_data.now_ns)
        if fault is not None:
            wait = {"Retry-After": str(fault.delay_ms // 1000)} if fault.delay_ms else {}
            return self._refuse(fault.code or 429, "too_many_requests", "by a fault", wait)
        known = None if self._keys is None else {key.key_id: key.public_key for key in self._keys}
        reason = handshake.refusal(request.headers, known, self.market_data.now_ms)
        if reason:
            return self._refuse(401, "token_authentication_failure", reason)
        key = None if self._keys is None else self._keys.get(request.headers[handshake.KEY])
        member = key.member if key is not None else NOBODY
        if sum(each.member == member for each in self.listeners) >= self.config.max_connections:
            return self._refuse(429, "too_many_requests", f"at most {self.config.max_connections} connections")
        return _Listener(self, key)

    def _refuse(
        self, status: int, code: str, detail: str, more: Mapping[str, str] = MappingProxyType({})
    ) -> WSUpgradeResponseWithListener:
        self.refused += 1
        body = msgspec.json.encode({"error": {"code": code, "message": code.replace("_", " "), "details": detail}})
        headers = {"Content-Type": "application/json", **more}
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body, headers), None)

    def _ping(self) -> None:
        if not self.market_data.is_silent:
            for listener in list(self.listeners):
                listener.ping()
        self._pinger = asyncio.get_running_loop().call_later(self.config.ping_seconds, self._ping)


class _Listener(WSListener):
    """One WebSocket connection: its frames are commands, and it is watched for how fast it reads."""

    transport: WSTransport

    def __init__(self, server: FeedServer, key: SimKey | None) -> None:
        self.member = key.member if key is not None else NOBODY
        self._subaccount = key.subaccount if key is not None else None
        self._server = server
        self._is_open = False
        self._parts: list[bytes] = []
        self._parts_size = 0
        self._commands = 0
        self._pings = 0
        self._unanswered = 0  # pings since the client was last heard

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take a client and limit what may wait for it; called by picows after the handshake."""
        self.transport = transport
        config, plain = self._server.config, transport.underlying_transport
        plain.set_write_buffer_limits(high=config.write_limit)
        if config.send_buffer:
            plain.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, config.send_buffer)
        self._is_open = True
        self._server.listeners.append(self)
        self._connection = self._server.market_data.connect(self._write, self.member, self._subaccount)

    def carries(self, symbol: str) -> bool:
        """Return whether it has asked for the book of a market."""
        book = self._connection.channels.get(BOOK)
        return book is not None and book.wants(symbol)

    def ping(self) -> None:
        """Send a ping; cut off a client that answered none of the last ones, or never asked for anything."""
        if self._unanswered >= UNANSWERED_PINGS:
            self._cut_off(WSCloseCode.POLICY_VIOLATION, "pings unanswered")
        elif not self._commands and self._pings >= FIRST_COMMAND_PINGS:
            self._cut_off(WSCloseCode.POLICY_VIOLATION, "no command came")
        elif self._is_open:
            self._pings += 1
            self._unanswered += 1
            self.transport.send_ping(b"heartbeat")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Carry out a command once it is whole, and answer a close frame; picows answers pings itself."""
        self._unanswered = 0
        if not self._is_open:
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._cut_off(WSCloseCode.PROTOCOL_ERROR, "reserved bits are set")
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._take(frame)

    def _take(self, frame: WSFrame) -> None:
        if (frame.msg_type == WSMsgType.CONTINUATION) != bool(self._parts):
            self._cut_off(WSCloseCode.PROTOCOL_ERROR, "fragments of two messages are mixed")
            return
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_size += frame.payload_size
        if self._parts_size > MAX_COMMAND or len(self._parts) > MAX_FRAGMENTS:
            self._cut_off(WSCloseCode.MESSAGE_TOO_BIG, "a command is too long")
        elif frame.fin:
            command = b"".join(self._parts)
            self._parts.clear()
            self._parts_size = 0
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        try:
            command.decode()
        except UnicodeDecodeError:
            self._cut_off(WSCloseCode.INVALID_TEXT, "a command is not UTF-8")
            return
        self._commands += 1
        self._connection.command(command, self._server.market_data.now_ms)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Forget a client; called by picows once."""
        self._is_open = False
        self._server.listeners.remove(self)
        self._server.market_data.disconnect(self._connection)

    def pause_writing(self) -> None:
        """Cut off a reader whose buffer has exceeded `write_limit`; called by picows."""
        if self._is_open:
            self._server.overflows += 1
            self._connection.overflow(self._server.market_data.now_ms)
            self._cut_off(WSCloseCode.POLICY_VIOLATION, "slow reader")

    def _cut_off(self, code: WSCloseCode, reason: str) -> None:
        """Send nothing but the reason, and hang up soon."""
        if self._is_open:
            self._is_open = False
            self._parts.clear()
            self._server.cut_off += 1
            self.transport.send_close(code, reason)
            asyncio.get_running_loop().call_later(CUT_OFF_AFTER, self.transport.disconnect, False)

    def resume_writing(self) -> None:
        """Do nothing: a reader that was cut off stays cut off."""

    def _write(self, frame: bytes) -> None:
        if self._is_open:
            self._server.frames += 1
            self.transport.send(WSMsgType.TEXT, frame)
