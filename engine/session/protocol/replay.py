"""Answers to the peer's ResendRequest, and everything else that is read back from the store to be written.

Shapes  `core.backlog` holds iterators of messages; while it is not empty, what is sent waits in the store behind it.
Cost    a batch at a time, so that a long replay leaves the loop to others.
Source  FIX 4.4 volume 2, message recovery, possible duplicates, test case 8; state matrix 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from engine import fix
from engine.codec import Fields
from engine.session.protocol import admin, header
from engine.session.protocol.faults import Fault, Reason

if TYPE_CHECKING:
    from engine.session.protocol.core import SessionCore

_BATCH = 256  # messages
_MAX_BACKLOG = 64  # ranges
_INFINITY = (0, 999_999)  # EndSeqNo(16): to the end, now and in older versions

# Fields that a replayed message gets anew
_RENEWED = frozenset({
    fix.BeginString, fix.BodyLength, fix.MsgType, fix.MsgSeqNum, fix.SenderCompID, fix.TargetCompID,
    fix.SendingTime, fix.PossDupFlag, fix.OrigSendingTime, fix.LastMsgSeqNumProcessed, fix.CheckSum,
})  # fmt: skip


def on_resend_request(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Serve a ResendRequest whose turn it is."""
    if answer(core, fields, seq_num):
        core.advance(seq_num + 1)


def answer(core: SessionCore, fields: Fields, seq_num: int) -> bool:
    """Send the range again; False if the message was refused, and counted, instead."""
    first, end = header.integer(fields, fix.BeginSeqNo), header.integer(fields, fix.EndSeqNo)
    if (fault := _find_fault(core, fields, first, end)) is not None:
        core.refuse(fields, seq_num, fault)
        return False
    assert first is not None and end is not None
    if _is_flood(core):
        core.leave("more ResendRequests than can be served", wait=True)
        return False
    last = core.next_out - 1
    again(core, first, last if end in _INFINITY else min(end, last))
    return True


def again(core: SessionCore, first: int, last: int) -> None:
    """Queue the messages from `first` to `last` for another sending."""
    core.backlog.append(_duplicates(core, first, last))
    if len(core.backlog) == 1:
        pump(core)


def pump(core: SessionCore) -> None:
    """Write a batch of what waits, as long as the socket takes it."""
    room = _BATCH
    core.last_sent_ns = core.now_ns
    while room and not core.is_paused and core.state:
        if not core.backlog:
            if not core.unwritten_from:
                return
            core.backlog.append(_verbatim(core, core.unwritten_from, core.next_out - 1))
            core.unwritten_from = 0
        written = 0
        for message in islice(core.backlog[0], room):
            core.sink.write(message)
            written += 1
            if core.is_paused:
                break
        room -= written
        if room and not core.is_paused:
            core.backlog.popleft()
    if core.backlog and not core.is_paused:
        core.arm(core.now_ns)


def _duplicates(core: SessionCore, first: int, last: int) -> Iterator[bytes]:
    """Yield the messages as possible duplicates, runs of others as one gap fill each."""
    stored = Fields(data_fields=core.data_fields)
    skipped_from = first
    for seq_num, message in core.store.messages(first, last):
        stored.parse(message)
        if not _may_go_again(core, stored.msg_type):
            continue
        if skipped_from < seq_num:
            yield _gap_fill(core, skipped_from, seq_num)
        skipped_from = seq_num + 1
        yield _duplicate(core, stored, seq_num)
    if skipped_from <= last:
        yield _gap_fill(core, skipped_from, last + 1)


def _verbatim(core: SessionCore, first: int, last: int) -> Iterator[bytes]:
    return (message for _, message in core.store.messages(first, last))


def _may_go_again(core: SessionCore, msg_type: str) -> bool:
    if msg_type in admin.ADMIN:
        return msg_type == fix.Msg.REJECT
    return core.replayed is None or msg_type in core.replayed


def _duplicate(core: SessionCore, stored: Fields, seq_num: int) -> bytes:
    first_time = stored.get(fix.OrigSendingTime) or stored.get(fix.SendingTime) or b""
    kept = [field for field in stored if field[0] not in _RENEWED and field[0] not in core.constant_tags]
    body = b"".join([b"35=%b\x01" % (stored.get(fix.MsgType) or b""), *(b"%d=%b\x01" % field for field in kept)])
    return core.encoder.encode(body, seq_num, core.wall_ns, b"43=Y\x01122=%b\x01" % first_time)


def _gap_fill(core: SessionCore, seq_num: int, new_seq_no: int) -> bytes:
    body = admin.body(fix.Msg.SEQUENCE_RESET, [(fix.GapFillFlag, "Y"), (fix.NewSeqNo, new_seq_no)])
    time = core.encoder.times.format(core.wall_ns)
    return core.encoder.encode(body, seq_num, core.wall_ns, b"43=Y\x01122=%b\x01" % time)


def _find_fault(core: SessionCore, fields: Fields, first: int | None, end: int | None) -> Fault | None:
    for tag, name, value in ((fix.BeginSeqNo, "BeginSeqNo(7)", first), (fix.EndSeqNo, "EndSeqNo(16)", end)):
        if tag not in fields:
            return Fault(Reason.REQUIRED_TAG_MISSING, tag, f"{name} missing")
        if value is None or value < 0:
            return Fault(Reason.INCORRECT_DATA_FORMAT, tag, f"{name} is not a number")
    assert first is not None and end is not None
    if not 0 < first < core.next_out:
        return Fault(Reason.VALUE_INCORRECT, fix.BeginSeqNo, f"BeginSeqNo(7) is not of 1 to {core.next_out - 1}")
    if 0 < end < first:
        return Fault(Reason.VALUE_INCORRECT, fix.EndSeqNo, "EndSeqNo(16) is below BeginSeqNo(7)")
    return None


def _is_flood(core: SessionCore) -> bool:
    second, count = core.resend_requests
    now = core.now_ns // 1_000_000_000
    core.resend_requests = (now, count + 1 if now == second else 1)
    return core.resend_requests[1] > core.settings.max_resend_requests_a_second or len(core.backlog) >= _MAX_BACKLOG
