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
    """Return what `Outbound.encode` takes; header fields come first in `fields`."""
    text = "".join(f"{tag}={value}{fix.SOH}" for tag, value in fields)
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("latin-1", "replace")


def with_header_field(message_body: bytes, tag: int, value: int) -> bytes:
    """Return the body with one more header field, directly after MsgType(35)."""
    msg_type, _, rest = message_body.partition(b"\x01")
    return b"%b\x01%d=%d\x01%b" % (msg_type, tag, value, rest)
