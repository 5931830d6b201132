"""FrameReader: sound, unfinished and garbled messages, wherever the stream is cut."""

import contextlib
import ctypes
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import GARBLED, Frame, FrameReader
from engine.codec.message import Message
from engine.errors import DecodeError
from engine.orders.report import ExecutionReport
from engine.venue.fix44._reports import decode_report

EXAMPLE = "8=FIX.4.4|9=46|35=0|49=BUY|56=SELL|34=7|52=20260105-14:30:00|10=038|"
MUTATIONS = int(os.environ.get("FIXLANE_MUTATIONS", "10000"))


def wire(text: str) -> bytes:
    return text.replace("|", "\x01").encode("latin-1")


def frame(body: str, begin_string: str = "FIX.4.4") -> bytes:
    return Message.from_text(f"8={begin_string}|{body}").frame()


def sealed(body: str) -> bytes:
    """Frame a body that is no sound one."""
    head = wire(f"8=FIX.4.4|9={len(body)}|{body}")
    return head + wire(f"10={sum(head) % 256:03}|")


HEARTBEAT = frame("35=0|49=V|56=E|34=1|52=20260105-14:30:00.000|")
REPORT = frame("35=8|49=V|56=E|34=2|52=20260105-14:30:00.000|11=A|31=0.4150|136=1|137=0.1|20000=x|")
LOGON = frame("35=A|49=V|56=E|34=3|52=20260105-14:30:00.000|95=9|96=8=FIX.4|=|98=0|", "FIXT.1.1")
XML = frame("35=n|49=V|56=E|34=4|52=20260105-14:30:00.000|212=8|213=<a>|10=1|")


def read(reader: FrameReader, chunks: list[bytes]) -> tuple[list[bytes], list[str]]:
    """Feed the chunks as a connection would; return the frames and what was garbled."""
    buffer, frames, garbled = bytearray(), [], []
    for chunk in chunks:
        buffer += chunk
        offset = 0
        while (code := reader.scan(buffer, offset)) != Frame.INCOMPLETE:
            assert reader.end > offset
            if code == Frame.SOUND:
                assert reader.fields.raw == bytes(buffer[offset : reader.end])
                frames.append(reader.fields.raw)
            else:
                garbled.append(GARBLED[code])
            offset = reader.end
        assert reader.end == offset
        del buffer[:offset]
    return frames, garbled


def scan(raw: bytes, max_message_size: int = 65_536, max_fields: int = 4096) -> int:
    return FrameReader(max_message_size=max_message_size, max_fields=max_fields).scan(raw)


def test_example_of_the_standard_is_sound() -> None:
    reader = FrameReader()
    raw = wire(EXAMPLE)
    assert (reader.scan(raw), reader.end) == (Frame.SOUND, len(raw))
    assert reader.fields.raw == raw
    assert (reader.fields.msg_type, reader.fields.integer(34, 0), reader.fields.text(10)) == ("0", 7, "038")


@pytest.mark.parametrize("begin_string", ["FIX.4.0", "FIX.4.2", "FIX.4.4", "FIXT.1.1"])
def test_every_version_is_framed(begin_string: str) -> None:
    assert scan(frame("35=0|34=1|", begin_string)) == Frame.SOUND


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # 8 not first, or no FIX.n.m
        ("9=46|8=FIX.4.4|35=0|", Frame.NO_BEGIN_STRING),
        ("8=FIX4.4|9=46|35=0|", Frame.NO_BEGIN_STRING),
        ("8=FIX.4.|9=46|35=0|", Frame.NO_BEGIN_STRING),
        ("8=FIX.44|9=46|35=0|", Frame.NO_BEGIN_STRING),
        ("8=FIXA.4.4|9=46|35=0|", Frame.NO_BEGIN_STRING),
        ("8=fix.4.4|", Frame.NO_BEGIN_STRING),
        (" 8=FIX.4.4|", Frame.NO_BEGIN_STRING),
        ("08=FIX.4.4|", Frame.NO_BEGIN_STRING),
        # 9 not second, no number, over-long
        ("8=FIX.4.4|35=0|9=46|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=|35=0|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=4x|35=0|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=-46|35=0|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=4.6|35=0|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=00000000046|35=0|", Frame.BAD_BODY_LENGTH),
        ("8=FIX.4.4|9=999999", Frame.TOO_LARGE),
        ("8=FIX.4.4|9=65536|35=0|", Frame.TOO_LARGE),
        # 35 not third
        ("8=FIX.4.4|9=46|49=BUY|35=0|", Frame.NO_MSG_TYPE),
        ("8=FIX.4.4|9=46|3", Frame.INCOMPLETE),
        ("8=FIX.4.4|9=46|36", Frame.NO_MSG_TYPE),
        # 9 wrong: too short, too long
        (EXAMPLE.replace("9=46", "9=45"), Frame.BAD_BODY_LENGTH),
        (EXAMPLE.replace("9=46", "9=47"), Frame.BAD_BODY_LENGTH),
        (EXAMPLE.replace("9=46", "9=0"), Frame.BAD_BODY_LENGTH),
        (EXAMPLE.replace("9=46", "9=4600"), Frame.BAD_BODY_LENGTH),
        # 10 wrong, not three digits, not last, absent
        (EXAMPLE.replace("10=038", "10=039"), Frame.BAD_CHECK_SUM),
        (EXAMPLE.replace("10=038", "10=294"), Frame.BAD_CHECK_SUM),
        (EXAMPLE.replace("10=038", "10=38"), Frame.BAD_CHECK_SUM),
        (EXAMPLE.replace("10=038", "10="), Frame.BAD_CHECK_SUM),
        (EXAMPLE.replace("10=038", "10=0038"), Frame.BAD_BODY_LENGTH),
        (EXAMPLE.replace("10=038", "10=03x"), Frame.BAD_CHECK_SUM),
        (EXAMPLE.replace("9=46", "9=53").replace("10=038|", "10=038|58=x|"), Frame.BAD_BODY_LENGTH),
        (EXAMPLE.replace("10=038", "11=038"), Frame.BAD_BODY_LENGTH),
    ],
)
def test_garbled_message_is_named(text: str, code: int) -> None:
    assert Frame(scan(wire(text))) == code


def test_leading_zeros_of_body_length_are_legal() -> None:
    assert scan(wire(EXAMPLE.replace("9=46", "9=00046").replace("10=038", "10=182"))) == Frame.SOUND


def test_announced_bytes_are_not_awaited_once_the_message_ended() -> None:
    assert scan(wire(EXAMPLE.replace("9=46", "9=9000"))) == Frame.BAD_BODY_LENGTH


def test_every_prefix_of_a_message_is_incomplete() -> None:
    for raw in (HEARTBEAT, REPORT, LOGON, XML):
        assert [scan(raw[:length]) for length in range(len(raw))] == [Frame.INCOMPLETE] * len(raw)
        assert scan(raw) == Frame.SOUND


def test_data_field_may_hold_soh_and_a_trailer() -> None:
    reader = FrameReader()
    assert reader.scan(XML) == Frame.SOUND
    assert reader.fields.get(213) == b"<a>\x0110=1"


@pytest.mark.parametrize("length", [8, 10, 60, 5000])
def test_s6_data_length_that_leads_to_no_soh_is_a_defect_of_a_sound_message(length: int) -> None:
    reader = FrameReader()
    message = sealed(f"35=A|34=1|95={length}|96=abcd|98=0|")
    assert reader.scan(message) == Frame.SOUND and reader.end == len(message)
    assert (reader.fields.defect, reader.fields.defect_tag) == (6, 96)
    assert (reader.fields.get(96), reader.fields.get(98)) == (b"abcd", b"0")


@pytest.mark.parametrize("length", ["x", "-1", "", "99999999999999999999"])
def test_s6_data_length_that_is_none_is_a_defect_of_a_sound_message(length: str) -> None:
    reader = FrameReader()
    assert reader.scan(sealed(f"35=A|34=1|95={length}|96=abcd|98=0|")) == Frame.SOUND
    assert (reader.fields.defect, reader.fields.defect_tag, reader.fields.get(98)) == (6, 96, b"0")


def test_s6_trailer_inside_data_of_wrong_length_does_not_end_the_frame() -> None:
    reader = FrameReader()
    message = sealed("35=A|34=1|95=3|96=a|10=123|b|98=0|")
    for end in range(len(message)):
        assert reader.scan(message[:end]) == Frame.INCOMPLETE
    assert reader.scan(message + HEARTBEAT) == Frame.SOUND and reader.end == len(message)
    assert reader.fields.raw == message and (reader.fields.defect, reader.fields.get(34)) == (6, b"1")


def test_s6_damaged_frame_with_data_of_wrong_length_is_garbled() -> None:
    message = sealed("35=A|34=1|95=3|96=a|10=123|b|98=0|")
    assert scan(message.replace(b"98=0", b"98=1")) == Frame.BAD_CHECK_SUM
    assert scan(message.replace(b"98=0\x0110=", b"98=0\x0111=")) == Frame.BAD_BODY_LENGTH
    assert scan(message[:-1] + b"1") == Frame.BAD_BODY_LENGTH


def test_s6_too_many_fields_are_a_defect_of_a_sound_message() -> None:
    for check in (True, False):
        reader = FrameReader(max_fields=12, check=check)
        for end in range(len(REPORT)):
            assert reader.scan(REPORT[:end]) == Frame.INCOMPLETE
        assert reader.scan(REPORT + HEARTBEAT) == Frame.SOUND and reader.end == len(REPORT)
        assert (reader.fields.defect, reader.fields.defect_tag, len(reader.fields)) == (99, 0, 12)
        assert reader.fields.raw == REPORT


def test_s6_a_defect_is_not_hidden_by_a_field_without_a_value() -> None:
    reader = FrameReader()
    assert reader.scan(sealed("35=8|34=1|58=|95=3|96=abcd|")) == Frame.SOUND
    assert (reader.fields.defect, reader.fields.defect_tag) == (6, 96)


def test_signature_of_wrong_length_is_a_defect_of_a_sound_message() -> None:
    reader = FrameReader()
    assert reader.scan(sealed("35=0|34=1|93=4|89=abcde|")) == Frame.SOUND
    assert (reader.fields.defect, reader.fields.defect_tag, reader.fields.get(89)) == (8, 89, b"abcde")


@pytest.mark.parametrize(
    ("piece", "defect", "tag"),
    [("58=|", 4, 58), ("58|", 17, 0), ("x=1|", 0, 0), ("058=1|", 0, 0), ("=1|", 0, 0), ("0=1|", 0, 0), ("|", 17, 0)],
)
def test_unsound_field_is_a_defect_of_a_sound_message(piece: str, defect: int, tag: int) -> None:
    reader = FrameReader()
    assert reader.scan(sealed(f"35=0|34=1|{piece}11=A|")) == Frame.SOUND
    assert (reader.fields.defect, reader.fields.defect_tag, reader.fields.text(11)) == (defect, tag, "A")


def test_limits_are_configurable() -> None:
    assert scan(REPORT, max_message_size=len(REPORT)) == Frame.SOUND
    assert scan(REPORT, max_message_size=len(REPORT) - 1) == Frame.TOO_LARGE
    assert scan(REPORT, max_fields=13) == Frame.SOUND


def test_without_check_wrong_length_and_sum_pass() -> None:
    reader = FrameReader(check=False)
    assert reader.scan(wire(EXAMPLE.replace("9=46", "9=4").replace("10=038", "10=7") + EXAMPLE)) == Frame.SOUND
    assert reader.end == len(EXAMPLE) - 3
    assert FrameReader(check=False, max_message_size=64).scan(b"8=FIX.4.4\x019=5\x0135=0\x01" + b"58=x\x01" * 20) == (
        Frame.TOO_LARGE
    )


def test_stream_goes_on_at_the_next_begin_string_after_soh() -> None:
    reader = FrameReader()
    garbage = wire("hello|58=FIX.4.4|8=FI|8=FIY|")
    assert read(reader, [garbage + HEARTBEAT + REPORT]) == ([HEARTBEAT, REPORT], [GARBLED[Frame.NO_BEGIN_STRING]])


def test_garbled_message_hides_no_message_after_it() -> None:
    bad_sum, bad_length = HEARTBEAT[:-4] + b"000\x01", HEARTBEAT.replace(b"9=4", b"9=9")
    frames, garbled = read(FrameReader(), [bad_sum + REPORT + bad_length + LOGON])
    assert frames == [REPORT, LOGON]
    assert garbled == [GARBLED[Frame.BAD_CHECK_SUM], GARBLED[Frame.BAD_BODY_LENGTH]]


def test_begin_string_inside_a_value_starts_no_message_across_a_cut() -> None:
    assert read(FrameReader(), [b"58", HEARTBEAT])[0] == []
    assert read(FrameReader(), [b"5", b"8=FIX.4.4\x01", HEARTBEAT])[0] == [HEARTBEAT]
    assert read(FrameReader(), [b"5\x01", HEARTBEAT])[0] == [HEARTBEAT]


def test_reset_begins_a_new_stream() -> None:
    reader = FrameReader()
    assert reader.scan(b"junk") == Frame.NO_BEGIN_STRING
    reader.reset()
    assert reader.scan(HEARTBEAT) == Frame.SOUND


def test_incomplete_lets_go_of_the_buffer() -> None:
    reader, buffer = FrameReader(), bytearray(HEARTBEAT)
    assert reader.scan(buffer) == Frame.SOUND
    with pytest.raises(BufferError):
        buffer.clear()
    assert reader.scan(buffer, reader.end) == Frame.INCOMPLETE
    buffer.clear()
    assert (len(reader.fields), reader.fields.raw) == (0, b"")


def test_scan_reads_only_the_bytes_it_is_given() -> None:
    reader = FrameReader()
    assert reader.scan(b"junk" + HEARTBEAT + b"junk", 4) == Frame.SOUND
    assert reader.end == 4 + len(HEARTBEAT)
    assert reader.scan(HEARTBEAT, 0, len(HEARTBEAT) - 1) == Frame.INCOMPLETE
    for offset, stop in ((-1, 3), (4, 3), (0, len(HEARTBEAT) + 1), (len(HEARTBEAT) + 1, -1), (0, -2)):
        with pytest.raises(ValueError, match="does not lie inside the buffer"):
            reader.scan(HEARTBEAT, offset, stop)


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="max_message_size must be 32 to"):
        FrameReader(max_message_size=31)
    with pytest.raises(ValueError, match="max_fields must be at least 3"):
        FrameReader(max_fields=2)


pieces = st.sampled_from([HEARTBEAT, REPORT, LOGON, XML, b"junk", b"8=FIX", b"58", b"\x01", REPORT[:40], REPORT[9:]])


@given(st.lists(pieces, max_size=12), st.data())
def test_cuts_of_the_stream_change_nothing(stream: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=20)))
    chunks = [raw[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    whole = read(FrameReader(), [raw])[0]
    assert read(FrameReader(), chunks)[0] == whole
    if set(stream) <= {HEARTBEAT, REPORT, LOGON, XML}:
        assert whole == stream


def test_stream_read_byte_by_byte_gives_every_message() -> None:
    stream = HEARTBEAT + REPORT + LOGON + XML
    assert read(FrameReader(), [stream[i : i + 1] for i in range(len(stream))]) == (
        [HEARTBEAT, REPORT, LOGON, XML],
        [],
    )


def mutate(rng: random.Random, raw: bytes) -> bytes:
    mutant = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(mutant) + 1)
        match rng.randrange(5):
            case 0:
                mutant[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del mutant[at : at + rng.randint(1, 8)]
            case 2:
                mutant[at:at] = rng.choice([b"\x01", b"=", b"10=000\x01", b"8=FIX.4.4\x01", b"95=9\x01", b"9", b"-"])
            case 3:
                mutant[at:at] = mutant[: rng.randrange(len(mutant) + 1)]
            case 4:
                del mutant[at:]
    return bytes(mutant) if rng.random() < 0.5 else sealed(bytes(mutant[12:-7]).decode("latin-1"))


def test_mutated_messages_are_judged_without_harm() -> None:
    rng = random.Random(20260105)
    reader = FrameReader(max_message_size=1024, max_fields=14)
    report = ExecutionReport()
    outcomes = dict.fromkeys(Frame, 0)
    for _ in range(MUTATIONS):
        mutant = mutate(rng, rng.choice([HEARTBEAT, REPORT, LOGON, XML]))
        # An array of exactly these bytes: a read beyond them is one that a memory checker sees.
        buffer = (ctypes.c_char * len(mutant)).from_buffer_copy(mutant)
        reader.reset()
        offset = 0
        while (code := reader.scan(buffer, offset)) != Frame.INCOMPLETE:
            assert offset < reader.end <= len(mutant)
            if code == Frame.SOUND:
                pieces = [b"%d=%s\x01" % (tag, value) if tag else value + b"\x01" for tag, value in reader.fields]
                read, whole = b"".join(pieces), mutant[offset : reader.end]
                assert read == whole or (whole.startswith(read) and reader.fields.defect >= 0)
                with contextlib.suppress(DecodeError):
                    decode_report(reader.fields, report, 4, 2)
            outcomes[Frame(code)] += 1
            offset = reader.end
    assert all(outcomes[code] for code in Frame if code), outcomes
