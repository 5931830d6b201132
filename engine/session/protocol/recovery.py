"""Recovery of the peer's missing messages: ResendRequest, gap fill; and SequenceReset of our own number.

Source  FIX 4.4 volume 2, message recovery, ResendRequest, SequenceReset, Reject; test cases 2.b, 10, 11.
"""

from engine import fix
from engine.codec import Fields
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind
from engine.session.protocol import admin, header, logout
from engine.session.protocol.answers import Ask, Leave
from engine.session.protocol.core import SessionCore
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.states import SessionState

LARGEST = 10**12  # NewSeqNo(36)


def request(core: SessionCore, last: int) -> None:
    """Request what is missing up to `last`, unless it has been requested."""
    _act(core, core.gap.request(last, core.next_in, core.next_out, core.now_ns))


def expect_fill(core: SessionCore, last: int) -> None:
    """Wait for messages up to `last` that the peer sends unasked."""
    core.gap.expect(last, core.now_ns)
    core.arm(core.gap.deadline_ns)


def on_overdue(core: SessionCore) -> None:
    """Repeat a request that was not served, or give up."""
    _act(core, core.gap.on_overdue(core.next_in, core.next_out, core.now_ns))


def on_progress(core: SessionCore) -> None:
    """Request what is still missing; once the gap is filled, answer a Logout that came beyond it."""
    had_gap = core.gap.end > 0
    _act(core, core.gap.on_progress(core.next_in, core.next_out, core.now_ns))
    if had_gap and not core.gap.is_open and core.state is SessionState.LOGOUT_DELAYED:
        logout.answer(core)


def on_gap_fill(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Skip the numbers below NewSeqNo(36); the message itself is next in sequence."""
    new = header.integer(fields, fix.NewSeqNo)
    if new is None or not seq_num < new <= LARGEST:
        core.refuse(fields, seq_num, new_seq_no_fault(fields, new))
    else:
        if core.gap.end < new - 1:
            core.host.tell(NoticeKind.SESSION_GAP, f"messages {seq_num} to {new - 1} are skipped by a gap fill")
        core.advance(new)
        core.gap.discard_below(new)


def names_a_message(fields: Fields) -> bool:
    """Say whether a Reject(3) can be read as far as its application needs it, whatever else is wrong with it.

    A Reject is never rejected: the one thing worse than a wrong one is an order that nobody knows to be refused.
    """
    number = header.integer(fields, fix.RefSeqNum)
    return number is not None and number > 0 and fields.get(fix.PossDupFlag) != b"Y"


def on_reject(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Hand a Reject(3) to the application; if it is that of our ResendRequest, end the session."""
    core.host.alert(f"Reject(3) of our message {fields.text(fix.RefSeqNum)}: {fields.remark()}")
    core.host.deliver(fields)
    core.advance(seq_num + 1)
    on_early_reject(core, fields)


def on_early_reject(core: SessionCore, fields: Fields) -> None:
    """End the session if a Reject(3), which may have come beyond the gap, is that of our ResendRequest."""
    if core.gap.end >= core.next_in and core.gap.was_asked_by(header.integer(fields, fix.RefSeqNum)):
        core.gap.forget()
        reason = fields.remark()
        core.leave(f"the ResendRequest was rejected, messages are lost: {reason}", wait=True, operator=True)


def send_sequence_reset(core: SessionCore, new_seq_no: int) -> None:
    """Continue with a higher number and tell the peer; the store goes first, so that a crash never leaves it behind."""
    if core.state is not SessionState.LOGGED_ON:
        raise SessionError(f"{core.settings.name}: logged out; reset after on_logon")
    if new_seq_no <= core.next_out or new_seq_no > LARGEST:
        raise SessionError(f"NewSeqNo(36) must be above {core.next_out}, not {new_seq_no}")
    core.replay.clear()
    core.next_out = new_seq_no - 1
    core.store.reset(core.wall_ns, core.next_in, core.next_out)
    core.host.tell(NoticeKind.SESSION_RESET, f"our numbers go on with {new_seq_no} by our SequenceReset")
    core.transmit(admin.body(fix.Msg.SEQUENCE_RESET, [(fix.GapFillFlag, "N"), (fix.NewSeqNo, new_seq_no)]))


def new_seq_no_fault(fields: Fields, new: int | None) -> Fault:
    """Say what is wrong with NewSeqNo(36), which was read as `new`."""
    if fix.NewSeqNo not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.NewSeqNo, "NewSeqNo(36) missing")
    if new is None:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.NewSeqNo, "NewSeqNo(36) is not a number")
    if new > LARGEST:
        return Fault(Reason.VALUE_INCORRECT, fix.NewSeqNo, "NewSeqNo(36) is beyond every session")
    text = f"attempt to lower sequence number, invalid value NewSeqNum={new}"
    return Fault(Reason.VALUE_INCORRECT, fix.NewSeqNo, text)


def _act(core: SessionCore, step: Ask | Leave | None) -> None:
    """Do what the gap answered."""
    if isinstance(step, Ask):
        core.arm(core.gap.deadline_ns)
        core.host.tell(NoticeKind.SESSION_GAP, f"messages {step.first} to {core.gap.end} are missing, and asked for")
        core.transmit(admin.body(fix.Msg.RESEND_REQUEST, [(fix.BeginSeqNo, step.first), (fix.EndSeqNo, step.end)]))
    elif step is not None:
        core.leave(step.text, wait=True, operator=True)
