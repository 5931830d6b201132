"""A FIX session with REST behind it: where FIX is down for longer than a bound, orders go over REST until it is back.

        FIX lost, `after_s` passed                 FIX logs on                     nothing lives over REST
  FIX ------------------------------> over REST ------------------> draining ------------------------------> FIX
                                          ^------------------------------'
                                                     FIX lost

The bound is longer than the venue takes to cancel what the FIX session left behind. Each change is a logon to the
engine: the account is compared, and nothing trades before that.

Units   the bounds are in seconds.
Errors  as those of the FIX session.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable

from engine.app.account.rest_session import RestSession
from engine.codec import Fields
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind
from engine.session import RenamableSession, Session
from engine.session.events import SessionEvents

DRAIN_S = 15.0  # for what lives over REST to end, before FIX goes on beside it
LOOK_S = 0.1
BACK = "FIX is back: what lives over REST is cancelled first"


class StandbySession(SessionEvents):
    """A Session that is logged on while either way can be used; messages go over FIX alone.

    `use_rest` is told which way is used, `pause` why trading waits until REST is drained, empty when it need not;
    `drain` asks for what lives over REST to end, and says whether it has.
    """

    def __init__(self, fix: Session, rest: RestSession, after_s: float, *, drain_s: float = DRAIN_S) -> None:
        super().__init__()
        self.use_rest: Callable[[bool], object] = lambda is_over_rest: None
        self.pause: Callable[[str], object] = lambda reason: None
        self.drain: Callable[[], bool] = lambda: True
        self.is_over_rest = False
        self._fix = fix
        self._rest = rest
        self._after_s = after_s
        self._drain_s = drain_s
        self._waiting: asyncio.TimerHandle | None = None
        self._draining: asyncio.Task[None] | None = None
        self._join()

    def _join(self) -> None:
        fix, rest = self._fix, self._rest
        fix.on_message = lambda fields: self.on_message(fields)
        fix.on_fault = lambda reason: self.on_fault(reason)
        fix.on_refused = lambda fields, reason, text: self.on_refused(fields, reason, text)
        fix.on_forsaken = lambda reason: None if self.is_over_rest else self.on_forsaken(reason)
        fix.on_notice = rest.on_notice = lambda kind, text: self.on_notice(kind, text)
        fix.on_logon, fix.on_logout = self._fix_up, self._fix_down
        rest.on_logon, rest.on_logout = self._rest_up, self._rest_down

    # What is one way or the other

    @property
    def is_logged_on(self) -> bool:
        """Return whether the way that is used can be used now."""
        return self._rest.is_logged_on if self.is_over_rest else self._fix.is_logged_on

    @property
    def is_behind(self) -> bool:
        """Return whether messages are missing on the way that is used."""
        return not self.is_over_rest and self._fix.is_behind

    def logon(self) -> None:
        """Connect over FIX, and over REST where that does not come about in time."""
        self._fix.logon()
        self._wait()

    def logout(self, text: str = "") -> None:
        """Leave both, and use neither again."""
        self._stop()
        self._rest.logout(text)
        self._fix.logout(text)

    def close(self) -> None:
        """Release both at once."""
        self._stop()
        self._rest.close()
        self._fix.close()

    # What happens

    def _fix_up(self) -> None:
        self._stop()
        if not self.is_over_rest:
            self.on_logon()
            return
        self.pause(BACK)
        self._draining = asyncio.get_running_loop().create_task(self._drain())

    def _fix_down(self, reason: str) -> None:
        if not self.is_over_rest:
            self.on_logout(reason)
            self._wait()
            return
        self._stop()
        self.pause("")  # REST goes on

    def _rest_up(self) -> None:
        if self.is_over_rest:
            self.on_logon()

    def _rest_down(self, reason: str) -> None:
        if self.is_over_rest:
            self.on_logout(reason)

    def _wait(self) -> None:
        """Use REST unless FIX is there in time."""
        self._stop()
        self._waiting = asyncio.get_running_loop().call_later(self._after_s, self._take_over)

    def _take_over(self) -> None:
        self._waiting = None
        if self._fix.is_logged_on:
            return
        self._use(True, f"FIX is down for {self._after_s:g} s: orders go over REST until it is back")
        self._rest.logon()

    async def _drain(self) -> None:
        """Give back to FIX once nothing lives over REST; what does not end in time stays there alone."""
        looks = max(int(self._drain_s / LOOK_S), 1)
        while not self.drain() and looks:
            looks -= 1
            await asyncio.sleep(LOOK_S)
        left = "" if looks else ", but for what could not be cancelled over REST in time, and stays there"
        self._use(False, f"orders go over FIX again{left}")
        self._rest.logout()
        self.pause("")
        self.on_logon()

    def _use(self, is_over_rest: bool, text: str) -> None:
        self.is_over_rest = is_over_rest
        self.use_rest(is_over_rest)
        self.on_notice(NoticeKind.ORDER_WAY, text)

    def _stop(self) -> None:
        """Wait for nothing any more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._draining is not None and self._draining is not asyncio.current_task():
            self._draining.cancel()
        self._draining = None

    # What FIX alone has

    @property
    def name(self) -> str:
        """Return the identity of the FIX session."""
        return self._fix.name

    @property
    def protection(self) -> str:
        """Return how the FIX connection is protected."""
        return self._fix.protection

    @property
    def last_error(self) -> str:
        """Return why the way that is used went down."""
        return self._rest.last_error if self.is_over_rest else self._fix.last_error

    @property
    def phase(self) -> str:
        """Return where the FIX session stands."""
        return self._fix.phase

    @property
    def next_sender_seq_num(self) -> int:
        """Return MsgSeqNum(34) of the next message that we send."""
        return self._fix.next_sender_seq_num

    @property
    def next_target_seq_num(self) -> int:
        """Return MsgSeqNum(34) of the next message that we expect."""
        return self._fix.next_target_seq_num

    def send(self, body: bytes) -> None:
        """Send a message over FIX."""
        self._fix.send(body)

    def prepare(self) -> None:
        """Make room in the store."""
        self._fix.prepare()

    def refuse(self, fields: Fields) -> None:
        """Answer a message that the application does not take."""
        self._fix.refuse(fields)

    def reset(self) -> None:
        """Begin both numbers at 1."""
        self._fix.reset()

    def set_next(self, next_out: int, next_in: int) -> None:
        """Set both numbers."""
        self._fix.set_next(next_out, next_in)

    def test_request(self) -> None:
        """Send a TestRequest."""
        self._fix.test_request()

    def rename(self, sender_comp_id: str) -> None:
        """Be another SenderCompID(49); SessionError for a kind of session that cannot."""
        if not isinstance(self._fix, RenamableSession):
            raise SessionError("this kind of session keeps its SenderCompID(49) while it runs: start the engine anew")
        self._fix.rename(sender_comp_id)
