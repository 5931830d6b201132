"""Bodies and whole messages written from integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields, Frame, FrameEncoder, FrameReader, Template
from engine.codec.message import Message

NOW_NS = 1_767_623_400_250_000_000  # 2026-01-05 14:30:00.25
ORDER = b"35=D\x0111=A\x01"


def text(raw: bytes) -> str:
    return raw.decode("latin-1").replace("\x01", "|")


def test_template_keeps_what_is_fixed() -> None:
    template = Template("D", ((1, "ACC"), (21, "1")))
    bodies = []
    for cl_ord_id in ("first", "second"):
        template.begin()
        template.text(11, cl_ord_id)
        bodies.append(text(template.body()))
    assert bodies == ["35=D|1=ACC|21=1|11=first|", "35=D|1=ACC|21=1|11=second|"]


def test_template_writes_every_type() -> None:
    template = Template("U1", precision=6)
    template.begin()
    template.text(58, "caf\xe9")
    template.integer(34, -7)
    template.decimal(44, 4150, 4)
    template.decimal(20001, -5, 2)
    template.decimal(38, 0, 0)
    template.decimal(6, -(2**63), 18)
    template.timestamp(60, NOW_NS)
    assert text(template.body()) == (
        "35=U1|58=caf\xe9|34=-7|44=0.4150|20001=-0.05|38=0|6=-9.223372036854775808|60=20260105-14:30:00.250000|"
    )


@pytest.mark.parametrize("value", ["", "a\x01b", "\u20ac"])
def test_text_that_fix_cannot_carry_is_refused(value: str) -> None:
    template = Template("D")
    with pytest.raises(ValueError, match="58="):
        template.text(58, value)
    with pytest.raises(ValueError, match="58="):
        Template("D", ((58, value),))


def test_impossible_arguments_are_refused() -> None:
    template = Template("D")
    with pytest.raises(ValueError, match="tag 0"):
        template.integer(0, 1)
    with pytest.raises(ValueError, match="decimals must be 0 to 18, not 19"):
        template.decimal(44, 1, 19)
    with pytest.raises(OverflowError):
        template.integer(34, 2**63)
    with pytest.raises(OverflowError):
        template.timestamp(60, -1)


def test_long_bodies_grow_the_buffer() -> None:
    template = Template("B")
    values = ["x" * size for size in (1, 200, 255, 256, 257, 5000)]
    for value in values:
        template.text(58, value)
    assert text(template.body()) == "35=B|" + "".join(f"58={value}|" for value in values)


fields = st.one_of(
    st.tuples(st.just("text"), st.text(st.characters(min_codepoint=2, max_codepoint=255), min_size=1)),
    st.tuples(st.just("integer"), st.integers(1 - 2**63, 2**63 - 1)),
    st.tuples(st.just("decimal"), st.integers(-(10**17), 10**17), st.integers(0, 18)),
    st.tuples(st.just("timestamp"), st.integers(0, 2**62)),
)


@given(st.lists(fields, max_size=30))
def test_what_was_written_is_read_back(values: list[tuple]) -> None:  # type: ignore[type-arg]
    template = Template("U1", precision=9)
    for tag, (kind, *value) in enumerate(values, 5000):
        getattr(template, kind)(tag, *value)
    read = Fields(template.body())
    for tag, (kind, *value) in enumerate(values, 5000):
        match kind:
            case "text":
                assert read.text(tag) == value[0]
            case "integer":
                assert read.integer(tag, 0) == value[0]
            case "decimal":
                assert read.decimal(tag, value[1], 0) == value[0]
            case "timestamp":
                assert read.timestamp_ns(tag, 0) == value[0]
    assert len(read) == len(values) + 1


def test_frame_is_header_body_trailer() -> None:
    encoder = FrameEncoder("FIX.4.4", "ENGINE", "VENUE")
    assert text(encoder.encode(ORDER + b"55=X\x01", 42, NOW_NS)) == (
        "8=FIX.4.4|9=65|35=D|49=ENGINE|56=VENUE|34=42|52=20260105-14:30:00.250|11=A|55=X|10=041|"
    )


def test_frame_of_an_empty_body_is_a_heartbeat() -> None:
    encoder = FrameEncoder("FIXT.1.1", "E", "V", precision=0)
    assert (
        text(encoder.encode(b"35=0\x01", 1, NOW_NS))
        == "8=FIXT.1.1|9=41|35=0|49=E|56=V|34=1|52=20260105-14:30:00|10=228|"
    )


def test_header_fields_stand_before_the_body() -> None:
    encoder = FrameEncoder("FIX.4.4", "E", "V", header=((50, "desk"), (57, "X")), precision=9)
    raw = encoder.encode(ORDER, 7, NOW_NS, b"43=Y\x01122=20260105-14:29:00\x01")
    assert [tag for tag, _ in Fields(raw)] == [8, 9, 35, 49, 56, 50, 57, 34, 52, 43, 122, 11, 10]
    assert FrameReader().scan(raw) == Frame.SOUND
    assert Fields(raw).text(52) == encoder.times.format(NOW_NS).decode() == "20260105-14:30:00.250000000"


@given(
    st.binary(min_size=1, max_size=2000).map(lambda raw: raw.replace(b"\x01", b"=")),
    st.integers(1, 2**63 - 1),
    st.integers(0, 2**62),
    st.integers(0, 9),
)
def test_every_frame_is_sound_and_equals_the_plain_one(value: bytes, seq_num: int, now_ns: int, precision: int) -> None:
    encoder = FrameEncoder("FIX.4.4", "ENGINE", "VENUE", precision=precision)
    raw = encoder.encode(b"35=D\x0158=" + value + b"\x01", seq_num, now_ns)
    assert FrameReader().scan(raw) == Frame.SOUND
    assert Message.from_bytes(raw).frame() == raw


@pytest.mark.parametrize(
    "body", [b"", b"35=D", b"35=", b"11=A\x0135=D\x01", b"35=D\x0111=A", b"\x01", b"3\x01", b"35=\x01"]
)
def test_bytes_that_are_no_body_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="a body is 35=...SOH and fields closed by SOH"):
        FrameEncoder("FIX.4.4", "E", "V").encode(body, 1, NOW_NS)


def test_frame_belongs_to_whoever_has_it() -> None:
    encoder = FrameEncoder("FIX.4.4", "E", "V")
    first = encoder.encode(ORDER, 1, NOW_NS)
    before = bytes(bytearray(first))
    encoder.encode(ORDER, 2, NOW_NS + 1_000_000_000)
    assert first == before
