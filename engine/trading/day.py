"""The trading day of a desk: when it turns, and what of it survives a restart.

A day turns while the engine runs or, where it did not run then, at its next start, from the last marks known. A restart
goes on with the day as the journal tells it, so that a limit that was used up stays used up.

Units   times in ns since 1970.
Errors  JournalError where a day cannot be recorded; it has turned all the same.
Thread  the loop thread; `tick` costs a comparison except when the day turns.
"""

from engine.journal.writer import NullJournal
from engine.portfolio import Portfolio
from engine.portfolio.day import DayRule


class TradingDay:
    """Turns the day of one portfolio by one rule."""

    def __init__(self, rule: DayRule, portfolio: Portfolio, journal: NullJournal) -> None:
        self._rule = rule
        self._portfolio = portfolio
        self._journal = journal
        self._next_ns = 0

    def begin(self, wall_ns: int) -> None:
        """Go on with today, or begin it; call once, after recovery and before anything is booked."""
        start_ns, self._next_ns = self._rule.bounds(wall_ns)
        if self._portfolio.day_start_ns == start_ns:
            self._portfolio.resume_day(start_ns, self._portfolio.day_pnl)
        else:
            self._portfolio.start_day(start_ns)
        self._record(wall_ns)

    def tick(self, wall_ns: int) -> None:
        """Turn the day if it is time; a clock that was set back turns none twice."""
        if wall_ns < self._next_ns:
            return
        start_ns, self._next_ns = self._rule.bounds(wall_ns)
        self._portfolio.start_day(start_ns)
        self._record(wall_ns)

    def close(self, wall_ns: int) -> None:
        """Record the marks of what is held, for the next start."""
        for position in self._portfolio:
            if position.net:
                self._journal.append_mark(position, wall_ns)

    def _record(self, wall_ns: int) -> None:
        self.close(wall_ns)
        self._journal.append_day(self._portfolio.day_start_ns, self._portfolio.day_pnl, wall_ns)
