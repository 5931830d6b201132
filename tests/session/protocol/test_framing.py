"""Garbled messages, and sound ones in an unusual order, as the session takes them; by the standard's case numbers."""

import pytest

from engine.codec import Fields
from engine.errors import SessionError
from tests.session.dictionary.test_dictionary import ORDER, fix44
from tests.support.session.scene import Scene, frame

REPORT = "35=8|34=2|37=x|"
DUP = "43=Y|122=20260105-14:30:00|"


def sealed(text: str, begin_string: str = "FIX.4.4") -> bytes:
    """Return a whole message around `text`, whatever stands in it."""
    body = text.replace("|", "\x01").encode("latin-1")
    data = b"8=%b\x019=%d\x01%b" % (begin_string.encode(), len(body), body)
    return data + b"10=%03d\x01" % (sum(data) % 256)


def is_ignored_and_fetched(scene: Scene, garbled: bytes) -> bool:
    """Say whether the message counts for nothing, and whether the next one shows the gap."""
    ignored = scene.receive_raw(garbled) == [] and scene.core.next_in == 2
    return ignored and scene.receive("35=8|34=3|37=y|") == ["> 35=2|34=2|7=2|16=0|"]


@pytest.mark.parametrize("wrong", [b"9=1\x01", b"9=999\x01", b"9=x\x01"])
def test_2_m_wrong_body_length_is_garbled(wrong: bytes) -> None:
    good = frame(REPORT)
    start = good.index(b"9=")
    data = good[:start] + wrong + good[good.index(b"\x01", start) + 1 :]
    assert is_ignored_and_fetched(Scene().up(), data)


@pytest.mark.parametrize(
    "order", [("9=5|", "8=FIX.4.4|", "35=8|"), ("8=FIX.4.4|", "35=8|", "9=5|"), ("8=FIX.4.4|", "9=5|", "34=2|35=8|")]
)
def test_2_t_first_three_fields_out_of_order_are_garbled(order: tuple[str, ...]) -> None:
    head = "".join(order).replace("|", "\x01").encode()
    good = frame(REPORT)
    data = head + good[good.index(b"\x0135=8\x01") + 6 :]
    assert is_ignored_and_fetched(Scene().up(), data)


@pytest.mark.parametrize("begin_string", ["FIXX.4.4", "FIX.44", "FIX"])
def test_2_t_begin_string_that_is_none_is_garbled(begin_string: str) -> None:
    text = "35=8|49=PEER|56=US|52=20260105-14:30:00|34=2|37=x|"
    assert is_ignored_and_fetched(Scene().up(), sealed(text, begin_string))


def test_3_b_wrong_check_sum_is_garbled() -> None:
    data = bytearray(frame(REPORT))
    data[-2] ^= 1
    assert is_ignored_and_fetched(Scene().up(), bytes(data))


@pytest.mark.parametrize("end", [b"10=7\x01", b"10=0007\x01", b"10=x07\x01", b"11=007\x01"])
def test_3_c_check_sum_that_is_none_is_garbled(end: bytes) -> None:
    good = frame(REPORT)
    assert is_ignored_and_fetched(Scene().up(), good[: good.rindex(b"10=")] + end)


def is_taken(text: str) -> bool:
    scene = Scene(core={"dictionary": fix44()}).up()
    (event,) = scene.receive_raw(sealed(text.format(time="20260105-14:30:00")))
    return event.startswith("< 35=D|") and scene.core.next_in == 3


def test_2_s_header_fields_come_in_any_order() -> None:
    header = "35=D|97=N|56=US|50=desk|52={time}|34=2|49=PEER|"
    assert is_taken(header + "11=A|55=X|54=1|60={time}|38=100|40=2|44=0.55|")


def test_15_body_fields_come_in_any_order() -> None:
    body = "44=0.55|40=2|60={time}|38=100|453=1|448=P|447=D|452=1|11=A|54=1|55=X|"
    assert is_taken("35=D|49=PEER|56=US|34=2|52={time}|" + body)


def test_14_g_header_field_in_the_body_is_rejected_and_the_session_goes_on() -> None:
    scene = Scene(core={"dictionary": fix44()}).up()
    (refusal,) = scene.receive(ORDER + "50=desk|")
    assert refusal.startswith("> 35=3|34=2|45=2|371=50|372=D|373=14|")
    assert scene.core.next_in == 3


def test_14_k_soh_inside_a_value_is_rejected() -> None:
    scene = Scene().up()
    text = "35=8|49=PEER|56=US|52=20260105-14:30:00|34=2|58=two|parts|37=x|"
    assert scene.receive_raw(sealed(text)) == [
        "> 35=3|34=2|45=2|372=8|373=17|58=piece without `=`: SOH inside a value|"
    ]
    assert scene.core.next_in == 3


def test_16_nothing_is_sent_or_kept_for_later_while_logged_out() -> None:
    scene = Scene().up()
    scene.core.disconnected(scene.now_ns, "lost")
    scene.take()
    with pytest.raises(SessionError, match="logged out"):
        scene.send("35=D|11=A|")
    scene.connect()
    assert scene.take() == ["> 35=A|34=2|98=0|108=30|"]
    with pytest.raises(SessionError, match="logged out"):
        scene.send("35=D|11=A|")
    assert scene.receive("35=A|34=2|98=0|108=30|") == ["logon"]


def test_17_signature_of_another_length_is_rejected() -> None:
    scene = Scene().up()
    text = "Signature(89) does not have the length that SignatureLength(93) says"
    message = sealed("35=8|49=PEER|56=US|52=20260105-14:30:00|34=2|37=x|93=4|89=abcde|")
    assert scene.receive_raw(message) == [f"> 35=3|34=2|45=2|371=89|372=8|373=8|58={text}|"]
    assert scene.core.next_in == 3


@pytest.mark.parametrize(
    ("pair", "tag"),
    [("90=4|91=abcde|", 91), ("95=4|96=abcde|", 96), ("354=9|355=abcde|", 355), ("354=2|355=\xc3\xa9\xc3\xa9|", 355)],
)
def test_s6_17_data_that_its_length_does_not_lead_through_is_rejected(pair: str, tag: int) -> None:
    scene = Scene().up()
    data = sealed(f"35=8|49=PEER|56=US|52=20260105-14:30:00|34=2|{pair}37=x|")
    text = f"tag {tag} does not have the length that its length field says"
    assert scene.receive_raw(data) == [f"> 35=3|34=2|45=2|371={tag}|372=8|373=6|58={text}|"]
    assert scene.receive("35=8|34=3|37=y|") == ["< 35=8|34=3|37=y|"]


def test_s6_unreadable_message_behind_a_gap_is_rejected_when_its_turn_comes() -> None:
    scene = Scene().up()
    assert scene.receive_raw(sealed("35=8|49=PEER|56=US|52=20260105-14:30:00|34=3|354=2|355=abcd|37=x|")) == [
        "> 35=2|34=2|7=2|16=0|"
    ]
    answers = scene.receive("35=4|34=2|123=Y|36=3|")
    assert [answer[:31] for answer in answers] == ["> 35=3|34=3|45=3|371=355|372=8|"] and scene.core.next_in == 4


def test_s6_unreadable_logon_is_rejected() -> None:
    data = sealed("35=A|49=PEER|56=US|52=20260105-14:30:00|34=1|98=0|108=30|95=2|96=abcd|")
    events = Scene(is_initiator=False).connect().receive_raw(data)
    assert [event[:7] for event in events] == ["> 35=3|", "> 35=5|", "alert", "disconn"]


def test_17_b_encryption_is_refused() -> None:
    text = "EncryptMethod(98) must be 0: none"
    assert Scene(is_initiator=False).connect().receive("35=A|34=1|98=4|108=30|") == [
        f"> 35=3|34=1|45=1|371=98|372=A|373=7|58={text}|", f"> 35=5|34=2|58={text}|", "alert", "disconnect",
    ]  # fmt: skip


def test_second_60_and_any_fraction_are_legal_times() -> None:
    scene = Scene(check_latency=False).up()
    for seq_num, time in ((2, "20161231-23:59:60"), (3, "20260105-14:30:00.123456789"), (4, "20260105-14:30:00.1")):
        text = f"35=8|34={seq_num}|52={time}|37=x|"
        assert scene.receive(text) == [f"< 35=8|34={seq_num}|37=x|"]


def test_message_is_let_go_of_when_its_read_is_done() -> None:
    class Keeper(Scene):
        kept: Fields

        def deliver(self, fields: Fields) -> None:
            self.kept = fields

    scene = Keeper()
    scene.up()
    scene.receive("35=8|34=2|37=E1|")
    assert (len(scene.kept), scene.kept.get(37)) == (0, None)


def test_s6_message_of_more_fields_than_allowed_is_rejected() -> None:
    many = "35=8|34=2|" + "58=x|" * 20
    scene = Scene(max_fields=12).up()
    assert scene.receive(many) == ["> 35=3|34=2|45=2|372=8|373=99|58=more fields than are taken here|"]
    assert scene.core.next_in == 3
    assert len(Scene().up().receive(many)) == 1
