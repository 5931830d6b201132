"""Administrative messages: which MsgTypes they are, and how their bodies are written.

Source  FIX 4.4 volume 2, administrative messages; BusinessMessageReject, test case 2.r; volume 1, third-party routing.
"""

from collections.abc import Iterable

from engine import fix
from engine.codec import Fields
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.versions import Versions

ADMIN = frozenset({
    fix.Msg.HEARTBEAT, fix.Msg.TEST_REQUEST, fix.Msg.RESEND_REQUEST, fix.Msg.REJECT,
    fix.Msg.SEQUENCE_RESET, fix.Msg.LOGOUT, fix.Msg.LOGON,
})  # fmt: skip

_UNSUPPORTED_MSG_TYPE = "3"  # BusinessRejectReason(380)
_NAME_VERSIONS = ("8", "9", "10")  # ApplVerID(1128) whose BusinessMessageReject may name a version: from 5.0 SP1 on
_BACK = {
    fix.OnBehalfOfCompID: fix.DeliverToCompID, fix.OnBehalfOfSubID: fix.DeliverToSubID,
    fix.OnBehalfOfLocationID: fix.DeliverToLocationID, fix.DeliverToCompID: fix.OnBehalfOfCompID,
    fix.DeliverToSubID: fix.OnBehalfOfSubID, fix.DeliverToLocationID: fix.OnBehalfOfLocationID,
}  # fmt: skip


def body(msg_type: str, fields: Iterable[tuple[int, object]] = ()) -> bytes:
    """Return what `FrameEncoder.encode` takes."""
    text = "".join(f"{tag}={value}{fix.SOH}" for tag, value in fields)
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("latin-1", "replace")


def reject(fields: Fields, seq_num: int, fault: Fault, last_reason: int, versions: Versions | None) -> bytes:
    """Return the Reject(3) of a message, with what its version can say of the fault; see `last_reject_reason`."""
    msg_type = fields.msg_type
    routing = () if fault.reason == Reason.COMP_ID_PROBLEM else reverse_route(fields)
    answer: list[tuple[int, object]] = [*routing, (fix.RefSeqNum, seq_num)]
    if last_reason >= 0:
        if fault.tag is not None:
            answer.append((fix.RefTagID, fault.tag))
        answer.append((fix.RefMsgType, msg_type))
        if versions is not None and msg_type not in ADMIN:
            answer += versions.named(fields)
        if fault.reason <= last_reason:
            answer.append((fix.SessionRejectReason, fault.reason))
    return body(fix.Msg.REJECT, [*answer, (fix.Text, fault.text)])


def unsupported(fields: Fields, versions: Versions | None) -> bytes:
    """Return the BusinessMessageReject(j) of a message whose type the application does not take.

    Where there is none, before FIX 4.2, it is a Reject(3).
    """
    answer: list[tuple[int, object]] = [*reverse_route(fields), (fix.RefSeqNum, fields.text(fix.MsgSeqNum))]
    text = (fix.Text, not_taken(fields))
    if fields.text(fix.BeginString) in ("FIX.4.0", "FIX.4.1"):
        return body(fix.Msg.REJECT, [*answer, text])
    answer.append((fix.RefMsgType, fields.msg_type))
    if versions is not None and versions.default.appl_ver_id in _NAME_VERSIONS:
        answer += versions.named(fields)
    return body(fix.Msg.BUSINESS_MESSAGE_REJECT, [*answer, (fix.BusinessRejectReason, _UNSUPPORTED_MSG_TYPE), text])


def not_taken(fields: Fields) -> str:
    """Say that the application does not take a message of this type."""
    return f"MsgType(35) {fields.msg_type} is not supported here"


def reverse_route(fields: Fields) -> list[tuple[int, object]]:
    """Return the routing of an answer: it goes back through the third parties that a message came through."""
    route: list[tuple[int, object]] = [(back, value) for tag, back in _BACK.items() if (value := fields.text(tag))]
    if fields.text(fix.BeginString) == "FIX.4.0":  # knows no locations
        route = [(tag, value) for tag, value in route if tag not in (fix.OnBehalfOfLocationID, fix.DeliverToLocationID)]
    return route
