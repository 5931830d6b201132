"""Administrative messages that are wrong or old: what they say is told, and an old one changes nothing."""

import pytest

from engine.codec import Fields
from tests.session.dictionary.test_dictionary import fix44
from tests.support.session.scene import Scene, frame

DUP = "43=Y|122=20260105-14:30:00|"


@pytest.mark.parametrize("is_initiator", [True, False])
def test_s20_logon_that_is_sent_again_does_not_reset_the_numbers(is_initiator: bool) -> None:
    scene = Scene(is_initiator=is_initiator).up()
    scene.receive("35=0|34=2|", "35=0|34=3|")
    assert scene.receive(f"35=A|34=1|{DUP}98=0|108=30|141=Y|") == []
    assert scene.core.is_logged_on
    assert scene.core.next_in == 4


@pytest.mark.parametrize(
    ("text", "tag"), [("141=Y|", 98), ("98=0|108=-5|141=Y|", 108), ("98=9|108=30|141=Y|", 98), ("98=0|141=Y|", 108)]
)
def test_s20_logon_that_is_wrong_does_not_reset_the_numbers(text: str, tag: int) -> None:
    scene = Scene().up()
    scene.receive("35=0|34=2|", "35=0|34=3|")
    events = scene.receive(f"35=A|34=1|{text}")
    assert events[0].startswith(f"> 35=3|34=2|45=1|371={tag}|")
    assert events[1].startswith("> 35=5|34=3|")
    assert not scene.core.is_logged_on
    assert scene.core.next_in == 4


def told(scene: Scene) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def note(fields: Fields, reason: int, text: str) -> None:
        found.append((fields.msg_type, text))

    scene.core.on_refused = note
    return found


@pytest.mark.parametrize("wrong", ["", "45=x|", "45=-1|"])
def test_s1_reject_that_names_no_message_is_told_with_its_text(wrong: str) -> None:
    scene = Scene(core={"dictionary": fix44()}).up()
    found = told(scene)
    assert scene.receive(f"35=3|34=2|{wrong}58=no such market|") == []
    ((msg_type, text),) = found
    assert msg_type == "3"
    assert text.endswith(": no such market")
    assert scene.core.next_in == 3


@pytest.mark.parametrize("wrong", ["373=abc|", "373=77777|", "9999=x|", "372=|", "1057=Y|"])
def test_s1_reject_of_our_order_reaches_it_although_something_beside_is_wrong(wrong: str) -> None:
    scene = Scene(core={"dictionary": fix44()}).up()
    found = told(scene)
    scene.send("35=D|11=A|")
    scene.take()
    events = scene.receive(f"35=3|34=2|45=2|{wrong}58=no|")
    assert [event for event in events if event.startswith("<")] == [f"< 35=3|34=2|45=2|{wrong}58=no|"]
    assert found == []
    assert scene.core.next_in == 3


@pytest.mark.parametrize(("length_tag", "tag"), [(354, 355), (95, 96), (93, 89)])
def test_s6_data_whose_length_takes_the_trailer_in_is_rejected_by_its_tag(length_tag: int, tag: int) -> None:
    scene = Scene().up()
    found = told(scene)
    data = frame(f"35=8|34=2|37=1|{length_tag}=3|{tag}=abc|").replace(f"{length_tag}=3".encode(), b"%d=0" % length_tag)
    head = data[: data.rindex(b"10=")].replace(b"%d=0" % length_tag, b"%d=10" % length_tag)
    body = head.split(b"\x01", 2)[2]
    whole = b"8=FIX.4.4\x019=%d\x01" % len(body) + body
    (event,) = scene.receive_raw(whole + b"10=%03d\x01" % (sum(whole) % 256))
    assert event.startswith(f"> 35=3|34=2|45=2|371={tag}|372=8|373=6|")
    assert [each[0] for each in found] == ["8"]
    assert scene.core.next_in == 3
