"""WebSocket server of the simulated venue: who may connect, pings, and readers that are too slow.

Units   times in ns, intervals in seconds.
Errors  OSError if the port is taken; a client's mistake is answered on its connection.
Thread  the loop thread only.
Source  Kalshi WebSocket API: connection, keep-alive, error 25 for a slow reader.
"""

import asyncio
import socket
from collections.abc import Mapping

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from picows.common import WSUpgradeResponse, WSUpgradeResponseWithListener

from engine.exchange.faults import FaultKind, Faults
from engine.sim.config import FeedConfig
from engine.sim.feed import handshake
from engine.sim.feed.handshake import PublicKey
from engine.sim.feed.publisher import MarketData

MAX_FRAME_SIZE = 64 * 2**20
CUT_OFF_AFTER = 1.0  # seconds that a slow reader has for its error and close frames


class FeedServer:
    """Serves `market_data` over WebSocket; `frames`, `refused` and `overflows` count since the start."""

    def __init__(
        self, market_data: MarketData, config: FeedConfig, keys: Mapping[str, PublicKey] | None, faults: Faults
    ) -> None:
        self.market_data = market_data
        self.config = config
        self.frames = 0
        self.refused = 0
        self.overflows = 0
        self.listeners: list[_Listener] = []
        self._keys = keys
        self._faults = faults
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
            self._admit, self.config.host, self.config.port, max_frame_size=MAX_FRAME_SIZE
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
        if self._faults.take(FaultKind.DROP_FEED, now_ns) is not None:
            self._drop()

    def _drop(self) -> None:
        """Close every connection at once, without a close frame."""
        for listener in list(self.listeners):
            listener.transport.disconnect(graceful=False)

    def _admit(self, request: WSUpgradeRequest) -> "_Listener | WSUpgradeResponseWithListener | None":
        if request.path.partition(b"?")[0].decode("latin-1") != handshake.PATH:
            return None
        reason = handshake.refusal(request.headers, self._keys, self.market_data.now_ms)
        if reason:
            return self._refuse(401, "token_authentication_failure", reason)
        if len(self.listeners) >= self.config.max_connections:
            return self._refuse(429, "too_many_requests", f"at most {self.config.max_connections} connections")
        return _Listener(self)

    def _refuse(self, status: int, code: str, detail: str) -> WSUpgradeResponseWithListener:
        self.refused += 1
        body = msgspec.json.encode({"error": {"code": code, "message": code.replace("_", " "), "details": detail}})
        headers = {"Content-Type": "application/json"}
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body, headers), None)

    def _ping(self) -> None:
        if not self.market_data.is_silent:
            for listener in self.listeners:
                listener.transport.send_ping(b"heartbeat")
        self._pinger = asyncio.get_running_loop().call_later(self.config.ping_seconds, self._ping)


class _Listener(WSListener):
    """One WebSocket connection: its frames are commands, and it is watched for how fast it reads."""

    transport: WSTransport

    def __init__(self, server: FeedServer) -> None:
        self._server = server
        self._is_open = False
        self._parts = b""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take a client and limit what may wait for it; called by picows after the handshake."""
        self.transport = transport
        config, plain = self._server.config, transport.underlying_transport
        plain.set_write_buffer_limits(high=config.write_limit)
        if config.send_buffer:
            plain.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, config.send_buffer)
        self._is_open = True
        self._server.listeners.append(self)
        self._connection = self._server.market_data.connect(self._write)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Carry out a command once it is whole, and answer a close frame; picows answers pings itself."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                command, self._parts = self._parts, b""
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
            self._is_open = False
            self.transport.send_close(WSCloseCode.POLICY_VIOLATION, b"slow reader")
            asyncio.get_running_loop().call_later(CUT_OFF_AFTER, self.transport.disconnect, False)

    def resume_writing(self) -> None:
        """Do nothing: a reader that was cut off stays cut off."""

    def _write(self, frame: bytes) -> None:
        if self._is_open:
            self._server.frames += 1
            self.transport.send(WSMsgType.TEXT, frame)
