"""Sequence numbers, gaps, resets, possible duplicates of the session core, by the standard's case numbers."""

import pytest

from engine.codec.message import Message
from engine.errors import SessionError
from engine.session.protocol.core import too_low
from tests.support.session.scene import SECOND, START_NS, Scene, frame, time_text

ORIG = "20260105-14:30:00"
ORIG_MS = "20260105-14:30:00.000"


def app(seq_num: int, more: str = "") -> str:
    return f"35=8|34={seq_num}|{more}37=x{seq_num}|"


def taken(seq_num: int, more: str = "") -> str:
    return "< " + app(seq_num, more)


DUP = f"43=Y|122={ORIG}|"


def test_2_a_number_as_expected_is_processed() -> None:
    scene = Scene().up()
    assert scene.receive(app(2), app(3)) == [taken(2), taken(3)]
    assert scene.store.next_in == 4


def test_2_b_too_high_asks_once_and_keeps_the_order() -> None:
    scene = Scene().up()
    assert scene.receive(app(4), app(6)) == ["> 35=2|34=2|7=2|16=0|"]
    assert scene.receive(app(2, DUP)) == [taken(2, DUP)]
    assert scene.receive(app(3, DUP), app(5, DUP)) == [taken(3, DUP), taken(4), taken(5, DUP), taken(6)]
    assert scene.core.next_in == 7


def test_2_b_redundant_requests_are_sent_where_configured() -> None:
    scene = Scene(send_redundant_resend_requests=True).up()
    assert scene.receive(app(4), app(5)) == ["> 35=2|34=2|7=2|16=0|", "> 35=2|34=3|7=2|16=0|"]


def test_2_b_closed_interval_names_the_true_end() -> None:
    assert Scene(closed_resend_interval=True).up().receive(app(4)) == ["> 35=2|34=2|7=2|16=3|"]


def test_2_b_old_versions_ask_to_999999() -> None:
    assert Scene(begin_string="FIX.4.1").up().receive(app(4)) == ["> 35=2|34=2|7=2|16=999999|"]


def test_2_b_full_queue_drops_the_newest_and_asks_later() -> None:
    scene = Scene(max_queued=2).up()
    scene.receive(app(3), app(4), app(5))
    assert scene.receive(app(2, DUP)) == [taken(2, DUP), taken(3), taken(4)]
    assert scene.receive(app(6)) == ["> 35=2|34=3|7=5|16=0|"]


def test_2_b_numbers_beyond_a_full_queue_take_no_room() -> None:
    scene = Scene(max_queued=2).up()
    for seq_num in range(3, 50):
        scene.receive(f"35=2|34={seq_num}|{DUP}7=1|16=0|", f"35=5|34={seq_num + 100}|{DUP}")
    assert len(scene.core.gap) == 2 and scene.core.state


def test_2_c_too_low_is_left() -> None:
    scene = Scene().up()
    scene.receive(app(2))
    text = "MsgSeqNum too low, expecting 3 but received 2"
    assert scene.receive(app(2)) == ["forsaken", f"> 35=5|34=2|58={text}|", "alert", "logout"]
    assert scene.core.next_in == 3 and not scene.core.is_logged_on
    assert scene.core.needs_operator == text
    assert scene.receive(app(3)) == []
    assert scene.receive("35=5|34=4|") == ["disconnect"]


def test_2_d_garbled_is_ignored_and_fetched() -> None:
    scene = Scene().up()
    broken = bytearray(frame(app(2)))
    broken[-2] ^= 1
    assert scene.receive_raw(bytes(broken)) == []
    assert scene.receive(app(3)) == ["> 35=2|34=2|7=2|16=0|"]


def test_2_d_garbled_is_rejected_where_configured() -> None:
    scene = Scene(reject_garbled_message=True).up()
    broken = bytearray(frame(app(2)))
    broken[-2] ^= 1
    text = "CheckSum(10) is wrong or not three digits"
    assert scene.receive_raw(bytes(broken)) == [f"> 35=3|34=2|45=2|373=99|58={text}|"]
    assert scene.core.next_in == 3


def test_2_wrong_check_sum_is_accepted_where_configured() -> None:
    scene = Scene(validate_length_and_checksum=False).up()
    broken = bytearray(frame(app(2)))
    broken[-2] = ord("9") if broken[-2] != ord("9") else ord("8")
    assert scene.receive_raw(bytes(broken)) == [taken(2)]


def test_2_missing_number_is_left() -> None:
    text = "MsgSeqNum(34) missing or not a number"
    assert Scene().up().receive("35=8|37=1|") == [f"> 35=5|34=2|58={text}|", "alert", "disconnect", "logout"]


def test_2_e_duplicate_already_received_is_dropped() -> None:
    scene = Scene().up()
    scene.receive(app(2))
    assert scene.receive(app(2, DUP)) == []
    assert scene.core.next_in == 3 and scene.core.is_logged_on


def test_2_e_duplicate_not_yet_received_is_delivered_with_its_flag() -> None:
    assert Scene().up().receive(app(2, DUP)) == [taken(2, DUP)]


def test_2_f_orig_sending_time_later_is_rejected() -> None:
    scene = Scene().up()
    later = time_text(START_NS + SECOND)
    text = "OrigSendingTime(122) is later than SendingTime(52)"
    assert scene.receive(app(2, f"43=Y|122={later}|")) == [f"> 35=3|34=2|45=2|371=122|372=8|373=10|58={text}|"]
    assert scene.core.next_in == 3


def test_2_g_orig_sending_time_missing_is_rejected() -> None:
    scene = Scene().up()
    assert scene.receive(app(2, "43=Y|")) == ["> 35=3|34=2|45=2|371=122|372=8|373=1|58=OrigSendingTime(122) missing|"]
    assert scene.core.next_in == 3


def test_2_g_orig_sending_time_is_not_required_where_configured() -> None:
    assert Scene(requires_orig_sending_time=False).up().receive(app(2, "43=Y|")) == [taken(2, "43=Y|")]


def test_2_i_another_begin_string_is_left() -> None:
    scene = Scene().up()
    assert scene.receive("8=FIX.4.2|" + app(2)) == ["> 35=5|34=2|58=BeginString(8) must be FIX.4.4|", "alert", "logout"]
    assert scene.wait(2) == ["disconnect"]


@pytest.mark.parametrize(("tag", "name"), [(49, "SenderCompID"), (56, "TargetCompID")])
def test_2_k_wrong_comp_id_is_rejected_and_left(tag: int, name: str) -> None:
    scene = Scene().up()
    text = f"{name}({tag}) is not this session's"
    assert scene.receive(app(2, f"{tag}=X|")) == [
        f"> 35=3|34=2|45=2|371={tag}|372=8|373=9|58={text}|",
        f"> 35=5|34=3|58={text}|",
        "alert",
        "logout",
    ]
    assert scene.core.next_in == 3


@pytest.mark.parametrize(("tag", "name"), [(49, "SenderCompID(49)"), (56, "TargetCompID(56)"), (52, "SendingTime(52)")])
@pytest.mark.parametrize("number", [2, 3])
def test_14_b_header_field_that_is_missing_is_rejected_in_its_turn(tag: int, name: str, number: int) -> None:
    scene = Scene().up()
    message = Message.from_bytes(frame(app(number)))
    del message[tag]
    events = scene.receive_raw(message.frame())
    if number == 3:
        assert events == ["> 35=2|34=2|7=2|16=0|"]
        events = scene.receive("35=4|34=2|123=Y|36=3|")
    sent = number
    assert events == [f"> 35=3|34={sent}|45={number}|371={tag}|372=8|373=1|58={name} missing|"]
    assert scene.core.next_in == number + 1 and scene.core.is_logged_on


@pytest.mark.parametrize("tag", [49, 56, 52])
def test_14_d_header_field_without_a_value_is_rejected(tag: int) -> None:
    scene = Scene().up()
    message = Message.from_bytes(frame(app(2)))
    message[tag] = ""
    assert scene.receive_raw(message.frame()) == [f"> 35=3|34=2|45=2|371={tag}|372=8|373=4|58=tag {tag} has no value|"]
    assert scene.core.next_in == 3 and scene.core.is_logged_on


def test_2_k_comp_ids_are_not_checked_where_configured() -> None:
    assert Scene(check_comp_id=False).up().receive(app(2, "49=X|")) == [taken(2)]


def test_2_o_sending_time_off_is_rejected_and_left() -> None:
    scene = Scene().up()
    text = "SendingTime(52) is off by more than 120 seconds"
    ahead = time_text(START_NS + 121 * SECOND)
    assert scene.receive(app(2, f"52={ahead}|")) == [
        f"> 35=3|34=2|45=2|371=52|372=8|373=10|58={text}|",
        f"> 35=5|34=3|58={text}|",
        "alert",
        "logout",
    ]
    assert scene.core.next_in == 3


def test_2_o_sending_time_within_two_minutes_is_taken() -> None:
    scene = Scene().up()
    assert scene.receive(app(2, f"52={time_text(START_NS - 119 * SECOND)}|")) == [taken(2)]


def test_2_o_sending_time_is_not_checked_where_configured() -> None:
    assert Scene(check_latency=False).up().receive(app(2, "52=20200101-00:00:00|")) == [taken(2)]


def test_2_sending_time_missing_or_wrong_is_rejected() -> None:
    scene = Scene().up()
    missing = frame(app(2)).replace(b"52=" + ORIG_MS.encode() + b"\x01", b"")
    assert scene.receive_raw(Message.from_bytes(missing).frame()) == [
        "> 35=3|34=2|45=2|371=52|372=8|373=1|58=SendingTime(52) missing|"
    ]
    assert scene.receive(app(3, "52=yesterday|")) == [
        "> 35=3|34=3|45=3|371=52|372=8|373=6|58=SendingTime(52) is not a UTCTimestamp|"
    ]
    assert scene.core.next_in == 4


def test_10_a_gap_fill_too_high_asks_and_is_applied_in_its_turn() -> None:
    scene = Scene().up()
    assert scene.receive("35=4|34=3|123=Y|36=9|") == ["> 35=2|34=2|7=2|16=0|"]
    assert scene.receive(app(2, DUP)) == [taken(2, DUP)]
    assert scene.core.next_in == 9


def test_10_b_gap_fill_moves_the_number_on() -> None:
    scene = Scene().up()
    assert scene.receive("35=4|34=2|123=Y|36=9|") == []
    assert scene.core.next_in == scene.store.next_in == 9


def test_10_c_gap_fill_too_low_with_flag_is_dropped() -> None:
    scene = Scene().up()
    assert scene.receive("35=4|34=1|43=Y|123=Y|36=9|") == []
    assert scene.core.next_in == 2


def test_10_d_gap_fill_too_low_without_flag_is_left() -> None:
    text = "MsgSeqNum too low, expecting 2 but received 1"
    assert Scene().up().receive("35=4|34=1|123=Y|36=9|") == ["forsaken", f"> 35=5|34=2|58={text}|", "alert", "logout"]


def test_10_e_gap_fill_that_lowers_is_rejected_and_counted() -> None:
    scene = Scene().up()
    text = "attempt to lower sequence number, invalid value NewSeqNum=2"
    assert scene.receive("35=4|34=2|123=Y|36=2|") == [f"> 35=3|34=2|45=2|371=36|372=4|373=5|58={text}|"]
    assert scene.core.next_in == 3


def test_11_a_reset_raises_whatever_its_own_number() -> None:
    scene = Scene().up()
    assert scene.receive("35=4|34=77|36=9|") == []
    assert scene.core.next_in == 9


def test_11_a_reset_drops_what_waited_below_and_the_open_request() -> None:
    scene = Scene().up()
    scene.receive(app(4), app(9))
    assert scene.receive("35=4|34=1|123=N|36=9|") == [taken(9)]
    assert scene.receive(app(12)) == ["> 35=2|34=3|7=10|16=0|"]


def test_11_b_reset_to_the_expected_number_changes_nothing() -> None:
    scene = Scene().up()
    assert scene.receive("35=4|34=2|36=2|") == ["alert"]
    assert scene.core.next_in == 2


@pytest.mark.parametrize("own", [1, 5, 9])
def test_11_c_reset_that_lowers_is_rejected_and_not_counted(own: int) -> None:
    scene = Scene().up()
    scene.receive(app(2), app(3), app(4))
    text = "attempt to lower sequence number, invalid value NewSeqNum=3"
    assert scene.receive(f"35=4|34={own}|36=3|") == ["alert", f"> 35=3|34=2|45={own}|371=36|372=4|373=5|58={text}|"]
    assert scene.core.next_in == 5


def test_sequence_reset_without_new_seq_no_is_rejected() -> None:
    assert Scene().up().receive("35=4|34=2|123=Y|") == ["> 35=3|34=2|45=2|371=36|372=4|373=1|58=NewSeqNo(36) missing|"]


def test_admin_duplicate_counts_and_is_not_acted_on() -> None:
    scene = Scene().up()
    assert scene.receive(f"35=1|34=2|{DUP}112=T|", f"35=5|34=3|{DUP}") == []
    assert scene.core.next_in == 4 and scene.core.is_logged_on


def test_19_poss_resend_is_delivered() -> None:
    assert Scene().up().receive(app(2, "97=Y|")) == [taken(2, "97=Y|")]


def test_20_resend_request_too_high_is_served_before_ours() -> None:
    scene = Scene().up()
    scene.send("35=D|11=A|")
    scene.take()
    assert scene.receive("35=2|34=3|7=2|16=0|") == [
        f"> 35=D|34=2|43=Y|122={ORIG_MS}|11=A|",
        "> 35=2|34=3|7=2|16=0|",
    ]
    assert scene.receive(app(2, DUP)) == [taken(2, DUP)]
    assert scene.core.next_in == 4


def test_chunks_are_asked_for_one_after_another() -> None:
    scene = Scene(resend_request_chunk_size=2).up()
    assert scene.receive(app(7)) == ["> 35=2|34=2|7=2|16=3|"]
    assert scene.receive(app(2, DUP), app(3, DUP)) == [taken(2, DUP), taken(3, DUP), "> 35=2|34=3|7=4|16=5|"]
    assert scene.receive("35=4|34=4|43=Y|123=Y|36=7|") == [taken(7)]


def test_same_gap_is_asked_for_three_times_at_most() -> None:
    scene = Scene().up()
    for n in range(3):
        assert scene.receive(app(9 + n))[0] == f"> 35=2|34={2 + n}|7=2|16=0|"
        assert scene.receive("35=4|34=1|123=N|36=2|") == ["alert"]  # a peer that answers with a reset to nowhere
    text = "message 2 was asked for 3 times in vain"
    assert scene.receive(app(20)) == ["forsaken", f"> 35=5|34=5|58={text}|", "alert", "logout"]
    assert scene.core.needs_operator == text


def test_s6_open_request_unserved_names_what_came_garbled() -> None:
    scene = Scene(heart_bt_int=0).up(logon="98=0|108=0|")
    damaged = bytearray(frame(app(2)))
    damaged[-2] ^= 1
    assert scene.receive_raw(bytes(damaged)) == []
    scene.receive(app(4))
    assert scene.receive_raw(bytes(damaged)) == []
    scene.wait(31)
    text = "messages from 2 were asked for and did not come"
    assert scene.core.needs_operator == (f"{text}; a message came garbled: CheckSum(10) is wrong or not three digits")


def test_open_request_unserved_is_left_and_needs_the_operator() -> None:
    scene = Scene(heart_bt_int=0).up(logon="98=0|108=0|")
    scene.receive(app(4))
    assert scene.wait(29) == []
    assert [event[:7] for event in scene.wait(4)] == ["forsake", "> 35=5|", "alert", "logout", "disconn"]
    assert scene.core.needs_operator


def test_connections_that_end_over_the_same_gap_need_the_operator() -> None:
    scene = Scene().up()
    for _ in range(10):
        assert scene.core.needs_operator == ""
        scene.receive(app(scene.core.next_in + 2))
        scene.core.disconnected(scene.now_ns, "lost")
        if not scene.core.needs_operator:
            scene.connect().receive("35=A|34=5|98=0|108=30|")
    assert scene.core.needs_operator == "10 connections ended before message 2 was sent again"


def test_what_leaves_a_session_that_is_given_up_leaves_before_its_logout() -> None:
    scene = Scene(heart_bt_int=0).up(logon="98=0|108=0|")
    scene.core.host.on_forsaken = lambda reason: scene.send("35=F|41=a|11=b|")

    def say(text: str) -> None:
        """Try to send where it is too late."""
        with pytest.raises(SessionError):
            scene.send("35=F|41=a|11=c|")

    scene.alert = say
    scene.core.host.on_logout = say
    scene.receive(app(3))
    assert [event[:7] for event in scene.wait(30)] == ["> 35=F|", "> 35=5|"]


def test_a_session_whose_last_words_cannot_be_stored_says_nothing_more() -> None:
    scene = Scene().up()
    scene.core.host.on_forsaken = lambda reason: scene.core.drop("the store is full")
    assert scene.receive(app(1), app(1)) == ["disconnect", "logout", "alert"]
    assert scene.core.needs_operator == too_low(2, 1)


def test_rejected_resend_request_is_left() -> None:
    scene = Scene().up()
    scene.receive(app(4))
    events = scene.receive("35=3|34=2|45=2|58=no|")
    assert [event[:7] for event in events] == ["alert", "< 35=3|", "forsake", "> 35=5|", "alert", "logout"]


def test_reject_of_another_message_leaves_the_request_open() -> None:
    scene = Scene().up()
    scene.send("35=D|11=A|")
    scene.receive(app(4))
    scene.take()
    assert [event[:7] for event in scene.receive("35=3|34=2|45=2|58=no|")] == ["alert", "< 35=3|"]
    assert scene.receive(app(3, DUP)) == [taken(3, DUP), taken(4)]


@pytest.mark.parametrize(
    ("tag", "named"), [("3x", ""), ("0", "371=0|"), ("-1", "371=-1|"), ("", ""), ("011", "371=11|"), ("1" * 10, "")]
)
def test_14_a_tag_that_is_no_number_is_rejected_without_a_dictionary(tag: str, named: str) -> None:
    body = frame(app(2)).partition(b"\x0135=")[2].rpartition(b"10=")[0].replace(b"37=", tag.encode() + b"=")
    data = b"8=FIX.4.4\x019=%d\x0135=%b" % (len(body) + 3, body)
    data += b"10=%03d\x01" % (sum(data) % 256)
    text = f"'{tag}' is not a tag: digits without leading zeros"
    assert Scene().up().receive_raw(data) == [f"> 35=3|34=2|45=2|{named}372=8|373=0|58={text}|"]


def test_7_reject_is_delivered_and_counted() -> None:
    scene = Scene().up()
    assert scene.receive("35=3|34=2|45=1|58=no|") == ["alert", "< 35=3|34=2|45=1|58=no|"]
    assert scene.core.next_in == 3 and scene.core.is_logged_on


def test_reject_that_is_wrong_itself_is_not_rejected() -> None:
    scene = Scene().up()
    assert scene.receive("35=3|34=2|43=Y|45=1|") == []
    assert scene.core.next_in == 3


def test_14_d_tag_without_a_value_is_rejected_without_a_dictionary() -> None:
    scene = Scene().up()
    data = frame(app(2, "44=1Z58=|".replace("Z", "|")))
    assert scene.receive_raw(data) == ["> 35=3|34=2|45=2|371=58|372=8|373=4|58=tag 58 has no value|"]


def test_any_fragmentation_gives_the_same_events() -> None:
    data = b"".join(frame(app(n)) for n in range(2, 6))
    whole = Scene().up().receive_raw(data)
    for size in (1, 7, 64):
        scene = Scene().up()
        for start in range(0, len(data), size):
            scene.core.receive(data[start : start + size], scene.now_ns)
        assert scene.take() == whole


def test_message_above_the_limit_is_left() -> None:
    scene = Scene(max_message_size=200).up()
    events = scene.receive(app(2, f"58={'x' * 300}|"), app(3))
    assert events == ["> 35=5|34=2|58=message is longer than 200 bytes|", "alert", "disconnect", "logout"]


def test_nothing_is_processed_after_a_disconnect() -> None:
    scene = Scene().up()
    assert scene.receive("35=8|37=1|", app(2))[-1] == "logout"


def test_last_msg_seq_num_processed_is_sent_where_configured() -> None:
    scene = Scene(enable_last_msg_seq_num_processed=True).up()
    scene.receive(app(2))
    scene.send("35=D|11=A|")
    assert scene.take() == ["> 35=D|34=2|369=2|11=A|"]


def test_numbers_survive_a_lost_connection() -> None:
    scene = Scene().up()
    scene.receive(app(2))
    scene.send("35=D|11=A|")
    scene.core.disconnected(scene.now_ns, "lost")
    assert scene.take()[-1] == "logout"
    scene.connect()
    assert scene.take() == ["> 35=A|34=3|98=0|108=30|"]
    assert scene.receive("35=A|34=3|98=0|108=30|") == ["logon"]
