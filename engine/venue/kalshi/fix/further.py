"""KalshiDC, KalshiPT and the listener: how the sessions beside that of orders are understood.

Units   as in the venue's instruments; times in ns since 1970.
Errors  DecodeError for a message that cannot be read.
Source  Kalshi FIX: drop copy, listener session, settlement.
"""

from collections.abc import Mapping

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.orders.report import ExecutionReport
from engine.venue.account import VenueSettlement
from engine.venue.fix44._reports import decode_report
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.drop_copy import LastEvents, ResendRequests
from engine.venue.kalshi.fix.kinds import BY_COMP_ID, KINDS, KalshiKind
from engine.venue.kalshi.fix.reading import PRICE_DECIMALS, SIZE_DECIMALS, time_ns
from engine.venue.kalshi.fix.settlement import SettlementReports, read_settlement
from engine.venue.kalshi.fix.tags import KalshiMsg
from engine.venue.past_reports import CopiedReport, MissedPlan, PastReports, ResendAnswer, SettlementStream

LISTENER = "listener"


class KalshiPast:
    """Past reports over KalshiDC; satisfies `PastReports`."""

    def __init__(self) -> None:
        self._events = LastEvents()
        self._requests = ResendRequests()
        self._planned: list[int] = []  # the shard of each request of the last plan
        self._asked: dict[int, int] = {}  # shard by MsgSeqNum(34) of its request

    @property
    def missed(self) -> int:
        """Reports that were announced and did not come."""
        return self._requests.missed

    def note(self, exec_id: str, time_ns: int) -> None:
        """Note that everything up to this report has been seen; an ExecID of another form is ignored."""
        try:
            self._events.note(exec_id, time_ns)
        except DecodeError:
            return

    def plan(self, now_ns: int) -> MissedPlan:
        """Return a request for each shard; one whose last event is too old begins anew with its next."""
        plan = self._events.missed(now_ns)
        for shard in plan.too_old:
            self._events.forget(shard)
        self._planned = self._events.shards()
        return plan

    def sent(self, seq_num: int, place: int) -> None:
        """Note that the request at this place of the last plan left under this MsgSeqNum(34)."""
        self._requests.sent(seq_num)
        self._asked[seq_num] = self._planned[place]

    def take(self, fields: Fields) -> ResendAnswer | None:
        """Take a message of the session; return the end of a request, None for what is none."""
        answer = self._requests.take(fields)
        if answer is not None:
            shard = self._asked.pop(answer.ref_seq_num, None)
            if shard is not None and answer.outcome.is_lost:
                self._events.forget(shard)
        return answer

    def is_idle(self) -> bool:
        """Return whether every request has its answer."""
        return self._requests.is_idle()

    def lost(self) -> None:
        """Forget the requests that the end of the connection left without an answer."""
        self._requests.lost()
        self._asked.clear()


class KalshiSettlements:
    """Settlements over KalshiPT; satisfies `SettlementStream`."""

    def __init__(self) -> None:
        self._reports = SettlementReports()

    def take(self, fields: Fields) -> VenueSettlement | None:
        """Return what a market paid, over all its fragments."""
        if fields.msg_type != KalshiMsg.MARKET_SETTLEMENT_REPORT:
            return None
        return self._reports.take(read_settlement(fields))


class KalshiFurther:
    """A FurtherDialect."""

    def problems(self, name: str, values: Mapping[str, str]) -> list[str]:
        """Return why a session of this CompID cannot be what its name says."""
        target = values.get("TargetCompID", "")
        fitting = [kind.target_comp_id for kind in KINDS if _fits(kind, name)]
        kind = BY_COMP_ID.get(target)
        if kind is not None and _fits(kind, name):
            return []
        return [f"TargetCompID={target}: is no session for {name}; {' and '.join(fitting)} can be"]

    def flags(self, name: str) -> Mapping[str, bool | int]:
        """Return the flags of Logon that make a session what its name says."""
        return {"listener": True} if name == LISTENER else {}

    def read_copy(self, fields: Fields) -> CopiedReport | None:
        """Return an ExecutionReport(8) that is about something that has happened; None for any other message."""
        if fields.msg_type != fix.Msg.EXECUTION_REPORT:
            return None
        report = ExecutionReport()
        decode_report(fields, report, PRICE_DECIMALS, SIZE_DECIMALS)
        return CopiedReport(report, fields.text(tags.TrdMatchID), time_ns(fields, fix.TransactTime))

    def past(self) -> PastReports:
        """Return what asks for past reports on one session."""
        return KalshiPast()

    def settlements(self) -> SettlementStream:
        """Return what reads settlements on one session."""
        return KalshiSettlements()


def _fits(kind: KalshiKind, name: str) -> bool:
    if name == LISTENER:
        return kind.can_listen
    return kind.name == {"drop_copy": "DC", "settlement": "PT"}.get(name)
