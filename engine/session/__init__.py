"""A FIX session as the trading loop sees it; `native` and `quickfix` implement it.

Errors  SessionError from `send` while logged out; an unusable session file is a ConfigError at construction.
Thread  the loop thread only; every callable below is called on it.
Source  FIX 4.4 volume 2, session protocol.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from engine.codec import Fields
from engine.runtime.notices import NoticeKind


class Session(Protocol):
    """One FIX session, initiator side.

    Set the callables before `logon`. `on_message` receives every application message and every session-level
    Reject(3); its `Fields` are valid during the call only. `on_refused` receives an application message that the
    session answered with a Reject, the reason as in SessionRejectReason(373), and its text. `on_notice` receives what
    people should hear of. `on_forsaken` comes before our Logout where messages of the peer are lost, or an operator
    must act before the next Logon: what is to leave over this session must leave during the call.
    """

    on_logon: Callable[[], None]
    on_logout: Callable[[str], None]
    on_message: Callable[[Fields], None]
    on_fault: Callable[[str], None]
    on_refused: Callable[[Fields, int, str], None]
    on_forsaken: Callable[[str], None]
    on_notice: Callable[[NoticeKind, str], None]

    @property
    def name(self) -> str:
        """The session's identity as QuickFIX writes it."""

    @property
    def protection(self) -> str:
        """How the connection is protected, in words."""

    @property
    def last_error(self) -> str:
        """Why it last went down or did not come up, in the counterparty's words where there are any; else empty."""

    @property
    def phase(self) -> str:
        """Where it stands: `logged on`, `connecting`, `waiting` for the next attempt, `given up` or `logged out`."""

    @property
    def is_logged_on(self) -> bool:
        """Whether `send` takes messages now."""

    @property
    def is_behind(self) -> bool:
        """Whether messages of the peer are missing that came before others, so that what it told is not all known."""

    @property
    def next_sender_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we send."""

    @property
    def next_target_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we expect."""

    def logon(self) -> None:
        """Connect and log on; connect again after a loss until `logout` or `close`."""

    def send(self, body: bytes) -> None:
        """Send one application message: `35=D<SOH>`, then its body fields, each closed by SOH."""

    def prepare(self) -> None:
        """Make room for what will be sent; SessionError where the store cannot grow, while it still has room."""

    def refuse(self, fields: Fields) -> None:
        """Answer a message whose MsgType(35) the application does not take by BusinessMessageReject(j)."""

    def reset(self) -> None:
        """Begin both numbers at 1, and ask for the same in the next Logon; SessionError unless it is disconnected."""

    def set_next(self, next_out: int, next_in: int) -> None:
        """Set both numbers, by agreement with the peer; SessionError unless it is disconnected."""

    def test_request(self) -> None:
        """Send a TestRequest; SessionError while logged out."""

    def logout(self, text: str = "") -> None:
        """Send Logout, answer what the peer still asks for, then disconnect; do not connect again."""

    def close(self) -> None:
        """Release the connection and the store at once."""


@runtime_checkable
class RenamableSession(Protocol):
    """A session that can take another name while it runs."""

    def rename(self, sender_comp_id: str) -> None:
        """Be another SenderCompID(49) from the next connection on; SessionError unless each Logon begins at 1."""


class LogonDialect(Protocol):
    """Adds what a venue requires in a Logon beyond the standard, such as a signature."""

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        """Return the extra body fields for a Logon whose header holds tags 34, 49, 52 and 56."""
