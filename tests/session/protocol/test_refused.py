"""Application messages that the session refuses are told, once each, with reason and text."""

from engine.codec import Fields
from tests.session.dictionary.test_dictionary import fix44
from tests.support.session.scene import Scene, frame

REPORT = "37=1|17=E|150=0|39=0|55=X|54=1|151=0|14=0|6=0|"
Refused = list[tuple[str, int, str]]


def listening(scene: Scene) -> tuple[Scene, Refused]:
    told: Refused = []

    def note(fields: Fields, reason: int, text: str) -> None:
        told.append((fields.text(17), reason, text))

    scene.core.on_refused = note
    return scene, told


def test_s1_a_report_with_a_foreign_tag_is_told_as_refused() -> None:
    scene, told = listening(Scene(core={"dictionary": fix44()}).up())
    (answer,) = scene.receive(f"35=8|34=2|{REPORT}1057=Y|")
    assert answer.startswith("> 35=3|34=2|45=2|371=1057|372=8|373=0|")
    assert told == [("E", 0, "tag 1057 is not in the specification")]


def test_s1_a_refused_report_behind_a_gap_is_told_once_when_its_turn_comes() -> None:
    scene, told = listening(Scene(core={"dictionary": fix44()}).up())
    scene.receive(f"35=8|34=3|{REPORT}1057=Y|")
    assert told == []
    scene.receive("35=4|34=2|123=Y|36=3|")
    assert [reason for _, reason, _ in told] == [0]


def test_s1_a_refused_duplicate_of_a_counted_report_is_not_told_again() -> None:
    scene, told = listening(Scene(core={"dictionary": fix44()}).up())
    scene.receive(f"35=8|34=2|{REPORT}1057=Y|", f"35=8|34=2|43=Y|{REPORT}")
    assert len(told) == 1 and scene.core.next_in == 3


def test_s1_a_refused_session_message_is_not_told_as_a_report() -> None:
    scene, told = listening(Scene(core={"dictionary": fix44()}).up())
    scene.receive("35=1|34=2|")
    assert told == [] and scene.core.next_in == 3


def test_s6_a_garbled_message_is_told_with_its_reason() -> None:
    scene, told = Scene().up(), list[str]()
    scene.core.on_garbled = told.append
    damaged = bytearray(frame(f"35=8|34=2|{REPORT}"))
    damaged[-2] ^= 1
    assert scene.receive_raw(bytes(damaged)) == []
    assert [text[:51] for text in told] == ["garbled: CheckSum(10) is wrong or not three digits:"]
