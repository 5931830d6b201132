"""The states of a session's connection, and what a Logon or Logout says about them.

Units   `NEVER_NS` is a time that does not come.
Source  FIX 4.4 volume 2, state matrix, less the states that the standard itself leaves at once; FIXT 1.1 for
        SessionStatus(1409).
"""

from enum import IntEnum

NEVER_NS = 2**63 - 1


class SessionState(IntEnum):
    """Where a connection stands; DISCONNECTED alone is false."""

    DISCONNECTED = 0
    AWAITING_LOGON = 1
    LOGGED_ON = 2
    LOGOUT_SENT = 3  # we end the session, the peer's answer is due
    LOGOUT_DELAYED = 4  # the peer ended it beyond a gap; answered when that is filled
    LOGOUT_ANSWERED = 5  # closing is the peer's
    FAREWELL = 6  # we gave up with a Logout; nothing is read any more but its answer


class SessionStatus:
    """SessionStatus(1409), as far as we send it."""

    COMPLETE = 4
    NOT_AT_THIS_TIME = 7
    TOO_LOW = 9  # MsgSeqNum(34)
    TOO_HIGH_EXPECTED = 10  # NextExpectedMsgSeqNum(789)
