"""Completes the Logons that QuickFIX writes, and takes back the numbers of those that were not sent.

QuickFIX writes a Logon as soon as it begins to connect. If the connection is refused, that Logon has used a number that
the peer never sees, and the next one would leave a gap.

Errors  `fill` raises what the dialect raises; the number counts as unused then.
Thread  the loop thread only.
"""

from collections.abc import Sequence

import quickfix

from engine import fix
from engine.session import LogonDialect

_TOLD = (fix.MsgSeqNum, fix.SenderCompID, fix.SendingTime, fix.TargetCompID)  # what a dialect signs


class Logons:
    """The Logons of one session; `unsent` is not 0 while there is a number to take back."""

    def __init__(self, tags: Sequence[tuple[int, str]], dialect: LogonDialect | None) -> None:
        self._tags = tuple(tags)
        self._dialect = dialect
        self.unsent = 0  # MsgSeqNum(34) of a Logon for which there was no connection
        self._last = 0  # of the last one

    def fill(self, message: quickfix.Message, header: quickfix.Header, *, is_connected: bool) -> None:
        """Add the fields that the session file and the venue require."""
        seq_num = self._last = int(header.getField(fix.MsgSeqNum))
        if not is_connected:
            self.unsent = seq_num
        try:
            fields = list(self._tags)
            if self._dialect is not None:
                fields += self._dialect.logon_fields({tag: header.getField(tag) for tag in _TOLD})
            for tag, value in fields:
                message.setField(tag, value)
        except Exception:
            self.unsent = seq_num
            raise

    def has_left(self, *, is_there: bool) -> bool:
        """Return whether the last one may have reached the peer; its number is to be taken back where not."""
        if not is_there:
            self.unsent = self._last
        return not self.unsent

    def take_back(self, session: quickfix.Session | None) -> None:
        """Make the next Logon use the number of one that was not sent."""
        if session is not None and session.getExpectedSenderNum() == self.unsent + 1:
            session.setNextSenderMsgSeqNum(self.unsent)
        self.unsent = 0
