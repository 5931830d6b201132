"""What a session refused or lost: told, counted, and its order in doubt."""

import pytest

from engine.codec import Fields
from engine.fix import Status
from engine.journal.segments import RecordKind
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from engine.trading.messages import join, refused
from tests.support.order_reports import report
from tests.trading.test_supervisor import trading


def message(text: str) -> Fields:
    return Fields(text.replace("|", "\x01").encode())


@pytest.mark.parametrize("msg_type", ["8", "9"])
def test_s1_the_order_of_a_refused_report_is_in_doubt_and_its_market_stops(msg_type: str) -> None:
    stage = trading()
    order = stage.resting()
    refused(stage.loop, message(f"35={msg_type}|34=7|11={order.cl_ord_id}|14=10|"), 0, "tag 1057 is not defined")
    assert (order.ord_status, stage.loop.markets.causes(stage.rain)) == (Status.UNKNOWN, Stop.DOUBT)
    notices = {notice.kind: notice.text for notice in stage.loop.notices.all()}
    assert notices[NoticeKind.SESSION_REFUSED] == (
        f"MsgType(35) {msg_type}, MsgSeqNum(34) 7, reason 0: tag 1057 is not defined"
    )
    assert stage.loop.counters.refusals_by_reason == {0: 1}
    assert stage.state is DeskState.TRADING


def test_s1_a_refused_report_of_which_nobody_knows_the_order_halts() -> None:
    stage = trading()
    stage.resting()
    refused(stage.loop, message("35=8|34=7|"), 5, "value out of range")
    assert stage.state is DeskState.HALTED


def test_s1_a_refused_message_that_is_no_report_is_told_and_stops_nothing() -> None:
    stage = trading()
    refused(stage.loop, message("35=B|34=7|148=News|"), 11, "MsgType(35) B is not supported here")
    assert stage.loop.notices.count(NoticeKind.SESSION_REFUSED) == 1
    assert stage.state is DeskState.TRADING


class FakeSession:
    name = "FIX.4.4:US->PEER"
    protection = "plain"
    next_sender_seq_num, next_target_seq_num = 7, 9


def test_s1_every_event_of_a_session_has_its_place_at_the_desk() -> None:
    stage, session = trading(), FakeSession()
    join(session, stage.loop, stage.supervisor, stage.loop.on_report)  # type: ignore[arg-type]
    told = vars(session)
    assert set(told) == {"on_message", "on_logon", "on_logout", "on_fault", "on_notice", "on_refused", "on_forsaken"}
    told["on_logout"]("Logout by the peer: we close")
    assert stage.loop.notices.count(NoticeKind.SESSION_LOST) == 1


def test_what_becomes_of_a_session_is_recorded_by_name() -> None:
    stage, session = trading(), FakeSession()
    join(session, stage.loop, stage.supervisor, stage.loop.on_report)  # type: ignore[arg-type]
    stage.taken()
    told = vars(session)
    told["on_logon"]()
    told["on_notice"](NoticeKind.SESSION_GAP, "FIX.4.4:US->PEER: messages 3 to 8 are missing")
    told["on_notice"](NoticeKind.LINES_LEFT_OUT, "9 lines")  # nothing about the session
    told["on_logout"]("Logout by the peer: we close")
    steps = [step for step in stage.taken() if step[:2] == ("journal.append_state", RecordKind.SESSION)]
    assert {step[2] for step in steps} == {(7, 9, 0)}
    assert [step[3].split("\x01") for step in steps] == [
        ["logon", "FIX.4.4:US->PEER", "plain"],
        ["gap", "FIX.4.4:US->PEER", "messages 3 to 8 are missing"],
        ["logout", "FIX.4.4:US->PEER", "Logout by the peer: we close"],
    ]


@pytest.mark.parametrize(("msg_type", "ref_msg_type"), [("3", "H"), ("j", "AF"), ("3", "D"), ("j", "D")])
def test_s1_what_the_venue_refuses_of_ours_is_told_in_its_words(msg_type: str, ref_msg_type: str) -> None:
    stage = trading()
    order = stage.buy()
    assert order is not None
    told = report(order.cl_ord_id if ref_msg_type == "D" else "", "", "", msg_type=msg_type)
    told.ref_msg_type, told.reason, told.text = ref_msg_type, 5, "no such value"
    stage.loop.apply(told)
    (notice,) = [each for each in stage.loop.notices.all() if each.kind is NoticeKind.VENUE_REFUSED]
    assert notice.count == 1 and f"35={msg_type} of our 35={ref_msg_type}" in notice.text
    assert "'no such value'" in notice.text
