"""KalshiDC: asks for the execution reports of the last hours again, after a session that resends nothing was lost.

Units   times in ns since 1970.
Shapes  an ExecID(17) is `clock;event` on shard 0, `clock;event;shard` on the others; ordered within its shard.
Errors  DecodeError for an ExecID that is none; ValueError for a request that the venue would refuse.
Source  Kalshi FIX: drop copy (U1, U2, U3), ExecutionReport(8).
"""

from typing import NamedTuple

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import message, needed
from engine.venue.kalshi.fix.tags import KalshiMsg
from engine.venue.past_reports import MissedPlan, ResendAnswer, ResendOutcome

WINDOW_NS = 3 * 3600 * 1_000_000_000
MOST_OPEN = 100  # requests without an answer


class ShardEvent(NamedTuple):
    """One event of an exchange shard; comparable with those of the same shard alone."""

    shard: int
    clock: int
    event: int

    def __str__(self) -> str:
        parts = (self.clock, self.event, self.shard) if self.shard else (self.clock, self.event)
        return ";".join(map(str, parts))


_OUTCOMES = {
    1: ResendOutcome.TOO_MANY_REQUESTS,
    2: ResendOutcome.SERVER_ERROR,
    3: ResendOutcome.TOO_OLD,
    4: ResendOutcome.END_TOO_LARGE,
}


def read_exec_id(text: str) -> ShardEvent | None:
    """Return an ExecID(17); None for that of a pending report, which is no event."""
    parts = text.split(";")
    try:
        numbers = [int(part) for part in parts if part.lstrip("-").isdigit() and part.isascii()]
    except ValueError:
        numbers = []
    if len(numbers) != len(parts) or len(numbers) not in (2, 3):
        raise DecodeError(f"ExecID(17) {text!r} is neither clock;event nor clock;event;shard")
    if numbers[0] < 0:
        return None
    return ShardEvent(numbers[2] if len(numbers) == 3 else 0, numbers[0], numbers[1])


def resend_request(begin: ShardEvent, end: ShardEvent | None = None) -> bytes:
    """Return the body of an EventResendRequest(U1) from `begin` to `end`, both inclusive, or to the latest."""
    if end is not None and end.shard != begin.shard:
        raise ValueError(f"ExecID {begin} and {end} are of two shards: ask for each by itself")
    if end is not None and end < begin:
        raise ValueError(f"ExecID {end} is before {begin}: exchange them")
    last = None if end is None else str(end)
    return message(KalshiMsg.EVENT_RESEND_REQUEST, [(tags.BeginExecID, str(begin)), (tags.EndExecID, last)])


def is_in_window(happened_ns: int, now_ns: int) -> bool:
    """Return whether the venue still resends what happened then."""
    return now_ns - happened_ns < WINDOW_NS


def read_resend_answer(fields: Fields) -> ResendAnswer | None:
    """Return what ends a request; None for any other message."""
    if fields.msg_type not in (KalshiMsg.EVENT_RESEND_COMPLETE, KalshiMsg.EVENT_RESEND_REJECT):
        return None
    needed(fields, fix.RefSeqNum)
    number = fields.integer(fix.RefSeqNum, 0)
    if fields.msg_type == KalshiMsg.EVENT_RESEND_COMPLETE:
        needed(fields, tags.ResendEventCount)
        count = fields.integer(tags.ResendEventCount, 0)
        return ResendAnswer(number, ResendOutcome.COMPLETE, count, fields.remark())
    reason = fields.integer(tags.EventResendRejectReason, -1)
    outcome = _OUTCOMES.get(reason, ResendOutcome.REFUSED)
    return ResendAnswer(number, outcome, 0, fields.remark() or f"reason {reason}: {outcome.value}")


class LastEvents:
    """The latest event that was seen of each shard, and when it happened: where a drop copy is to begin."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[ShardEvent, int]] = {}

    def note(self, exec_id: str, happened_ns: int) -> None:
        """Note the ExecID(17) of a report; one that is older than what was seen changes nothing."""
        event = read_exec_id(exec_id)
        if event is None:
            return
        before = self._last.get(event.shard)
        if before is None or before[0] < event:
            self._last[event.shard] = (event, happened_ns)

    def missed(self, now_ns: int) -> MissedPlan:
        """Return the requests for everything since; the last event itself comes again, and is known by its ExecID."""
        found = sorted(self._last.values())
        requests = [resend_request(event) for event, at_ns in found if is_in_window(at_ns, now_ns)]
        too_old = [event.shard for event, at_ns in found if not is_in_window(at_ns, now_ns)]
        return MissedPlan(tuple(requests), tuple(too_old))

    def shards(self) -> list[int]:
        """Return the shards of which an event was seen, in the order of `missed`."""
        return sorted(self._last)

    def forget(self, shard: int) -> None:
        """Begin anew with the next event of a shard: what was before is learnt elsewhere."""
        self._last.pop(shard, None)


class ResendRequests:
    """The requests of one connection that have no answer yet; a report that is resent belongs to the oldest of them."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}  # reports so far, by MsgSeqNum(34) of the request
        self.missed = 0  # reports that were announced and did not come

    def sent(self, seq_num: int) -> None:
        """Note a request that left under this MsgSeqNum(34)."""
        if len(self._open) >= MOST_OPEN:
            raise ValueError(f"{MOST_OPEN} requests have no answer: wait for them")
        self._open[seq_num] = 0

    def take(self, fields: Fields) -> ResendAnswer | None:
        """Take a message of the session; return the end of a request, None for what is none.

        What counts is whether as many reports came as it says: `missed` grows where they did not.
        """
        if fields.msg_type == fix.Msg.EXECUTION_REPORT:
            if self._open:
                self._open[next(iter(self._open))] += 1
            return None
        answer = read_resend_answer(fields)
        if answer is not None:
            came = self._open.pop(answer.ref_seq_num, 0)
            self.missed += max(0, answer.reports - came)
        return answer

    def is_idle(self) -> bool:
        """Return whether every request has its answer."""
        return not self._open

    def lost(self) -> list[int]:
        """Return the requests that the end of the connection left without an answer, and forget them."""
        left = list(self._open)
        self._open.clear()
        return left
