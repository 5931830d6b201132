"""Joins a session to a desk: what each of its events does there.

Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine import fix
from engine.codec import Fields
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor

_REPORTS = (fix.Msg.EXECUTION_REPORT, fix.Msg.ORDER_CANCEL_REJECT)


def join(session: Session, loop: TradingLoop, supervisor: Supervisor, receive: Callable[[Fields], None]) -> None:
    """Lead the events of a session to its desk; its messages go to `receive`."""

    def on_logout(reason: str) -> None:
        """Tell why the session was lost, then act on it."""
        loop.notices.tell(NoticeKind.SESSION_LOST, f"{session.name}: {reason or 'no reason given'}")
        supervisor.on_logout(reason)

    session.on_message = receive
    session.on_logon = supervisor.on_logon
    session.on_logout = on_logout
    session.on_fault = supervisor.halt
    session.on_forsaken = supervisor.on_forsaken
    session.on_notice = loop.notices.tell
    session.on_refused = lambda fields, reason, text: refused(loop, fields, reason, text)


def refused(loop: TradingLoop, fields: Fields, reason: int, text: str) -> None:
    """Tell of a message that the session answered with a Reject; if it was a report, its order is in doubt now."""
    what = f"MsgType(35) {fields.msg_type}, MsgSeqNum(34) {fields.text(fix.MsgSeqNum)}"
    loop.notices.tell(NoticeKind.SESSION_REFUSED, f"{what}, reason {reason}: {text}")
    by_reason = loop.counters.refusals_by_reason
    by_reason[reason] = by_reason.get(reason, 0) + 1
    if fields.msg_type in _REPORTS:
        loop.doubts.unreadable(fields, f"our session refused a report, {what}: {text}")
