"""Answers the peer's ResendRequest, and writes what waited in the store.

Cost    one batch at a time, so that a long replay does not block the loop.
Source  FIX 4.4 volume 2, message recovery, possible duplicates, test case 8; state matrix 10.
"""

from collections.abc import Iterator

from engine import fix
from engine.codec import Fields
from engine.runtime.notices import NoticeKind
from engine.session.protocol import admin, header
from engine.session.protocol.answers import Again
from engine.session.protocol.core import SessionCore
from engine.session.protocol.faults import Fault, Reason

_BATCH = 256  # messages


def on_resend_request(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Serve a ResendRequest that is next in sequence."""
    if answer(core, fields, seq_num):
        core.advance(seq_num + 1)


def answer(core: SessionCore, fields: Fields, seq_num: int) -> bool:
    """Resend the range; False if the request was refused, which counts it, or ended the session."""
    first, end = header.integer(fields, fix.BeginSeqNo), header.integer(fields, fix.EndSeqNo)
    if (fault := _find_fault(fields, first, end)) is not None:
        core.refuse(fields, seq_num, fault)
        return False
    assert first is not None and end is not None
    if core.look_back_ns and (fault := _age_fault(core, first)) is not None:
        core.refuse(fields, seq_num, fault)
        return False
    decided = core.replay.judge(first, end, core.next_out, core.now_ns)
    if isinstance(decided, Again):
        core.host.tell(NoticeKind.SESSION_RESENT, f"the peer asks for messages {decided[0]} to {decided[1]} again")
        again(core, *decided)
        return True
    if isinstance(decided, Fault):
        core.refuse(fields, seq_num, decided)
    else:
        core.leave(decided.text, wait=True)
    return False


def again(core: SessionCore, first: int, last: int) -> None:
    """Queue the messages from `first` to `last` to be resent."""
    if core.replay.add(_duplicates(core, first, last)):
        pump(core)


def pump(core: SessionCore) -> None:
    """Write one batch of what waits, until the socket is full."""
    replay = core.replay
    core.last_sent_ns = core.now_ns  # the peer hears from us: no Heartbeat is due between the batches
    for _ in range(_BATCH):
        if replay.is_paused or not core.state:
            return
        message = replay.next()
        if message is None and (first := replay.take_unwritten()):
            replay.add(_verbatim(core, first, core.next_out - 1))
            message = replay.next()
        if message is None:
            return
        core.host.write(message)
    if replay.has_ranges and not replay.is_paused:
        core.arm(core.now_ns)


def _duplicates(core: SessionCore, first: int, last: int) -> Iterator[bytes]:
    """Yield the messages as possible duplicates, runs of others as one gap fill each."""
    stored = Fields(data_fields=core.data_fields)
    skipped_from = first
    for seq_num, message in core.store.messages(first, last):
        stored.parse(message)
        if not core.replay.may_go_again(stored.msg_type):
            continue
        if skipped_from < seq_num:
            yield _gap_fill(core, skipped_from, seq_num)
        skipped_from = seq_num + 1
        yield _duplicate(core, stored, seq_num)
    if skipped_from <= last:
        yield _gap_fill(core, skipped_from, last + 1)


def _verbatim(core: SessionCore, first: int, last: int) -> Iterator[bytes]:
    return (message for _, message in core.store.messages(first, last))


def _duplicate(core: SessionCore, stored: Fields, seq_num: int) -> bytes:
    first_time = stored.get(fix.OrigSendingTime) or stored.get(fix.SendingTime) or b""
    return core.encoder.encode(core.replay.body(stored), seq_num, core.wall_ns, b"43=Y\x01122=%b\x01" % first_time)


def _gap_fill(core: SessionCore, seq_num: int, new_seq_no: int) -> bytes:
    body = admin.body(fix.Msg.SEQUENCE_RESET, [(fix.GapFillFlag, "Y"), (fix.NewSeqNo, new_seq_no)])
    time = core.encoder.times.format(core.wall_ns)
    return core.encoder.encode(body, seq_num, core.wall_ns, b"43=Y\x01122=%b\x01" % time)


def _age_fault(core: SessionCore, first: int) -> Fault | None:
    """Return what is wrong with a range that begins before the messages that are kept."""
    for _, message in core.store.messages(first, first):
        sent_ns = Fields(message).timestamp_ns(fix.SendingTime, core.wall_ns)
        if core.wall_ns - sent_ns > core.look_back_ns:
            text = "BeginSeqNo(7) is before the retention period"
            return Fault(Reason.VALUE_INCORRECT, fix.BeginSeqNo, text)
    return None


def _find_fault(fields: Fields, first: int | None, end: int | None) -> Fault | None:
    for tag, name, value in ((fix.BeginSeqNo, "BeginSeqNo(7)", first), (fix.EndSeqNo, "EndSeqNo(16)", end)):
        if tag not in fields:
            return Fault(Reason.REQUIRED_TAG_MISSING, tag, f"{name} missing")
        if value is None or value < 0:
            return Fault(Reason.INCORRECT_DATA_FORMAT, tag, f"{name} is not a number")
    return None
