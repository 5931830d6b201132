"""The slow path of an inbound message: every check in the standard's order, then the module that acts on it.

Source  FIX 4.4 volume 2, when to send a Reject, response by message type, state matrix.
"""

from engine import fix
from engine.codec import GARBLED, Fields, Frame
from engine.runtime.notices import NoticeKind
from engine.session.protocol import admin, header, liveness, logon, logout, recovery, resend
from engine.session.protocol.core import SessionCore, too_low
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.gap import Held
from engine.session.protocol.states import SessionState, SessionStatus

_OVER = (SessionState.DISCONNECTED, SessionState.FAREWELL)  # messages are no longer processed


def on_message(core: SessionCore, fields: Fields) -> None:
    """Check a message in the standard's order, and act on it."""
    msg_type = fields.msg_type
    seq_num = header.integer(fields, fix.MsgSeqNum)
    if core.state is SessionState.FAREWELL:
        if msg_type == fix.Msg.LOGOUT:
            core.drop(core.logout_reason)
    elif core.state is SessionState.AWAITING_LOGON:
        logon.on_first_message(core, fields, msg_type, seq_num)
    elif seq_num is None or seq_num < 0:
        core.leave("MsgSeqNum(34) missing or not a number")
    elif not header.is_sound(core, fields, seq_num) or _wants_recovery(core, fields, msg_type, seq_num):
        return
    elif msg_type == fix.Msg.SEQUENCE_RESET and fields.get(fix.GapFillFlag) != b"Y":
        on_sequence_reset(core, fields, seq_num)
    elif _resets(fields, msg_type):
        logon.on_reset(core, fields, seq_num)
    elif seq_num > core.next_in:
        on_too_high(core, fields, msg_type, seq_num)
    elif seq_num < core.next_in:
        on_too_low(core, fields, msg_type, seq_num)
    else:
        take(core, fields, msg_type, seq_num)
        drain(core)


def take(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Act on the message that is next in sequence, and count it."""
    fault = header.find_fault(core, fields, msg_type)
    if fault is not None and not (msg_type == fix.Msg.REJECT and recovery.names_a_message(fields)):
        core.refuse(fields, seq_num, fault)
    elif msg_type in admin.ADMIN:
        if fields.get(fix.PossDupFlag) == b"Y" and msg_type not in (fix.Msg.REJECT, fix.Msg.SEQUENCE_RESET):
            core.advance(seq_num + 1)
        else:
            _act(core, fields, msg_type, seq_num)
    else:
        core.host.deliver(fields)
        core.advance(seq_num + 1)


def drain(core: SessionCore) -> None:
    """Process the messages that were held, as far as they are in sequence, then see what is still missing."""
    while core.state not in _OVER:
        held = core.gap.take(core.next_in)
        if held is Held.NOTHING:
            break
        if held is Held.NUMBER_ONLY:
            core.advance(core.next_in + 1)
        else:
            take(core, held, held.msg_type, core.next_in)
    if core.state not in _OVER:
        recovery.on_progress(core)


def on_garbled(core: SessionCore, code: int, piece: bytes) -> None:
    """Handle bytes that are not a sound message; `GARBLED[code]` says why."""
    text = f"garbled: {GARBLED[code]}: {piece[:200]!r}"
    core.gap.last_garbled = GARBLED[code]
    core.on_garbled(text)
    if code == Frame.TOO_LARGE and core.was_up:
        core.leave(f"message is longer than {core.settings.max_message_size} bytes")
    elif code == Frame.TOO_LARGE:
        core.drop(text)
    elif core.settings.reject_garbled_message and core.is_logged_on:
        header.reject_garbled(core, code, piece)
    else:
        core.host.log(text)


def on_sequence_reset(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Adopt NewSeqNo(36), whatever the message's own number is, unless it would lower the number expected."""
    new = header.integer(fields, fix.NewSeqNo)
    if new is None or not core.next_in <= new <= recovery.LARGEST:
        core.host.alert(f"SequenceReset to {new} refused: {core.next_in} is expected")
        expected = core.next_in
        core.refuse(fields, seq_num, recovery.new_seq_no_fault(fields, new))
        if new is not None and core.next_in != expected:
            core.advance(expected)  # a refused reset is not counted, unlike other refused messages
        return
    if new == core.next_in:
        core.host.alert(f"SequenceReset to {new}, which is expected anyway")
    core.host.tell(NoticeKind.SESSION_RESET, f"the peer goes on with {new}, and not {core.next_in}")
    core.advance(new)
    core.gap.skip_to(new)
    drain(core)


def on_too_high(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Hold a message that is too high, and ask for those before it."""
    is_first_time = fields.get(fix.PossDupFlag) != b"Y" and not core.gap.holds(seq_num)
    if msg_type == fix.Msg.LOGOUT and core.state is SessionState.LOGOUT_SENT:
        logout.finish(core)
        return
    if msg_type in (fix.Msg.LOGON, fix.Msg.LOGOUT, fix.Msg.RESEND_REQUEST):
        core.gap.hold(seq_num, None)
        if is_first_time:
            _act_at_once(core, fields, msg_type, seq_num)
    else:
        core.gap.hold(seq_num, fields.raw)
        if msg_type == fix.Msg.REJECT and is_first_time:
            recovery.on_early_reject(core, fields)
    if core.state not in _OVER:
        recovery.request(core, seq_num - 1)


def on_too_low(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """End the session over a number that was used already; ignore a possible duplicate."""
    if fields.get(fix.PossDupFlag) != b"Y":
        text = too_low(core.next_in, seq_num)
        if msg_type == fix.Msg.LOGOUT:
            logout.on_too_low(core, fields, text)
        else:
            core.leave(text, wait=True, status=SessionStatus.TOO_LOW, operator=True)
    elif (fault := header.find_possdup_fault(core.settings, fields, msg_type)) is not None:
        core.refuse(fields, seq_num, fault)


def _wants_recovery(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> bool:
    """Say whether a message would need recovery on a session that has none; if so, it has been answered."""
    if core.offers_recovery:
        return False
    if seq_num > core.next_in and not _resets(fields, msg_type):
        core.leave(f"MsgSeqNum too high, expecting {core.next_in} but received {seq_num}", wait=True, lost=True)
        return True
    if msg_type in (fix.Msg.RESEND_REQUEST, fix.Msg.SEQUENCE_RESET):
        fault = Fault(Reason.INVALID_MSG_TYPE, None, f"MsgType(35) {msg_type} is not supported on this session")
        core.refuse(fields, seq_num, fault)
        return True
    return False


def _resets(fields: Fields, msg_type: str) -> bool:
    """Say whether a message starts both numbers again; one that is sent again is an old one, and does not."""
    is_reset = msg_type == fix.Msg.LOGON and fields.get(fix.ResetSeqNumFlag) == b"Y"
    return is_reset and fields.get(fix.PossDupFlag) != b"Y"


def _act(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Pass an administrative message to the module that acts on it and counts it."""
    match msg_type:
        case fix.Msg.HEARTBEAT:
            liveness.on_heartbeat(core, fields, seq_num)
        case fix.Msg.TEST_REQUEST:
            liveness.on_test_request(core, fields, seq_num)
        case fix.Msg.RESEND_REQUEST:
            resend.on_resend_request(core, fields, seq_num)
        case fix.Msg.REJECT:
            recovery.on_reject(core, fields, seq_num)
        case fix.Msg.SEQUENCE_RESET:
            recovery.on_gap_fill(core, fields, seq_num)
        case fix.Msg.LOGOUT:
            logout.on_logout(core, fields, seq_num)
        case _:
            logon.on_second_logon(core, fields, seq_num)


def _act_at_once(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Act on a message beyond a gap that must not wait until the gap is filled."""
    if msg_type == fix.Msg.RESEND_REQUEST:
        resend.answer(core, fields, seq_num)
    elif msg_type == fix.Msg.LOGON:
        logon.on_second_logon(core, fields, seq_num)
    elif core.state is SessionState.LOGGED_ON:
        core.logout_reason = logout.reason(fields)
        core.enter(SessionState.LOGOUT_DELAYED, core.settings.close_timeout_ns)
        core.tell_end(core.logout_reason)
