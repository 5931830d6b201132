"""What stands in for a FIX session where no order leaves this process: it is logged on whenever it is asked to be.

Errors  SessionError for what only a FIX session can do.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.codec import Fields
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind

NO_FIX = "paper trading: there is no FIX session, whose numbers could be changed or which could send"


class PaperSession:
    """A Session without messages; `call_soon` calls something in a turn of the loop to come."""

    name = "paper: fills by what the feed shows"
    protection = "none: no order leaves this process"
    last_error = ""
    is_behind = False  # no answer waits behind another
    next_sender_seq_num = next_target_seq_num = 0  # nothing is numbered

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self.on_logon: Callable[[], None] = lambda: None
        self.on_logout: Callable[[str], None] = lambda reason: None
        self.on_message: Callable[[Fields], None] = lambda fields: None
        self.on_fault: Callable[[str], None] = lambda reason: None
        self.on_refused: Callable[[Fields, int, str], None] = lambda fields, reason, text: None
        self.on_forsaken: Callable[[str], None] = lambda reason: None
        self.on_notice: Callable[[NoticeKind, str], None] = lambda kind, text: None
        self._call_soon = call_soon
        self._is_logged_on = False
        self._is_wanted = False

    @property
    def phase(self) -> str:
        """Return where it stands, in a FIX session's words."""
        return "logged on" if self._is_logged_on else "logged out"

    @property
    def is_logged_on(self) -> bool:
        """Return whether requests are taken."""
        return self._is_logged_on

    def logon(self) -> None:
        """Be logged on from the next turn of the loop on."""
        self._is_wanted = True
        self._call_soon(self._begin)

    def _begin(self) -> None:
        if self._is_wanted and not self._is_logged_on:
            self._is_logged_on = True
            self.on_logon()

    def logout(self, text: str = "") -> None:
        """Take no more requests."""
        self._is_wanted = False
        if self._is_logged_on:
            self._is_logged_on = False
            self.on_logout(text or "logged out as asked")

    def close(self) -> None:
        """Take no more requests, and tell nobody."""
        self._is_wanted = self._is_logged_on = False

    def send(self, body: bytes) -> None:
        """Raise SessionError: no message is sent."""
        raise SessionError(NO_FIX)

    def test_request(self) -> None:
        """Raise SessionError: there is nobody to ask."""
        raise SessionError(NO_FIX)

    def prepare(self) -> None:
        """Do nothing: there is no store."""

    def refuse(self, fields: Fields) -> None:
        """Do nothing: no message comes."""

    def reset(self) -> None:
        """Raise SessionError: nothing is numbered."""
        raise SessionError(NO_FIX)

    def set_next(self, next_out: int, next_in: int) -> None:
        """Raise SessionError: nothing is numbered."""
        raise SessionError(NO_FIX)
