"""UTCTimestamp text and nanoseconds, against datetime."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields, TimestampFormat, parse_timestamp
from engine.errors import DecodeError

SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
times_ns = st.integers(0, (2**63 - 1) // SECOND * SECOND)


def reference(now_ns: int, precision: int) -> str:
    moment = EPOCH + timedelta(seconds=now_ns // SECOND)
    fraction = f"{now_ns % SECOND:09}"[:precision]
    return moment.strftime("%Y%m%d-%H:%M:%S") + (f".{fraction}" if precision else "")


@given(st.lists(times_ns, min_size=1, max_size=5), st.integers(0, 9))
def test_format_equals_the_calendar(moments: list[int], precision: int) -> None:
    form = TimestampFormat(precision)
    assert [form.format(now_ns).decode() for now_ns in moments] == [reference(now_ns, precision) for now_ns in moments]


@given(times_ns.filter(lambda ns: ns < 292 * 365 * 86_400 * SECOND), st.integers(0, 9))
def test_parse_reverses_format(now_ns: int, precision: int) -> None:
    unit = 10 ** (9 - precision)
    assert parse_timestamp(TimestampFormat(precision).format(now_ns)) == now_ns // unit * unit


def test_date_part_follows_the_second() -> None:
    form = TimestampFormat(3)
    new_year = 1_767_225_600 * SECOND
    assert [form.format(new_year + step) for step in (-1, 0, 999_999_999, SECOND, -SECOND)] == [
        b"20251231-23:59:59.999",
        b"20260101-00:00:00.000",
        b"20260101-00:00:00.999",
        b"20260101-00:00:01.000",
        b"20251231-23:59:59.000",
    ]


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("19700101-00:00:00", 0),
        ("20000229-12:00:00.5", 951_825_600_500_000_000),
        ("20260105-14:30:00.123456789", 1_767_623_400_123_456_789),
        ("20260105-14:30:00.123456789999", 1_767_623_400_123_456_789),
        ("20161231-23:59:60", 1_483_228_800 * SECOND),
        ("19691231-23:59:59.9", -100_000_000),
    ],
)
def test_parse_accepts_any_fraction_and_second_60(text: str, ns: int) -> None:
    assert parse_timestamp(text.encode()) == ns


@pytest.mark.parametrize(
    "text",
    [
        "", "20260105", "20260105-14:30", "20260105-14:30:00.", "20260105 14:30:00", "20260105-14:30:61",
        "20260105-14:60:00", "20260105-24:00:00", "20260229-00:00:00", "20261301-00:00:00", "20260100-00:00:00",
        "20260105-14:30:00.12x", "20260105-14:30:00Z", "2026-1-5-14:30:00", "16991231-00:00:00", "22620101-00:00:00",
        "21000229-00:00:00", "2026010\xb2-14:30:00",
    ],
)  # fmt: skip
def test_parse_refuses_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(DecodeError, match="not a UTCTimestamp: "):
        parse_timestamp(text.encode("latin-1"))


def test_date_is_read_anew_when_it_changes() -> None:
    dates = [f"2026{month:02}{day:02}" for month in range(1, 13) for day in (1, 15, 28)]
    expected = [int(datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC).timestamp()) * 10**9 for date in dates]
    read = []
    for date in dates:
        with pytest.raises(DecodeError):
            parse_timestamp(b"20260230-00:00:00")
        read.append(parse_timestamp(f"{date}-00:00:00".encode()))
        assert parse_timestamp(f"{date}-00:00:01".encode()) == read[-1] + 10**9
    assert read == expected


def test_field_is_read_as_a_time() -> None:
    fields = Fields(b"35=0\x0152=20260105-14:30:00.250\x0160=yesterday\x01")
    assert (fields.timestamp_ns(52, 0), fields.timestamp_ns(122, -1)) == (1_767_623_400_250_000_000, -1)
    with pytest.raises(DecodeError, match="tag 60: not a UTCTimestamp: b'yesterday'"):
        fields.timestamp_ns(60, 0)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="precision must be 0 to 9"):
        TimestampFormat(10)
    with pytest.raises(OverflowError):
        TimestampFormat().format(-1)
