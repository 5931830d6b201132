"""What was said over one connection of a feed, for the audit log: commands, answers with what they took, its life.

Units   `took_ns` from the command to its answer.
Errors  none.
Bounds  `MOST_OPEN` commands are remembered until they are answered, the oldest forgotten first.
Thread  the loop thread only.
"""

import time
from collections.abc import Callable

import msgspec

from engine.runtime.audit import AuditSink

MOST_OPEN = 1_000


class _Numbered(msgspec.Struct):
    """The one field of a command that says which it is; the form of the others is the venue's."""

    id: int = 0


_read = msgspec.json.Decoder(_Numbered).decode


class FeedAudit:
    """Hands records to `sink`; `name` is that of the connection."""

    def __init__(
        self,
        sink: AuditSink,
        name: str,
        wall_ns: Callable[[], int],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._sink = sink
        self._name = name
        self._wall_ns = wall_ns
        self._clock_ns = clock_ns
        self._sent_ns: dict[int, int] = {}  # by the id of a command

    def connected(self) -> None:
        """Record that the connection is there; ids begin anew with it."""
        self._sent_ns.clear()
        self._write("connected")

    def lost(self, reason: str) -> None:
        """Record that it was lost, or could not be made."""
        self._write("lost", reason=reason)

    def sent(self, frames: list[bytes]) -> None:
        """Record commands as they leave."""
        for frame in frames:
            number = _id_of(frame)
            self._sent_ns[number] = self._clock_ns()
            if len(self._sent_ns) > MOST_OPEN:
                del self._sent_ns[next(iter(self._sent_ns))]
            self._write("command", id=number, body=frame)

    def answered(self, number: int, body: bytes) -> None:
        """Record an answer; what nobody asked for, such as the end of a subscription, took nothing."""
        sent_ns = self._sent_ns.get(number)
        took = {} if sent_ns is None else {"took_ns": self._clock_ns() - sent_ns}
        self._write("answer", id=number, body=body, **took)

    def _write(self, what: str, **more: object) -> None:
        self._sink.write({"wall_ns": self._wall_ns(), "channel": "feed", "feed": self._name, "what": what, **more})


def _id_of(frame: bytes) -> int:
    try:
        return _read(frame).id
    except msgspec.DecodeError:  # of a venue that numbers its commands otherwise
        return 0
