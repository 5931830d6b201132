"""Numbers that do not fit: messages too high or too low, the gap before them, and what fills or skips it.

Shapes  messages beyond a gap wait in `core.queue`, bounded; one that finds no room is asked for later.
Source  FIX 4.4 volume 2, message recovery, ResendRequest, SequenceReset; test cases 2.b, 2.c, 2.e, 10, 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import fix
from engine.codec import Fields, Frame
from engine.errors import SessionError
from engine.session.protocol import admin, dispatch, header, logon, logout, replay
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.states import NEVER_NS, SessionState

if TYPE_CHECKING:
    from engine.session.protocol.core import SessionCore

_ASK_AT_MOST = 3  # times for the same message on one connection
_FRUITLESS_AT_MOST = 10  # connections
_LARGEST = 10**12  # NewSeqNo(36)
_ABSENT = b""


def on_too_high(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Keep the message for its turn, and ask for those before it."""
    is_first_time = fields.get(fix.PossDupFlag) != b"Y" and seq_num not in core.queue
    if msg_type == fix.Msg.LOGOUT and core.state is SessionState.LOGOUT_SENT:
        logout.finish(core)
        return
    if msg_type in (fix.Msg.LOGON, fix.Msg.LOGOUT, fix.Msg.RESEND_REQUEST):
        if _has_room(core):
            core.queue.setdefault(seq_num, None)
        if is_first_time:
            _act_at_once(core, fields, msg_type, seq_num)
    elif seq_num not in core.queue and _has_room(core):
        core.queue[seq_num] = raw = fields.raw
        core.queued_bytes += len(raw)
    if core.state not in (SessionState.DISCONNECTED, SessionState.FAREWELL):
        request(core, seq_num - 1)


def on_too_low(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    """Give up over a number that was used already; a possible duplicate is dropped."""
    if fields.get(fix.PossDupFlag) != b"Y":
        text = too_low(core.next_in, seq_num)
        if msg_type == fix.Msg.LOGOUT:
            core.sink.alert(f"{logout.reason(fields)}: {text}")
            core.drop(logout.reason(fields))
        else:
            core.leave(text, wait=True, status=logout.TOO_LOW, operator=True)
    elif (fault := header.find_possdup_fault(core.settings, fields, msg_type)) is not None:
        core.refuse(fields, seq_num, fault)


def too_low(expected: int, received: int) -> str:
    return f"MsgSeqNum too low, expecting {expected} but received {received}"


def request(core: SessionCore, last: int) -> None:
    """Ask for what is missing up to `last`, unless it has been asked for."""
    if core.gap_end < core.next_in:
        core.gap_end = last
        _ask(core)
        return
    if core.asked_to == core.gap_end and not core.settings.closed_resend_interval:
        core.asked_to = max(core.asked_to, last)  # an open range brings this one too
    core.gap_end = max(core.gap_end, last)
    if core.settings.send_redundant_resend_requests:
        _ask(core)


def expect_fill(core: SessionCore, last: int) -> None:
    """Wait for messages up to `last` that the peer sends unasked."""
    core.gap_end = core.asked_to = last
    core.gap_deadline_ns = core.now_ns + core.settings.resend_timeout_ns
    core.arm(core.gap_deadline_ns)


def on_overdue(core: SessionCore) -> None:
    """Ask again for what did not come, once there has been progress; else give up."""
    core.gap_deadline_ns = NEVER_NS
    if core.gap_end < core.next_in:
        return
    if core.next_in > core.asked[0]:
        _ask(core)
    else:
        core.leave(f"messages from {core.next_in} were asked for and did not come", wait=True, operator=True)


def drain(core: SessionCore) -> None:
    """Work off the queue as far as it is unbroken, then look what is still missing."""
    while core.queue and core.state not in (SessionState.DISCONNECTED, SessionState.FAREWELL):
        raw = core.queue.pop(core.next_in, _ABSENT)
        if raw == _ABSENT:
            break
        if raw is None:
            core.advance(core.next_in + 1)
        else:
            core.queued_bytes -= len(raw)
            core.queue_reader = core.queue_reader or core.new_reader()
            if core.queue_reader.scan(raw) == Frame.SOUND:
                fields = core.queue_reader.fields
                dispatch.take(core, fields, fields.msg_type, core.next_in)
    if core.gap_end and core.state not in (SessionState.DISCONNECTED, SessionState.FAREWELL):
        _follow_up(core)


def on_end(core: SessionCore) -> None:
    """Drop what belongs to the connection; give up when one after another ended over the same gap."""
    is_fruitless = core.gap_end >= core.next_in == core.asked[0]
    core.fruitless = core.fruitless + 1 if is_fruitless else 0
    if core.fruitless == _FRUITLESS_AT_MOST:
        core.needs_operator = f"{core.fruitless} connections ended before message {core.next_in} was sent again"
        core.sink.alert(core.needs_operator)
        core.fruitless = 0
    core.asked = (0, 0)
    forget(core)


def forget(core: SessionCore) -> None:
    """Drop the queue and the open request."""
    core.queue.clear()
    core.queued_bytes = core.gap_end = core.asked_to = 0
    core.gap_deadline_ns = NEVER_NS


def on_gap_fill(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Skip the numbers below NewSeqNo(36); the turn of the message itself has come."""
    new = header.integer(fields, fix.NewSeqNo)
    if new is None or not seq_num < new <= _LARGEST:
        core.refuse(fields, seq_num, _new_seq_no_fault(fields, new))
    else:
        core.advance(new)
        _discard_below(core, new)


def on_sequence_reset(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Take NewSeqNo(36) whatever the message's own number is; never lower ours."""
    new = header.integer(fields, fix.NewSeqNo)
    if new is None or not core.next_in <= new <= _LARGEST:
        core.sink.alert(f"SequenceReset to {new} refused: {core.next_in} is expected")
        expected = core.next_in
        core.refuse(fields, seq_num, _new_seq_no_fault(fields, new))
        if new is not None and core.next_in != expected:
            core.advance(expected)  # counts for nothing, unlike other refused messages
        return
    if new == core.next_in:
        core.sink.alert(f"SequenceReset to {new}, which is expected anyway")
    core.advance(new)
    _discard_below(core, new)
    core.gap_end = 0
    core.gap_deadline_ns = NEVER_NS
    drain(core)


def send_sequence_reset(core: SessionCore, new_seq_no: int) -> None:
    """Go on with a higher number and have the peer follow; the store first, because only a surplus is recovered."""
    if core.state is not SessionState.LOGGED_ON:
        raise SessionError(f"{core.settings.name}: logged out; reset after on_logon")
    if new_seq_no <= core.next_out or new_seq_no > _LARGEST:
        raise SessionError(f"NewSeqNo(36) must be above {core.next_out}, not {new_seq_no}")
    core.backlog.clear()
    core.unwritten_from = 0
    core.next_out = new_seq_no - 1
    core.store.reset(core.wall_ns, core.next_in, core.next_out)
    core.transmit(admin.body(fix.Msg.SEQUENCE_RESET, [(fix.GapFillFlag, "N"), (fix.NewSeqNo, new_seq_no)]))


def on_reject(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Hand a Reject(3) to the application; one of our ResendRequest ends the session."""
    core.sink.alert(f"Reject(3) of our message {fields.text(fix.RefSeqNum)}: {fields.text(fix.Text)}")
    core.sink.deliver(fields)
    core.advance(seq_num + 1)
    if core.gap_end >= core.next_in and header.integer(fields, fix.RefSeqNum) == core.request_seq_num:
        forget(core)
        core.leave("the ResendRequest was rejected: messages are lost", wait=True, operator=True)


def _act_at_once(core: SessionCore, fields: Fields, msg_type: str, seq_num: int) -> None:
    if msg_type == fix.Msg.RESEND_REQUEST:
        replay.answer(core, fields, seq_num)
    elif msg_type == fix.Msg.LOGON:
        logon.on_second_logon(core, fields, seq_num)
    elif core.state is SessionState.LOGGED_ON:
        core.logout_reason = logout.reason(fields)
        core.enter(SessionState.LOGOUT_DELAYED, core.settings.close_timeout_ns)
        core.tell_end(core.logout_reason)


def _has_room(core: SessionCore) -> bool:
    return len(core.queue) < core.settings.max_queued and core.queued_bytes < core.settings.max_queued_bytes


def _ask(core: SessionCore) -> None:
    settings, first = core.settings, core.next_in
    asked_from, times = core.asked
    times = times + 1 if asked_from == first else 1
    if times > _ASK_AT_MOST and not settings.send_redundant_resend_requests:
        core.leave(f"message {first} was asked for {_ASK_AT_MOST} times in vain", wait=True, operator=True)
        return
    core.asked = (first, times)
    core.asked_to = core.gap_end
    end = str(core.gap_end) if settings.closed_resend_interval else settings.to_the_end
    if settings.resend_request_chunk_size and core.gap_end - first >= settings.resend_request_chunk_size:
        core.asked_to = first + settings.resend_request_chunk_size - 1
        end = str(core.asked_to)
    core.request_seq_num = core.next_out
    core.gap_deadline_ns = core.now_ns + settings.resend_timeout_ns
    core.arm(core.gap_deadline_ns)
    core.transmit(admin.body(fix.Msg.RESEND_REQUEST, [(fix.BeginSeqNo, first), (fix.EndSeqNo, end)]))


def _follow_up(core: SessionCore) -> None:
    """After progress: ask for the next chunk or the next gap, or be done."""
    if core.next_in <= core.asked_to:
        core.gap_deadline_ns = core.now_ns + core.settings.resend_timeout_ns
        return
    if core.next_in <= core.gap_end:
        _ask(core)
        return
    core.gap_end = core.asked_to = 0
    core.gap_deadline_ns = NEVER_NS
    if core.queue:
        _discard_below(core, core.next_in)
    if core.queue:
        request(core, min(core.queue) - 1)
    elif core.state is SessionState.LOGOUT_DELAYED:
        logout.answer(core)


def _discard_below(core: SessionCore, seq_num: int) -> None:
    for stale in [queued for queued in core.queue if queued < seq_num]:
        core.queued_bytes -= len(core.queue.pop(stale) or b"")


def _new_seq_no_fault(fields: Fields, new: int | None) -> Fault:
    if fix.NewSeqNo not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.NewSeqNo, "NewSeqNo(36) missing")
    if new is None:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.NewSeqNo, "NewSeqNo(36) is not a number")
    if new > _LARGEST:
        return Fault(Reason.VALUE_INCORRECT, fix.NewSeqNo, "NewSeqNo(36) is beyond every session")
    text = f"attempt to lower sequence number, invalid value NewSeqNum={new}"
    return Fault(Reason.VALUE_INCORRECT, fix.NewSeqNo, text)
