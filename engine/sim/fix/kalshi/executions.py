"""What FIX adds to the exchange's reports: an ExecID(17) of the venue's form, the shard, the position after a fill.

Shapes  an ExecID is `clock;event`, on a shard other than 0 `clock;event;shard`: the clock rises with every batch of
        events, the event counts inside one. It is unique and rises within a shard.
Source  Kalshi FIX: ExecutionReport, drop copy.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.exchange.account_events import PositionChanged
from engine.exchange.events import Report

NS_PER_MS = 10**6


class ExecId(NamedTuple):
    """Where in a shard's history a report stands; compares within one shard only."""

    clock: int
    event: int
    shard: int = 0

    def __str__(self) -> str:
        text = f"{self.clock};{self.event}"
        return f"{text};{self.shard}" if self.shard else text


PENDING = ExecId(-1, -1)  # of a report about what has not happened yet


def parse_exec_id(text: str) -> ExecId | None:
    """Return the id that text means; None if it is none of ours."""
    parts = text.split(";")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        return None
    return ExecId(*(int(part) for part in parts))


class Execution(NamedTuple):
    """One ExecutionReport(8), before it is written for a session with its flags."""

    report: Report
    exec_id: ExecId
    position: PositionChanged | None = None  # of a fill
    follower: Report | None = None  # the next report about the same order in the same batch


class Executions:
    """Numbers reports. The clock is the venue's time in ms, or one more than it was."""

    def __init__(self, shard_of: Callable[[str], int]) -> None:
        self._shard_of = shard_of
        self._clock = 0

    def number(self, events: Iterable[object], now_ns: int) -> list[Execution]:
        """Return the executions of one batch of events, in their order."""
        self._clock = max(self._clock + 1, now_ns // NS_PER_MS)
        batch = list(events)
        positions = {event.exec_id: event for event in batch if isinstance(event, PositionChanged)}
        counts: defaultdict[int, int] = defaultdict(int)
        reports = [event for event in batch if isinstance(event, Report)]
        executions = []
        for report, follower in zip(reports, _followers(reports), strict=True):
            shard = self._shard_of(report.symbol)
            counts[shard] += 1
            exec_id = ExecId(self._clock, counts[shard], shard)
            executions.append(Execution(report, exec_id, positions.get(report.exec_id), follower))
        return executions


def _followers(reports: list[Report]) -> list[Report | None]:
    """Return for each report the next one about the same order."""
    later: dict[str, Report] = {}
    followers: list[Report | None] = []
    for report in reversed(reports):
        followers.append(later.get(report.order_id))
        later[report.order_id] = report
    return followers[::-1]
