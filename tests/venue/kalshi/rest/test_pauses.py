"""The schedule as pauses, through changes of the clock."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.venue import kalshi
from engine.venue.kalshi.rest.operations.exchange import KalshiHours, KalshiMaintenance, KalshiSchedule, KalshiWeek
from engine.venue.kalshi.rest.pauses import MOST_PAUSES, pauses_of
from engine.venue.kalshi.rest.reading import Oddities

NEW_YORK = ZoneInfo("America/New_York")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY = [("00:00", "00:00")]
THURSDAY = [("00:00", "03:00"), ("05:00", "00:00")]
EXAMPLE = json.loads((Path(__file__).parent / "examples.json").read_text())["get_exchange_schedule"]["answer"]


def week(start: str, end: str, **days: list[tuple[str, str]]) -> KalshiWeek:
    hours = {day: [KalshiHours(*each) for each in days.get(day, ALL_DAY)] for day in DAYS}
    return KalshiWeek(start_time=start, end_time=end, **hours)


def pauses(*weeks: KalshiWeek, maintenance: tuple[tuple[str, str], ...] = ()) -> list[tuple[str, str]]:
    schedule = KalshiSchedule(list(weeks), [KalshiMaintenance(*each) for each in maintenance])
    return [(utc(begin_ns), utc(end_ns)) for begin_ns, end_ns in pauses_of(schedule, Oddities())]


def utc(ns: int) -> str:
    assert ns % 10**9 == 0
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%MZ")


def test_thursday_keeps_its_hours_when_daylight_saving_ends_and_begins() -> None:
    assert pauses(week("2026-10-29T04:00:00Z", "2026-11-13T05:00:00Z", thursday=THURSDAY)) == [
        ("2026-10-29T07:00Z", "2026-10-29T09:00Z"),
        ("2026-11-05T08:00Z", "2026-11-05T10:00Z"),
        ("2026-11-12T08:00Z", "2026-11-12T10:00Z"),
    ]
    assert pauses(week("2026-03-01T05:00:00Z", "2026-03-13T05:00:00Z", thursday=THURSDAY)) == [
        ("2026-03-05T08:00Z", "2026-03-05T10:00Z"),
        ("2026-03-12T07:00Z", "2026-03-12T09:00Z"),
    ]


def test_day_on_which_the_clock_moves_is_paused_by_the_clock() -> None:
    sunday = [("00:00", "01:00"), ("04:00", "00:00")]
    assert pauses(week("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", sunday=sunday)) == [
        ("2026-11-01T05:00Z", "2026-11-01T09:00Z")  # four hours, from the first 01:00 on
    ]
    assert pauses(week("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", sunday=sunday)) == [
        ("2026-03-08T06:00Z", "2026-03-08T08:00Z")  # two hours
    ]


def test_example_of_the_venue_is_a_pause_each_week() -> None:
    found = kalshi.reference().pauses().read(json.dumps(EXAMPLE).encode())
    assert len(found) == 52 + 1
    thanksgiving = [(utc(begin), utc(end)) for begin, end in found if utc(begin).startswith("2026-11-26")]
    assert thanksgiving == [("2026-11-26T08:00Z", "2026-11-26T10:00Z")]  # the maintenance is that very pause
    assert found == sorted(found)


def test_maintenance_joins_the_pause_that_it_touches() -> None:
    found = pauses(
        week("2026-11-26T05:00:00Z", "2026-11-27T05:00:00Z", thursday=THURSDAY),
        maintenance=(
            ("2026-11-26T09:30:00Z", "2026-11-26T11:00:00Z"),
            ("2026-11-28T00:00:00Z", "2026-11-28T01:00:00Z"),
        ),
    )
    assert found == [("2026-11-26T08:00Z", "2026-11-26T11:00Z"), ("2026-11-28T00:00Z", "2026-11-28T01:00Z")]


def test_day_without_a_session_is_a_pause_and_ends_with_its_week() -> None:
    assert pauses(week("2026-11-26T12:00:00Z", "2026-11-27T00:00:00Z", thursday=[])) == [
        ("2026-11-26T12:00Z", "2026-11-27T00:00Z")
    ]


def test_open_exchange_has_no_pause() -> None:
    assert pauses(week("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")) == []


def test_schedule_without_end_is_bounded_and_told() -> None:
    oddities = Oddities()
    closed = week("1990-01-01T00:00:00Z", "2090-01-01T00:00:00Z", **dict.fromkeys(DAYS, THURSDAY))
    assert len(pauses_of(KalshiSchedule([closed], []), oddities)) == MOST_PAUSES
    assert oddities.counts == {"standard_hours": 1}


@pytest.mark.parametrize("session", [("3:00", "05:00"), ("05:00", "03:00"), ("25:00", "00:00"), ("", "")])
def test_hours_that_cannot_be_read_are_refused(session: tuple[str, str]) -> None:
    with pytest.raises(DecodeError):
        pauses(week("2026-11-26T12:00:00Z", "2026-11-27T00:00:00Z", thursday=[session]))


SESSIONS = (
    st.lists(st.integers(0, 95), min_size=2, max_size=6, unique=True)
    .map(sorted)
    .map(lambda quarters: [tuple(quarters[at : at + 2]) for at in range(0, len(quarters) - 1, 2)])
)


@settings(max_examples=30, deadline=None)
@given(st.lists(SESSIONS, min_size=7, max_size=7), st.integers(0, 364), st.integers(1, 60))
def test_every_quarter_of_an_hour_is_paused_or_in_a_session(
    weekly: list[list[tuple[int, int]]], day: int, hours: int
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    end = begin + timedelta(hours=hours)
    texts = {
        name: [(f"{a // 4:02d}:{a % 4 * 15:02d}", f"{b // 4:02d}:{b % 4 * 15:02d}") for a, b in weekly[at]]
        for at, name in enumerate(DAYS)
    }
    schedule = KalshiSchedule([week(begin.isoformat(), end.isoformat(), **texts)], [])
    found = pauses_of(schedule, Oddities())
    moment = begin
    while moment < end:
        local = moment.astimezone(NEW_YORK)
        quarter = local.hour * 4 + local.minute // 15
        is_open = any(a <= quarter < b for a, b in weekly[local.weekday()])
        ns = int(moment.timestamp()) * 10**9
        is_paused = any(begin_ns <= ns < end_ns for begin_ns, end_ns in found)
        if not (local.month == 11 and local.day == 1 and local.hour == 1):  # an hour that comes twice
            assert is_paused != is_open, local
        moment += timedelta(minutes=15)
