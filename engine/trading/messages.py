"""Joins a session to a desk: what each of its events does there.

Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable
from types import MappingProxyType

from engine import fix
from engine.codec import Fields
from engine.journal.told import SessionEvent, SessionRecords
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor

_REPORTS = (fix.Msg.EXECUTION_REPORT, fix.Msg.ORDER_CANCEL_REJECT)

RECORDED = MappingProxyType(
    {
        NoticeKind.SESSION_ALERT: "alert",
        NoticeKind.SESSION_GAP: "gap",
        NoticeKind.SESSION_RESENT: "resend",
        NoticeKind.SESSION_RESET: "reset",
        NoticeKind.LOGON_FAILED: "logon failed",
    }
)


def join(session: Session, loop: TradingLoop, supervisor: Supervisor, receive: Callable[[Fields], None]) -> None:
    """Lead the events of a session to its desk; its messages go to `receive`."""

    records = SessionRecords(loop.journal)

    def record(event: str, text: str) -> None:
        """Write what became of the session to the journal."""
        numbers = session.next_sender_seq_num, session.next_target_seq_num
        entry = SessionEvent(event, session.name, text, *numbers)
        supervisor.record(lambda journal, now_ns: records.record(entry, now_ns))

    def on_logon() -> None:
        """Record that the session is up, then act on it."""
        record("logon", session.protection)
        supervisor.on_logon()

    def on_notice(kind: NoticeKind, text: str) -> None:
        """Tell, and record what is about the session's numbers or end."""
        loop.notices.tell(kind, text)
        if kind in RECORDED:
            record(RECORDED[kind], text.removeprefix(f"{session.name}: "))

    def on_logout(reason: str) -> None:
        """Tell why the session was lost, then act on it."""
        record("logout", reason)
        loop.notices.tell(NoticeKind.SESSION_LOST, f"{session.name}: {reason or 'no reason given'}")
        supervisor.on_logout(reason)

    session.on_message = receive
    session.on_logon = on_logon
    session.on_logout = on_logout
    session.on_fault = supervisor.halt
    session.on_forsaken = supervisor.on_forsaken
    session.on_notice = on_notice
    session.on_refused = lambda fields, reason, text: refused(loop, fields, reason, text)


def refused(loop: TradingLoop, fields: Fields, reason: int, text: str) -> None:
    """Tell of a message that the session answered with a Reject; if it was a report, its order is in doubt now."""
    what = f"MsgType(35) {fields.msg_type}, MsgSeqNum(34) {fields.text(fix.MsgSeqNum)}"
    loop.notices.tell(NoticeKind.SESSION_REFUSED, f"{what}, reason {reason}: {text}")
    by_reason = loop.counters.refusals_by_reason
    by_reason[reason] = by_reason.get(reason, 0) + 1
    if fields.msg_type in _REPORTS:
        loop.doubts.unreadable(fields, f"our session refused a report, {what}: {text}")
