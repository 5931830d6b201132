"""The simulated venue's FIX acceptor on our own session.

Errors  as in `acceptor`; ConfigError also for a store that is damaged or in use.
Cost    a report is encoded, stored and written within `send`.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.codec import Fields
from engine.errors import ConfigError, SessionError
from engine.session.file.settings import SessionSettings
from engine.session.native import acceptor
from engine.session.native.acceptor import ANY_PEER, AcceptorSession
from engine.sim.fix.acceptor import FROM_FILE, is_local, read_sessions

_EXEC_ID = re.compile(rb"\x0117=([^\x01]+)\x01")
_PATIENCE_S = 2.0  # for the answers to our Logouts


class NativeAcceptor:
    """The acceptor of `acceptor.Acceptor` whose sessions are ours."""

    def __init__(self, session_file: Path, state_path: Path, port: int = FROM_FILE) -> None:
        self.on_message: Callable[[Fields], None] = lambda fields: None
        self.on_logon: Callable[[str], None] = lambda account: None
        self.on_logout: Callable[[str], None] = lambda account: None
        self.on_fault: Callable[[str], None] = lambda text: None
        settings = [_placed(session, port) for session in read_sessions("native", session_file, state_path)]
        self.port = settings[0].integer("SocketAcceptPort")
        try:
            self._acceptor = acceptor.SessionAcceptor(settings, asyncio.get_running_loop())
        except SessionError as error:
            raise ConfigError(str(error)) from None
        self._sessions = {session.core.settings.target_comp_id: session for session in self._acceptor.sessions.values()}
        for account, session in self._sessions.items():
            self._attend(account, session)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that may log on."""
        return tuple(self._sessions)

    def is_logged_on(self, account: str) -> bool:
        """Return whether the account's session is up."""
        return self._sessions[account].is_logged_on

    async def start(self) -> None:
        """Listen; raise ConfigError if the port is taken."""
        try:
            self.port = (await self._acceptor.listen())[0]
        except OSError as error:
            raise ConfigError(f"SocketAcceptPort={self.port}: cannot be bound: {error.strerror}") from None

    def poll(self) -> None:
        """Do nothing: the sessions set timers of their own."""

    def send(self, account: str, body: str) -> None:
        """Send a body, or keep it for the next Logon; one longer than the peer takes ends the session."""
        session = self._sessions[account]
        try:
            session.send_or_keep(body.encode("latin-1", "replace"))
        except SessionError as error:  # longer than the peer takes
            session.logout(str(error))

    def lose(self, account: str, body: str) -> None:
        """Number a message and send it never."""
        self._sessions[account].withhold(body.encode("latin-1", "replace"))

    def stored_exec_ids(self, account: str) -> set[str]:
        """Return the ExecID(17) of every message that the account's store holds."""
        core = self._sessions[account].core
        stored = b"".join(message for _, message in core.store.messages(1, core.next_out - 1))
        return {found.decode("latin-1") for found in _EXEC_ID.findall(stored)}

    def pause(self) -> None:
        """Stop reading and sending heartbeats."""
        self._acceptor.pause()

    def resume(self) -> None:
        """Read and send heartbeats again."""
        self._acceptor.resume()

    def drop(self, account: str = "") -> None:
        """Cut the connection of `account`, or every one."""
        for name, session in self._sessions.items():
            if account in ("", name):
                session.drop("dropped by a fault")

    def logout(self, account: str = "") -> None:
        """Say Logout to `account`, or to everybody."""
        for name, session in self._sessions.items():
            if account in ("", name):
                session.logout("venue logs out")

    async def close(self) -> None:
        """Log everybody out, wait up to two seconds for the answers, and release the port."""
        self.resume()
        loop = asyncio.get_running_loop()
        leaving = [session for session in self._sessions.values() if session.is_logged_on]
        for session in leaving:
            session.logout("venue stops")
        until = loop.time() + _PATIENCE_S
        while any(session.is_connected for session in leaving) and loop.time() < until:
            await asyncio.sleep(0.005)
        self._acceptor.close()

    def _attend(self, account: str, session: AcceptorSession) -> None:
        session.on_message = lambda fields: self.on_message(fields)
        session.on_logon = lambda: self.on_logon(account)
        session.on_logout = lambda reason: self.on_logout(account)
        session.on_fault = partial(self._on_fault, session)

    def _on_fault(self, session: AcceptorSession, text: str) -> None:
        """Pass on our own failures; a peer's fault has ended its session, which is enough."""
        if text != session.core.needs_operator:
            self.on_fault(text)


def _placed(session: SessionSettings, port: int) -> SessionSettings:
    """Return the session with the port chosen here, bound where its peers can come from."""
    if session.text("TargetCompID") == ANY_PEER:
        raise ConfigError(f"{session.file}: TargetCompID={ANY_PEER}: name each account of the venue in a session")
    changed: dict[str, object] = {} if port == FROM_FILE else {"SocketAcceptPort": port}
    if not session.text("SocketAcceptAddress"):
        changed["SocketAcceptAddress"] = "127.0.0.1" if is_local(session) else "0.0.0.0"
    return session.replaced(changed)
