"""Peers for session tests, on the test's own loop: a QuickFIX acceptor, and a bare socket that speaks FIX by hand."""

import asyncio
import inspect
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import quickfix
import uvloop

from engine.session import LogonDialect
from engine.session.file.settings import SessionSettings, load_session
from engine.session.quickfix.initiator import QuickfixSession
from engine.session.quickfix.settings import quickfix_settings, session_id
from engine.sim.free_ports import free_ports
from tests.support.places import FIX_CONFIG

MODES = ("event", "busy")
STRICT: dict[str, Any] = {
    "AllowUnknownMsgFields": "N",
    "ValidateUserDefinedFields": "Y",
}  # shipped: lenient


def run(mode: str, scenario: Coroutine[Any, Any, None]) -> None:
    """Run `scenario` on uvloop: sleeping between events, or turned without pause as in the busy loop mode."""

    async def spinning() -> None:
        loop = asyncio.get_running_loop()

        def spin() -> None:
            loop.call_soon(spin)

        if mode == "busy":
            spin()
        await scenario

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(spinning())


def in_both_modes(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine function; its arguments are fixtures and parameters as usual."""

    @pytest.mark.parametrize("mode", MODES)
    def test(mode: str, **arguments: object) -> None:
        run(mode, scenario(**arguments))

    signature = inspect.signature(scenario)
    mode = inspect.Parameter("mode", inspect.Parameter.KEYWORD_ONLY)
    test.__signature__ = signature.replace(parameters=[*signature.parameters.values(), mode])  # type: ignore[attr-defined]
    test.__name__ = scenario.__name__
    return test


def free_port() -> int:
    return free_ports(1)[0]


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.001)


def initiator_settings(folder: Path, port: int, **overrides: object) -> SessionSettings:
    """Return the demo's initiator, with its store in `folder` and the peer at `port`; it reconnects at once."""
    settings = load_session(FIX_CONFIG / "initiator.cfg", "initiator", folder)
    return settings.replaced({"SocketConnectPort": port, "ReconnectInterval": 0, **overrides})


class Side:
    """A QuickfixSession on a fresh store, and everything that it called, as tuples."""

    def __init__(self, folder: Path, port: int, dialect: LogonDialect | None = None, **overrides: object) -> None:
        self.events: list[tuple[str, ...]] = []
        self.settings = initiator_settings(folder, port, **overrides)
        self.session = QuickfixSession(self.settings, asyncio.get_running_loop(), dialect)
        self.session.on_logon = lambda: self.events.append(("logon",))
        self.session.on_logout = lambda text: self.events.append(("logout", text))
        self.session.on_message = lambda fields: self.events.append(("message", shown(fields.raw)))
        self.session.on_fault = lambda text: self.events.append(("fault", text))

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    async def logon(self) -> None:
        self.session.logon()
        await until(lambda: self.session.is_logged_on)

    def send(self, body: str) -> None:
        self.session.send(body.replace("|", "\x01").encode())

    def messages(self) -> list[str]:
        return [event[1] for event in self.events if event[0] == "message"]

    def faults(self) -> list[str]:
        return [event[1] for event in self.events if event[0] == "fault"]


@asynccontextmanager
async def raw_peer(port: int = 0, each: list["RawPeer"] | None = None) -> AsyncIterator["RawPeer"]:
    """Yield a peer that listens; with `each`, every connection has a peer of its own, appended there."""
    peer = RawPeer()

    def protocol() -> RawPeer:
        if each is None:
            return peer
        each.append(RawPeer())
        return each[-1]

    listening = socket.create_server(("127.0.0.1", port))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # a peer that does not read is soon full
    peer.port = int(listening.getsockname()[1])
    server = await asyncio.get_running_loop().create_server(protocol, sock=listening)
    try:
        yield peer
    finally:
        server.close()
        for connected in [peer, *(each or [])]:
            connected.kill()


@asynccontextmanager
async def logged_on(
    folder: Path, dialect: LogonDialect | None = None, **overrides: object
) -> AsyncIterator[tuple[Side, "RawPeer"]]:
    """Yield a session that is logged on to a peer of bare sockets, and the peer."""
    async with raw_peer() as peer:
        with Side(folder, peer.port, dialect, **overrides) as side:
            await side.logon()
            yield side, peer


def order(cl_ord_id: str) -> str:
    return f"35=D|11={cl_ord_id}|21=1|38=25|40=2|44=0.5400|54=1|55=KXGOLD|59=1|60=20260105-14:30:00|"


def report(exec_id: str) -> str:
    return f"6=0|11=A1|14=0|17={exec_id}|37=O1|38=25|39=0|54=1|55=KXGOLD|150=0|151=25|"


def shown(message: bytes | str) -> str:
    """Return a wire message with `|` for SOH."""
    return (message if isinstance(message, str) else message.decode("latin-1")).replace("\x01", "|")


def field(text: str, tag: int) -> str:
    """Return the first value of `tag` in a message shown with `|`."""
    return text.split(f"|{tag}=", 1)[1].split("|", 1)[0]


def wire(body: str) -> bytes:
    """Return the whole message around `body`, written with `|` for SOH, from its MsgType on."""
    text = body.replace("|", "\x01")
    message = f"8=FIX.4.4\x019={len(text)}\x01{text}".encode("latin-1")
    return message + b"10=%03d\x01" % (sum(message) % 256)


def stamp() -> str:
    return time.strftime("%Y%m%d-%H:%M:%S", time.gmtime())


class QuickfixPeer(quickfix.Application):
    """The demo's acceptor on QuickFIX, polled by a timer; `events` holds what it saw, text with `|` for SOH."""

    def __init__(self, folder: Path, port: int, **overrides: object) -> None:
        super().__init__()
        settings = load_session(FIX_CONFIG / "acceptor.cfg", "acceptor", folder)
        settings = settings.replaced({"SocketAcceptPort": port, **overrides})
        Path(settings.text("FileStorePath")).mkdir(parents=True, exist_ok=True)
        self.events: list[tuple[str, ...]] = []
        self._loop = asyncio.get_running_loop()
        self._id = session_id(settings)
        configured = quickfix_settings(settings)
        self._parts: tuple[Any, ...] = (self, quickfix.FileStoreFactory(configured), configured)
        self._acceptor: quickfix.SocketAcceptor | None = quickfix.SocketAcceptor(*self._parts)
        self.session = quickfix.Session.lookupSession(self._id)
        self._poll()

    def __enter__(self) -> "QuickfixPeer":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _poll(self) -> None:
        assert self._acceptor is not None
        self._acceptor.poll()
        self._timer = self._loop.call_later(0.001, self._poll)

    def received(self, msg_type: str) -> list[str]:
        """Return the application messages of one type, in order."""
        return [text for kind, text, *_ in self.events if kind == "app" and f"|35={msg_type}|" in text]

    def recoveries(self) -> list[str]:
        """Return every ResendRequest and SequenceReset."""
        return [text for _, text in self.events if "|35=2|" in text or "|35=4|" in text]

    def send(self, body: str) -> None:
        """Send, or queue while logged out, `body` with `|` for SOH."""
        assert self.session.send(quickfix.Message(body.replace("|", "\x01"), False))

    def close(self) -> None:
        """Cut the connection and stop listening, as a crash does; the store stays."""
        if self._acceptor is None:
            return
        self._timer.cancel()
        self.session.disconnect()
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
        self.events.append(("admin", shown(message.toString())))

    def fromApp(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        self.events.append(("app", shown(message.toString())))


class RawPeer(asyncio.Protocol):
    """A listening socket that answers Logon, and nothing else unless told; `inbox` holds messages with `|`."""

    def __init__(self) -> None:
        self.inbox: list[str] = []
        self.port = 0
        self.next_number: Callable[[], int] = self._count
        self.name = "FIXLANE"  # the counterparty, as its Logon says
        self.answers_logon = self.answers_logout = True
        self.transport: asyncio.Transport | None = None
        self.is_connected = False
        self._numbered = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.is_connected = True
        self._buffer = b""

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_connected = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\x0110=")) >= 0 and len(self._buffer) >= end + 8:
            text = shown(self._buffer[: end + 8])
            self._buffer = self._buffer[end + 8 :]
            self.inbox.append(text)
            if "|35=A|" in text:
                self.name = field(text, 49)
            if "|35=A|" in text and self.answers_logon:
                self.send("A", "98=0|108=10|")
            if "|35=5|" in text and self.answers_logout:
                self.send("5", "")

    def received(self, msg_type: str) -> list[str]:
        return [text for text in self.inbox if f"|35={msg_type}|" in text]

    def frame(self, msg_type: str, body: str, seq_num: int | None = None, header: str = "") -> bytes:
        """Return a message of the peer, numbered next or as said."""
        if seq_num is None:
            seq_num = self.next_number()
        head = f"35={msg_type}|34={seq_num}|49=SIMVENUE|52={stamp()}|56={self.name}|{header}"
        return wire(head + body)

    def _count(self) -> int:
        self._numbered += 1
        return self._numbered

    def send(self, msg_type: str, body: str, seq_num: int | None = None, header: str = "") -> None:
        self.write(self.frame(msg_type, body, seq_num, header))

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def kill(self) -> None:
        """End the connection as a dying process does."""
        if self.transport is not None:
            self.transport.abort()
