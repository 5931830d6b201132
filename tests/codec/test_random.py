"""Random messages through the quick ways of the codec, each against the plain one that says what is right."""

import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields, Frame, FrameReader
from engine.codec.message import Message
from engine.errors import DecodeError
from engine.orders.report import ABSENT, ExecutionReport
from engine.session.dictionary.dictionary import Dictionary, read_dictionary
from engine.session.file.dictionaries import find_dictionary
from engine.venue.fix44._reports import decode_report
from tests.support.session.sockets import acceptor_settings

TEXTS = {
    11: "cl_ord_id", 41: "orig_cl_ord_id", 37: "order_id", 17: "exec_id", 19: "exec_ref_id", 150: "exec_type",
    39: "ord_status", 55: "symbol", 58: "text", 434: "cxl_rej_response_to", 372: "ref_msg_type",
}  # fmt: skip
PRICES = {44: "price", 31: "last_px"}
SIZES = {38: "order_qty", 14: "cum_qty", 151: "leaves_qty", 32: "last_qty"}
REASONS = {"8": 103, "9": 102, "r": 532, "3": 373, "j": 380}
MEANT = [*TEXTS, *PRICES, *SIZES, *REASONS.values(), 54, 45, 43, 97, 531, 379, 1057, 851]
HEAD = "34=2|49=PEER|56=US|52=20260105-14:30:00.250|"
REPORT = (
    f"35=8|{HEAD}37=1|17=E|150=F|39=2|11=A|55=X|54=1|38=1.00|44=0.4900|32=1|31=0.49|151=0|14=1|6=0.49|"
    "60=20260105-14:30:00|"
)
ORDER = f"35=D|{HEAD}11=A|55=X|54=1|60=20260105-14:30:00|38=100|40=2|44=0.55|18=6 G|"
SOUND = [
    REPORT,
    REPORT.replace("32=1|31=0.49|", ""),
    ORDER,
    ORDER + "453=1|448=P1|447=D|452=1|802=2|523=S1|803=1|523=S2|803=2|",
    ORDER + "453=2|448=P1|447=D|452=1|448=P2|447=D|452=2|",
    ORDER + "453=10|" + "448=P|447=D|452=1|" * 10,
    f"35=0|{HEAD}",
    f"35=j|{HEAD}45=2|372=D|380=3|",
]


def reference_split(raw: bytes) -> list[tuple[int, bytes]]:
    """Without data fields: pieces between SOH, each a field if it begins with a tag."""
    fields = []
    for piece in raw.split(b"\x01")[:-1]:
        found = re.match(rb"([1-9][0-9]{0,8})=", piece)
        fields.append((int(found[1]), piece[found.end() :]) if found else (0, piece))
    return fields


@given(st.lists(st.from_regex(rb"[1-9][0-9]{0,3}=[^\x01]{0,20}|[0-9=x\x80\xff]{0,12}", fullmatch=True), max_size=90))
def test_message_is_split_as_by_text(pieces: list[bytes]) -> None:
    lengths_and_check_sum = (
        10,
        90,
        93,
        95,
        212,
        348,
        350,
        352,
        354,
        356,
        358,
        360,
        362,
        364,
        445,
        618,
        621,
        1401,
        1403,
    )
    pieces = [piece for piece in pieces if not piece.startswith(tuple(b"%d=" % tag for tag in lengths_and_check_sum))]
    body = b"35=8\x01" + b"".join(piece + b"\x01" for piece in pieces)
    head = b"8=FIX.4.4\x019=%d\x01" % len(body)
    raw = head + body + b"10=%03d\x01" % (sum(head + body) % 256)
    reader, expected = FrameReader(), reference_split(raw)
    assert reader.scan(raw) == Frame.SOUND
    assert list(reader.fields) == expected
    for tag in {*range(1, 200), *(tag for tag, _ in expected if tag)}:
        assert reader.fields.get(tag) == next((value for one, value in expected if one == tag), None)
    assert reader.fields.get(0) is None
    for cut in range(len(raw)):
        assert reader.scan(raw[:cut]) == Frame.INCOMPLETE


def lenient(read: Callable[[], int], absent: int) -> int:
    """What decides no money is as good as absent where it cannot be read."""
    try:
        return read()
    except DecodeError:
        return absent


def reference_report(fields: Fields) -> dict[str, Any]:
    """What a report without fees says, each field asked for by its tag."""
    msg_type = fields.msg_type
    says: dict[str, Any] = {"msg_type": msg_type} | {name: fields.text(tag) for tag, name in TEXTS.items()}
    if msg_type == "j":
        says["cl_ord_id"] = fields.text(379)
    exact = {31, 32, 14, 151} if fields.text(150) in ("F", "1", "2", "G", "H") else {38, 14, 151}
    says["side"] = lenient(lambda: fields.integer(54, 0), 0)
    for tag, name in (PRICES | SIZES).items():
        read = partial(fields.decimal, tag, 4 if tag in PRICES else 2, ABSENT)
        says[name] = read() if tag in exact else lenient(read, ABSENT)
    says["is_taker"] = fields.text(1057) == "Y" or lenient(lambda: fields.integer(851, 0), 0) == 2
    says["reason"] = lenient(lambda: fields.integer(REASONS[msg_type], ABSENT), ABSENT)
    if msg_type == "r" and says["reason"] == ABSENT and fields.text(531) == "0":
        says["reason"] = 99
    says["ref_seq_num"] = lenient(lambda: fields.integer(45, ABSENT), ABSENT)
    says["poss_dup"], says["poss_resend"] = fields.text(43) == "Y", fields.text(97) == "Y"
    return says


values = st.sampled_from(["0", "1", "2", "Y", "0.49", "12.50", "-3", "99", "abc", "caf\xe9", "x", "1.00000"])


@given(
    st.sampled_from([*REASONS]),
    st.lists(st.tuples(st.sampled_from([*MEANT, 6, 20, 1058, 5000, 70000]), values), max_size=12),
)
def test_report_says_what_its_fields_say(msg_type: str, pairs: list[tuple[int, str]]) -> None:
    text = f"35={msg_type}|" + "".join(f"{tag}={value}|" for tag, value in pairs)
    fields, report = Fields(text.replace("|", "\x01").encode("latin-1")), ExecutionReport()
    try:
        expected = reference_report(fields)
    except DecodeError:
        expected = None
    try:
        decode_report(fields, report, 4, 2)
        said = {name: getattr(report, name) for name in expected or ()}
    except DecodeError:
        said = None
    assert said == expected


def dictionary(**changes: str) -> Dictionary:
    path = str(find_dictionary("FIX44.xml", Path()))
    found = read_dictionary(acceptor_settings(Path(), UseDataDictionary="Y", DataDictionary=path, **changes))
    assert found is not None
    return found


def changed(rng: random.Random, text: str) -> str:
    """The message with at most one fault, more often in a value than in its tags."""
    pieces = text[:-1].split("|")
    at = rng.randrange(1, len(pieces))
    tag, value = pieces[at].split("=", 1)
    match rng.randrange(12):
        case 0:
            pieces[at] = f"{tag}={rng.choice(['', 'x', '-', '1.', '3', '20260105-24:00:00', '20260230-10:00:00'])}"
        case 1:
            pieces[at] = f"{rng.choice([1, 11, 58, 100, 448, 453, 999, 5001])}={value}"
        case 2:
            del pieces[at]
        case 3:
            pieces.insert(rng.randrange(1, len(pieces)), pieces[at])
        case 4:
            other = rng.randrange(1, len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        case 5:
            pieces[0] = rng.choice(["35=8", "35=D", "35=9", "35=H", "35=T", "35=ZZ", "35=DD"])
        case 6:
            pieces.insert(at, rng.choice(["5001=", "5001=x", "999=x"]))
    return "|".join(pieces) + "|"


def compare(found: Dictionary, seed: int, count: int) -> list[bool]:
    """Whether messages in a row pass; asserts that what came before changes nothing."""
    rng, passed = random.Random(seed), []
    for _ in range(count):
        fields = Fields(Message.from_text("8=FIX.4.4|" + changed(rng, rng.choice(SOUND))).frame())
        passed.append(found.passes(fields))
        assert passed[-1] == (found.check(fields) is None), fields.raw
    return passed


def test_remembered_shapes_pass_what_the_whole_check_finds_sound() -> None:
    passed = compare(dictionary(), 1, 6000)
    assert 0.3 < sum(passed) / len(passed) < 0.8


def test_remembered_shapes_keep_to_the_keys_of_the_session_file() -> None:
    loose = dict.fromkeys(("ValidateFieldsOutOfOrder", "ValidateFieldsHaveValues", "ValidateUnorderedGroupFields"), "N")
    for seed, key in enumerate(({"ValidateUserDefinedFields": "N"}, {"AllowUnknownMsgFields": "Y"}, loose)):
        compare(dictionary(**key), seed, 1500)


def test_message_without_a_type_does_not_pass() -> None:
    fields = Fields(b"35=0\x01")
    fields.clear()
    assert not dictionary().passes(fields)
