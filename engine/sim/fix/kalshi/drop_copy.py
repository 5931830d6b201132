"""KalshiDC: past execution reports, asked for by ExecID(17).

Units   times in ns; the look-back is three hours.
Shapes  rejects and pending reports are not kept. A range lies on one shard; without an end it reaches to the newest.
Cost    what is kept is bounded by age and by number: MOST_KEPT for each member.
Source  Kalshi FIX: drop copy.
"""

from collections import defaultdict, deque
from collections.abc import Iterable

from engine import fix
from engine.codec import Fields
from engine.exchange.events import Rejected
from engine.exchange.ledger.names import member_of
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi import reports
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.executions import ExecId, Execution, parse_exec_id
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.wire import business_reject, encode, session_reject
from engine.venue.kalshi.fix import tags

LOOK_BACK_NS = 3 * 3600 * 10**9
MOST_KEPT = 100_000
MOST_REQUESTS, REQUESTS_NS = 10, 10**9  # a second
NOT_AUTHORIZED = 6
TOO_MANY, SERVER_ERROR, BEGIN_OUTSIDE, END_TOO_LARGE = 1, 2, 3, 4  # EventResendRejectReason(21004)


class DropCopy:
    """Keeps every member's executions, and sends them again."""

    def __init__(self, access: FixAccess) -> None:
        self.fails = False  # the next request gets a server error
        self._access = access
        self._kept: defaultdict[str, deque[Execution]] = defaultdict(lambda: deque(maxlen=MOST_KEPT))
        self._asked: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=MOST_REQUESTS))

    def keep(self, executions: Iterable[Execution]) -> None:
        """Remember what was reported."""
        for execution in executions:
            if not isinstance(execution.report, Rejected):
                kept = self._kept[member_of(execution.report.account)]
                kept.append(execution)
                _forget(kept, execution.report.now_ns)

    def kept(self, member: str) -> list[Execution]:
        """Return a member's executions, oldest first."""
        return list(self._kept[member])

    def on_message(self, client: FixClient, fields: Fields) -> None:
        """Answer one U1: the reports, then U2; or U3."""
        begin = parse_exec_id(fields.text(tags.BeginExecID))
        text = fields.text(tags.EndExecID)
        end = parse_exec_id(text) if text else None
        for tag, exec_id, is_there in ((tags.BeginExecID, begin, True), (tags.EndExecID, end, bool(text))):
            if is_there and exec_id is None:
                fault = Fault(Reason.INCORRECT_DATA_FORMAT, tag, "Incorrect data format for value")
                client.send(session_reject(fields, fault))
                return
        assert begin is not None
        if not self._access.may_drop_copy(client.member):
            client.send(business_reject(fields, NOT_AUTHORIZED, "drop copy is not enabled for this account"))
            return
        if reason := self._refusal(client, begin, end):
            _send(client, fields, "U3", tags.EventResendRejectReason, reason)
            return
        found = self._range(client, begin, end)
        for execution in found:
            client.send(reports.execution_report(execution, client.flags))
        _send(client, fields, "U2", tags.ResendEventCount, len(found))

    def _refusal(self, client: FixClient, begin: ExecId, end: ExecId | None) -> int:
        """Return EventResendRejectReason(21004), 0 to go on."""
        now_ns = self._access.now_ns()
        asked = self._asked[client.name]
        if len(asked) == MOST_REQUESTS and now_ns - asked[0] < REQUESTS_NS:
            return TOO_MANY
        asked.append(now_ns)
        if self.fails:
            self.fails = False
            return SERVER_ERROR
        kept = self._kept[client.member]
        _forget(kept, now_ns)
        of_shard = [execution.exec_id for execution in kept if execution.exec_id.shard == begin.shard]
        if not of_shard or begin < of_shard[0]:
            return BEGIN_OUTSIDE
        if end is not None and (end.shard != begin.shard or end < begin or end > of_shard[-1]):
            return END_TOO_LARGE
        return 0

    def _range(self, client: FixClient, begin: ExecId, end: ExecId | None) -> list[Execution]:
        kept = [execution for execution in self._kept[client.member] if execution.exec_id.shard == begin.shard]
        found = [each for each in kept if begin <= each.exec_id and (end is None or each.exec_id <= end)]
        return [execution for execution in found if reports.is_told(execution, client.flags)]


def _forget(kept: deque[Execution], now_ns: int) -> None:
    while kept and now_ns - kept[0].report.now_ns > LOOK_BACK_NS:
        kept.popleft()


def _send(client: FixClient, request: Fields, msg_type: str, tag: int, value: int) -> None:
    client.send(encode(msg_type, [(fix.RefSeqNum, request.text(fix.MsgSeqNum)), (tag, value)]))
