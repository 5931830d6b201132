"""Sessions over real sockets on 127.0.0.1: settings, an event loop, and what a side has seen."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.session.fields import Fields
from engine.session.message import Message
from engine.session.settings import SessionSettings

COMMON = {
    "BeginString": "FIX.4.4", "NonStopSession": "Y", "UseDataDictionary": "N", "ReconnectInterval": "1",
}  # fmt: skip


def initiator_settings(folder: Path, port: int, **changes: object) -> SessionSettings:
    values = {
        **COMMON, "ConnectionType": "initiator", "SenderCompID": "US", "TargetCompID": "PEER", "HeartBtInt": "30",
        "SocketConnectHost": "127.0.0.1", "SocketConnectPort": str(port), "FileStorePath": str(folder / "us"),
    }  # fmt: skip
    return SessionSettings(folder / "initiator.cfg", values).replaced(changes)


def acceptor_settings(folder: Path, port: int = 0, **changes: object) -> SessionSettings:
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
