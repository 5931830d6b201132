"""Sessions over real sockets on 127.0.0.1: settings, event loops, what a side has seen, and two sides joined."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvloop

from engine.codec import Fields
from engine.codec.message import Message
from engine.runtime._sockets import Sockets
from engine.runtime.modes import Spinner
from engine.session.file.settings import SessionSettings
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession

COMMON = {
    "BeginString": "FIX.4.4", "NonStopSession": "Y", "UseDataDictionary": "N", "ReconnectInterval": "1",
}  # fmt: skip


def initiator_settings(folder: Path, port: int, **changes: object) -> SessionSettings:
    values = {
        **COMMON, "ConnectionType": "initiator", "SenderCompID": "US", "TargetCompID": "PEER", "HeartBtInt": "30",
        "SocketConnectHost": "127.0.0.1", "SocketConnectPort": str(port), "FileStorePath": str(folder / "us"),
    }  # fmt: skip
    return SessionSettings(folder / "initiator.cfg", values).replaced(changes)


def acceptor_settings(folder: Path, port: int = 0, /, **changes: object) -> SessionSettings:
    values = {
        **COMMON, "ConnectionType": "acceptor", "SenderCompID": "PEER", "TargetCompID": "US",
        "SocketAcceptPort": str(port), "SocketAcceptAddress": "127.0.0.1", "FileStorePath": str(folder / "peer"),
    }  # fmt: skip
    return SessionSettings(folder / "acceptor.cfg", values).replaced(changes)


class Witness:
    """Records what one session reports; `until` waits for a condition on it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.events: list[str] = []
        self.messages: list[tuple[str, str]] = []  # MsgType, ClOrdID
        self._changed = asyncio.Event()
        session.on_logon = lambda: self._note("logon")
        session.on_logout = lambda reason: self._note(f"logout: {reason}")
        session.on_fault = lambda text: self._note(f"fault: {text}")
        session.on_message = self._on_message

    def _note(self, event: str) -> None:
        self.events.append(event)
        self._changed.set()

    def _on_message(self, fields: Fields) -> None:
        self.messages.append((fields.msg_type, fields.text(11)))
        self._changed.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    with contextlib.suppress(TimeoutError):  # the end of a connection is no event of a session
                        async with asyncio.timeout(0.05):
                            await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"seen only {self.events}, {self.messages}") from None

    async def logged_on(self) -> None:
        await self.until(lambda: "logon" in self.events and self.session.is_logged_on)

    def count(self, word: str) -> int:
        return sum(event.startswith(word) for event in self.events)


def body(cl_ord_id: str, msg_type: str = "D", more: str = "") -> bytes:
    return Message.from_text(f"35={msg_type}|11={cl_ord_id}|{more}").body()


Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop, "spinning": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(Pair, "spins", request.param == "spinning")

    def run_it(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(asyncio.wait_for(main, 60))

    return run_it


class Pair:
    """An initiator and an acceptor that know each other; the former's socket is spun on if the class `spins`."""

    spins = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0

    async def listen(self, **changes: object) -> None:
        loop = asyncio.get_running_loop()
        self.acceptor = SessionAcceptor([acceptor_settings(self.folder, self.port, **changes)], loop)
        self.port = (await self.acceptor.listen())[0]
        (self.peer_session,) = self.acceptor.sessions.values()
        self.peer = Witness(self.peer_session)

    def connect(self, **changes: object) -> None:
        loop = asyncio.get_running_loop()
        settings = initiator_settings(self.folder, self.port, **changes)
        sockets = Sockets(loop)
        self.spinner = Spinner(loop, sockets)
        if self.spins:
            self.spinner.start()
        self.session = NativeSession(settings, loop, replayed=None, sockets=sockets)
        self.us = Witness(self.session)
        self.session.logon()

    async def up(self, **changes: object) -> "Pair":
        await self.listen()
        self.connect(**changes)
        await self.us.logged_on()
        await self.peer.logged_on()
        return self

    def close(self) -> None:
        self.spinner.stop()
        self.session.close()
        self.acceptor.close()
