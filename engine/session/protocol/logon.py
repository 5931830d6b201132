"""Logon: sent, received, answered and refused, also the one that resets both numbers.

Source  FIX 4.4 volume 2, Logon, test cases 1B, 1S, 2.c, 2.i to 2.o; FIXT 1.1 for DefaultApplVerID(1137),
        NextExpectedMsgSeqNum(789) and SessionStatus(1409).
"""

from engine import fix
from engine.codec import Fields
from engine.session.protocol import admin, header, recovery, resend
from engine.session.protocol.core import SessionCore, too_low
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.states import SessionState, SessionStatus
from engine.session.protocol.versions import Versions
from engine.session.refusal import REFUSALS, read

_LONGEST_HEART_BT_INT = 10**9  # seconds
_SMALLEST_LIMIT = 128  # bytes: a Heartbeat has about 70


def send_logon(core: SessionCore) -> None:
    """Open the session as its initiator."""
    resets = core.settings.reset_on_logon or core.reset_pending
    core.reset_asked = resets and core.settings.has_reset_flag
    if core.reset_asked:
        core.reset_store(core.next_in)  # the peer's number is reset when it agrees
    elif resets:
        core.reset_pending = False
        core.reset_store()  # the peer cannot be asked: it does the same by agreement
    _transmit(core, core.settings.heart_bt_int, core.reset_asked, core.next_in)


def send_reset(core: SessionCore) -> None:
    """Ask, while logged on, that both numbers start again."""
    core.reset_wanted, core.reset_asked = False, True
    core.reset_store(core.next_in)
    _transmit(core, core.heart_bt_ns // 1_000_000_000, True, 1)
    core.enter(SessionState.LOGGED_ON, core.settings.logon_timeout_ns)  # time for the peer's Logon


def on_first_message(core: SessionCore, fields: Fields, msg_type: str, seq_num: int | None) -> None:
    """Take the first message, which must be a Logon."""
    if msg_type != fix.Msg.LOGON and core.is_initiator:
        _on_refusal(core, fields, msg_type)
    elif msg_type != fix.Msg.LOGON:
        core.drop("the first message is not a Logon")
    elif not core.is_initiator and header.find_comp_id_fault(core.settings, fields) is not None:
        core.drop("Logon for another session")
    elif seq_num is None or seq_num < 1:
        core.leave("MsgSeqNum(34) missing or not a number")
    elif header.is_sound(core, fields, seq_num) and _is_content_right(core, fields, seq_num):
        if core.is_initiator:
            _on_answer(core, fields, seq_num)
        else:
            _on_request(core, fields, seq_num)


def on_second_logon(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Refuse a Logon while logged on, unless it resets the numbers (see `on_reset`)."""
    if seq_num == core.next_in:
        core.advance(seq_num + 1)
    core.leave("a second Logon without ResetSeqNumFlag(141)=Y", operator=core.reset_asked)


def on_reset(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Start both numbers again while logged on, as asked or as the peer asks."""
    if not _is_content_right(core, fields, seq_num):
        return
    if seq_num != 1:
        core.leave("a Logon with ResetSeqNumFlag(141)=Y must have MsgSeqNum(34)=1", operator=True)
        return
    if core.reset_asked:
        core.reset_asked = False
        if core.is_logged_on:
            core.enter(SessionState.LOGGED_ON)  # no deadline any more
    else:
        core.reset_store()
        _transmit(core, core.heart_bt_ns // 1_000_000_000, True, 2)
    core.gap.forget()
    core.advance(2)
    core.host.log("both sequence numbers were reset by agreement")


def _on_refusal(core: SessionCore, fields: Fields, msg_type: str) -> None:
    """Note what came in place of the answer; one that is no refusal is answered by Logout.

    Its number is not counted: a gateway that keeps no session before the Logon numbers each refusal 1, and the next
    would find its Logon too low; where it did count, the gap is recovered.
    """
    refusal = core.refusal = read(fields)
    if msg_type not in REFUSALS:
        core.host.log(f"logon failed: {refusal.text}")
        core.leave("the first message is not a Logon")
        return
    core.logout_reason = refusal.text
    core.needs_operator = refusal.operator
    core.host.alert(f"logon refused: {refusal.text}")
    core.drop(refusal.text)


def _on_request(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Answer a Logon as the acceptor."""
    if refusal := core.authenticate(fields):
        core.drop(f"Logon refused: {refusal}")
        return
    if core.schedule is not None and not core.schedule.may_log_on(core.wall_ns):
        core.leave("Logon outside of the session time", status=SessionStatus.NOT_AT_THIS_TIME)
        return
    resets = fields.get(fix.ResetSeqNumFlag) == b"Y"
    if resets and seq_num != 1:
        core.leave("a Logon with ResetSeqNumFlag(141)=Y must have MsgSeqNum(34)=1")
        return
    if resets or core.settings.reset_on_logon:
        core.reset_store()
    if seq_num < core.next_in:
        _refuse_too_low(core, seq_num)
        return
    peer_expects, next_out = _peer_expects(core, fields), core.next_out
    if peer_expects > next_out:
        _refuse_too_high_expected(core, peer_expects, next_out)
        return
    is_next = seq_num == core.next_in
    if is_next:
        core.advance(seq_num + 1)
    _transmit(core, header.integer(fields, fix.HeartBtInt) or 0, resets, core.next_in)
    _establish(core, fields, seq_num, is_next)
    if 0 < peer_expects < next_out:
        resend.again(core, peer_expects, core.next_out - 1)
    core.host.on_logon()


def _on_answer(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Take the acceptor's Logon as the initiator."""
    resets = fields.get(fix.ResetSeqNumFlag) == b"Y"
    if core.reset_asked:
        if seq_num != 1:
            core.leave("ResetSeqNumFlag(141)=Y was not followed: the answer's MsgSeqNum(34) is not 1", operator=True)
            return
        core.reset_asked = core.reset_pending = False
        core.advance(1)
    elif resets and not _confirm_reset(core, seq_num):
        return
    if seq_num < core.next_in:
        _refuse_too_low(core, seq_num)
        return
    peer_expects = _peer_expects(core, fields)
    if peer_expects > core.next_out:
        _refuse_too_high_expected(core, peer_expects, core.next_out)
        return
    is_next = seq_num == core.next_in
    if is_next:
        core.advance(seq_num + 1)
    if header.integer(fields, fix.HeartBtInt) != core.settings.heart_bt_int:
        core.host.alert(f"HeartBtInt(108) of the answer is {fields.text(fix.HeartBtInt)}: adopted")
    _establish(core, fields, seq_num, is_next)
    if 0 < peer_expects < core.next_out:
        resend.again(core, peer_expects, core.next_out - 1)
    core.host.on_logon()


def _confirm_reset(core: SessionCore, seq_num: int) -> bool:
    """Decide about a ResetSeqNumFlag(141)=Y in the answer that we did not ask for."""
    if not core.settings.confirm_unasked_reset or seq_num != 1:
        core.leave("ResetSeqNumFlag(141)=Y in the answer was not asked for", operator=True)
        return False
    core.reset_store()
    _transmit(core, core.settings.heart_bt_int, True, 2)
    return True


def _establish(core: SessionCore, fields: Fields, seq_num: int, is_next: bool) -> None:
    """Log on, and recover the messages before a Logon that is too high."""
    core.heart_bt_ns = (header.integer(fields, fix.HeartBtInt) or 0) * 1_000_000_000
    limit = header.integer(fields, fix.MaxMessageSize)
    core.peer_limit = limit if limit else core.settings.max_message_size
    core.was_up = core.is_answered = True
    if core.settings.is_fixt:
        core.use_versions(Versions(fields))
    core.enter(SessionState.LOGGED_ON)
    core.arm(core.now_ns + core.heart_bt_ns if core.heart_bt_ns else core.state_deadline_ns)
    if not is_next:
        core.gap.hold(seq_num, None)
        if _peer_expects(core, fields):
            recovery.expect_fill(core, seq_num - 1)
        else:
            recovery.request(core, seq_num - 1)


def _transmit(core: SessionCore, heart_bt_int: int, resets: bool, next_expected: int) -> None:
    """Send a Logon, or the answer to one."""
    settings = core.settings
    fields: list[tuple[int, object]] = [(fix.EncryptMethod, 0), (fix.HeartBtInt, heart_bt_int)]
    if resets:
        fields.append((fix.ResetSeqNumFlag, "Y"))
    if settings.send_next_expected_msg_seq_num:
        fields.append((fix.NextExpectedMsgSeqNum, next_expected))
    if settings.test_message_indicator is not None:
        fields.append((fix.TestMessageIndicator, "Y" if settings.test_message_indicator else "N"))
    if settings.is_fixt:
        fields.append((fix.DefaultApplVerID, settings.default_appl_ver_id))
    fields += settings.logon_fields
    if core.logon_dialect is not None:
        fields += core.logon_dialect.logon_fields({
            fix.MsgSeqNum: str(core.next_out),
            fix.SenderCompID: settings.sender_comp_id,
            fix.SendingTime: core.encoder.times.format(core.wall_ns).decode(),
            fix.TargetCompID: settings.target_comp_id,
        })  # fmt: skip
    core.transmit(admin.body(fix.Msg.LOGON, fields))


def _is_content_right(core: SessionCore, fields: Fields, seq_num: int) -> bool:
    """Check the fields of a Logon; answer if they are wrong."""
    fault = _find_fault(core, fields)
    if fault is not None:
        core.refuse(fields, seq_num, fault)
        core.leave(fault.text)
        return False
    if text := _disagreement(core, fields):
        core.leave(text)
        return False
    return True


def _find_fault(core: SessionCore, fields: Fields) -> Fault | None:
    heart_bt_int = header.integer(fields, fix.HeartBtInt)
    if fix.EncryptMethod not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.EncryptMethod, "EncryptMethod(98) missing")
    if fields.get(fix.EncryptMethod) != b"0":
        return Fault(Reason.DECRYPTION_PROBLEM, fix.EncryptMethod, "EncryptMethod(98) must be 0: none")
    if fix.HeartBtInt not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.HeartBtInt, "HeartBtInt(108) missing")
    if heart_bt_int is None:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.HeartBtInt, "HeartBtInt(108) is not a number")
    if heart_bt_int < 0:
        return Fault(Reason.VALUE_INCORRECT, fix.HeartBtInt, "HeartBtInt(108) is negative")
    if heart_bt_int > _LONGEST_HEART_BT_INT:
        return Fault(Reason.VALUE_INCORRECT, fix.HeartBtInt, "HeartBtInt(108) is beyond every session")
    if core.settings.is_fixt and fix.DefaultApplVerID not in fields:
        return Fault(Reason.REQUIRED_TAG_MISSING, fix.DefaultApplVerID, "DefaultApplVerID(1137) missing")
    return _find_number_fault(core, fields) or header.find_fault(core, fields, fix.Msg.LOGON)


def _find_number_fault(core: SessionCore, fields: Fields) -> Fault | None:
    """Check the optional numbers of a Logon."""
    limit, expected = header.integer(fields, fix.MaxMessageSize), header.integer(fields, fix.NextExpectedMsgSeqNum)
    if limit is None and fix.MaxMessageSize in fields:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.MaxMessageSize, "MaxMessageSize(383) is not a number")
    if limit and limit < _SMALLEST_LIMIT:
        text = "MaxMessageSize(383) leaves no room for a session's messages"
        return Fault(Reason.VALUE_INCORRECT, fix.MaxMessageSize, text)
    if not core.settings.send_next_expected_msg_seq_num or fix.NextExpectedMsgSeqNum not in fields:
        return None
    if expected is None or expected < 1:
        reason = Reason.INCORRECT_DATA_FORMAT if expected is None else Reason.VALUE_INCORRECT
        return Fault(reason, fix.NextExpectedMsgSeqNum, "NextExpectedMsgSeqNum(789) is not a number above 0")
    return None


def _disagreement(core: SessionCore, fields: Fields) -> str:
    """Say where the Logon contradicts our configuration; empty if nowhere."""
    settings = core.settings
    if settings.is_fixt and fields.text(fix.DefaultApplVerID) != settings.default_appl_ver_id:
        return f"DefaultApplVerID(1137) must be {settings.default_appl_ver_id}"
    is_test = settings.test_message_indicator
    if is_test is not None and (fields.get(fix.TestMessageIndicator) == b"Y") != is_test:
        return f"TestMessageIndicator(464) must be {'Y' if is_test else 'N'}"
    heart_bt_int, agreed = header.integer(fields, fix.HeartBtInt) or 0, settings.heart_bt_range
    if not core.is_initiator and agreed is not None and not agreed[0] <= heart_bt_int <= agreed[1]:
        return f"HeartBtInt(108) must be {agreed[0]} to {agreed[1]}"
    return ""


def _peer_expects(core: SessionCore, fields: Fields) -> int:
    """Return NextExpectedMsgSeqNum(789) where it was agreed on, else 0."""
    if not core.settings.send_next_expected_msg_seq_num:
        return 0
    return header.integer(fields, fix.NextExpectedMsgSeqNum) or 0


def _refuse_too_low(core: SessionCore, seq_num: int) -> None:
    core.leave(too_low(core.next_in, seq_num), status=SessionStatus.TOO_LOW, operator=True)


def _refuse_too_high_expected(core: SessionCore, expected: int, next_out: int) -> None:
    text = f"NextExpectedMsgSeqNum(789) is {expected}, only {next_out - 1} messages were sent"
    core.leave(text, status=SessionStatus.TOO_HIGH_EXPECTED, operator=True)
