"""Message: any tag, groups, iteration, `|` text in and out."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields, Frame, FrameReader
from engine.codec.message import Message, poss_dup
from engine.errors import DecodeError

ORDER = "35=D|11=A|55=DEMO|54=1|38=10|"
PARTIES = "35=D|453=2|448=one|452=3|802=2|523=a|803=1|523=b|803=2|448=two|452=4|55=DEMO|"
PARTY_TAGS = {448, 447, 452, 802, 523, 803}


def test_text_comes_back_as_it_went_in() -> None:
    assert str(Message.from_text(ORDER)) == ORDER
    assert repr(Message.from_text(ORDER)) == f"Message.from_text('{ORDER}')"
    assert Message.from_text(ORDER).body() == ORDER.replace("|", "\x01").encode()


def test_fields_are_read_set_and_taken_out() -> None:
    message = Message.from_text(ORDER)
    message[38] = 12
    message[59] = "1"
    message.append(58, "first")
    message.append(58, "second")
    del message[54]
    assert list(message) == [
        (35, "D"), (11, "A"), (55, "DEMO"), (38, "12"), (59, "1"), (58, "first"), (58, "second"),
    ]  # fmt: skip
    assert (message[58], message.get(44), message.get(44, "none"), 55 in message, 54 in message) == (
        "first", "", "none", True, False,
    )  # fmt: skip
    assert len(message) == 7


@pytest.mark.parametrize("use", [lambda message: message[44], lambda message: message.__delitem__(44)])
def test_absent_tag_is_a_key_error(use: Callable[[Message], object]) -> None:
    with pytest.raises(KeyError, match="44"):
        use(Message.from_text(ORDER))


def test_frame_has_length_and_check_sum() -> None:
    message = Message.from_text("8=FIX.4.4|9=999|35=0|49=BUY|56=SELL|34=7|52=20260105-14:30:00|10=999|")
    assert Message.from_bytes(message.frame()) == Message.from_text(
        "8=FIX.4.4|9=46|35=0|49=BUY|56=SELL|34=7|52=20260105-14:30:00|10=038|"
    )


def test_group_entries_hold_their_nested_groups() -> None:
    parties = Message.from_text(PARTIES).group(453, PARTY_TAGS)
    assert parties == [
        Message([(448, "one"), (452, 3), (802, 2), (523, "a"), (803, 1), (523, "b"), (803, 2)]),
        Message([(448, "two"), (452, "4")]),
    ]
    assert parties[0].group(802, {523, 803}) == [Message([(523, "a"), (803, 1)]), Message([(523, "b"), (803, 2)])]
    assert Message.from_text(ORDER).group(453, PARTY_TAGS) == []


@pytest.mark.parametrize("tag", [20002, 2500])
def test_s11_a_tag_of_no_entry_does_not_end_the_group(tag: int) -> None:
    x = f"{tag}=x|"
    text = f"35=D|453=2|{x}448=a|447=D|{x}452=1|{x}448=b|447=D|{x}452=2|58=t|448=no|"
    entries = [[(448, "a"), (447, "D"), (452, "1")], [(448, "b"), (447, "D"), (452, "2")]]
    if tag < 5000:  # the last entry ends there: it may be a field of the body
        entries[1].pop()
    assert [list(entry) for entry in Message.from_text(text).group(453, PARTY_TAGS)] == entries
    fields = Fields(f"{text}10=000|".replace("|", "\x01").encode())
    assert [[(tag, value.decode()) for tag, value in entry] for entry in fields.group(453, PARTY_TAGS)] == entries


def test_group_is_written_with_its_count() -> None:
    message = Message([(35, "D")])
    message.append_group(453, Message.from_text(PARTIES).group(453, PARTY_TAGS))
    message.append(55, "DEMO")
    assert str(message) == PARTIES
    message.append_group(555, [])
    assert str(message) == PARTIES + "555=0|"


def test_data_field_may_hold_soh() -> None:
    message = Message.from_text("35=A|95=5|96=a|b=c|98=0|")
    assert message[96] == "a\x01b=c"
    assert str(message) == "35=A|95=5|96=a|b=c|98=0|"


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(DecodeError, match="MsgType"):
        Message.from_text("11=A|")


def test_possible_duplicate_changes_only_what_it_must() -> None:
    sent = Message.from_text("8=FIX.4.4|35=D|49=E|56=V|34=7|52=20260105-14:30:00|50=desk|95=5|96=a|b=c|58=x|")
    again = poss_dup(sent.frame(), b"20260105-14:31:00.000")
    assert FrameReader().scan(again) == Frame.SOUND
    assert list(Message.from_bytes(again))[2:-1] == list(
        Message.from_text(
            "35=D|49=E|56=V|34=7|43=Y|52=20260105-14:31:00.000|122=20260105-14:30:00|50=desk|95=5|96=a|b=c|58=x|"
        )
    )
    third = Message.from_bytes(poss_dup(again, b"20260105-14:32:00.000"))
    assert (third[43], third[122], third[52], len(third)) == ("Y", "20260105-14:30:00", "20260105-14:32:00.000", 14)


values = st.text(st.characters(min_codepoint=2, max_codepoint=255, exclude_characters="|"), min_size=1)
# Length fields apart: what they announce must follow.
tags = st.integers(1, 999_999_999).filter(lambda tag: tag not in {8, 9, 10, 90, 93, 95} and not 212 <= tag < 1404)


@given(st.lists(st.tuples(tags, values)))
def test_any_fields_survive_the_round_trip(fields: list[tuple[int, str]]) -> None:
    message = Message([(8, "FIX.4.4"), (9, ""), (35, "U1"), *fields, (10, "")])
    again = Message.from_bytes(message.frame())
    assert list(again)[2:-1] == list(message)[2:-1]
    assert again.frame() == message.frame()
    assert Message.from_text(str(again)) == again
