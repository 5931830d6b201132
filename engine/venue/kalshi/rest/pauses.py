"""The exchange's schedule as pauses: what lies between the sessions of a week, and the maintenance windows.

Units   pauses are (begin_ns, end_ns) since 1970, ascending, without overlap; hours are those of Eastern Time, so that
        a pause keeps its place on the clock when daylight saving begins or ends.
Errors  DecodeError for hours or times that cannot be read: a pause that nobody knows of must not be missed.
Cost    some microseconds for each day that has a pause.
Source  Kalshi REST, exchange schedule; market model, states and hours.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import DecodeError
from engine.venue.kalshi.rest.numbers import NS, time_ns
from engine.venue.kalshi.rest.operations.exchange import KalshiHours, KalshiSchedule, KalshiWeek
from engine.venue.kalshi.rest.reading import Oddities

EASTERN = ZoneInfo("America/New_York")
MOST_PAUSES = 10_000

_DAY_MINUTES = 24 * 60
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::\d\d)?")
_ONE_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Pause = tuple[int, int]


def pauses_of(schedule: KalshiSchedule, oddities: Oddities) -> list[Pause]:
    """Return every pause of a schedule; of one that names too many, those that come first."""
    found = [
        (time_ns(window.start_datetime, "start_datetime"), time_ns(window.end_datetime, "end_datetime"))
        for window in schedule.maintenance_windows
    ]
    for week in schedule.standard_hours:
        for pause in _weekly(week):
            if len(found) >= MOST_PAUSES:
                oddities.tell("standard_hours", week.end_time, f"more than {MOST_PAUSES} pauses, the rest left out")
                break
            found.append(pause)
    return _merged(found)


def _weekly(week: KalshiWeek) -> Iterator[Pause]:
    """Yield what no session covers, day by day, as long as the week holds."""
    begin_ns, end_ns = time_ns(week.start_time, "start_time"), time_ns(week.end_time, "end_time")
    closed = [_closed(sessions) for sessions in _by_weekday(week)]
    if not any(closed):
        return
    day, last = _day_of(begin_ns), _day_of(end_ns)
    while day <= last:
        for first, after in closed[day.weekday()]:
            pause = max(_at(day, first), begin_ns), min(_at(day, after), end_ns)
            if pause[0] < pause[1]:
                yield pause
        day += _ONE_DAY


def _by_weekday(week: KalshiWeek) -> list[list[KalshiHours]]:
    return [week.monday, week.tuesday, week.wednesday, week.thursday, week.friday, week.saturday, week.sunday]


def _closed(sessions: list[KalshiHours]) -> list[tuple[int, int]]:
    """Return the minutes of a day that no session covers; a day without any is closed."""
    found, closed_from = [], 0
    for opens, closes in sorted(_minutes(each) for each in sessions):
        if opens > closed_from:
            found.append((closed_from, opens))
        closed_from = max(closed_from, closes)
    return [*found, (closed_from, _DAY_MINUTES)] if closed_from < _DAY_MINUTES else found


def _minutes(hours: KalshiHours) -> tuple[int, int]:
    opens, closes = _minute(hours.open_time), _minute(hours.close_time) or _DAY_MINUTES
    if not opens < closes <= _DAY_MINUTES:
        raise DecodeError(f"hours {hours.open_time!r} to {hours.close_time!r} are no session of one day")
    return opens, closes


def _minute(text: str) -> int:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise DecodeError(f"no time of day: {text[:20]!r}")
    return int(found[1]) * 60 + int(found[2])


def _day_of(ns: int) -> date:
    return (_EPOCH + timedelta(seconds=ns // NS)).astimezone(EASTERN).date()


def _at(day: date, minute: int) -> int:
    """Return when the clocks of New York show a minute of a day; 1440 is the next midnight."""
    if minute == _DAY_MINUTES:
        day, minute = day + _ONE_DAY, 0
    moment = datetime.combine(day, time(minute // 60, minute % 60), EASTERN)
    return int(moment.timestamp()) * NS


def _merged(pauses: list[Pause]) -> list[Pause]:
    merged: list[Pause] = []
    for begin_ns, end_ns in sorted(pauses):
        if merged and begin_ns <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end_ns)
        elif begin_ns < end_ns:
            merged.append((begin_ns, end_ns))
    return merged
