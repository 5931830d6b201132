"""Text(58) and EncodedText(355) in the character sets of their senders, as they reach log and strategy."""

import pytest

from engine.codec import Fields
from engine.codec.charsets import CHARSETS, decode_text
from engine.orders.report import ExecutionReport
from engine.venue.fix44._reports import decode_report
from tests.support.session.scene import Scene

RUSSIAN, JAPANESE = "недостаточно средств", "残高不足"


def message(*pairs: tuple[int, bytes]) -> bytes:
    return b"8=FIX.4.4\x019=0\x0135=8\x01" + b"".join(b"%d=%b\x01" % pair for pair in pairs) + b"10=000\x01"


def encoded(text: bytes) -> list[tuple[int, bytes]]:
    return [(354, b"%d" % len(text)), (355, text)]


CASES = [
    pytest.param([(58, b"plain")], "plain", id="ascii"),
    pytest.param([(58, "é".encode())], "é", id="utf-8"),
    pytest.param([(58, "é".encode("latin-1"))], "é", id="latin-1"),
    pytest.param([(58, RUSSIAN.encode())], RUSSIAN, id="utf-8 of two bytes"),
    pytest.param([(347, b"windows-1251"), (58, RUSSIAN.encode("cp1251"))], RUSSIAN, id="347 names the set"),
    pytest.param([(347, b"ISO-2022-JP"), (58, JAPANESE.encode("iso-2022-jp"))], JAPANESE, id="in ASCII bytes"),
    pytest.param([(347, b"Shift_JIS"), (58, "é".encode())], "ﾃｩ", id="347 goes before UTF-8"),
    pytest.param([(347, b"EUC-JP"), (58, b"\xff\xfe")], "ÿþ", id="not what 347 says"),
    pytest.param([(347, b"rot13"), (58, "é".encode())], "é", id="347 is none"),
    pytest.param([(347, b"UTF-8"), *encoded(RUSSIAN.encode())], RUSSIAN, id="355 alone"),
    pytest.param([*encoded(RUSSIAN.encode())], RUSSIAN, id="355 without 347"),
    pytest.param(
        [(347, b"Shift_JIS"), (58, b"no money"), *encoded(JAPANESE.encode("shift_jis"))], f"no money ({JAPANESE})",
        id="355 says more",
    ),
    pytest.param([(58, b"no money"), *encoded(b"no money")], "no money", id="355 says the same"),
    pytest.param([(347, b"UTF-8"), *encoded(b"a\x01b=c")], "a b=c", id="SOH in 355"),
    pytest.param([(17, b"E")], "", id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("pairs", "text"), CASES)
def test_s16_text_reaches_the_strategy_as_it_was_meant(pairs: list[tuple[int, bytes]], text: str) -> None:
    fields, report = Fields(message(*pairs)), ExecutionReport()
    assert fields.remark() == text
    for _ in range(2):  # the second time with the text of the first in the report
        assert decode_report(fields, report, 4, 2) and report.text == text


def test_s16_the_text_before_is_not_taken_for_another_of_the_same_bytes() -> None:
    report = ExecutionReport()
    for pairs, text in (
        ([(58, b"\xe9")], "é"),
        ([(347, b"windows-1251"), (58, b"\xe9")], "й"),
        ([(58, b"\xe9")], "é"),
        ([(58, "é".encode())], "é"),
        ([(58, b"plain")], "plain"),
    ):
        assert decode_report(Fields(message(*pairs)), report, 4, 2) and report.text == text


def test_s16_every_character_set_is_one_that_python_has() -> None:
    assert [name for name in CHARSETS.values() if decode_text(b"plain", name) != "plain"] == []


def test_s16_ids_keep_their_bytes() -> None:
    fields = Fields(message((11, "é".encode())))
    assert fields.text(11).encode("latin-1") == "é".encode()


def test_s16_a_logout_is_told_in_its_own_words() -> None:
    scene = Scene().up()
    scene.receive("35=5|34=2|58=" + "é".encode().decode("latin-1") + "|")
    assert scene.core.logout_reason == "Logout by the peer: é"
