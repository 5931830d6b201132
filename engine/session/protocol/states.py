"""The states of a session's connection.

Source  FIX 4.4 volume 2, state matrix, less the states that the standard itself leaves at once.
"""

from enum import IntEnum

NEVER_NS = 2**63 - 1


class SessionState(IntEnum):
    DISCONNECTED = 0
    AWAITING_LOGON = 1
    LOGGED_ON = 2
    LOGOUT_SENT = 3  # we end the session, the peer's answer is due
    LOGOUT_DELAYED = 4  # the peer ended it beyond a gap; answered when that is filled
    LOGOUT_ANSWERED = 5  # closing is the peer's
    FAREWELL = 6  # we gave up with a Logout; nothing is read any more but its answer
