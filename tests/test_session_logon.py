"""Logon and Logout of the session core; names carry the standard's case numbers (1B initiator, 1S acceptor)."""

import pytest
from session_scene import SECOND, START_NS, Scene, time_text

from engine.errors import SessionError
from engine.session.store import MemoryStore

LOGON = "35=A|34=1|98=0|108=30|"


def acceptor(**changes: object) -> Scene:
    return Scene(is_initiator=False, **changes).connect()


def late(next_in: int = 1, next_out: int = 1, **changes: object) -> Scene:
    store = MemoryStore(START_NS)
    store.next_in, store.next_out = next_in, next_out
    return Scene(store=store, **changes)


def test_1b_a_connect_sends_logon() -> None:
    scene = Scene().connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|"]
    assert not scene.core.is_logged_on


def test_1b_b_valid_answer_opens_the_session() -> None:
    scene = Scene().connect()
    scene.take()
    assert scene.receive(LOGON) == ["logon"]
    assert scene.core.is_logged_on and scene.core.next_in == 2 and scene.store.next_in == 2


def test_1b_send_before_the_answer_is_refused() -> None:
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
    assert scene.core.next_in == 2 and scene.core.needs_operator == ""


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
    scene.receive("35=A|34=1|98=0|108=5|")
    scene.take()
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


def test_reset_on_logon_starts_both_numbers_when_the_answer_is_accepted() -> None:
    scene = late(next_in=9, next_out=20, reset_on_logon=True).connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|141=Y|"]
    assert scene.core.next_in == 9
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == ["logon"]
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_answered_without_the_flag_counts_when_it_has_number_one() -> None:
    scene = late(next_in=9, next_out=20, reset_on_logon=True).connect()
    scene.take()
    assert scene.receive(LOGON) == ["logon"]


def test_reset_answered_without_the_flag_and_another_number_needs_the_operator() -> None:
    scene = late(next_in=9, next_out=20, reset_on_logon=True).connect()
    scene.take()
    assert [event[:7] for event in scene.receive("35=A|34=9|98=0|108=30|")] == ["> 35=5|", "alert", "disconn"]
    assert scene.core.needs_operator


def test_reset_unasked_in_the_answer_is_left() -> None:
    scene = late(next_in=9, next_out=20).connect()
    scene.take()
    assert [event[:7] for event in scene.receive("35=A|34=1|98=0|108=30|141=Y|")] == ["> 35=5|", "alert", "disconn"]


def test_reset_unasked_is_confirmed_where_configured() -> None:
    scene = late(next_in=9, next_out=20, confirm_unasked_reset=True).connect()
    scene.take()
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == ["> 35=A|34=1|98=0|108=30|141=Y|", "logon"]
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_asked_by_the_initiator_is_obeyed() -> None:
    store = MemoryStore(START_NS)
    store.next_in, store.next_out = 50, 60
    scene = Scene(is_initiator=False, store=store).connect()
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == ["> 35=A|34=1|98=0|108=30|141=Y|", "logon"]
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_asked_with_another_number_is_left() -> None:
    assert [event[:7] for event in acceptor().receive("35=A|34=2|98=0|108=30|141=Y|")] == [
        "> 35=5|",
        "alert",
        "disconn",
    ]


def test_reset_while_up_by_the_peer_continues_with_two() -> None:
    scene = Scene().up()
    assert scene.receive("35=1|34=2|112=T|", "35=A|34=1|98=0|108=30|141=Y|") == [
        "> 35=0|34=2|112=T|",
        "> 35=A|34=1|98=0|108=30|141=Y|",
    ]
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_while_up_by_us_waits_for_the_heartbeat() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    test_req_id = request.split("112=")[1]
    assert scene.receive(f"35=0|34=2|112={test_req_id}") == ["> 35=A|34=1|98=0|108=30|141=Y|"]
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == []
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


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


def test_12_logout_of_ours_waits_for_the_answer() -> None:
    scene = Scene().up()
    scene.core.logout("done", scene.now_ns)
    assert scene.take() == ["> 35=5|34=2|58=done|"]
    assert not scene.core.is_logged_on
    assert scene.receive("35=8|34=2|37=1|", "35=5|34=3|") == ["< 35=8|34=2|37=1|", "disconnect", "logout"]


def test_12_logout_unanswered_disconnects() -> None:
    scene = Scene().up()
    scene.core.logout("", scene.now_ns)
    assert scene.take() == ["> 35=5|34=2|"]
    assert scene.wait(10) == ["disconnect", "logout"]


def test_12_peer_may_ask_for_messages_after_our_logout() -> None:
    scene = Scene().up()
    scene.send("35=D|11=A|")
    scene.core.logout("", scene.now_ns)
    scene.take()
    assert scene.receive("35=2|34=2|7=2|16=2|", "35=1|34=3|112=X|") == [
        "> 35=D|34=2|43=Y|122=20260105-14:30:00.000|11=A|"
    ]


def test_13_a_logout_answer_too_high_disconnects() -> None:
    scene = Scene().up()
    scene.core.logout("", scene.now_ns)
    scene.take()
    assert scene.receive("35=5|34=9|") == ["disconnect", "logout"]
    assert scene.core.next_in == 2


def test_13_b_logout_of_the_peer_is_answered_and_closing_left_to_it() -> None:
    scene = Scene().up()
    assert scene.receive("35=5|34=2|58=bye|") == ["> 35=5|34=2|", "logout"]
    assert scene.wait(9) == []
    assert scene.wait(2) == ["alert", "disconnect"]


def test_13_logout_of_the_peer_too_high_fetches_the_gap_first() -> None:
    scene = Scene().up()
    assert scene.receive("35=5|34=4|58=bye|") == ["logout", "> 35=2|34=2|7=2|16=0|"]
    assert scene.receive(
        "35=8|34=2|43=Y|122=20260105-14:30:00|37=1|", "35=4|34=3|43=Y|122=20260105-14:30:00|123=Y|36=5|"
    ) == [
        "< 35=8|34=2|43=Y|122=20260105-14:30:00|37=1|",
        "> 35=5|34=3|",
    ]
    assert scene.core.next_in == 5


def test_reset_on_logout_and_on_disconnect_are_told_apart() -> None:
    orderly = Scene(reset_on_logout=True).up()
    orderly.core.disconnected(orderly.now_ns, "lost")
    assert orderly.core.next_out == 2
    lost = Scene(reset_on_disconnect=True).up()
    lost.core.disconnected(lost.now_ns, "lost")
    assert (lost.core.next_in, lost.core.next_out) == (1, 1)
    ended = Scene(reset_on_logout=True).up()
    ended.receive("35=5|34=2|")
    ended.core.disconnected(ended.now_ns, "closed")
    assert (ended.core.next_in, ended.core.next_out) == (1, 1)
