"""How the attempts to log on went, and when to try again: paced, bounded, and given up where trying cannot help.

An attempt is good when its Logon was answered by a Logon and the session then held. One that never reached the peer
costs nothing and is repeated every ReconnectInterval. One whose Logon left in vain, because it was not answered or the
session was lost at once, has used up a MsgSeqNum(34): after a few of them the delays double, so that a storm ends in
one attempt a minute. Credentials that were refused are tried again a few times, slowly, and then not before an operator
has seen to them.

Units   ns.
Thread  the loop thread only.
"""

from engine.session.refusal import Cause, LogonRefusal

_SECOND_NS = 1_000_000_000
AT_ONCE = 3  # rounds of all addresses at the configured pace
AT_MOST = 30  # such rounds where each session brought something before it was lost
LONGEST_NS = 60 * _SECOND_NS
HELD_NS = 10 * _SECOND_NS  # a connection that was logged on and lasted so long was a good one
CREDENTIALS_NS = 5 * _SECOND_NS  # before the second try, doubled before the third
CREDENTIAL_TRIES = 3


class Attempts:
    """The attempts since the last good one; `addresses` is how many ways there are to the peer."""

    def __init__(self, reconnect_ns: int, addresses: int = 1) -> None:
        self._reconnect_ns = reconnect_ns
        self._addresses = max(1, addresses)
        self.vain = 0  # Logons in a row that were not answered, or whose session was lost before it was of any use
        self._short = 0  # in a row that did not hold, those that were of use too
        self._denied = 0  # of them for their credentials
        self.last_error = ""  # why the last attempt failed
        self.given_up = ""  # why no other attempt is made, empty while there is one

    def allowed(self) -> None:
        """Begin anew by an operator's word."""
        self.vain = self._short = self._denied = 0
        self.given_up = ""

    def not_sent(self, text: str) -> None:
        """Note an attempt whose Logon did not leave."""
        self.last_error = text

    def failed(self, text: str, refusal: LogonRefusal | None = None) -> None:
        """Note an attempt whose Logon left and was not answered by a Logon."""
        self.last_error = text
        self.vain += 1
        self._short += 1
        if refusal is None:
            return
        self.given_up = refusal.operator
        if refusal.cause is Cause.CREDENTIALS:
            self._denied += 1
            if self._denied >= CREDENTIAL_TRIES:
                self.given_up = f"{text}; refused {self._denied} times: see to the credentials"

    def lost(self, text: str, lasted_ns: int, *, was_used: bool) -> None:
        """Note the end of a connection that was logged on; `was_used` says that it brought an application message."""
        self.last_error = text
        self._denied = 0
        self.given_up = ""
        has_held = lasted_ns >= HELD_NS
        self.vain = 0 if has_held or was_used else self.vain + 1
        self._short = 0 if has_held else self._short + 1

    @property
    def wait_ns(self) -> int:
        """How long after the begin of the last attempt the next one may begin."""
        if self._denied:
            return max(self._reconnect_ns, CREDENTIALS_NS << (self._denied - 1))
        if not self.is_storm:
            return self._reconnect_ns
        slower_ns = max(self._reconnect_ns, _SECOND_NS) << min(self._too_many, 10)
        return max(self._reconnect_ns, min(slower_ns, LONGEST_NS))

    @property
    def is_storm(self) -> bool:
        """Whether so many Logons in a row were in vain that the attempts are slowed down."""
        return self._too_many > 0

    @property
    def storm(self) -> str:
        """The storm in words."""
        return f"{self._short} Logons in a row failed or did not hold, the next come slower: {self.last_error}"

    @property
    def _too_many(self) -> int:
        """How many rounds went beyond those at the configured pace."""
        return max(self.vain // self._addresses - AT_ONCE, self._short // self._addresses - AT_MOST)
