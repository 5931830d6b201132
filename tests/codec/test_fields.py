"""Fields: one message split in place, and its values read by tag."""

import pytest

from engine.codec import Fields
from engine.errors import DecodeError

REPORT = (
    "8=FIX.4.4|9=227|35=8|34=4|49=VENUE|52=20260105-14:30:00.250|56=ENGINE|6=0.4150|11=eng-0001|14=10.00|17=90455;1|"
    "31=0.4150|32=10.00|37=b81d4c02|38=25.00|39=1|44=0.4150|54=1|55=DEMO-T2|60=20260105-14:30:00.248|"
    "136=2|137=0.0175|138=USD|139=4|137=-0.0025|138=USD|139=7|150=F|151=15.00|1057=N|21005=Y|100087=-7|10=240|"
)


def wire(text: str) -> bytes:
    return text.replace("|", "\x01").encode("latin-1")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_parse_reads_every_buffer_alike(kind: type) -> None:
    fields = Fields(kind(wire(REPORT)))
    assert list(fields) == [
        (int(tag), value.encode()) for tag, value in (piece.split("=", 1) for piece in REPORT[:-1].split("|"))
    ]
    assert fields.raw == wire(REPORT)


def test_parse_of_text_reads_the_same_bytes() -> None:
    assert list(Fields(REPORT.replace("|", "\x01"))) == list(Fields(wire(REPORT)))


def test_text_that_quickfix_could_not_decode_keeps_its_bytes() -> None:
    raw = wire("35=8|58=caf\xe9|")
    assert Fields(raw.decode("utf-8", "surrogateescape")).raw == raw


def test_values_are_read_by_type() -> None:
    fields = Fields(wire(REPORT))
    assert fields.msg_type == "8"
    assert (fields.text(11), fields.text(41), fields.text(41, "none")) == ("eng-0001", "", "none")
    assert (fields.get(54), fields.get(99)) == (b"1", None)
    assert (fields.integer(34, 0), fields.integer(99, -1), fields.integer(100087, 0)) == (4, -1, -7)
    assert (fields.decimal(31, 4, 0), fields.decimal(99, 4, -1)) == (4150, -1)
    assert 21005 in fields and 100087 in fields and 21006 not in fields and 0 not in fields and -5 not in fields


def test_repeated_tag_answers_the_first() -> None:
    assert Fields(wire("35=8|58=a|58=b|20000=c|20000=d|")).text(58) == "a"
    assert Fields(wire("35=8|58=a|58=b|20000=c|20000=d|")).text(20000) == "c"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", 0), ("0" * 30 + "7", 7), ("-12", -12), (str(2**63 - 1), 2**63 - 1), (str(1 - 2**63), 1 - 2**63)],
)
def test_integer_accepts_what_the_standard_calls_int(value: str, expected: int) -> None:
    assert Fields(wire(f"35=8|34={value}|")).integer(34, 0) == expected


@pytest.mark.parametrize("value", ["", "+1", "1.0", "1.", "-", "x", "1 ", str(2**63), str(-(2**63))])
def test_integer_refuses_anything_else(value: str) -> None:
    with pytest.raises(DecodeError, match=r"tag 34: not an int: "):
        Fields(wire(f"35=8|34={value}|")).integer(34, 0)


def test_decimal_finer_than_the_unit_is_refused() -> None:
    fields = Fields(wire("35=8|31=0.41505|"))
    with pytest.raises(DecodeError, match=r"tag 31: not a decimal number of at most 4 places: b'0.41505'"):
        fields.decimal(31, 4, 0)


def test_group_returns_its_entries() -> None:
    assert Fields(wire(REPORT)).group(136, {137, 138, 139}) == [
        [(137, b"0.0175"), (138, b"USD"), (139, b"4")],
        [(137, b"-0.0025"), (138, b"USD"), (139, b"7")],
    ]
    assert Fields(wire(REPORT)).group(453, {448, 452}) == []
    assert Fields(wire("35=8|136=0|")).group(136, {137}) == []


def test_next_parse_forgets_the_last_message() -> None:
    fields = Fields(wire("35=8|11=A|20000=x|"))
    fields.parse(wire("35=9|41=B|"))
    assert (fields.msg_type, 11 in fields, 20000 in fields, fields.text(41), len(fields)) == ("9", False, False, "B", 2)


def test_clear_lets_go_of_the_buffer() -> None:
    buffer = bytearray(wire("35=8|11=A|"))
    fields = Fields(buffer)
    with pytest.raises(BufferError):
        buffer.append(0)
    fields.clear()
    buffer.append(0)
    assert (len(fields), fields.raw, fields.get(35)) == (0, b"", None)


def test_data_field_is_taken_by_its_length() -> None:
    fields = Fields(wire("35=A|95=7|96=a|b=c|d|98=0|"))
    assert list(fields) == [(35, b"A"), (95, b"7"), (96, b"a\x01b=c\x01d"), (98, b"0")]


def test_data_field_without_its_length_ends_at_soh() -> None:
    assert list(Fields(wire("35=A|96=abc|98=0|"))) == [(35, b"A"), (96, b"abc"), (98, b"0")]


def test_data_pairs_of_a_dictionary_replace_the_standard_ones() -> None:
    fields = Fields(wire("35=U1|20001=3|20002=a|b|95=x|"), data_fields={20001: 20002})
    assert list(fields) == [(35, b"U1"), (20001, b"3"), (20002, b"a\x01b"), (95, b"x")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "MsgType(35) missing"),
        ("11=A|", "MsgType(35) missing"),
        ("35=8|11=A", "field not closed by SOH: b'11=A'"),
        ("35=8|11", "field not closed by SOH: b'11'"),
        ("35=8|nonsense|", "no tag=value: b'nonsense'"),
        ("35=8|x=1|", "no tag=value: b'x=1'"),
        ("35=8|011=1|", "no tag=value: b'011=1'"),
        ("35=8|=1|", "no tag=value: b'=1'"),
        ("35=8|1234567890=1|", "no tag=value: b'1234567890=1'"),
        ("35=8|95=3|96=a|", "data of tag 96 does not have the announced length"),
        ("35=8|95=3|96=abcd|", "data of tag 96 does not have the announced length"),
        ("35=8|95=-1|96=a|", "data of tag 96 does not have the announced length"),
        ("35=8|10=000|35=8|", "bytes after CheckSum(10): b'35=8\\x01'"),
    ],
)
def test_bytes_that_are_no_message_are_named(text: str, reason: str) -> None:
    fields = Fields()
    with pytest.raises(DecodeError) as caught:
        fields.parse(wire(text))
    assert str(caught.value) == reason
    assert len(fields) == 0


def test_more_fields_than_allowed_are_refused() -> None:
    assert len(Fields(wire("35=8|" + "58=x|" * 99), max_fields=100)) == 100
    with pytest.raises(DecodeError, match="more than 100 fields"):
        Fields(wire("35=8|" + "58=x|" * 100), max_fields=100)


def test_empty_value_is_noted_not_refused() -> None:
    fields = Fields(wire("35=8|58=|11=A|"))
    assert (fields.defect, fields.defect_tag, fields.text(58), fields.text(11)) == (4, 58, "", "A")
    fields.parse(wire("35=8|11=A|"))
    assert (fields.defect, fields.defect_tag) == (-1, 0)
