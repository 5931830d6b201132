"""Peers for session tests, on the test's own loop: a QuickFIX acceptor, and a bare socket that speaks FIX by hand."""

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import quickfix

from engine.session.quickfix_settings import quickfix_settings, session_id
from engine.session.settings import SessionSettings, load_session

CONFIG = Path(__file__).parent.parent / "config" / "fix"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Return as soon as `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.001)


def initiator_settings(folder: Path, port: int, **overrides: object) -> SessionSettings:
    """Return the demo's initiator, with its store in `folder` and the peer at `port`."""
    settings = load_session(CONFIG / "initiator.cfg", "initiator", folder)
    return settings.replaced({"SocketConnectPort": port, **overrides})


def wire(body: str) -> bytes:
    """Return the whole message around `body`, written with `|` for SOH, from its MsgType on."""
    text = body.replace("|", "\x01")
    message = f"8=FIX.4.4\x019={len(text)}\x01{text}".encode("latin-1")
    return message + b"10=%03d\x01" % (sum(message) % 256)


def stamp() -> str:
    return time.strftime("%Y%m%d-%H:%M:%S", time.gmtime())


class QuickfixPeer(quickfix.Application):
    """The demo's acceptor on QuickFIX, polled by a timer; `events` holds what it saw, text with `|` for SOH."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path, port: int, **overrides: object) -> None:
        super().__init__()
        settings = load_session(CONFIG / "acceptor.cfg", "acceptor", folder)
        settings = settings.replaced({"SocketAcceptPort": port, **overrides})
        Path(settings.text("FileStorePath")).mkdir(parents=True, exist_ok=True)
        self.events: list[tuple[str, ...]] = []
        self._loop = loop
        self._id = session_id(settings)
        configured = quickfix_settings(settings)
        self._parts = (self, quickfix.FileStoreFactory(configured), configured)
        self._acceptor: quickfix.SocketAcceptor | None = quickfix.SocketAcceptor(*self._parts)
        self.session = quickfix.Session.lookupSession(self._id)
        self._poll()

    def _poll(self) -> None:
        assert self._acceptor is not None
        self._acceptor.poll()
        self._timer = self._loop.call_later(0.001, self._poll)

    def received(self, msg_type: str) -> list[str]:
        """Return the application messages of one type, in order."""
        return [text for kind, text, *_ in self.events if kind == "app" and f"|35={msg_type}|" in text]

    def send(self, body: str) -> None:
        """Send, or queue while logged out, `body` with `|` for SOH."""
        assert self.session.send(quickfix.Message(body.replace("|", "\x01"), False))

    def close(self) -> None:
        """Cut the connection and stop listening, as a crash does; the store stays."""
        self._timer.cancel()
        self.session.disconnect()
        assert self._acceptor is not None
        self._acceptor.stop(True)
        self._acceptor = self.session = None
        self._parts = ()

    def onCreate(self, _session_id: quickfix.SessionID) -> None: ...

    def onLogon(self, _session_id: quickfix.SessionID) -> None:
        self.events.append(("logon", ""))

    def onLogout(self, _session_id: quickfix.SessionID) -> None:
        self.events.append(("logout", ""))

    def toAdmin(self, _message: quickfix.Message, _session_id: quickfix.SessionID) -> None: ...

    def toApp(self, _message: quickfix.Message, _session_id: quickfix.SessionID) -> None: ...

    def fromAdmin(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        self.events.append(("admin", message.toString().replace("\x01", "|")))

    def fromApp(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        self.events.append(("app", message.toString().replace("\x01", "|")))


class RawPeer(asyncio.Protocol):
    """A listening socket that answers Logon, and nothing else unless told; `inbox` holds messages with `|`."""

    def __init__(self) -> None:
        self.inbox: list[str] = []
        self.out = 1
        self.answers_logon = True
        self.transport: asyncio.Transport | None = None
        self.is_connected = False
        self._buffer = b""

    @classmethod
    async def listen(cls, port: int = 0) -> "RawPeer":
        peer = cls()
        loop = asyncio.get_running_loop()
        peer.server = await loop.create_server(lambda: peer, "127.0.0.1", port)
        peer.port = int(peer.server.sockets[0].getsockname()[1])
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.is_connected = True
        self._buffer = b""

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_connected = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\x0110=")) >= 0 and len(self._buffer) >= end + 8:
            text = self._buffer[: end + 8].decode("latin-1").replace("\x01", "|")
            self._buffer = self._buffer[end + 8 :]
            self.inbox.append(text)
            if "|35=A|" in text and self.answers_logon:
                self.send("A", "98=0|108=10|")
            if "|35=5|" in text:
                self.send("5", "")

    def received(self, msg_type: str) -> list[str]:
        return [text for text in self.inbox if f"|35={msg_type}|" in text]

    def frame(self, msg_type: str, body: str, seq_num: int | None = None, header: str = "") -> bytes:
        """Return a message of the peer, numbered next or as said."""
        if seq_num is None:
            seq_num = self.out
            self.out += 1
        head = f"35={msg_type}|34={seq_num}|49=SIMVENUE|52={stamp()}|56=FIXLANE|{header}"
        return wire(head + body)

    def send(self, msg_type: str, body: str, seq_num: int | None = None, header: str = "") -> None:
        self.write(self.frame(msg_type, body, seq_num, header))

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def kill(self) -> None:
        """End the connection as a dying process does."""
        assert self.transport is not None
        self.transport.abort()

    def close(self) -> None:
        self.server.close()
        if self.transport is not None:
            self.transport.abort()
