"""Logon of the session core; names carry the standard's case numbers (1B initiator, 1S acceptor)."""

from typing import Any

import pytest

from engine.errors import SessionError
from engine.session.store.store import MemoryStore
from tests.support.session.scene import SECOND, START_NS, Scene, time_text

LOGON = "35=A|34=1|98=0|108=30|"


def acceptor(**changes: Any) -> Scene:
    return Scene(is_initiator=False, **changes).connect()


def late(next_in: int = 1, next_out: int = 1, **changes: Any) -> Scene:
    store = MemoryStore(START_NS)
    store.next_in, store.next_out = next_in, next_out
    return Scene(store=store, **changes)


def test_1b_a_connect_sends_logon() -> None:
    scene = Scene().connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|"]
    assert not scene.core.is_logged_on


def test_1b_c_valid_answer_opens_the_session() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive(LOGON) == ["logon"]
    assert scene.core.is_logged_on and scene.core.next_in == 2 and scene.store.next_in == 2


def test_1b_b_nothing_else_leaves_before_the_answer() -> None:
    scene = Scene().connect()
    with pytest.raises(SessionError, match="logged out"):
        scene.send("35=D|11=A|")


def test_1b_d_answer_with_wrong_comp_id_is_rejected_and_left() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("35=A|34=1|49=OTHER|98=0|108=30|") == [
        "> 35=3|34=2|45=1|371=49|372=A|373=9|58=SenderCompID(49) is not this session's|",
        "> 35=5|34=3|58=SenderCompID(49) is not this session's|",
        "alert",
    ]
    assert scene.core.next_in == 2
    assert scene.wait(2) == ["disconnect"]


def test_1b_d_answer_without_encrypt_method_is_rejected_and_left() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("35=A|34=1|108=30|") == [
        "> 35=3|34=2|45=1|371=98|372=A|373=1|58=EncryptMethod(98) missing|",
        "> 35=5|34=3|58=EncryptMethod(98) missing|",
        "alert",
        "disconnect",
    ]


@pytest.mark.parametrize(
    ("fields", "reason", "text"),
    [
        ("98=1|108=30|", "371=98|372=A|373=7", "EncryptMethod(98) must be 0: none"),
        ("98=0|", "371=108|372=A|373=1", "HeartBtInt(108) missing"),
        ("98=0|108=x|", "371=108|372=A|373=6", "HeartBtInt(108) is not a number"),
        ("98=0|108=-1|", "371=108|372=A|373=5", "HeartBtInt(108) is negative"),
        ("98=0|108=1000000001|", "371=108|372=A|373=5", "HeartBtInt(108) is beyond every session"),
        ("98=0|108=999999999999999999|", "371=108|372=A|373=5", "HeartBtInt(108) is beyond every session"),
        ("98=0|108=30|383=x|", "371=383|372=A|373=6", "MaxMessageSize(383) is not a number"),
        ("98=0|108=30|383=-1|", "371=383|372=A|373=5", "MaxMessageSize(383) leaves no room for a session's messages"),
        ("98=0|108=30|383=127|", "371=383|372=A|373=5", "MaxMessageSize(383) leaves no room for a session's messages"),
    ],
)
def test_1s_d_invalid_logon_is_rejected_and_left(fields: str, reason: str, text: str) -> None:
    assert acceptor().receive(f"35=A|34=1|{fields}") == [
        f"> 35=3|34=1|45=1|{reason}|58={text}|",
        f"> 35=5|34=2|58={text}|",
        "alert",
        "disconnect",
    ]


def test_1b_e_first_message_not_logon_is_left() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("35=8|34=1|37=1|", LOGON) == [
        "> 35=5|34=2|58=the first message is not a Logon|",
        "alert",
        "disconnect",
    ]


def test_1b_logout_instead_of_logon_is_a_refusal() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("35=5|34=1|58=closed|") == ["alert", "disconnect"]
    assert scene.core.next_in == 1 and scene.core.needs_operator == ""  # a gateway may number each refusal 1


def test_1b_logout_of_a_stranger_instead_of_logon_counts_for_nothing() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("35=5|34=1|49=OTHER|58=closed|") == ["alert", "disconnect"]
    assert scene.core.next_in == 1


@pytest.mark.parametrize("status", [5, 6, 8])
def test_1b_refusal_of_the_credentials_needs_the_operator(status: int) -> None:
    scene = Scene().connect()
    scene.receive(f"35=5|34=1|1409={status}|58=no|")
    assert scene.core.needs_operator == f"Logout by the peer: no (SessionStatus {status}); see to the credentials"


def test_1b_refusal_for_another_reason_may_be_tried_again() -> None:
    scene = Scene().connect()
    scene.receive("35=5|34=1|1409=7|58=too early|")
    assert scene.core.needs_operator == ""


def test_1b_refusal_for_low_numbers_needs_the_operator() -> None:
    scene = Scene().connect()
    scene.receive("35=5|34=1|58=MsgSeqNum too low, expecting 9 but received 1|")
    assert "our store lost numbers" in scene.core.needs_operator


def test_1b_no_answer_in_time_disconnects() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.wait(9.9) == []
    assert scene.wait(0.2) == ["disconnect"]


def test_1b_answer_with_another_heart_bt_int_is_adopted() -> None:
    scene = Scene().connect()
    assert scene.receive("35=A|34=1|98=0|108=5|")[1:] == ["alert", "logon"]
    assert scene.wait(5) == ["> 35=0|34=2|"]


def test_1s_a_logon_is_answered_with_its_heart_bt_int() -> None:
    scene = acceptor()
    assert scene.receive("35=A|34=1|98=0|108=7|") == ["> 35=A|34=1|98=0|108=7|", "logon"]


def test_1s_first_message_not_logon_disconnects_silently() -> None:
    assert acceptor().receive("35=0|34=1|") == ["disconnect"]


def test_1s_c_unknown_comp_id_disconnects_silently() -> None:
    scene = acceptor()
    assert scene.receive("35=A|34=1|49=OTHER|98=0|108=30|") == ["disconnect"]
    assert scene.core.next_out == 1


def test_1s_failed_authentication_disconnects_without_using_a_number() -> None:
    scene = acceptor(core={"authenticate": lambda fields: "" if fields.text(554) == "right" else "wrong password"})
    assert scene.receive("35=A|34=1|98=0|108=30|554=wrong|") == ["disconnect"]
    assert scene.core.next_out == 1
    assert scene.connect().receive("35=A|34=1|98=0|108=30|554=right|")[-1] == "logon"


def test_1s_logon_too_high_is_answered_before_the_gap_is_asked_for() -> None:
    scene = acceptor()
    assert scene.receive("35=A|34=5|98=0|108=30|") == ["> 35=A|34=1|98=0|108=30|", "> 35=2|34=2|7=1|16=0|", "logon"]
    assert scene.receive("35=4|34=1|43=Y|122=20260105-14:30:00|123=Y|36=6|") == []
    assert scene.core.next_in == 6


def test_2_c_logon_too_low_is_refused_and_needs_the_operator() -> None:
    scene = late(next_in=7).connect()
    scene.take()
    text = "MsgSeqNum too low, expecting 7 but received 1"
    assert scene.receive(LOGON) == [f"> 35=5|34=2|58={text}|", "alert", "disconnect"]
    assert scene.core.needs_operator == text and scene.core.next_in == 7


def test_2_i_logon_with_another_begin_string_is_left() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive("8=FIX.4.2|" + LOGON) == ["> 35=5|34=2|58=BeginString(8) must be FIX.4.4|", "alert"]
    assert scene.wait(2) == ["disconnect"]


def test_2_o_logon_with_sending_time_too_old_is_rejected_and_left() -> None:
    scene = Scene().connect()
    scene.take()
    old = time_text(START_NS - 121 * SECOND)
    assert [event[:12] for event in scene.receive(f"35=A|34=1|52={old}|98=0|108=30|")] == [
        "> 35=3|34=2|", "> 35=5|34=3|", "alert",
    ]  # fmt: skip


def test_second_logon_while_up_is_left() -> None:
    text = "a second Logon without ResetSeqNumFlag(141)=Y"
    assert Scene().up().receive("35=A|34=2|98=0|108=30|") == [
        f"> 35=5|34=2|58={text}|",
        "alert",
        "disconnect",
        "logout",
    ]


def test_next_expected_lower_is_resent_over_our_logon() -> None:
    store = MemoryStore(START_NS)
    scene = Scene(is_initiator=False, store=store, send_next_expected_msg_seq_num=True).connect()
    scene.receive("35=A|34=1|98=0|108=30|789=1|")
    scene.send("35=8|37=A|")
    scene.core.disconnected(scene.now_ns, "lost")
    scene.take()
    assert scene.connect().receive("35=A|34=2|98=0|108=30|789=2|") == [
        "> 35=A|34=3|98=0|108=30|789=3|",
        "> 35=8|34=2|43=Y|122=20260105-14:30:00.000|37=A|",
        "> 35=4|34=3|43=Y|122=20260105-14:30:00.000|123=Y|36=4|",
        "logon",
    ]


def test_next_expected_higher_is_left() -> None:
    scene = acceptor(send_next_expected_msg_seq_num=True)
    assert [event[:7] for event in scene.receive("35=A|34=1|98=0|108=30|789=5|")] == ["> 35=5|", "alert", "disconn"]
    fixt = acceptor(send_next_expected_msg_seq_num=True, begin_string="FIXT.1.1", default_appl_ver_id="9")
    text = "NextExpectedMsgSeqNum(789) is 5, only 0 messages were sent"
    assert fixt.receive("35=A|34=1|98=0|108=30|1137=9|789=5|")[0] == f"> 35=5|34=1|1409=10|58={text}|"


@pytest.mark.parametrize("value", ["x", "99999999999999999999", "-1", "0"])
def test_next_expected_that_is_no_number_is_rejected_and_left(value: str) -> None:
    scene = Scene(is_initiator=False, send_next_expected_msg_seq_num=True).connect()
    reason = "373=6" if value in ("x", "99999999999999999999") else "373=5"
    assert scene.receive(f"35=A|34=1|98=0|108=30|789={value}|") == [
        f"> 35=3|34=1|45=1|371=789|372=A|{reason}|58=NextExpectedMsgSeqNum(789) is not a number above 0|",
        "> 35=5|34=2|58=NextExpectedMsgSeqNum(789) is not a number above 0|",
        "alert",
        "disconnect",
    ]


def test_heart_bt_int_of_years_is_kept() -> None:
    scene = Scene(is_initiator=False).connect()
    assert scene.receive("35=A|34=1|98=0|108=1000000000|") == ["> 35=A|34=1|98=0|108=1000000000|", "logon"]
    assert scene.wait(86_400) == []


def test_next_expected_agreed_waits_for_the_fill_unasked() -> None:
    scene = late(send_next_expected_msg_seq_num=True).connect()
    scene.take()
    assert scene.receive("35=A|34=4|98=0|108=30|789=2|") == ["logon"]
    assert scene.receive("35=4|34=1|43=Y|122=20260105-14:30:00|123=Y|36=5|") == []
    assert scene.core.next_in == 5


def test_fixt_logon_carries_default_appl_ver_id() -> None:
    scene = Scene(begin_string="FIXT.1.1", default_appl_ver_id="9").connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|1137=9|"]
    assert scene.receive("35=A|34=1|98=0|108=30|1137=9|") == ["logon"]


def test_fixt_logon_without_default_appl_ver_id_is_rejected_and_left() -> None:
    scene = Scene(begin_string="FIXT.1.1", default_appl_ver_id="9").connect()
    scene.take()
    assert [event[:7] for event in scene.receive(LOGON)] == ["> 35=3|", "> 35=5|", "alert", "disconn"]


def test_fixt_logon_too_low_names_the_session_status() -> None:
    scene = late(next_in=7, begin_string="FIXT.1.1", default_appl_ver_id="9").connect()
    scene.take()
    text = "MsgSeqNum too low, expecting 7 but received 1"
    assert scene.receive(LOGON + "1137=9|")[0] == f"> 35=5|34=2|1409=9|58={text}|"


def test_test_message_indicator_must_agree() -> None:
    scene = Scene(test_message_indicator=True).connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|464=Y|"]
    assert scene.receive(LOGON)[0] == "> 35=5|34=2|58=TestMessageIndicator(464) must be Y|"


def test_max_message_size_of_the_peer_bounds_what_we_send() -> None:
    scene = Scene().up(logon="98=0|108=30|383=200|")
    scene.send("35=D|11=A|")
    with pytest.raises(SessionError, match="the peer takes 200"):
        scene.send(f"35=D|58={'x' * 200}|")
    assert scene.core.next_out == 3


def test_dialect_signs_the_logon_with_its_own_header() -> None:
    class Dialect:
        def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
            return [(95, "3"), (96, "sig"), (58, "/".join(header[tag] for tag in (34, 49, 52, 56)))]

    scene = Scene(core={"logon_dialect": Dialect()}).connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|95=3|96=sig|58=1/US/20260105-14:30:00.000/PEER|"]


def test_1b_refusal_names_text_and_session_status() -> None:
    scene = Scene(begin_string="FIXT.1.1", default_appl_ver_id="9").connect()
    scene.take()
    assert scene.receive("35=5|34=1|1409=6|58=ask us|") == ["alert", "disconnect"]
    assert scene.core.logout_reason == "Logout by the peer: ask us (SessionStatus 6)"


def test_1s_no_logon_in_time_disconnects_silently() -> None:
    scene = acceptor()
    assert scene.receive_raw(b"garbled \x01 bytes") == []
    assert scene.wait(9.9) == []
    assert scene.wait(0.2) == ["disconnect"]


def test_1s_d_heart_bt_int_outside_of_the_range_is_refused() -> None:
    text = "HeartBtInt(108) must be 10 to 60"
    for value in (9, 61, 0):
        assert acceptor(heart_bt_range=(10, 60)).receive(f"35=A|34=1|98=0|108={value}|") == [
            f"> 35=5|34=1|58={text}|", "alert", "disconnect",
        ]  # fmt: skip
    for value in (10, 60):
        assert acceptor(heart_bt_range=(10, 60)).receive(f"35=A|34=1|98=0|108={value}|")[-1] == "logon"
