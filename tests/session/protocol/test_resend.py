"""What the session core sends again, and what it sends when time passes, by the standard's case numbers."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import SessionError
from engine.session.store.file_store import FileStore
from engine.session.store.store import MemoryStore
from tests.support.session.scene import START_NS, Scene

TIME = "20260105-14:30:00.000"
DUP = f"43=Y|122={TIME}|"


def order(seq_num: int, more: str = "") -> str:
    return f"> 35=D|34={seq_num}|{more}11=o{seq_num}|"


def fill(seq_num: int, new: int) -> str:
    return f"> 35=4|34={seq_num}|{DUP}123=Y|36={new}|"


def sent(*kinds: str, **changes: Any) -> Scene:
    """A session that sent messages 2, 3, ...: `D` an order, `0` a Heartbeat."""
    scene = Scene(**changes).up()
    for seq_num, kind in enumerate(kinds, 2):
        if kind == "0":
            scene.receive(f"35=1|34={scene.core.next_in}|112=T|")
        else:
            scene.send(f"35={kind}|11=o{seq_num}|")
    scene.take()
    return scene


def ask(scene: Scene, first: object, end: object) -> list[str]:
    return scene.receive(f"35=2|34={scene.core.next_in}|7={first}|16={end}|")


def test_8_replay_keeps_numbers_and_marks_duplicates() -> None:
    scene = sent("D", "D")
    scene.now_ns += 1_000_000
    assert ask(scene, 2, 3) == [order(2, DUP), order(3, DUP)]
    assert b"52=20260105-14:30:00.001\x01" in scene.raw[-1]


def test_8_administrative_runs_become_one_gap_fill() -> None:
    scene = sent("0", "0", "D", "0", "D", "0", "0")
    assert ask(scene, 1, 0) == [fill(1, 4), order(4, DUP), fill(5, 6), order(6, DUP), fill(7, 9)]
    assert scene.core.next_out == 9


@pytest.mark.parametrize(("end", "last"), [(3, 3), (0, 4), (999999, 4), (77, 4)])
def test_8_range_ends_as_asked(end: int, last: int) -> None:
    assert ask(sent("D", "D", "D"), 2, end) == [order(n, DUP) for n in range(2, last + 1)]


def test_8_single_message() -> None:
    assert ask(sent("D", "D"), 3, 3) == [order(3, DUP)]


def test_8_what_the_application_withholds_is_gap_filled() -> None:
    scene = sent("D", "F", "D", core={"replayed": frozenset({"F"})})
    assert ask(scene, 2, 0) == [fill(2, 3), f"> 35=F|34=3|{DUP}11=o3|", fill(4, 5)]


def test_8_reject_goes_again() -> None:
    scene = Scene().up()
    (reject,) = scene.receive("35=1|34=2|")
    assert ask(scene, 2, 0) == [reject.replace("34=2|", f"34=2|{DUP}")]


def test_8_orig_sending_time_is_the_first_on_every_replay() -> None:
    scene = sent("D")
    ask(scene, 2, 0)
    scene.now_ns += 5_000_000
    assert ask(scene, 2, 0) == [order(2, DUP)]


@pytest.mark.parametrize(
    ("first", "end", "tag"), [(0, 0, 7), (9, 0, 7), (3, 2, 16)]
)  # fmt: skip
def test_14_e_impossible_range_is_rejected(first: int, end: int, tag: int) -> None:
    scene = sent("D", "D")
    (event,) = ask(scene, first, end)
    assert event.startswith(f"> 35=3|34=4|45=2|371={tag}|372=2|373=5|")
    assert scene.core.next_in == 3


def test_range_missing_or_not_a_number_is_rejected() -> None:
    scene = sent("D")
    assert scene.receive("35=2|34=2|7=1|") == ["> 35=3|34=3|45=2|371=16|372=2|373=1|58=EndSeqNo(16) missing|"]
    assert ask(scene, "x", 0) == ["> 35=3|34=4|45=3|371=7|372=2|373=6|58=BeginSeqNo(7) is not a number|"]


def test_too_many_requests_in_a_second_are_left() -> None:
    scene = sent("D", max_resend_requests_a_second=2)
    assert ask(scene, 2, 0) == ask(scene, 2, 0) == [order(2, DUP)]
    assert [event[:7] for event in ask(scene, 2, 0)] == ["> 35=5|", "alert", "logout"]


def test_messages_no_longer_kept_are_gap_filled() -> None:
    scene = Scene(store=MemoryStore(START_NS, capacity=2)).up()
    for n in (2, 3, 4):
        scene.send(f"35=D|11=o{n}|")
    scene.take()
    assert ask(scene, 1, 0) == [fill(1, 3), order(3, DUP), order(4, DUP)]


def test_what_is_sent_while_the_socket_is_full_leaves_in_order_after_it() -> None:
    scene = sent("D")
    scene.core.pause()
    scene.send("35=D|11=o3|")
    assert ask(scene, 2, 2) == []
    scene.core.resume(scene.now_ns)
    assert scene.take() == [order(2, DUP), order(3)]
    scene.send("35=D|11=o4|")
    assert scene.take() == [order(4)]


def test_long_replay_leaves_in_batches_before_new_messages() -> None:
    scene = sent(*["D"] * 300)
    assert len(ask(scene, 2, 0)) == 256
    scene.send("35=D|11=o302|")
    assert scene.take() == [] and scene.armed_ns == scene.now_ns
    scene.core.timer(scene.now_ns)
    assert scene.take() == [*(order(n, DUP) for n in range(258, 302)), order(302)]


def test_4_replay_restarts_the_heartbeat_with_every_batch() -> None:
    scene = sent(*["D"] * 300)
    scene.wait(29)
    assert len(ask(scene, 2, 0)) == 256
    assert scene.wait(2) == [order(n, DUP) for n in range(258, 302)]
    assert scene.wait(27.9) == []
    assert scene.wait(0.2) == ["> 35=0|34=302|"]


def test_4_replay_that_a_full_socket_holds_up_restarts_the_heartbeat_when_it_goes_on() -> None:
    scene = sent("D", "D")
    scene.core.pause()
    ask(scene, 2, 0)
    scene.wait(29)
    scene.core.resume(scene.now_ns)
    assert scene.take() == [order(2, DUP), order(3, DUP)]
    assert scene.wait(2) == []


def test_4_a_heartbeat_after_silence_of_ours() -> None:
    scene = Scene().up()
    assert scene.wait(29.9) == []
    assert scene.wait(0.2) == ["> 35=0|34=2|"]


def test_4_a_any_message_restarts_the_heartbeat() -> None:
    scene = Scene().up()
    scene.wait(20)
    scene.send("35=D|11=o2|")
    scene.take()
    assert scene.wait(15) == []


def test_4_b_test_request_is_answered_at_once() -> None:
    assert Scene().up().receive("35=1|34=2|112=T 1|") == ["> 35=0|34=2|112=T 1|"]


def test_4_b_test_request_without_id_is_rejected() -> None:
    assert Scene().up().receive("35=1|34=2|") == ["> 35=3|34=2|45=2|371=112|372=1|373=1|58=TestReqID(112) missing|"]


def test_6_silence_of_the_peer_brings_a_test_request_then_the_end() -> None:
    scene = Scene().up()
    assert scene.wait(35.9) == ["> 35=0|34=2|"]
    assert scene.wait(0.2) == ["> 35=1|34=3|112=20260105-14:30:36.000|"]
    assert scene.wait(35.8) == ["> 35=0|34=4|"]
    text = "nothing received for 72 seconds: connection lost"
    assert scene.wait(0.2) == [f"> 35=5|34=5|58={text}|", "alert", "disconnect", "logout"]


def test_6_any_sound_message_restarts_the_silence() -> None:
    scene = Scene().up()
    scene.wait(36.1)
    assert scene.receive("35=0|34=2|112=other|") == []
    assert scene.wait(35) == ["> 35=0|34=4|"]
    assert scene.wait(1.1) == ["> 35=1|34=5|112=20260105-14:31:12.100|"]


def test_6_loose_bytes_do_not_restart_the_silence() -> None:
    scene = Scene().up()
    scene.wait(30)
    scene.receive_raw(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")
    assert [event[:7] for event in scene.wait(6.1)] == ["> 35=1|"]


def test_heart_bt_int_zero_means_neither_heartbeats_nor_a_watch() -> None:
    scene = Scene(heart_bt_int=0).up(logon="98=0|108=0|")
    assert scene.wait(3600) == []
    assert scene.receive("35=1|34=2|52=20260105-15:30:00|112=T|") == ["> 35=0|34=2|112=T|"]


def test_9_sequence_reset_of_ours_moves_our_number_on() -> None:
    scene = sent("D")
    scene.core.sequence_reset(50, scene.now_ns)
    scene.send("35=D|11=o50|")
    assert scene.take() == ["> 35=4|34=49|123=N|36=50|", order(50)]
    assert ask(scene, 49, 0) == [fill(49, 50), order(50, DUP)]
    assert scene.core.next_out == scene.store.next_out == 51


def test_9_sequence_reset_of_ours_never_lowers() -> None:
    scene = sent("D")
    with pytest.raises(SessionError, match=r"NewSeqNo\(36\) must be above 3, not 3"):
        scene.core.sequence_reset(3, scene.now_ns)
    scene.core.disconnected(scene.now_ns, "lost")
    with pytest.raises(SessionError, match="logged out"):
        scene.core.sequence_reset(50, scene.now_ns)
    assert scene.core.next_out == 3


def test_state_10_resend_request_already_processed_is_not_served() -> None:
    scene = sent("D")
    ask(scene, 2, 0)
    assert scene.receive(f"35=2|34=2|{DUP}7=2|16=0|") == []
    assert [event[:7] for event in scene.receive("35=2|34=2|7=2|16=0|")] == ["forsake", "> 35=5|", "alert", "logout"]


def test_messages_that_are_not_kept_at_all_are_gap_filled(tmp_path: Path) -> None:
    scene = sent("D", store=FileStore(tmp_path, "S", START_NS, keeps_messages=False))
    assert ask(scene, 1, 0) == [fill(1, 3)]
    scene.store.close()
