"""When a day begins: by the clock on the wall of its zone, on ordinary days and where that clock changes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.fix import BUY
from engine.portfolio import Portfolio
from engine.portfolio.day import DayRule
from tests.support.risks import markets

HOUR = 3600 * 10**9
NEW_YORK = "America/New_York"


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def day(start_ns: int, zone: str, at: str) -> tuple[str, str]:
    """The bounds of the day that holds a moment, all in UTC."""
    bounds = DayRule(start_ns, zone).bounds(ns(at))
    start, end = (datetime.fromtimestamp(bound / 10**9, UTC).strftime("%d %H:%M") for bound in bounds)
    return start, end


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-24T04:59:59", "23 05:00", "24 05:00"),
        ("2026-11-24T05:00:00", "24 05:00", "25 05:00"),
        ("2026-11-24T23:59:59", "24 05:00", "25 05:00"),
        ("2026-07-01T03:59:59", "30 04:00", "01 04:00"),
        ("2026-07-01T04:00:00", "01 04:00", "02 04:00"),
    ],
)
def test_day_begins_at_midnight_there(at: str, start: str, end: str) -> None:
    assert day(0, NEW_YORK, at) == (start, end)


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-24T20:59:59", "23 21:00", "24 21:00"),
        ("2026-11-24T21:00:00", "24 21:00", "25 21:00"),
        ("2026-11-25T04:59:59", "24 21:00", "25 21:00"),  # still the 24th in New York
        ("2026-11-25T05:00:00", "24 21:00", "25 21:00"),
    ],
)
def test_day_may_begin_in_the_afternoon(at: str, start: str, end: str) -> None:
    assert day(16 * HOUR, NEW_YORK, at) == (start, end)


@pytest.mark.parametrize(
    ("start_ns", "at", "start", "end"),
    [
        (0, "2026-03-08T12:00:00", "08 05:00", "09 04:00"),  # 23 hours: spring
        (0, "2026-11-01T12:00:00", "01 04:00", "02 05:00"),  # 25 hours: autumn
        (5 * HOUR // 2, "2026-03-08T12:00:00", "08 07:30", "09 06:30"),  # 02:30 is skipped
        (5 * HOUR // 2, "2026-03-08T07:29:59", "07 07:30", "08 07:30"),
        (3 * HOUR // 2, "2026-11-01T05:29:59", "31 05:30", "01 05:30"),  # 01:30 comes twice: the first counts
        (3 * HOUR // 2, "2026-11-01T06:30:00", "01 05:30", "02 06:30"),
    ],
)
def test_day_on_which_the_clock_changes_is_longer_or_shorter(start_ns: int, at: str, start: str, end: str) -> None:
    assert day(start_ns, NEW_YORK, at) == (start, end)


@pytest.mark.parametrize(
    ("zone", "at", "start", "end"),
    [
        ("Asia/Tokyo", "2026-11-24T15:00:00", "24 15:00", "25 15:00"),
        ("Asia/Kolkata", "2026-11-24T18:29:59", "23 18:30", "24 18:30"),
        ("UTC", "2026-11-24T00:00:00", "24 00:00", "25 00:00"),
        ("America/Havana", "2026-03-08T12:00:00", "08 05:00", "09 04:00"),  # its midnight is skipped
        ("Pacific/Apia", "2011-12-30T12:00:00", "30 10:00", "31 10:00"),  # the whole 30th is skipped
    ],
)
def test_day_of_other_zones(zone: str, at: str, start: str, end: str) -> None:
    assert day(0, zone, at) == (start, end)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    second=st.integers(0, 86_399),
    zone=st.sampled_from((NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "UTC")),
    at_ns=st.integers(ns("2020-01-01T00:00:00"), ns("2030-01-01T00:00:00")),
)
def test_days_follow_each_other_without_gap_or_overlap(second: int, zone: str, at_ns: int) -> None:
    rule = DayRule(second * 10**9, zone)
    start, end = rule.bounds(at_ns)
    assert start <= at_ns < end
    assert 23 * HOUR <= end - start <= 25 * HOUR
    assert rule.bounds(start) == rule.bounds(end - 1) == (start, end)
    assert rule.bounds(end)[0] == end
    assert rule.bounds(start - 1)[1] == start


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "America", "../etc/passwd", "EST5EDT4"])
def test_unknown_zone_is_a_configuration_error_that_names_it(zone: str) -> None:
    with pytest.raises(ConfigError, match="day_zone .* is no time zone"):
        DayRule(0, zone)


@pytest.mark.parametrize("start_ns", [-1, 24 * HOUR, 10**9 + 1])
def test_time_that_no_clock_shows_is_a_configuration_error(start_ns: int) -> None:
    with pytest.raises(ConfigError, match="day_start"):
        DayRule(start_ns, "UTC")


# What the portfolio counts in a day


def test_day_counts_from_where_it_began_by_market_by_event_and_over_all() -> None:
    rain, snow, coin = instruments = markets()
    portfolio = Portfolio(instruments)
    for instrument in (rain, coin):
        portfolio.fill(instrument, BUY, 10, 5_000, 7)
    portfolio.mark(rain, 4_900, 5_000)
    portfolio.start_day(5)
    assert (portfolio.day_start_ns, portfolio.day_pnl, portfolio.pnl) == (5, 0, -1_014)
    portfolio.mark(rain, 4_800, 5_000)
    portfolio.fill(snow, BUY, 1, 100, 2)
    assert [portfolio[each].day_pnl for each in instruments] == [-1_000, -2, 0]
    assert [portfolio.event(name).day_pnl for name in ("WEATHER", "COINS")] == [-1_002, 0]
    assert (portfolio.day_pnl, portfolio.pnl) == (-1_002, -2_016)


def test_resumed_day_goes_on_with_what_it_had_made() -> None:
    rain, *_ = instruments = markets()
    portfolio = Portfolio(instruments)
    portfolio.fill(rain, BUY, 10, 5_000, 7)
    portfolio.resume_day(5, -300)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (5, -300)
    portfolio.fill(rain, BUY, 1, 5_000, 1)
    assert (portfolio.day_pnl, portfolio[rain].day_pnl) == (-301, -1)
    portfolio.resume_day(5, -301)
    assert (portfolio.day_pnl, portfolio[rain].day_pnl) == (-301, -1)
    portfolio.resume_day(6, 0)
    assert (portfolio.day_pnl, portfolio[rain].day_pnl, portfolio.day_start_ns) == (0, 0, 6)
