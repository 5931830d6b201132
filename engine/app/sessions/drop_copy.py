"""Asks for what the session of orders may have missed: after each of its losses, at the start, and now and then.

A gap begins where the session of orders is lost, with the last report that it told, and ends once the venue has sent
every report from there on while it is up again. Until then the reports that it tells are not taken for the last ones
seen: others may be missing before them.

Units   times in ns since 1970.
Errors  none: what fails is told and tried again; what the venue cannot send any more is learnt by REST.
Bounds  one plan of requests at a time, one a shard; `MOST_TRIES` in a row that fail.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine.app.sessions.copies import Copies
from engine.app.sessions.first_source import FirstSource
from engine.codec import Fields
from engine.errors import SessionError
from engine.orders.order import Order
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.venue.past_reports import CopiedReport, PastReports, ResendAnswer, ResendOutcome

_S = 1_000_000_000
CHECK_NS = 60 * _S  # between two requests where nothing is known to be missing
AGAIN_NS = 2 * _S  # while the session of orders is down, and after a failure
ANSWER_NS = 10 * _S  # in which a request is answered, or it was in vain
WAIT_NS = 5 * _S  # that trading waits for the answer after a logon, if the session is up
MOST_TRIES = 5
_REFUSED = ("3", "j")  # Reject, BusinessMessageReject


class MissedReports:
    """Past reports over one session, merged into `copies`; `learn_elsewhere` has the account compared by REST."""

    def __init__(
        self,
        session: Session,
        past: PastReports,
        read: Callable[[Fields], CopiedReport | None],
        copies: Copies,
        first: FirstSource,
        wall_ns: Callable[[], int],
        tell: Callable[[NoticeKind, str], object],
        learn_elsewhere: Callable[[str], object],
    ) -> None:
        self.requests = self.failures = 0
        self._session = session
        self._past = past
        self._read = read
        self._copies = copies
        self._first = first
        self._wall_ns = wall_ns
        self._tell = tell
        self._learn_elsewhere = learn_elsewhere
        self._is_up = False  # the session of orders
        self._has_gap = True  # reports may be missing before those that it tells now
        self._ends_gap = False  # what is being asked for was asked since it is up
        self._due_ns = self._asked_ns = self._up_ns = 0
        self._tries = self._missed = 0
        self._has_failed = False  # anything of the plan that is under way
        first.note = self._note

    @property
    def missed(self) -> int:
        """Reports that were announced and did not come."""
        return self._past.missed

    def begin(self, orders: Iterable[Order]) -> None:
        """Begin with the last reports that an earlier run has counted; without one nothing can be missing."""
        self._has_gap = False
        for order in orders:
            self._has_gap = True
            for exec_id in {kept[0] for kept in order.all_kept()}:
                self._past.note(exec_id, self._wall_ns())

    # The session of orders

    def connected(self) -> None:
        """Learn that the session of orders is up: what it missed is asked for."""
        self._is_up, self._up_ns = True, self._wall_ns()
        self._due_ns = 0

    def disconnected(self) -> None:
        """Learn that the session of orders was lost: what it has told until now is the last that is known."""
        self._first.fold()
        self._is_up, self._has_gap, self._ends_gap = False, True, False
        self._due_ns = 0

    def obstacle(self) -> str:
        """Return what trading waits for, for a moment: that the venue says what was missed. Empty if it does not."""
        is_asked = self._has_gap and self._is_up and self._session.is_logged_on
        if is_asked and 0 <= self._wall_ns() - self._up_ns < WAIT_NS:
            return "the drop copy is being asked what was missed"
        return ""

    # Its own session

    def logged_on(self) -> None:
        """Ask at once: requests of an earlier connection have no answers any more."""
        self._past.lost()
        self._due_ns = self._tries = 0

    def take(self, fields: Fields) -> None:
        """Take one message of the venue."""
        answer = self._past.take(fields)
        if answer is not None:
            self._answered(answer)
        elif fields.msg_type in _REFUSED:
            self._failed(f"it refuses the request: {fields.remark() or fields.msg_type}", CHECK_NS)
        elif (copied := self._read(fields)) is not None:
            self._past.note(copied.report.exec_id, copied.time_ns or self._wall_ns())
            self._copies.hear(copied)

    def tick(self) -> None:
        """Ask where it is due; call it often."""
        self._first.fold()
        now_ns = self._wall_ns()
        if not self._session.is_logged_on:
            return
        if not self._past.is_idle():
            if now_ns - self._asked_ns > ANSWER_NS:
                self._past.lost()
                self._failed(f"no answer within {ANSWER_NS // _S} s", AGAIN_NS)
        elif now_ns >= self._due_ns:
            self._ask(now_ns)

    def _ask(self, now_ns: int) -> None:
        plan = self._past.plan(now_ns)
        self._asked_ns, self._due_ns = now_ns, now_ns + (CHECK_NS if self._is_up else AGAIN_NS)
        self._ends_gap, self._has_failed = self._is_up, False
        if plan.too_old:
            self._elsewhere(f"what happened on shard {', '.join(map(str, plan.too_old))} is too old for a drop copy")
        try:
            for place, body in enumerate(plan.requests):
                number = self._session.next_sender_seq_num
                self._session.send(body)
                self.requests += 1
                self._past.sent(number, place)
        except SessionError as error:
            self._failed(str(error), AGAIN_NS)
        if not plan.requests:
            self._close_gap()

    def _answered(self, answer: ResendAnswer) -> None:
        if answer.outcome is ResendOutcome.COMPLETE and self._past.missed > self._missed:
            self._missed = self._past.missed
            self._failed(f"{answer.reports} reports were announced, and fewer came", AGAIN_NS)
        elif answer.outcome is ResendOutcome.COMPLETE:
            self._close_gap()
        elif answer.outcome.is_lost:
            self._elsewhere(answer.text)
            self._close_gap()
        else:
            self._failed(answer.text, AGAIN_NS)

    def _close_gap(self) -> None:
        """Take the reports of the session of orders for the last ones again, if it was up when all this was asked."""
        if self._has_failed or not self._past.is_idle():
            return
        self._tries = 0
        if self._ends_gap and self._is_up:
            self._has_gap = False

    def _failed(self, text: str, again_ns: int) -> None:
        """Try again after a while; after many tries only as often as without a reason to ask."""
        self.failures += 1
        self._tries += not self._has_failed
        self._has_failed, self._ends_gap = True, False
        has_to_wait = self._tries >= MOST_TRIES
        self._due_ns = self._wall_ns() + (CHECK_NS if has_to_wait else again_ns)
        self._tell(NoticeKind.FURTHER_SESSION, f"{self._session.name}: {text}")
        if has_to_wait or again_ns == CHECK_NS:
            self._elsewhere(text)

    def _elsewhere(self, text: str) -> None:
        if self._has_gap:
            self._learn_elsewhere(f"the drop copy cannot say what was missed: {text}")

    def _note(self, exec_id: str, heard_ns: int) -> None:
        """Take a report of the session of orders for the last one seen, where none can be missing before it."""
        if not self._has_gap:
            self._past.note(exec_id, heard_ns)
