"""The simulated venue's FIX acceptor on QuickFIX, driven by the loop.

Errors  as in `acceptor`; ConfigError for a session file that QuickFIX refuses.
Cost    one crossing into QuickFIX to read a message, two to send one (parse, send).
Thread  the loop thread only; QuickFIX never starts one of its own.
Source  QuickFIX 1.16: Acceptor::poll, Session::sendToTarget (a message sent while logged out is stored, and resent
        when the counterparty asks after its next Logon).
"""

import asyncio
import atexit
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import quickfix

from engine.codec import Fields
from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings, render
from engine.session.quickfix.descriptors import Descriptors, is_local_port
from engine.session.quickfix.settings import refused, session_id, with_safe_dictionaries
from engine.sim.fix.acceptor import FROM_FILE, read_sessions

_EXEC_ID = re.compile(rb"\x0117=([^\x01]+)\x01")


class QuickfixAcceptor:
    """The acceptor of `acceptor.Acceptor` whose sessions are QuickFIX's."""

    def __init__(self, session_file: Path, state_path: Path, port: int = FROM_FILE) -> None:
        self.on_message: Callable[[Fields], None] = lambda fields: None
        self.on_logon: Callable[[str], None] = lambda account: None
        self.on_logout: Callable[[str], None] = lambda account: None
        self.on_fault: Callable[[str], None] = lambda text: None
        sessions = read_sessions("quickfix", session_file, state_path)
        if problems := [text for session in sessions for text in refused(session)]:
            raise ConfigError("\n".join(problems))
        self._reserved = _reserve(port) if port != FROM_FILE else None
        settings = [self._with_port(session) for session in sessions]
        self.port = settings[0].integer("SocketAcceptPort")
        self._stores = {session.text("TargetCompID"): Path(session.text("FileStorePath")) for session in settings}
        self._sessions = {session.text("TargetCompID"): session_id(session) for session in settings}
        self._logged_on: set[str] = set()
        self._returning: set[str] = set()  # logged out by us, and welcome again
        self._is_paused = False
        self._descriptors: Descriptors | None = None
        for store in self._stores.values():
            store.mkdir(parents=True, exist_ok=True)
        try:
            quickfix_settings = quickfix.SessionSettings()
            safe = [with_safe_dictionaries(session) for session in settings]
            quickfix_settings.setFromString(render(safe, with_secrets=True))
            stores = quickfix.FileStoreFactory(quickfix_settings)
            self._quickfix = quickfix.SocketAcceptor(_Callbacks(self), stores, quickfix_settings)
        except quickfix.FIXException as error:
            raise ConfigError(f"{session_file}: QuickFIX refuses it: {error}; correct the session file") from None
        atexit.register(self._release)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that may log on."""
        return tuple(self._sessions)

    def is_logged_on(self, account: str) -> bool:
        """Return whether the account's session is up."""
        return account in self._logged_on

    async def start(self) -> None:
        """Listen, and be polled whenever a socket of QuickFIX is ready; raise ConfigError if the port is taken."""
        self._descriptors = Descriptors(asyncio.get_running_loop(), self.poll, is_local_port(self.port))
        try:
            self.poll()
        except quickfix.FIXException as error:
            raise ConfigError(f"SocketAcceptPort={self.port}: {error}") from None
        finally:
            if self._reserved is not None:
                self._reserved.close()
        self._descriptors.refresh()

    def poll(self) -> None:
        """Let QuickFIX read, send heartbeats, and write what is pending."""
        self._quickfix.poll()

    def send(self, account: str, body: str) -> None:
        """Send a body; QuickFIX stores it under its number if the account is logged out."""
        message = quickfix.Message(f"8=FIX.4.4\x019=0\x01{body}10=000\x01", False)
        quickfix.Session.sendToTarget(message, self._sessions[account])

    def lose(self, account: str, body: str) -> None:
        """Send the message all the same: QuickFIX fills every gap that it is asked to fill."""
        self.send(account, body)

    def stored_exec_ids(self, account: str) -> set[str]:
        """Return the ExecID(17) of every message that QuickFIX's store of the account holds."""
        name = self._sessions[account].toString().replace(":", "-").replace("->", "-")
        content = (self._stores[account] / f"{name}.body").read_bytes()
        return {found.decode("latin-1") for found in _EXEC_ID.findall(content)}

    def pause(self) -> None:
        """Stop polling."""
        self._is_paused = True
        if self._descriptors is not None:
            self._descriptors.close()

    def resume(self) -> None:
        """Poll again."""
        self._is_paused = False
        self._watch()

    def drop(self, account: str = "") -> None:
        """Cut the connection of `account`, or every one."""
        for name, identity in self._sessions.items():
            if account in ("", name):
                quickfix.Session.lookupSession(identity).disconnect()
        self._watch()

    def logout(self, account: str = "") -> None:
        """Say Logout to `account`, or to everybody, and take them back when they return."""
        for name in [name for name in self._logged_on if account in ("", name)]:
            quickfix.Session.lookupSession(self._sessions[name]).logout("venue logs out")
            self._returning.add(name)
        self.poll()

    async def close(self, patience: float = 2.0) -> None:
        """Log everybody out, wait up to `patience` seconds for the answers, and release the port."""
        loop = asyncio.get_running_loop()
        for identity in self._sessions.values():
            quickfix.Session.lookupSession(identity).logout("venue stops")
        until = loop.time() + patience
        while self._logged_on and loop.time() < until:
            self.poll()
            await asyncio.sleep(0.005)
        self.pause()
        self._release()

    def _release(self) -> None:
        """Destroy QuickFIX's objects before the interpreter ends, which would destroy them in any order."""
        atexit.unregister(self._release)
        if self._reserved is not None:
            self._reserved.close()
        self._quickfix.stop(True)
        del self._quickfix

    def _with_port(self, session: SessionSettings) -> SessionSettings:
        """Return the session with the port chosen here."""
        return session.replaced({"SocketAcceptPort": self._reserved.getsockname()[1]} if self._reserved else {})

    def _watch(self) -> None:
        if self._descriptors is not None and not self._is_paused:
            self._descriptors.refresh()

    def _receive(self, text: str) -> None:
        self.on_message(Fields(text.encode("utf-8", "surrogateescape")))

    def _call(self, callback: Callable[[Any], None], argument: Any) -> None:
        try:
            callback(argument)
        except Exception as error:
            self.on_fault(f"{type(error).__name__}: {error}")

    def _has_logged_on(self, account: str) -> None:
        self._logged_on.add(account)
        # The connection may have been accepted by a poll of ours, unseen by the watch on the listening socket.
        asyncio.get_running_loop().call_soon(self._watch)
        self.on_logon(account)

    def _has_logged_out(self, account: str) -> None:
        self._logged_on.discard(account)
        if account in self._returning:
            self._returning.remove(account)
            quickfix.Session.lookupSession(self._sessions[account]).logon()
        self.on_logout(account)


class _Callbacks(quickfix.Application):
    """QuickFIX's side of the acceptor; an exception that left one of these would end the process."""

    def __init__(self, acceptor: QuickfixAcceptor) -> None:
        super().__init__()
        self._acceptor = acceptor

    def onCreate(self, session: quickfix.SessionID) -> None:
        """Do nothing: the sessions are known."""

    def onLogon(self, session: quickfix.SessionID) -> None:
        """Pass on that an account has logged on."""
        self._acceptor._call(self._acceptor._has_logged_on, session.getTargetCompID().getString())

    def onLogout(self, session: quickfix.SessionID) -> None:
        """Pass on that an account's session has ended."""
        self._acceptor._call(self._acceptor._has_logged_out, session.getTargetCompID().getString())

    def fromApp(self, message: quickfix.Message, session: quickfix.SessionID) -> None:
        """Pass on an application message."""
        self._acceptor._call(self._acceptor._receive, message.toString())

    def toApp(self, message: quickfix.Message, session: quickfix.SessionID) -> None:
        """Do nothing: the exchange wrote the message."""

    def toAdmin(self, message: quickfix.Message, session: quickfix.SessionID) -> None:
        """Do nothing: session messages are QuickFIX's."""

    def fromAdmin(self, message: quickfix.Message, session: quickfix.SessionID) -> None:
        """Do nothing: session messages are QuickFIX's."""


def _reserve(port: int) -> socket.socket:
    """Bind a port so that nobody else is given it; QuickFIX may still listen on it, for neither listens yet."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind(("", port))
    except OSError as error:
        reserved.close()
        raise ConfigError(f"port {port} cannot be bound: {error.strerror}") from None
    return reserved
