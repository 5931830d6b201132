"""Number forms: exact both ways, and refused where they would not be."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.venue.kalshi.rest import numbers
from engine.venue.kalshi.rest.numbers import RequestError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_money_with_any_zeros_behind_it_is_exact(millionths: int, zeros: int) -> None:
    text = f"{millionths // 10**6}.{millionths % 10**6:06d}" + "0" * zeros
    assert numbers.money(text, "fee_cost") == millionths
    assert numbers.money(f"-{text}", "fee_cost") == -millionths


@given(st.integers(1, 9_999))
def test_price_and_its_text_are_one(price: int) -> None:
    text = numbers.price_text(price)
    numbers.check_price_text(text)
    assert numbers.price(text, "price") == price
    assert numbers.price(text + "00", "price") == price


@given(st.integers(1, 10**14))
def test_size_and_its_text_are_one(size: int) -> None:
    text = numbers.size_text(size)
    numbers.check_count_text(text)
    assert numbers.size(text, "count") == size
    assert Decimal(text) * 100 == size


@given(st.decimals(0, 1_000, places=7, allow_nan=False))
def test_multiplier_is_never_rounded_down(number: Decimal) -> None:
    assert 0 <= numbers.thousandths(number, "fee_multiplier") - number * 1_000 < 1


@given(st.integers(0, 4 * 10**18), st.integers(-14 * 60, 14 * 60), st.integers(0, 9))
def test_time_is_exact_to_the_nanosecond_in_any_zone(ns: int, minutes: int, digits: int) -> None:
    ns -= ns % 10 ** (9 - digits)
    zone = timezone(timedelta(minutes=minutes))
    moment = (EPOCH + timedelta(seconds=ns // 10**9)).astimezone(zone)
    fraction = f".{ns % 10**9:09d}"[: digits + 1] if digits else ""
    offset = moment.strftime("%z")
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction
    assert numbers.time_ns(text + offset, "t") == ns
    assert numbers.time_ns(f"{text}{offset[:3]}:{offset[3:]}", "t") == ns
    if not minutes:
        assert numbers.time_ns(text + "Z", "t") == ns


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-23", "2026-11-23T14:30:06", "2026-13-23T14:30:06Z", "2026-11-23T25:30:06Z", "1795444100"],
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="created_time: no RFC 3339 time"):
        numbers.time_ns(text, "created_time")


@pytest.mark.parametrize("text", ["", "0.41501", "1e3", "NaN", "0,5", "--1", " 1", "1.0.0"])
def test_numbers_that_are_none_are_named_with_their_field(text: str) -> None:
    with pytest.raises(DecodeError, match="yes_price_dollars: not a decimal number"):
        numbers.price(text, "yes_price_dollars")


@pytest.mark.parametrize(
    "text", ["1.0000", "0.0000", "0.00", "0.5", "0.41505", "-0.41", ".5", "41", "", "0.4a", "1.00"]
)
def test_prices_that_the_venue_refuses_never_leave(text: str) -> None:
    with pytest.raises(RequestError, match="must be dollars with 2 to 4 decimals, from 0.0001 to 0.9999"):
        numbers.check_price_text(text)


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1.005", "1e2", "", "1.", "٣"])
def test_counts_that_the_venue_refuses_never_leave(text: str) -> None:
    with pytest.raises(RequestError, match="must be contracts with up to 2 decimals, 0.01 or more"):
        numbers.check_count_text(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "1001"])
def test_multipliers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="is no multiplier"):
        numbers.thousandths(Decimal(text), "fee_multiplier")
