"""Records by account: those of late, and those older than the historical cutoff, each bounded.

Cost    O(1) for a record, O(records moved) for a cutoff.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

R = TypeVar("R")
MOST_RECENT, MOST_ARCHIVED = 100_000, 100_000  # of one kind and account


class Shelf(Generic[R]):
    """The records of one kind and account, oldest first. `dropped` counts those that nobody can read any more."""

    def __init__(self, most_recent: int = MOST_RECENT, most_archived: int = MOST_ARCHIVED) -> None:
        self.recent: deque[R] = deque()
        self.archived: deque[R] = deque(maxlen=most_archived)
        self.dropped = 0
        self._most = most_recent

    def add(self, record: R) -> list[R]:
        """Keep a record; return those that went into the archive to make room."""
        self.recent.append(record)
        return [self._move()] if len(self.recent) > self._most else []

    def archive(self, is_old: Callable[[R], bool]) -> list[R]:
        """Move the records from the front on that are old, and return them."""
        moved = []
        while self.recent and is_old(self.recent[0]):
            moved.append(self._move())
        return moved

    def _move(self) -> R:
        record = self.recent.popleft()
        self.dropped += len(self.archived) == self.archived.maxlen
        self.archived.append(record)
        return record


def newest_first(records: Iterable[R], wanted: Callable[[R], bool]) -> list[R]:
    """Return the records that are wanted, the newest first."""
    found = [record for record in records if wanted(record)]
    found.reverse()
    return found
