"""Logout of the session core, by the standard's case numbers."""

from typing import Any

from tests.support.session.scene import Scene

FIXT: dict[str, Any] = {"begin_string": "FIXT.1.1", "default_appl_ver_id": "9"}
FIXT_LOGON = "98=0|108=30|1137=9|"


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


def test_session_that_either_side_ended_in_order_begins_with_new_numbers() -> None:
    ours = Scene(reset_on_logout=True).up()
    ours.core.logout("", ours.now_ns)
    ours.receive("35=5|34=2|")
    assert (ours.core.next_in, ours.core.next_out) == (1, 1)
    unanswered = Scene(reset_on_logout=True).up()
    unanswered.core.logout("", unanswered.now_ns)
    unanswered.wait(10.1)
    assert (unanswered.core.next_in, unanswered.core.next_out) == (2, 3)


def test_next_session_is_not_orderly_because_the_last_one_was() -> None:
    scene = Scene(reset_on_logout=True).up()
    scene.receive("35=5|34=2|")
    scene.core.disconnected(scene.now_ns, "closed")
    scene.up()
    scene.core.disconnected(scene.now_ns, "lost")
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_next_session_ends_for_its_own_reason_and_needs_no_operator() -> None:
    reasons: list[str] = []
    scene = Scene().up()
    scene.on_logout = reasons.append
    scene.receive("35=8|34=1|")
    assert scene.core.needs_operator == reasons[0] == "MsgSeqNum too low, expecting 2 but received 1"
    scene.core.disconnected(scene.now_ns, "closed")
    scene.connect()
    assert scene.core.needs_operator == ""
    scene.receive("35=A|34=2|98=0|108=30|")
    scene.core.disconnected(scene.now_ns, "cable pulled")
    assert reasons[1:] == ["cable pulled"]


def test_13_a_logouts_that_cross_answer_each_other() -> None:
    scene = Scene().up()
    scene.core.logout("", scene.now_ns)
    scene.take()
    assert scene.receive("35=5|34=2|58=we too|") == ["disconnect", "logout"]
    assert scene.core.next_in == 3


TOO_LOW = "MsgSeqNum too low, expecting 3 but received 2"


def test_s20_logout_of_the_peer_too_low_is_answered() -> None:
    scene = Scene().up()
    scene.receive("35=0|34=2|")
    assert scene.receive("35=5|34=2|58=bye|") == ["alert", f"> 35=5|34=2|58={TOO_LOW}|", "logout"]
    assert scene.core.next_in == 3 and scene.core.needs_operator == ""
    assert scene.core.logout_reason == "Logout by the peer: bye"
    assert scene.receive("35=5|34=2|58=bye|") == ["alert"]  # one answer is enough
    assert scene.wait(10) == ["alert", "disconnect"]


def test_s20_answer_names_the_status_on_fixt() -> None:
    scene = Scene(**FIXT).up(logon=FIXT_LOGON)
    scene.receive("35=0|34=2|")
    assert scene.receive("35=5|34=2|")[1] == f"> 35=5|34=2|1409=9|58={TOO_LOW}|"


def test_s20_logout_too_low_after_our_own_ends_the_session() -> None:
    scene = Scene().up()
    scene.receive("35=0|34=2|")
    scene.core.logout("done", scene.now_ns)
    scene.take()
    assert scene.receive("35=5|34=2|") == ["alert", "disconnect", "logout"]


def test_13_b_answer_says_that_a_fixt_session_ended() -> None:
    assert Scene(**FIXT).up(logon=FIXT_LOGON).receive("35=5|34=2|") == ["> 35=5|34=2|1409=4|", "logout"]


def test_2_c_logout_of_a_fixt_session_says_what_is_expected() -> None:
    scene = Scene(send_next_expected_msg_seq_num=True, **FIXT).up(logon=FIXT_LOGON + "789=2|")
    text = "MsgSeqNum too low, expecting 2 but received 1"
    assert scene.receive("35=8|34=1|37=x|")[1] == f"> 35=5|34=2|1409=9|789=2|58={text}|"
