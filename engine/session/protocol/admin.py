"""Administrative messages: which MsgTypes they are, and how their bodies are written.

Source  FIX 4.4 volume 2, administrative messages; BusinessMessageReject, test case 2.r.
"""

from collections.abc import Iterable

from engine import fix
from engine.codec import Fields
from engine.session.protocol.versions import Versions

ADMIN = frozenset({
    fix.Msg.HEARTBEAT, fix.Msg.TEST_REQUEST, fix.Msg.RESEND_REQUEST, fix.Msg.REJECT,
    fix.Msg.SEQUENCE_RESET, fix.Msg.LOGOUT, fix.Msg.LOGON,
})  # fmt: skip

_UNSUPPORTED_MSG_TYPE = "3"  # BusinessRejectReason(380)


def body(msg_type: str, fields: Iterable[tuple[int, object]] = ()) -> bytes:
    """Return what `FrameEncoder.encode` takes."""
    text = "".join(f"{tag}={value}{fix.SOH}" for tag, value in fields)
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("latin-1", "replace")


def unsupported(fields: Fields, versions: Versions | None) -> bytes:
    """Return the BusinessMessageReject(j) of a message whose type the application does not take."""
    return body(
        fix.Msg.BUSINESS_MESSAGE_REJECT,
        [
            (fix.RefSeqNum, fields.text(fix.MsgSeqNum)),
            (fix.RefMsgType, fields.msg_type),
            *(versions.named(fields) if versions is not None else ()),
            (fix.BusinessRejectReason, _UNSUPPORTED_MSG_TYPE),
            (fix.Text, not_taken(fields)),
        ],
    )


def not_taken(fields: Fields) -> str:
    """Say that the application does not take a message of this type."""
    return f"MsgType(35) {fields.msg_type} is not supported here"
