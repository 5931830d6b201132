"""Decimal text to integers and back, held against decimal.Decimal."""

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine._decimal import format_decimal, parse_decimal
from engine.errors import DecodeError

INT64_MAX = 2**63 - 1
seeded = settings(max_examples=500, deadline=None, derandomize=True, database=None)
places = st.integers(0, 18)


def units(text: str, decimals: int) -> Decimal:
    with localcontext(prec=80):
        return Decimal(text).scaleb(decimals)


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("0.4150", 4, 4_150),
        ("0.960", 4, 9_600),
        ("0.29", 2, 29),
        ("1", 4, 10_000),
        ("-85.50", 2, -8_550),
        ("+3", 0, 3),
        ("007.10", 2, 710),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("5.000000", 2, 500),
        ("-0.00", 2, 0),
        ("9223372036854775807", 0, INT64_MAX),
        ("-9223372036854775807", 0, -INT64_MAX),
        ("9.223372036854775807", 18, INT64_MAX),
        ("0." + "0" * 30, 18, 0),
    ],
)
def test_decimal_text_becomes_its_integer(text: str, decimals: int, value: int) -> None:
    assert parse_decimal(text, decimals) == value
    assert parse_decimal(text.encode(), decimals) == value


@pytest.mark.parametrize(
    "text",
    ["", "-", "+", ".", "-.", "1.2.3", "1,5", "1e3", " 1", "1 ", "--1", "0x1", "1_0", "nan", "Infinity", "٣", "1\x00"],
)
def test_text_that_is_no_decimal_raises(text: str) -> None:
    for form in (text, text.encode()):
        with pytest.raises(DecodeError, match="not a decimal number of at most 4 places|not a decimal number: '٣'"):
            parse_decimal(form, 4)


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("0.00001", 4), ("1.5", 0), ("0.0000000000000000001", 18)],
)
def test_text_finer_than_the_unit_raises_and_is_never_rounded(text: str, decimals: int) -> None:
    with pytest.raises(DecodeError, match=f"at most {decimals} places"):
        parse_decimal(text, decimals)


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("9223372036854775808", 0), ("-9223372036854775808", 0), ("922337203685477580.8", 1), ("10", 18), ("9" * 40, 0)],
)
def test_number_beyond_int64_raises(text: str, decimals: int) -> None:
    with pytest.raises(DecodeError, match="not a decimal number"):
        parse_decimal(text, decimals)


@pytest.mark.parametrize("value", [None, 5, 0.5, ["1"], bytearray(b"1")])
def test_value_that_is_no_text_raises(value: Any) -> None:
    with pytest.raises(DecodeError, match="not a decimal number: "):
        parse_decimal(value, 4)


@seeded
@given(st.from_regex(r"[+-]?[0-9]{0,21}(\.[0-9]{0,21})?", fullmatch=True), places)
def test_any_decimal_text_parses_as_decimal_does(text: str, decimals: int) -> None:
    exact = units(text, decimals) if text.strip("+-.") else None
    if exact is not None and exact == int(exact) and abs(exact) <= INT64_MAX:
        assert parse_decimal(text, decimals) == int(exact)
    else:
        with pytest.raises(DecodeError):
            parse_decimal(text, decimals)


@seeded
@given(st.text(alphabet="0123456789+-. eE_٣\x00", max_size=12) | st.binary(max_size=12), places)
def test_any_text_gives_an_integer_or_a_decode_error(text: bytes | str, decimals: int) -> None:
    try:
        value = parse_decimal(text, decimals)
    except DecodeError:
        return
    plain = text if isinstance(text, str) else text.decode("ascii")
    assert set(plain) <= set("0123456789+-.")
    assert value == units(plain, decimals)


@seeded
@given(st.integers(-(2**63), INT64_MAX), places)
def test_formatted_integer_reads_back_as_itself(value: int, decimals: int) -> None:
    text = format_decimal(value, decimals)
    assert text == f"{Decimal(value).scaleb(-decimals):.{decimals}f}"
    if value > -(2**63):
        assert parse_decimal(text, decimals) == value


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 4, "0.0000"),
        (5, 4, "0.0005"),
        (4_150, 4, "0.4150"),
        (-8_550, 2, "-85.50"),
        (-1, 18, "-0.000000000000000001"),
        (-(2**63), 0, "-9223372036854775808"),
        (INT64_MAX, 18, "9.223372036854775807"),
    ],
)
def test_integer_becomes_text_with_exactly_its_places(value: int, decimals: int, text: str) -> None:
    assert format_decimal(value, decimals) == text


@pytest.mark.parametrize("decimals", [-1, 19])
def test_places_that_no_unit_has_are_refused(decimals: int) -> None:
    with pytest.raises(ValueError, match=f"decimals must be 0 to 18, not {decimals}"):
        format_decimal(1, decimals)
    with pytest.raises(ValueError, match=f"decimals must be 0 to 18, not {decimals}"):
        parse_decimal("1", decimals)
