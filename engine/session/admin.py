"""Bodies of the messages that a session sends by itself, and which those are.

Source  FIX 4.4 volume 2, administrative messages.
"""

from collections.abc import Iterable

from engine import fix

ADMIN = frozenset({
    fix.Msg.HEARTBEAT, fix.Msg.TEST_REQUEST, fix.Msg.RESEND_REQUEST, fix.Msg.REJECT,
    fix.Msg.SEQUENCE_RESET, fix.Msg.LOGOUT, fix.Msg.LOGON,
})  # fmt: skip


def body(msg_type: str, fields: Iterable[tuple[int, object]] = ()) -> bytes:
    """Return what `FrameEncoder.encode` takes."""
    text = "".join(f"{tag}={value}{fix.SOH}" for tag, value in fields)
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("latin-1", "replace")
