"""Reports that another session than that of orders tells: each fill counts once, whichever source came first.

What the session of orders has not told within a moment is booked from the copy as far as the sums agree; where they do
not, the account is compared with the venue's, and without REST the order is in doubt.

Units   times in ns since 1970.
Errors  none: what a copy says that cannot be is told.
Bounds  `MOST_WAITING` reports wait for what comes before them; one more, and the account is compared instead.
Thread  the loop thread only.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.app.sessions.first_source import FirstSource
from engine.app.sessions.judge import Standing, judge_copy
from engine.fix import Exec
from engine.orders.order import Order
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.venue.past_reports import CopiedReport

_S = 1_000_000_000
BOUND_NS = 2 * _S  # within it the session of orders tells the same
LONGEST_NS = 10 * _S  # within it what comes before has come as well
MOST_WAITING = 10_000
MOST_AHEAD = 10_000


class CopyCounts:
    """Counts since the start, over every source of copies."""

    __slots__ = ("agreed", "booked", "contradicted", "elsewhere", "heard", "lag_ns", "recovered", "strangers")

    def __init__(self) -> None:
        self.agreed = 0  # fills that were known already
        self.booked = 0  # fills and ends of orders that a copy told first
        self.contradicted = 0  # reports that do not fit what we know
        self.elsewhere = 0  # reports of markets that are not ours
        self.heard = 0
        self.lag_ns = 0  # how far the last fill that both told ran behind the session of orders; below 0: ahead of it
        self.recovered = 0  # of what was booked, what the session of orders could not tell
        self.strangers = 0  # reports of orders that are none of ours


class WaitingCopy(NamedTuple):
    """A copied report that could not be booked yet."""

    copied: CopiedReport
    heard_ns: int


class Copies:
    """Merges copies into one desk; `look_soon` has the account compared, None where it cannot be."""

    def __init__(
        self,
        loop: TradingLoop,
        first: FirstSource,
        wall_ns: Callable[[], int],
        look_soon: Callable[[str], object] | None,
    ) -> None:
        self.counts = CopyCounts()
        self._loop = loop
        self._first = first
        self._wall_ns = wall_ns
        self._look_soon = look_soon
        self._waiting: dict[str, WaitingCopy] = {}
        self._ahead: dict[str, int] = {}  # fills that a copy told first, and when
        self._connected_ns = 0  # since when the session of orders tells what happens

    def connected(self) -> None:
        """Learn that the session of orders tells what happens from now on."""
        self._connected_ns = self._wall_ns()

    def hear(self, copied: CopiedReport) -> None:
        """Take one report of another session."""
        self.counts.heard += 1
        order = self._find(copied)
        if order is None:
            self._stranger(copied)
        elif not self._settle(order, copied, self._is_heard(copied)):
            self._wait(copied)

    def look(self) -> None:
        """Book what can be booked by now; call it often."""
        for exec_id, (copied, heard_ns) in list(self._waiting.items()):
            order, age_ns = self._find(copied), self._wall_ns() - heard_ns
            is_heard = self._is_heard(copied) and 0 <= age_ns < BOUND_NS
            if order is None or self._settle(order, copied, is_heard):
                del self._waiting[exec_id]
            elif not 0 <= age_ns < LONGEST_NS:
                del self._waiting[exec_id]
                self._contradicted(order, f"{_words(copied)}, and what comes before it has not been told")
        self._time_those_ahead()

    def _find(self, copied: CopiedReport) -> Order | None:
        report = copied.report
        return self._loop.orders.find(report.cl_ord_id, report.orig_cl_ord_id, report.order_id)

    def _is_heard(self, copied: CopiedReport) -> bool:
        """Return whether the session of orders has told a report, or is about to."""
        return self._loop.is_connected and (not copied.time_ns or copied.time_ns >= self._connected_ns)

    def _settle(self, order: Order, copied: CopiedReport, is_heard: bool) -> bool:
        """Do what a report asks for; return whether it is done with."""
        standing = judge_copy(order, copied, is_heard)
        if standing is Standing.EARLY:
            return False
        if standing is Standing.NEWS:
            self._book(order, copied)
        elif standing is Standing.WRONG:
            self._contradicted(order, f"{_words(copied)}, which contradicts what we know")
        elif copied.report.exec_type == Exec.TRADE:
            self._agreed(copied)
        return True

    def _book(self, order: Order, copied: CopiedReport) -> None:
        """Book by the path that every report takes."""
        counts, report = self.counts, copied.report
        counts.booked += 1
        if not self._is_heard(copied):
            counts.recovered += 1
            self._loop.notices.tell(NoticeKind.REPORT_RECOVERED, f"{order.instrument.symbol}: {_words(copied)}")
        elif report.exec_type == Exec.TRADE and len(self._ahead) < MOST_AHEAD:
            self._ahead[report.exec_id] = self._wall_ns()
        self._loop.counters.reports += 1  # so that whoever compares the account meanwhile looks again
        self._loop.apply(report)

    def _agreed(self, copied: CopiedReport) -> None:
        self.counts.agreed += 1
        if heard_ns := self._first.heard_ns(copied.report.exec_id):
            self.counts.lag_ns = self._wall_ns() - heard_ns

    def _time_those_ahead(self) -> None:
        for exec_id, told_ns in list(self._ahead.items()):
            heard_ns = self._first.heard_ns(exec_id)
            if heard_ns:
                self.counts.agreed += 1
                self.counts.lag_ns = told_ns - heard_ns
            if heard_ns or self._wall_ns() - told_ns > LONGEST_NS:
                del self._ahead[exec_id]

    def _wait(self, copied: CopiedReport) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.setdefault(copied.report.exec_id, WaitingCopy(copied, self._wall_ns()))
        elif (order := self._find(copied)) is not None:
            self._contradicted(order, f"{_words(copied)}, behind {MOST_WAITING} others that wait")

    def _stranger(self, copied: CopiedReport) -> None:
        """Tell of an order that is none of ours: its market stops, by a comparison where there can be one."""
        markets = [each for each in self._loop.instruments if each.symbol == copied.report.symbol]
        if not markets:
            self.counts.elsewhere += 1
            return
        self.counts.strangers += 1
        if copied.report.exec_type != Exec.TRADE:
            return  # it is told when it trades
        text = f"{_words(copied)}, which is none of ours"
        self._tell(f"{copied.report.symbol}: {text}")
        if self._look_soon is not None:
            self._look_soon(f"a copy tells {text}")
        else:
            self._loop.markets.stop(markets[0], Stop.ACCOUNT, text)

    def _contradicted(self, order: Order, text: str) -> None:
        self.counts.contradicted += 1
        self._tell(f"{order.instrument.symbol}: {text}")
        if self._look_soon is not None:
            self._look_soon(f"a copy tells {text}")
        else:
            self._loop.suspect(order, f"a copy tells {text}")

    def _tell(self, text: str) -> None:
        self._loop.notices.tell(NoticeKind.COPY_CONTRADICTED, text)


def _words(copied: CopiedReport) -> str:
    report = copied.report
    name = f"ClOrdID(11) {report.cl_ord_id!r}, ExecID(17) {report.exec_id!r}"
    if report.exec_type == Exec.TRADE:
        return f"a fill of {name}, {report.last_qty} at {report.last_px}"
    return f"ExecType(150) {report.exec_type} of {name}"
