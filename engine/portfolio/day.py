"""When a trading day begins: a time of day in a time zone.

Units   times in ns since 1970; the time of day in ns after midnight by the clock on the wall there.
Errors  ConfigError for a zone that is not known, or a time beyond midnight.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import ConfigError

_SECOND_NS = 10**9
_DAY_NS = 24 * 3600 * _SECOND_NS


class DayRule:
    """Every day begins at `start_ns` after midnight in `zone`, an IANA name such as America/New_York.

    A time that the clock skips in spring counts an hour later, of one that comes twice in autumn the first counts: such
    a day has 23 or 25 hours.
    """

    def __init__(self, start_ns: int, zone: str) -> None:
        if not 0 <= start_ns < _DAY_NS or start_ns % _SECOND_NS:
            raise ConfigError("day_start must be whole seconds from 00:00 to 23:59:59")
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # such as a directory of zones
            raise ConfigError(
                f'day_zone {zone!r} is no time zone: use an IANA name such as "America/New_York"'
            ) from None
        minutes, second = divmod(start_ns // _SECOND_NS, 60)
        self._start = time(*divmod(minutes, 60), second)

    def bounds(self, wall_ns: int) -> tuple[int, int]:
        """Return the start of the day that holds a moment, and the start of the next one."""
        today = datetime.fromtimestamp(wall_ns // _SECOND_NS, self._zone).date()
        starts = [self._start_of(today + timedelta(days)) for days in (-1, 0, 1, 2)]
        return max(at for at in starts if at <= wall_ns), min(at for at in starts if at > wall_ns)

    def _start_of(self, day: date) -> int:
        return int(datetime.combine(day, self._start, self._zone).timestamp()) * _SECOND_NS
