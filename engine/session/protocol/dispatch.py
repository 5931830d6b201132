"""The slow way of an inbound message: every check in the standard's order, then the module of its subject.

Source  FIX 4.4 volume 2, when to send a Reject, response by message type, state matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import fix
from engine.codec import GARBLED, Fields, Frame
from engine.session.protocol import admin, gaps, header, liveness, logon, logout, replay
from engine.session.protocol.faults import Fault
from engine.session.protocol.states import SessionState

if TYPE_CHECKING:
    from engine.session.protocol.core import SessionCore


def on_message(core: SessionCore, fields: Fields) -> None:
    """Take the slow way, with every check in the standard's order."""
    msg_type = fields.msg_type
    seq_num = header.integer(fields, fix.MsgSeqNum)
    if core.state is SessionState.FAREWELL:
        if msg_type == fix.Msg.LOGOUT:
            core.drop(core.logout_reason)
    elif core.state is SessionState.AWAITING_LOGON:
        logon.on_first_message(core, fields, msg_type, seq_num)
    elif seq_num is None or seq_num < 0:
        core.leave("MsgSeqNum(34) missing or not a number")
    elif not header.is_sound(core, fields, seq_num):
        return
    elif msg_type == fix.Msg.SEQUENCE_RESET and fields.get(fix.GapFillFlag) != b"Y":
        gaps.on_sequence_reset(core, fields, seq_num)
    elif msg_type == fix.Msg.LOGON and fields.get(fix.ResetSeqNumFlag) == b"Y":
        logon.on_reset(core, seq_num)
    elif seq_num > core.next_in:
        gaps.on_too_high(core, fields, msg_type, seq_num)
    elif seq_num < core.next_in:
        gaps.on_too_low(core, fields, msg_type, seq_num)
    else:
        take(core, fields, msg_type, seq_num)
        gaps.drain(core)


def take(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Act on the message whose turn it is, and count it."""
    if (fault := find_fault(core, fields, msg_type)) is not None:
        core.refuse(fields, seq_num, fault)
    elif msg_type in admin.ADMIN:
        if fields.get(fix.PossDupFlag) == b"Y" and msg_type not in (fix.Msg.REJECT, fix.Msg.SEQUENCE_RESET):
            core.advance(seq_num + 1)
        else:
            _act(core, fields, msg_type, seq_num)
    else:
        core.sink.deliver(fields)
        core.advance(seq_num + 1)


def find_fault(core: SessionCore, fields: Fields, msg_type: str) -> Fault | None:
    settings = core.settings
    fault = (
        header.find_possdup_fault(settings, fields, msg_type)
        or header.find_defect(settings, fields)
        or header.find_routing_fault(settings, fields, msg_type)
    )
    if fault is None and core.dictionary is not None:
        fault = core.dictionary.check(fields)
        if fault is not None and not settings.reject_invalid_message:
            core.sink.log(f"message taken although: {fault.text}")
            return None
    return fault


def on_garbled(core: SessionCore, code: int, piece: bytes) -> None:
    text = f"garbled: {GARBLED[code]}: {piece[:200]!r}"
    if code == Frame.TOO_LARGE and core.was_up:
        core.leave(f"message is longer than {core.settings.max_message_size} bytes")
    elif code == Frame.TOO_LARGE:
        core.drop(text)
    elif core.settings.reject_garbled_message and core.is_logged_on:
        header.reject_garbled(core, code, piece)
    else:
        core.sink.log(text)


def _act(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Give an administrative message to the module of its subject, which also counts it."""
    match msg_type:
        case fix.Msg.HEARTBEAT:
            liveness.on_heartbeat(core, fields, seq_num)
        case fix.Msg.TEST_REQUEST:
            liveness.on_test_request(core, fields, seq_num)
        case fix.Msg.RESEND_REQUEST:
            replay.on_resend_request(core, fields, seq_num)
        case fix.Msg.REJECT:
            gaps.on_reject(core, fields, seq_num)
        case fix.Msg.SEQUENCE_RESET:
            gaps.on_gap_fill(core, fields, seq_num)
        case fix.Msg.LOGOUT:
            logout.on_logout(core, fields, seq_num)
        case _:
            logon.on_second_logon(core, fields, seq_num)
