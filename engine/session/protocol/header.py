"""The header's rules, one by one: BeginString, CompIDs, SendingTime, PossDupFlag, routing.

Source  FIX 4.4 volume 2, test cases 2.e to 2.o and 18; volume 1, standard header.
"""

import re

from engine import fix
from engine.codec import GARBLED, Fields
from engine.errors import DecodeError
from engine.session.protocol.admin import ADMIN, body
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.core import SessionCore
from engine.session.protocol.faults import Fault, Reason

_DEFECTS = {
    Reason.INVALID_TAG: "tag is not a number",
    Reason.NO_VALUE: "tag without a value",
    Reason.SIGNATURE_PROBLEM: "Signature(89) does not have the length that SignatureLength(93) says",
    Reason.SOH_IN_VALUE: "piece without `=`: SOH inside a value",
}


def integer(fields: Fields, tag: int) -> int | None:
    """Return the value, None where it is absent or not a whole number."""
    try:
        value = fields.integer(tag, -1)
    except DecodeError:
        return None
    return value if value >= 0 or tag in fields else None


def is_sound(core: SessionCore, fields: Fields, seq_num: int) -> bool:
    """Say whether the session goes on after the header; if not, the answer has been given."""
    settings = core.settings
    if fields.text(fix.BeginString) != settings.begin_string:
        core.leave(f"BeginString(8) must be {settings.begin_string}", wait=True)
        return False
    fault = find_comp_id_fault(settings, fields)
    if fault is None:
        fault = find_sending_time_fault(core, fields)
        if fault is not None and fault.reason != Reason.SENDING_TIME_ACCURACY:
            core.refuse(fields, seq_num, fault)
            return False
    if fault is not None:
        core.refuse(fields, seq_num, fault)
        core.leave(fault.text, wait=True)
    return fault is None


def find_fault(core: SessionCore, fields: Fields, msg_type: str) -> Fault | None:
    """Return what is wrong with a message whose turn it is; a fault of its body may be let pass by configuration."""
    settings = core.settings
    fault = (
        find_possdup_fault(settings, fields, msg_type)
        or find_defect(settings, fields)
        or find_routing_fault(settings, fields, msg_type)
    )
    if fault is None and core.dictionary is not None:
        fault = core.dictionary.check(fields)
        if fault is not None and not settings.reject_invalid_message:
            core.host.log(f"message taken although: {fault.text}")
            return None
    return fault


def find_comp_id_fault(settings: CoreSettings, fields: Fields) -> Fault | None:
    """Check that SenderCompID(49) and TargetCompID(56) are this session's."""
    if settings.check_comp_id:
        if fields.text(fix.SenderCompID) != settings.target_comp_id:
            return Fault(Reason.COMP_ID_PROBLEM, fix.SenderCompID, "SenderCompID(49) is not this session's")
        if fields.text(fix.TargetCompID) != settings.sender_comp_id:
            return Fault(Reason.COMP_ID_PROBLEM, fix.TargetCompID, "TargetCompID(56) is not this session's")
    return None


def find_sending_time_fault(core: SessionCore, fields: Fields) -> Fault | None:
    """Check that SendingTime(52) is there and near our own time."""
    settings = core.settings
    if fix.SendingTime not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.SendingTime, "SendingTime(52) missing")
    sent_ns = _time(fields, fix.SendingTime)
    if sent_ns is None:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.SendingTime, "SendingTime(52) is not a UTCTimestamp")
    if settings.check_latency and abs(core.wall_ns - sent_ns) > settings.max_latency_ns:
        seconds = settings.max_latency_ns // 1_000_000_000
        return Fault(
            Reason.SENDING_TIME_ACCURACY, fix.SendingTime, f"SendingTime(52) is off by more than {seconds} seconds"
        )
    return None


def find_possdup_fault(settings: CoreSettings, fields: Fields, msg_type: str) -> Fault | None:
    """Check OrigSendingTime(122) of a message with PossDupFlag(43)=Y."""
    if fields.get(fix.PossDupFlag) != b"Y" or msg_type == fix.Msg.SEQUENCE_RESET:
        return None
    if fix.OrigSendingTime not in fields:
        if not settings.requires_orig_sending_time:
            return None
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.OrigSendingTime, "OrigSendingTime(122) missing")
    first_ns, sent_ns = _time(fields, fix.OrigSendingTime), _time(fields, fix.SendingTime)
    if first_ns is None:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.OrigSendingTime, "OrigSendingTime(122) is not a UTCTimestamp")
    if sent_ns is not None and first_ns > sent_ns:
        text = "OrigSendingTime(122) is later than SendingTime(52)"
        return Fault(Reason.SENDING_TIME_ACCURACY, fix.OrigSendingTime, text)
    return None


def find_routing_fault(settings: CoreSettings, fields: Fields, msg_type: str) -> Fault | None:
    """Check who a message is from and for beyond the two ends of the session."""
    for tag, name, agreed in (
        (fix.OnBehalfOfCompID, "OnBehalfOfCompID(115)", settings.on_behalf_of),
        (fix.DeliverToCompID, "DeliverToCompID(128)", settings.deliver_to),
    ):
        if agreed is None or (text := fields.text(tag)) in agreed:
            continue
        if tag not in fields:
            if agreed and msg_type not in ADMIN:
                return Fault(Reason.COMP_ID_PROBLEM, tag, f"{name} missing")
        elif text:  # without a value it is another fault
            why = "is none that was agreed on" if agreed else "was not agreed on"
            return Fault(Reason.COMP_ID_PROBLEM, tag, f"{name} {why}")
    return None


def find_defect(settings: CoreSettings, fields: Fields) -> Fault | None:
    """Return what is wrong with the pieces themselves."""
    if fields.defect < 0 or (fields.defect == Reason.NO_VALUE and not settings.validate_fields_have_values):
        return None
    return Fault(fields.defect, fields.defect_tag, _DEFECTS[fields.defect])


def reject_garbled(core: SessionCore, code: int, piece: bytes) -> None:
    """Answer a garbled message whose number can be read and is the next; ignore any other."""
    found = re.search(rb"\x0134=(\d{1,18})\x01", piece)
    core.host.log(f"garbled: {GARBLED[code]}: {piece[:200]!r}")
    if found is None or int(found[1]) != core.next_in:
        return
    answer = [(fix.RefSeqNum, core.next_in), (fix.SessionRejectReason, Reason.OTHER), (fix.Text, GARBLED[code])]
    core.transmit(body(fix.Msg.REJECT, answer))
    core.advance(core.next_in + 1)


def _time(fields: Fields, tag: int) -> int | None:
    """Return the value in ns, None where it is absent or no time."""
    try:
        return fields.timestamp_ns(tag, -1) if tag in fields else None
    except DecodeError:
        return None
