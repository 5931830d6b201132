"""FIX acceptor of the simulated venue, as the venue sees it; two implementations stand beside this file.

Errors  ConfigError for a session file that cannot be served; a failure inside a callback goes to `on_fault`.
Thread  the loop thread only; an acceptor is made while the loop runs.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.codec import Fields
from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings, load_sessions

FROM_FILE = -1
_LOCAL = "127.0.0.1"
_STORES = {"native": "*.head", "quickfix": "*.seqnums"}


class Acceptor(Protocol):
    """Every FIX session of the venue, one per account: the counterparty's CompID is the account.

    `on_message` receives every application message; its `Fields` are valid during the call only.
    """

    on_message: Callable[[Fields], None]
    on_logon: Callable[[str], None]
    on_logout: Callable[[str], None]
    on_fault: Callable[[str], None]

    @property
    def port(self) -> int:
        """Where it listens, known once it has started."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that may log on, in the order of the session file."""

    def is_logged_on(self, account: str) -> bool:
        """Return whether the account's session is up."""

    async def start(self) -> None:
        """Listen."""

    def poll(self) -> None:
        """Do timed work: heartbeats and timeouts."""

    def send(self, account: str, body: str) -> None:
        """Send one application message, or keep it under its number until the account asks after its next Logon."""

    def lose(self, account: str, body: str) -> None:
        """Number one application message and send it never, not even where it is asked for again."""

    def stored_exec_ids(self, account: str) -> set[str]:
        """Return the ExecID(17) of every report that the account has been sent or will be."""

    def pause(self) -> None:
        """Stop reading and sending heartbeats, as if the process hung, until `resume`."""

    def resume(self) -> None:
        """Read and send heartbeats again after `pause`."""

    def drop(self, account: str = "") -> None:
        """Cut the connection of `account`, or every one, without a Logout."""

    def logout(self, account: str = "") -> None:
        """Say Logout to `account`, or to everybody; they may log on again."""

    async def close(self) -> None:
        """Log everybody out, wait up to two seconds for the answers, and release the port."""


def read_sessions(kind: str, session_file: Path, state_path: Path) -> list[SessionSettings]:
    """Return the sessions of the file; unless it allows others, only this host may connect."""
    sessions = load_sessions(session_file, state_path)
    for session in sessions:
        if session.is_initiator:
            raise ConfigError(f"{session_file}: {session.name} is an initiator; the venue needs acceptors")
        _refuse_other_store(kind, Path(session.text("FileStorePath")))
    return [session.replaced({"AllowedRemoteAddresses": _allowed(session)}) for session in sessions]


def is_local(session: SessionSettings) -> bool:
    """Return whether nobody but this host may connect."""
    return _allowed(session) == _LOCAL


def _allowed(session: SessionSettings) -> str:
    return session.text("AllowedRemoteAddresses") or _LOCAL


def _refuse_other_store(kind: str, folder: Path) -> None:
    """Raise ConfigError for a store of the other acceptor: its sequence numbers would start again."""
    for other, pattern in _STORES.items():
        if other != kind and any(folder.glob(pattern)):
            raise ConfigError(f'{folder}: holds numbers of acceptor = "{other}"; keep that, or remove the folder')
