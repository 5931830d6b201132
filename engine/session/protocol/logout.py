"""Logout, from either side.

Source  FIX 4.4 volume 2, Logout, test cases 12 and 13; response by message type for one that is too high.
"""

from engine import fix
from engine.codec import Fields
from engine.session.protocol import admin
from engine.session.protocol.core import SessionCore
from engine.session.protocol.states import SessionState, SessionStatus


def log_out(core: SessionCore, text: str) -> None:
    """End the session in order: Logout, wait for its answer, close."""
    if core.state is SessionState.AWAITING_LOGON:
        core.drop("logged out before the Logon was answered")
    elif core.state is SessionState.LOGGED_ON:
        core.logout_reason = text
        core.transmit(admin.body(fix.Msg.LOGOUT, [(fix.Text, text)] if text else []))
        core.enter(SessionState.LOGOUT_SENT, core.settings.logout_timeout_ns)


def on_logout(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Take a Logout that is next in sequence."""
    core.advance(seq_num + 1)
    if core.state is SessionState.LOGOUT_SENT:
        finish(core)
    elif core.state is not SessionState.LOGOUT_ANSWERED:
        core.logout_reason = reason(fields)
        answer(core)


def on_too_low(core: SessionCore, fields: Fields, text: str) -> None:
    """Answer a Logout whose number was used before, saying so: the session ends either way."""
    core.host.alert(f"{reason(fields)}: {text}")
    if core.state is SessionState.LOGOUT_SENT:
        finish(core)
    elif core.state is not SessionState.LOGOUT_ANSWERED:
        core.logout_reason = reason(fields)
        answer(core, SessionStatus.TOO_LOW, text)


def answer(core: SessionCore, status: int = SessionStatus.COMPLETE, text: str = "") -> None:
    """Answer the peer's Logout and let the peer close the connection."""
    fields: list[tuple[int, object]] = [(fix.SessionStatus, status)] if core.settings.is_fixt else []
    core.transmit(admin.body(fix.Msg.LOGOUT, [*fields, (fix.Text, text)] if text else fields))
    core.is_orderly = True
    core.enter(SessionState.LOGOUT_ANSWERED, core.settings.close_timeout_ns)
    core.tell_end(core.logout_reason)


def finish(core: SessionCore) -> None:
    """Close the connection: both sides have sent Logout."""
    core.is_orderly = True
    core.drop(core.logout_reason or "logged out as asked")


def reason(fields: Fields) -> str:
    """Say in words why the peer logs out."""
    text = fields.remark() or "no reason given"
    status = fields.text(fix.SessionStatus)
    return f"Logout by the peer: {text}" + (f" (SessionStatus {status})" if status else "")
