"""When a session may be up: daily or weekly windows in the time of a zone.

Units   ns since 1970 UTC; a time of the session file is of the zone behind it, else of TimeZone, else UTC;
        LogonTime and LogoutTime else of the zones of StartTime and EndTime.
Shapes  a window is [start, end). A local time that a clock change skips becomes the instant of the change, one that
        comes twice its first.
Errors  ConfigError for an unknown zone and for a logon time outside of the session time.
Cost    a comparison while nothing changes; 0.3 ms at a boundary.
Source  QuickFIX and QuickFIX/J configuration: StartTime, EndTime, LogonTime and their kin.
"""

import os
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings

_SECOND_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_REACH = 8  # days to either side that hold every window that can matter now


class _Hours(NamedTuple):
    """One window's rule: daily, on some weekdays, or once a week from one day to another."""

    start: time
    end: time
    first_day: int | None
    last_day: int | None
    weekdays: frozenset[int]
    start_zone: tzinfo
    end_zone: tzinfo

    def around(self, wall_ns: int) -> list[tuple[int, int]]:
        """Return the windows near `wall_ns`, in order."""
        today = (_EPOCH + timedelta(microseconds=wall_ns // 1000)).astimezone(self.start_zone).date()
        days = (today + n * _DAY for n in range(-_REACH, _REACH + 1))
        return [self._window(day) for day in days if self._begins(day)]

    def _begins(self, day: date) -> bool:
        if self.first_day is not None:
            return day.weekday() == self.first_day
        return not self.weekdays or day.weekday() in self.weekdays

    def _window(self, day: date) -> tuple[int, int]:
        length = 0
        if self.first_day is not None and self.last_day is not None:
            length = (self.last_day - self.first_day) % 7
        start, end = (
            _instant(day, self.start, self.start_zone),
            _instant(day + length * _DAY, self.end, self.end_zone),
        )
        if length == 0 and end <= start:
            end = _instant(day + (1 if self.first_day is None else 7) * _DAY, self.end, self.end_zone)
        return start, end


class _Answer(NamedTuple):
    """What holds from one boundary to the next."""

    since_ns: int
    until_ns: int
    may_log_on: bool
    last_session_boundary_ns: int


class WindowSchedule:
    """The windows of one session file; satisfies `engine.session.protocol.host.Schedule`."""

    def __init__(self, session: _Hours, logon: _Hours) -> None:
        self._session, self._logon = session, logon
        self._answer = _Answer(0, 0, False, 0)

    def is_new(self, created_ns: int, wall_ns: int) -> bool:
        """Say whether a session time has begun or ended since `created_ns`."""
        return created_ns < self._at(wall_ns).last_session_boundary_ns

    def may_log_on(self, wall_ns: int) -> bool:
        return self._at(wall_ns).may_log_on

    def next_change(self, wall_ns: int) -> int:
        return self._at(wall_ns).until_ns

    def _at(self, wall_ns: int) -> _Answer:
        if not self._answer.since_ns <= wall_ns < self._answer.until_ns:
            sessions, logons = self._session.around(wall_ns), self._logon.around(wall_ns)
            session_edges = [edge for window in sessions for edge in window]
            edges = sorted(session_edges + [edge for window in logons for edge in window])
            self._answer = _Answer(
                max(edge for edge in edges if edge <= wall_ns),
                min(edge for edge in edges if edge > wall_ns),
                _covers(sessions, wall_ns) and _covers(logons, wall_ns),
                max(edge for edge in session_edges if edge <= wall_ns),
            )
        return self._answer


def read_schedule(settings: SessionSettings) -> WindowSchedule | None:
    """Return the schedule of a session file; None for a session that never stops."""
    midnight = _MIDNIGHT, _zone(settings)
    start, end = _time(settings, "StartTime", *midnight), _time(settings, "EndTime", *midnight)
    first_day, last_day = _day(settings.text("StartDay")), _day(settings.text("EndDay"))
    weekdays = frozenset(day for text in settings.text("Weekdays").split(",") if (day := _day(text)) is not None)
    is_whole_day = start == end and start[0] == _MIDNIGHT and first_day is None and not weekdays
    if settings.flag("NonStopSession") or is_whole_day:
        return None
    session = _Hours(start[0], end[0], first_day, last_day, weekdays, start[1], end[1])
    logon, logout = _time(settings, "LogonTime", *start), _time(settings, "LogoutTime", *end)
    narrower = session._replace(
        start=logon[0],
        end=logout[0],
        first_day=_day(settings.text("LogonDay"), first_day),
        last_day=_day(settings.text("LogoutDay"), last_day),
        start_zone=logon[1],
        end_zone=logout[1],
    )
    _prove_inside(settings, session, narrower)
    return WindowSchedule(session, narrower)


def _prove_inside(settings: SessionSettings, session: _Hours, logon: _Hours) -> None:
    for day in (20_089, 20_270):  # one in winter, one in summer: the clocks of two zones do not change together
        some_ns = day * 86_400 * _SECOND_NS
        sessions = session.around(some_ns)
        for start, end in logon.around(some_ns)[1:-1]:
            if not any(begin <= start and end <= over for begin, over in sessions):
                raise ConfigError(
                    f"{settings.file}: LogonTime, LogoutTime: do not lie between StartTime and EndTime; correct one"
                )


def _covers(windows: list[tuple[int, int]], wall_ns: int) -> bool:
    return any(start <= wall_ns < end for start, end in windows)


def _time(settings: SessionSettings, key: str, default: time, zone: tzinfo) -> tuple[time, tzinfo]:
    """Return a time of day and its zone, `zone` where it names none."""
    text, *named = settings.text(key).split() or [""]
    return time.fromisoformat(text) if text else default, _named(settings, key, named[0]) if named else zone


def _day(text: str, default: int | None = None) -> int | None:
    text = text.strip().lower()
    return _DAYS.index(text[:2]) if text else default


def _zone(settings: SessionSettings) -> tzinfo:
    """Return the zone of times that name none."""
    if name := settings.text("TimeZone"):
        return _named(settings, "TimeZone", name)
    if settings.flag("UseLocalTime"):
        try:
            return _local_zone()
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigError(f"{settings.file}: UseLocalTime: the host's zone is unknown: {error}") from error
    return UTC


def _named(settings: SessionSettings, key: str, name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"{settings.file}: {key}: zone {name!r} is unknown: {error}; use one such as UTC") from error


def _local_zone() -> tzinfo:
    if name := os.environ.get("TZ", "").lstrip(":"):
        return ZoneInfo(name)
    with Path("/etc/localtime").open("rb") as opened:
        return ZoneInfo.from_file(opened)


def _instant(day: date, at: time, zone: tzinfo) -> int:
    """Return a local time in ns UTC."""
    local = datetime.combine(day, at, zone)
    early, late = _seconds(local.replace(fold=1)), _seconds(local)
    if early < late:  # skipped: the clock change lies between the two readings
        offset = (_EPOCH + timedelta(seconds=early)).astimezone(zone).utcoffset()
        while late - early > 1:
            middle = (early + late) // 2
            if (_EPOCH + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
                early = middle
            else:
                late = middle
    return late * _SECOND_NS


def _seconds(local: datetime) -> int:
    return (local.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)
