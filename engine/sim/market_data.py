"""WebSocket server of the simulated venue: connections, pings, and every market event to who wants it.

Units   prices, sizes and money as in `instrument`; times in ns, on the wire in Unix ms.
Errors  OSError if the port is taken; what a client gets wrong is answered on its connection.
Cost    an event's JSON is built once; each connection adds its own sid and seq.
Thread  the loop thread only.
Source  Kalshi WebSocket API: connection, keep-alive, error 25 for a slow reader.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from picows.common import WSUpgradeResponse, WSUpgradeResponseWithListener

from engine import fix
from engine.instrument import Instrument
from engine.sim import admission, capture, wire
from engine.sim.admission import PublicKey
from engine.sim.capture import Frame
from engine.sim.config import FeedConfig
from engine.sim.events import LevelChanged, PublicTrade
from engine.sim.faults import FaultKind, Faults
from engine.sim.outbox import Outbox
from engine.sim.subscriptions import BOOK, TICKER, TRADE, FeedConnection, Subscription

MAX_FRAME_SIZE = 64 * 2**20
NS_PER_MS = 1_000_000
CUT_OFF_AFTER = 1.0  # seconds that a slow reader has for its error and close frames
Depth = Callable[[str], tuple[Iterable[wire.Level], Iterable[wire.Level]]]


class Tape:
    """What a market's ticker tells beyond its book."""

    __slots__ = ("cost", "last", "told", "ts_ms", "volume")

    def __init__(self) -> None:
        self.last = (0, 0)  # price, size of the last trade
        self.volume = 0
        self.cost = 0
        self.ts_ms = 0
        self.told: object = None  # what the last ticker said


class MarketData:
    """The feed of one venue."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        depth: Depth,
        config: FeedConfig,
        keys: Mapping[str, PublicKey] | None,
        faults: Faults,
        clock: Callable[[], int],
    ) -> None:
        self.instruments = instruments
        self.depth = depth
        self.faults = faults
        self.config = config
        self.outbox: Outbox[bytes] = Outbox()
        self.frames = 0
        self.refused = 0
        self.overflows = 0
        self._clock = clock
        self._keys = keys
        self._listeners: list[_Listener] = []
        self._tapes = {symbol: Tape() for symbol in instruments}
        self._touched: set[str] = set()
        self._server: asyncio.Server | None = None
        self._pinger: asyncio.TimerHandle | None = None

    @property
    def now_ms(self) -> int:
        return self._clock() // NS_PER_MS

    @property
    def connections(self) -> int:
        return len(self._listeners)

    async def start(self) -> int:
        """Listen; return the port."""
        self._server = await ws_create_server(
            self._admit, self.config.host, self.config.port, max_frame_size=MAX_FRAME_SIZE
        )
        self._pinger = asyncio.get_running_loop().call_later(self.config.ping_seconds, self._ping)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        if self._pinger is not None:
            self._pinger.cancel()
        if self._server is not None:
            self._server.close()
        self.drop()

    @property
    def has_book_subscriber(self) -> bool:
        return any(BOOK in listener.connection.channels for listener in self._listeners)

    @property
    def is_backed_up(self) -> bool:
        """Answer whether a reader falls behind: a replay that need not keep time waits for it."""
        limit = self.config.write_limit // 4
        return any(each.transport.underlying_transport.get_write_buffer_size() > limit for each in self._listeners)

    def on_level(self, event: LevelChanged) -> None:
        """Tell who subscribed to this market's book."""
        instrument, ts_ms, now_ms = self.instruments[event.symbol], event.now_ns // NS_PER_MS, self.now_ms
        self._tell_book(
            event.symbol,
            event.now_ns,
            lambda scale: wire.delta(instrument, event.side, event.price, event.delta, scale, ts_ms, now_ms),
        )

    def on_trade(self, event: PublicTrade) -> None:
        """Count the trade and tell who subscribed to trades."""
        instrument, ts_ms = self.instruments[event.symbol], event.now_ns // NS_PER_MS
        self._print(event.symbol, event.price, event.qty, ts_ms)
        tail = b""
        for listener, subscription in self._subscribers(TRADE, event.symbol):
            tail = tail or wire.trade(
                instrument, event.trade_id, event.side, event.price, event.qty, ts_ms, self.now_ms
            )
            listener.connection.send_sequenced(subscription, tail)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Pass a captured frame on as it was captured."""
        if frame.kind != capture.TRADE:
            is_snapshot = frame.kind == capture.SNAPSHOT
            self._tell_book(frame.symbol, now_ns, lambda scale: wire.captured(frame.msg(scale)), is_snapshot)
            return
        instrument, message = self.instruments[frame.symbol], frame.message()
        price, size = instrument.parse_price(message.yes_price_dollars), instrument.parse_size(message.count_fp)
        self._print(frame.symbol, price, size, message.ts_ms)
        for listener, subscription in self._subscribers(TRADE, frame.symbol):
            listener.connection.send_sequenced(subscription, wire.captured(frame.body))

    def flush(self) -> None:
        """Send the tickers of the markets whose best price or last trade changed since the last flush."""
        touched, self._touched = self._touched, set()
        wanting = [each.connection for each in self._listeners if TICKER in each.connection.channels]
        for symbol in touched if wanting else ():
            instrument, tape = self.instruments[symbol], self._tapes[symbol]
            told = (self._best(instrument), tape.last, tape.volume)
            if told == tape.told:
                continue
            tape.told = told
            tail = self.ticker_tail(instrument)
            for connection in wanting:
                if connection.channels[TICKER].wants(symbol):
                    connection.send_ticker(connection.channels[TICKER], tail)

    def ticker_tail(self, instrument: Instrument) -> bytes:
        tape = self._tapes[instrument.symbol]
        bid, ask = self._best(instrument)
        return wire.ticker(instrument, bid, ask, tape.last, tape.volume, tape.cost, tape.ts_ms, self.now_ms)

    # faults

    def step(self, now_ns: int) -> None:
        """Perform the faults that are due and deliver what they held back."""
        faults = self.faults
        self.outbox.step(
            now_ns,
            faults.active(FaultKind.SILENT_FEED, now_ns) is not None,
            faults.delay_ns(FaultKind.DELAY_FEED, now_ns),
        )
        if faults.take(FaultKind.DROP_FEED, now_ns) is not None:
            self.drop()
        while fault := faults.take(FaultKind.UNKNOWN_LEVEL, now_ns):
            self._tell_unknown_level(fault.symbol or next(iter(self.instruments)), now_ns)

    def drop(self) -> None:
        """Close every connection at once, without a close frame."""
        for listener in list(self._listeners):
            listener.transport.disconnect(graceful=False)

    def _tell_unknown_level(self, symbol: str, now_ns: int) -> None:
        """Take size from a price where there is none."""
        instrument = self.instruments[symbol]
        taken = {price for price, _ in self.depth(symbol)[0]}
        prices = instrument.grid.prices if instrument.grid is not None else range(1, 1000)
        empty = next(price for price in prices if price not in taken)
        self.on_level(LevelChanged(symbol, fix.BUY, empty, -(10**instrument.size_decimals), now_ns))

    # connections

    def _admit(self, request: WSUpgradeRequest) -> "_Listener | WSUpgradeResponseWithListener | None":
        if request.path.partition(b"?")[0].decode("latin-1") != admission.PATH:
            return None
        reason = admission.refusal(request.headers, self._keys, self.now_ms)
        if reason:
            return self._refuse(401, "token_authentication_failure", reason)
        if len(self._listeners) >= self.config.max_connections:
            return self._refuse(429, "too_many_requests", f"at most {self.config.max_connections} connections")
        return _Listener(self)

    def _refuse(self, status: int, code: str, detail: str) -> WSUpgradeResponseWithListener:
        self.refused += 1
        body = msgspec.json.encode({"error": {"code": code, "message": code.replace("_", " "), "details": detail}})
        headers = {"Content-Type": "application/json"}
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body, headers), None)

    def _ping(self) -> None:
        if not self.outbox.is_silent:
            for listener in self._listeners:
                listener.transport.send_ping(b"heartbeat")
        self._pinger = asyncio.get_running_loop().call_later(self.config.ping_seconds, self._ping)

    def _tell_book(
        self, symbol: str, now_ns: int, tail_for: Callable[[bool], bytes], is_snapshot: bool = False
    ) -> None:
        """Send one book frame; its tail is made once for each price scale that somebody wants."""
        self._touched.add(symbol)
        tails: dict[bool, bytes] = {}
        copies = -1
        for listener, subscription in self._subscribers(BOOK, symbol):
            if copies < 0:
                copies = self._copies(symbol, now_ns)
            scale = subscription.use_yes_price
            if scale not in tails:
                tails[scale] = tail_for(scale)
            listener.connection.send_sequenced(subscription, tails[scale], copies, is_snapshot)

    def _copies(self, symbol: str, now_ns: int) -> int:
        """Return how often the next book frame is sent: a fault loses it or doubles it."""
        if self.faults.take(FaultKind.SKIP_SEQ, now_ns, symbol=symbol) is not None:
            return 0
        return 2 if self.faults.take(FaultKind.REPEAT_SEQ, now_ns, symbol=symbol) is not None else 1

    def _subscribers(self, channel: str, symbol: str) -> "Iterator[tuple[_Listener, Subscription]]":
        for listener in self._listeners:
            subscription = listener.connection.channels.get(channel)
            if subscription is not None and subscription.wants(symbol):
                yield listener, subscription

    def _print(self, symbol: str, price: int, size: int, ts_ms: int) -> None:
        """Put a trade on the tape."""
        tape = self._tapes[symbol]
        tape.last = (price, size)
        tape.volume += size
        tape.cost += price * size
        tape.ts_ms = ts_ms
        self._touched.add(symbol)

    def _best(self, instrument: Instrument) -> tuple[wire.Level, wire.Level]:
        bids, asks = self.depth(instrument.symbol)
        return max(bids, default=(0, 0)), min(asks, default=(instrument.limit, 0))


class _Listener(WSListener):
    """One WebSocket connection: frames to commands, and a watch on how fast it reads."""

    def __init__(self, feed: MarketData) -> None:
        self._feed = feed
        self._is_open = True
        self._parts = b""
        self.connection = FeedConnection(feed, self._send, feed.config.market_limit)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        config, plain = self._feed.config, transport.underlying_transport
        plain.set_write_buffer_limits(high=config.write_limit)
        if config.send_buffer:
            plain.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, config.send_buffer)
        self._feed._listeners.append(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                command, self._parts = self._parts, b""
                self.connection.command(command, self._feed.now_ms)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._is_open = False
        if self in self._feed._listeners:
            self._feed._listeners.remove(self)

    def pause_writing(self) -> None:
        """More waits than may wait: the reader is cut off."""
        if not self._is_open:
            return
        self._feed.overflows += 1
        self.connection.overflow(self._feed.now_ms)
        self._is_open = False
        self.transport.send_close(WSCloseCode.POLICY_VIOLATION, b"slow reader")
        asyncio.get_running_loop().call_later(CUT_OFF_AFTER, self._cut_off)

    def resume_writing(self) -> None:
        pass

    def _cut_off(self) -> None:
        self.transport.disconnect(graceful=False)

    def _send(self, frame: bytes) -> None:
        self._feed.outbox.put(self._write, frame)

    def _write(self, frame: bytes) -> None:
        if self._is_open:
            self._feed.frames += 1
            self.transport.send(WSMsgType.TEXT, frame)
