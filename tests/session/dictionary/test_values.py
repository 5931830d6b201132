"""The syntax of dates, times and counts, against QuickFIX's own dictionaries."""

import pytest

from tests.session.dictionary.test_dictionary import ORDER, check, fixt

UPDATE = "35=X|34=2|268=1|279=0|269=0|55=X|270=0.5|271=1|"
BAD_FORMAT = 6


@pytest.mark.parametrize(
    "time", ["99:99:99", "24:00:00", "12:60:00", "12:00:61", "12:00", "12:00:00.", "1:00:00", "12-00-00", "12:00:00Z"]
)
def test_s14_time_that_is_none_is_refused(time: str) -> None:
    assert check(f"{UPDATE}273={time}|") == (BAD_FORMAT, 273)


@pytest.mark.parametrize("time", ["00:00:00", "23:59:60", "12:00:00.5", "12:00:00.123456789"])
def test_s14_time_passes(time: str) -> None:
    assert check(f"{UPDATE}273={time}|") is None


@pytest.mark.parametrize(
    "date", ["20261399", "20260230", "20260001", "20260100", "20250229", "19000229", "2026010", "202601011"]
)
def test_s14_day_that_is_not_in_the_calendar_is_refused(date: str) -> None:
    assert check(f"{UPDATE}272={date}|") == (BAD_FORMAT, 272)
    assert check(f"{ORDER}64={date}|") == (BAD_FORMAT, 64)


@pytest.mark.parametrize("date", ["20240229", "20000229", "00010101", "99991231"])
def test_s14_day_of_the_calendar_passes(date: str) -> None:
    assert check(f"{UPDATE}272={date}|") is None
    assert check(f"{ORDER}64={date}|") is None


@pytest.mark.parametrize("month", ["202613", "202600", "20260230", "202601w0", "202601w6", "20260", "202613w1"])
def test_s14_month_that_is_none_is_refused(month: str) -> None:
    assert check(f"{ORDER}200={month}|") == (BAD_FORMAT, 200)


@pytest.mark.parametrize("month", ["202612", "20260228", "202601w5"])
def test_s14_month_passes(month: str) -> None:
    assert check(f"{ORDER}200={month}|") is None


@pytest.mark.parametrize(
    "time", ["20261399-00:00:00", "20260101-25:00:00", "99991232-00:00:00", "99991231-", "99991231-1"]
)
def test_s14_timestamp_that_is_none_is_refused(time: str) -> None:
    assert check(f"{ORDER}126={time}|") == (BAD_FORMAT, 126)


def test_s14_timestamp_that_means_never_passes() -> None:
    assert check(f"{ORDER}126=99991231-23:59:59|") is None


@pytest.mark.parametrize("count", ["-1", "1.5", "-"])
def test_s14_negative_counts_are_refused(count: str) -> None:
    assert check(f"{ORDER}453={count}|") == (BAD_FORMAT, 453)
    assert check(f"35=2|34=2|7={count}|16=0|") == (BAD_FORMAT, 7)


@pytest.mark.parametrize("time", ["07:30", "07:30Z", "07:30:15+05", "07:30:15.5-05:30", "23:59:60Z"])
def test_s14_time_with_a_zone_passes(time: str) -> None:
    assert check(f"{ORDER}1079={time}|", fixt(), "FIXT.1.1") is None


@pytest.mark.parametrize(
    "time", ["24:30Z", "07:30z", "07:30+", "07:30+24", "07:30+05:60", "07:30+0530", "07", "07:30:99Z"]
)
def test_s14_time_with_a_zone_that_is_none_is_refused(time: str) -> None:
    assert check(f"{ORDER}1079={time}|", fixt(), "FIXT.1.1") == (BAD_FORMAT, 1079)
