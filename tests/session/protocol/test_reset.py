"""Both numbers started again by a Logon, in all its cases: asked for, obeyed, not followed."""

from engine.session.store.store import MemoryStore
from tests.session.protocol.test_logon import LOGON, acceptor, late
from tests.support.session.scene import START_NS, Scene


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


def test_reset_while_up_by_the_peer_is_answered_by_an_acceptor_too() -> None:
    scene = Scene(is_initiator=False).up()
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == ["> 35=A|34=1|98=0|108=30|141=Y|"]
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_by_the_peer_after_one_of_ours_is_answered() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    scene.receive(f"35=0|34=2|112={request.split('112=')[1]}")
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == []
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == ["> 35=A|34=1|98=0|108=30|141=Y|"]


def test_reset_while_up_by_us_waits_for_the_heartbeat() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    test_req_id = request.split("112=")[1]
    assert scene.receive(f"35=0|34=2|112={test_req_id}") == ["> 35=A|34=1|98=0|108=30|141=Y|"]
    assert scene.receive("35=A|34=1|98=0|108=30|141=Y|") == []
    assert (scene.core.next_in, scene.core.next_out) == (2, 2)


def test_reset_asked_again_after_no_answer() -> None:
    scene = late(next_in=9, next_out=20, reset_on_logon=True).connect()
    scene.take()
    assert scene.wait(10) == ["disconnect"]
    assert scene.connect().take() == ["> 35=A|34=1|98=0|108=30|141=Y|"]


def test_reset_while_up_that_is_not_answered_needs_the_operator() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    scene.receive(f"35=0|34=2|112={request.split('112=')[1]}")
    text = "the Logon that resets both numbers was not answered"
    assert scene.wait(10) == ["forsaken", f"> 35=5|34=2|58={text}|", "alert", "disconnect", "logout"]
    assert scene.core.needs_operator == text


def test_reset_while_up_answered_in_time_has_no_deadline() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    scene.receive(f"35=0|34=2|112={request.split('112=')[1]}", "35=A|34=1|98=0|108=30|141=Y|")
    scene.take()
    assert scene.wait(11) == [] and scene.core.is_logged_on


def test_reset_while_up_answered_by_another_logon_needs_the_operator() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    scene.receive(f"35=0|34=2|112={request.split('112=')[1]}")
    scene.receive("35=A|34=3|98=0|108=30|")
    assert scene.core.needs_operator == "a second Logon without ResetSeqNumFlag(141)=Y"


def test_reset_wanted_ends_with_the_session() -> None:
    scene = Scene().up()
    scene.core.reset_numbers(scene.now_ns)
    (request,) = scene.take()
    scene.core.logout("", scene.now_ns)
    scene.take()
    assert scene.receive(f"35=0|34=2|112={request.split('112=')[1]}") == []
    scene.receive("35=5|34=3|")
    scene.connect().receive("35=A|34=4|98=0|108=30|")
    scene.take()
    (request,) = [event for event in scene.wait(36.1) if "35=1|" in event]
    assert scene.receive(f"35=0|34=5|112={request.split('112=')[1]}") == []
