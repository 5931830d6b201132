"""The states of a session's connection, and the values of SessionStatus(1409) that we send.

Units   ns; `NEVER_NS` is later than any time.
Source  FIX 4.4 volume 2, state matrix, without the states that the standard itself leaves at once; FIXT 1.1 for
        SessionStatus(1409).
"""

from enum import IntEnum

NEVER_NS = 2**63 - 1


class SessionState(IntEnum):
    """The state of a connection; only DISCONNECTED is false."""

    DISCONNECTED = 0
    AWAITING_LOGON = 1
    LOGGED_ON = 2
    LOGOUT_SENT = 3  # we end the session, the peer's answer is due
    LOGOUT_DELAYED = 4  # the peer ended it beyond a gap; answered when that is filled
    LOGOUT_ANSWERED = 5  # the peer closes the connection
    FAREWELL = 6  # we ended the session over an error; only the answer to our Logout is read


class SessionStatus:
    """The values of SessionStatus(1409) that we send."""

    COMPLETE = 4
    NOT_AT_THIS_TIME = 7
    TOO_LOW = 9  # MsgSeqNum(34)
    TOO_HIGH_EXPECTED = 10  # NextExpectedMsgSeqNum(789)
