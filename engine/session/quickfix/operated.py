"""Where a session on QuickFIX stands, and what an operator may do to its numbers.

Errors  SessionError for what its state does not allow.
Thread  the loop thread only; the sequence numbers are read from QuickFIX at each call.
"""

import time
from typing import Any

from engine import fix
from engine.errors import SessionError
from engine.session.events import SessionEvents
from engine.session.protocol import admin
from engine.session.quickfix.gap_watch import GapWatch
from engine.session.quickfix.pacing import Pacing
from engine.session.store.repair import prove_possible


class OperatedSession(SessionEvents):
    """The part of `QuickfixSession` that looks and renumbers; `send` is there."""

    name: str
    _pacing: Pacing
    _resets: bool  # at each Logon, by the session file

    def __init__(self) -> None:
        super().__init__()
        self.is_logged_on = False
        self._gap = GapWatch(time.monotonic_ns)
        self._last_seq_nums = (0, 0)
        self._session: Any = None  # QuickFIX's own session, until `close`

    def send(self, body: bytes) -> None:
        """Send one application message."""
        raise NotImplementedError

    @property
    def last_error(self) -> str:
        """Why it last went down or did not come up."""
        return self._pacing.last_error

    @property
    def is_behind(self) -> bool:
        """Whether messages of the peer are missing that came before others."""
        return self._gap.is_open

    @property
    def next_sender_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we send."""
        return self._session.getExpectedSenderNum() if self._session is not None else self._last_seq_nums[0]

    @property
    def next_target_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we expect."""
        return self._session.getExpectedTargetNum() if self._session is not None else self._last_seq_nums[1]

    @property
    def phase(self) -> str:
        """Where it stands, in words."""
        if self.is_logged_on:
            return "logged on"
        return "connecting" if self._session is not None and self._session.sentLogon() else self._pacing.phase

    def reset(self) -> None:
        """Begin both numbers at 1, and ask for the same in the next Logon; SessionError unless it is disconnected."""
        self.set_next(1, 1)
        self._session.setResetOnLogon(True)

    def set_next(self, next_out: int, next_in: int) -> None:
        """Set both numbers, by agreement with the peer; SessionError unless it is disconnected."""
        prove_possible(next_out, next_in)
        if self._session is None or self.phase in ("logged on", "connecting"):
            raise SessionError(f"{self.name}: is {self.phase}: log out first, or wait for the attempt to end")
        self._session.reset()  # also forgets the messages of the old numbers
        self._session.setResetOnLogon(self._resets)
        self._session.setNextSenderMsgSeqNum(next_out)
        self._session.setNextTargetMsgSeqNum(next_in)

    def test_request(self) -> None:
        """Send a TestRequest; SessionError while logged out."""
        self.send(admin.body(fix.Msg.TEST_REQUEST, [(fix.TestReqID, f"{time.time_ns()}")]))
