"""Answers that were got before, for reads that take one of some age.

Units   times and ages in ns; sizes in bytes.
Bounds  entries and bytes; what was not asked for longest goes first.
Thread  the loop thread only.
"""

from collections import OrderedDict
from typing import NamedTuple

import msgspec

from engine.venue.rest import RestAnswer, RestRequest

Key = tuple[str, tuple[tuple[str, str], ...]]
ENTRY_BYTES = 1_024  # of an entry beside its body


class _Entry(NamedTuple):
    answer: RestAnswer
    asked_ns: int


class AnswerCache:
    """The answers of one account, by path and query."""

    def __init__(self, most_entries: int, most_bytes: int) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, request: RestRequest, most_age_ns: int, now_ns: int) -> RestAnswer | None:
        """Return an answer that is not older, with its age; None without one."""
        key = (request.path, request.query)
        entry = self._entries.get(key)
        if entry is None:
            return None
        age_ns = max(now_ns - entry.asked_ns, 1)
        if age_ns > most_age_ns:
            return None
        self._entries.move_to_end(key)
        return msgspec.structs.replace(entry.answer, age_ns=age_ns)

    def put(self, request: RestRequest, answer: RestAnswer, asked_ns: int) -> None:
        """Keep an answer; its age counts from when it was asked for. One that leaves no room for others is not kept."""
        key = (request.path, request.query)
        self._forget(key)
        size = _size(answer)
        if size > self._most_bytes // 4:
            return
        self._entries[key] = _Entry(answer, asked_ns)
        self.bytes += size
        while self.bytes > self._most_bytes or len(self._entries) > self._most_entries:
            self._forget(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0

    def _forget(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= _size(entry.answer)


def _size(answer: RestAnswer) -> int:
    return len(answer.body) + ENTRY_BYTES
