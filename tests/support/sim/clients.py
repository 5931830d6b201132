"""Plain clients of the simulated venue: a WebSocket one that keeps every frame, and a FIX one on a bare socket."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

PATIENCE = 5.0
HEADERS = {"KALSHI-ACCESS-KEY": "key", "KALSHI-ACCESS-TIMESTAMP": "0", "KALSHI-ACCESS-SIGNATURE": "none"}
CL_ORD_IDS = (11, 41)
Frame = dict[str, Any]
Message = dict[int, str]


class FeedClient(WSListener):
    """One connection to the feed. `frames` are those not asked for yet, oldest first."""

    def __init__(self, port: int, headers: dict[str, str] | None = None, **options: Any) -> None:
        self.frames: list[Frame] = []
        self.pings: list[bytes] = []
        self.is_open = True
        self.close_code: object = None
        self._id = 0
        self._loop = asyncio.new_event_loop()
        self._arrived = asyncio.Event()
        url = f"ws://127.0.0.1:{port}/trade-api/ws/v2"
        connect = ws_connect(lambda: self, url, extra_headers=HEADERS if headers is None else headers, **options)
        try:
            self.transport, _ = self._loop.run_until_complete(connect)
        except BaseException:
            self._loop.close()
            raise

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.frames.append(json.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.PING:
            self.pings.append(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.close_code = frame.get_close_code()
            transport.disconnect()
        self._arrived.set()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.is_open = False
        self._arrived.set()

    def send(self, cmd: str, **params: Any) -> int:
        """Send a command; return its id."""
        self._id += 1
        self.send_raw(json.dumps({"id": self._id, "cmd": cmd, "params": params}).encode())
        return self._id

    def send_raw(self, frame: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, frame)

    def wait(self, is_done: Callable[[], object], patience: float = PATIENCE) -> None:
        """Let frames arrive until `is_done`."""

        async def until() -> None:
            async with asyncio.timeout(patience):
                while not is_done():
                    self._arrived.clear()
                    await self._arrived.wait()

        self._loop.run_until_complete(until())

    def take(self, count: int = 1) -> list[Frame]:
        """Return the next `count` frames."""
        self.wait(lambda: len(self.frames) >= count)
        taken, self.frames = self.frames[:count], self.frames[count:]
        return taken

    def take_until(self, type_: str) -> list[Frame]:
        """Return the frames up to the next one of this type."""
        self.wait(lambda: any(frame["type"] == type_ for frame in self.frames))
        place = next(place for place, frame in enumerate(self.frames) if frame["type"] == type_)
        return self.take(place + 1)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self.transport.disconnect()
        self.wait(lambda: not self.is_open)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


class FixClient:
    """One FIX 4.4 connection: it numbers and frames, and does nothing by itself.

    ClOrdIDs carry `suffix` on the wire, so that tests which share a venue may use the same ones.
    """

    def __init__(self, port: int, account: str, out: int, suffix: str) -> None:
        self.out = out  # number of the next message sent
        self._account = account
        self._suffix = suffix
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._buffer = b""

    def logon(self, heartbeat: int = 30) -> Message:
        """Log on and return the answer; the first message of a connection begins the numbers anew on both sides."""
        reset = [(141, "Y")] if self.out == 1 else []
        self.send("A", (98, "0"), (108, str(heartbeat)), *reset)
        return self.receive()

    def send(self, msg_type: str, *fields: tuple[int, str], seq: int = 0) -> None:
        now = datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
        header = [(35, msg_type), (34, str(seq or self.out)), (49, self._account), (52, now), (56, "VENUE")]
        named = [(tag, text + self._suffix if tag in CL_ORD_IDS else text) for tag, text in fields]
        body = "".join(f"{tag}={text}\x01" for tag, text in [*header, *named]).encode()
        framed = b"8=FIX.4.4\x019=%d\x01" % len(body) + body
        self.out += not seq
        self._socket.sendall(framed + b"10=%03d\x01" % (sum(framed) % 256))

    def order(
        self, cl_ord_id: str, side: str, qty: str, price: str, *fields: tuple[int, str], symbol: str = "RAIN"
    ) -> None:
        self.send(
            "D",
            (11, cl_ord_id),
            (54, side),
            (38, qty),
            (40, "2"),
            (44, price),
            (55, symbol),
            (60, transact_time()),
            *fields,
        )

    def buy(self, cl_ord_id: str, price: str = "0.41") -> None:
        """Enter an order and take the report that it rests."""
        self.order(cl_ord_id, "1", "25", price)
        assert pick(self.receive(), 11, 150) == (cl_ord_id, "0")

    def cancel(self, cl_ord_id: str, orig_cl_ord_id: str, side: str = "1", symbol: str = "RAIN") -> None:
        self.send(
            "F", (11, cl_ord_id), (41, orig_cl_ord_id), (54, side), (55, symbol), (38, "1"), (60, transact_time())
        )

    def receive(self) -> Message:
        """Return the next message, by tag; of a repeated tag the first."""
        while True:
            end = self._buffer.find(b"\x0110=")
            if end >= 0 and len(self._buffer) >= end + 8:
                raw, self._buffer = self._buffer[: end + 8], self._buffer[end + 8 :]
                message: Message = {}
                for piece in raw.decode().strip("\x01").split("\x01"):
                    tag, _, text = piece.partition("=")
                    message.setdefault(int(tag), text.removesuffix(self._suffix) if int(tag) in CL_ORD_IDS else text)
                return message
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the venue closed the connection")
            self._buffer += data

    def receive_until(self, msg_type: str) -> list[Message]:
        """Return the messages up to the next one of this type."""
        messages = [self.receive()]
        while messages[-1][35] != msg_type:
            messages.append(self.receive())
        return messages

    def expect_nothing(self, seconds: float) -> None:
        """Fail if anything arrives for so long."""
        self._socket.settimeout(seconds)
        try:
            assert not self._buffer and not self._socket.recv(1)
        except TimeoutError:
            pass
        finally:
            self._socket.settimeout(PATIENCE)

    def expect_end(self) -> None:
        """Wait until the venue has closed the connection; fail if anything else arrives."""
        assert not self._buffer and not self._socket.recv(1)

    def close(self) -> None:
        self._socket.close()


def transact_time() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S")


def pick(message: Message, *tags: int) -> tuple[str, ...]:
    return tuple(message.get(tag, "") for tag in tags)


def wait_for(is_done: Callable[[], object], patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while not is_done():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)
