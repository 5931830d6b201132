"""Stands between the session of orders and its desk, and notes when which report was told there.

It is there only in an engine that has another source of reports to compare with.

Units   times in ns since 1970.
Errors  none of its own.
Cost    0.3 us for each report, behind everything that the report has caused.
Bounds  the latest `MOST_NOTED` reports between two folds, the latest `MOST_KNOWN` in all.
Thread  the loop thread only.
"""

from collections import deque
from collections.abc import Callable

from engine import fix
from engine.codec import Fields

MOST_NOTED = 20_000
MOST_KNOWN = 50_000


class FirstSource:
    """Hands every message on to `receive`; `note` takes each ExecID(17) and when it came, at the next fold."""

    def __init__(self, receive: Callable[[Fields], None], wall_ns: Callable[[], int]) -> None:
        self.note: Callable[[str, int], object] = lambda exec_id, heard_ns: None
        self._receive = receive
        self._wall_ns = wall_ns
        self._noted: deque[tuple[str, int]] = deque(maxlen=MOST_NOTED)
        self._heard_ns: dict[str, int] = {}

    def take(self, fields: Fields) -> None:
        """Have one message of the session of orders dealt with, then note it."""
        self._receive(fields)
        if fields.msg_type == fix.Msg.EXECUTION_REPORT:
            self._noted.append((fields.text(fix.ExecID), self._wall_ns()))

    def fold(self) -> None:
        """Take over what was noted since."""
        noted, known = self._noted, self._heard_ns
        while noted:
            exec_id, heard_ns = noted.popleft()
            known.setdefault(exec_id, heard_ns)
            self.note(exec_id, heard_ns)
        for exec_id in list(known)[: max(0, len(known) - MOST_KNOWN)]:
            del known[exec_id]

    def heard_ns(self, exec_id: str) -> int:
        """Return when a report was told by the session of orders, 0 where it was not, or too long ago."""
        self.fold()
        return self._heard_ns.get(exec_id, 0)
