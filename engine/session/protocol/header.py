"""The rules of the header, one by one: BeginString, CompIDs, SendingTime, PossDupFlag, routing.

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
    Reason.INVALID_TAG: "is not a tag: digits without leading zeros",
    Reason.NO_VALUE: "has no value",
    Reason.INCORRECT_DATA_FORMAT: "does not have the length that its length field says",
    Reason.SIGNATURE_PROBLEM: "Signature(89) does not have the length that SignatureLength(93) says",
    Reason.SOH_IN_VALUE: "piece without `=`: SOH inside a value",
    Reason.OTHER: "more fields than are taken here",
}


def integer(fields: Fields, tag: int) -> int | None:
    """Return the value, None if it is absent or not a whole number."""
    try:
        value = fields.integer(tag, -1)
    except DecodeError:
        return None
    return value if value >= 0 or tag in fields else None


def is_sound(core: SessionCore, fields: Fields, seq_num: int) -> bool:
    """Say whether the header is valid; if not, the message has been answered."""
    settings = core.settings
    if fields.text(fix.BeginString) != settings.begin_string:
        core.leave(f"BeginString(8) must be {settings.begin_string}", wait=True)
        return False
    fault = find_comp_id_fault(settings, fields) or find_sending_time_fault(core, fields)
    if fault is None or fault.reason not in (Reason.COMP_ID_PROBLEM, Reason.SENDING_TIME_ACCURACY):
        return True  # `find_fault` tells the rest, when the message's turn comes
    core.refuse(fields, seq_num, fault)
    core.leave(fault.text, wait=True)
    return False


def find_fault(core: SessionCore, fields: Fields, msg_type: str) -> Fault | None:
    """Return the first fault of the message that is next; RejectInvalidMessage=N logs those of the dictionary."""
    settings = core.settings
    fault = (
        find_defect(settings, fields)
        or find_comp_id_fault(settings, fields)
        or find_sending_time_fault(core, fields)
        or find_possdup_fault(settings, fields, msg_type)
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
        for tag, name, ours in (
            (fix.SenderCompID, "SenderCompID(49)", settings.target_comp_id),
            (fix.TargetCompID, "TargetCompID(56)", settings.sender_comp_id),
        ):
            if (text := fields.text(tag)) == ours:
                continue
            if tag not in fields:
                return Fault(Reason.REQUIRED_TAG_MISSING, tag, f"{name} missing")
            if not text:
                return Fault(Reason.NO_VALUE, tag, f"{name} has no value")
            return Fault(Reason.COMP_ID_PROBLEM, tag, f"{name} is not this session's")
    return None


def find_sending_time_fault(core: SessionCore, fields: Fields) -> Fault | None:
    """Check that SendingTime(52) is present and close to our own time."""
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
    """Check OnBehalfOfCompID(115) and DeliverToCompID(128)."""
    for tag, name, agreed in (
        (fix.OnBehalfOfCompID, "OnBehalfOfCompID(115)", settings.on_behalf_of),
        (fix.DeliverToCompID, "DeliverToCompID(128)", settings.deliver_to),
    ):
        if agreed is None or (text := fields.text(tag)) in agreed:
            continue
        if tag not in fields:
            if agreed and msg_type not in ADMIN:
                return Fault(Reason.COMP_ID_PROBLEM, tag, f"{name} missing")
        elif text:  # an empty value is another fault
            why = "is none that was agreed on" if agreed else "was not agreed on"
            return Fault(Reason.COMP_ID_PROBLEM, tag, f"{name} {why}")
    return None


def find_defect(settings: CoreSettings, fields: Fields) -> Fault | None:
    """Return what is wrong with the syntax of the fields."""
    reason = fields.defect
    if reason < 0 or (reason == Reason.NO_VALUE and not settings.validate_fields_have_values):
        return None
    if reason == Reason.INVALID_TAG:
        text = next(value for tag, value in fields if tag == 0 and b"=" in value).partition(b"=")[0]
        number = int(text) if re.fullmatch(rb"-?\d{1,9}", text) else None
        return Fault(reason, number, f"{text.decode('latin-1')!a:.40} {_DEFECTS[reason]}")
    if reason not in (Reason.NO_VALUE, Reason.INCORRECT_DATA_FORMAT):
        return Fault(reason, fields.defect_tag or None, _DEFECTS[reason])
    return Fault(reason, fields.defect_tag, f"tag {fields.defect_tag} {_DEFECTS[reason]}")


def reject_garbled(core: SessionCore, code: int, piece: bytes) -> None:
    """Reject a garbled message if its number can be read and is the next; ignore any other."""
    found = re.search(rb"\x0134=(\d{1,18})\x01", piece)
    core.host.log(f"garbled: {GARBLED[code]}: {piece[:200]!r}")
    if found is None or int(found[1]) != core.next_in:
        return
    answer = [(fix.RefSeqNum, core.next_in), (fix.SessionRejectReason, Reason.OTHER), (fix.Text, GARBLED[code])]
    core.transmit(body(fix.Msg.REJECT, answer))
    core.advance(core.next_in + 1)


def _time(fields: Fields, tag: int) -> int | None:
    """Return the value in ns, None if it is absent or not a time."""
    try:
        return fields.timestamp_ns(tag, -1) if tag in fields else None
    except DecodeError:
        return None
