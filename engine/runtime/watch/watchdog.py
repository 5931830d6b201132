"""A watchdog for the loop: what holds it is told with its stack, and what holds it for too long ends it.

A hook in Python lets other threads run every 5 ms, so that its lines can be named. What holds the interpreter's lock in
compiled code cannot be named; the process is ended all the same, without the help of Python, a second later.

Units   times in ns; what a stall lasted is rounded up by the 50 ms between two turns of the loop's clock.
Thread  two of its own beside the loop's; `turn` and `stalls` are for the loop, `hurry` for a signal.
"""

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from engine.runtime.watch._beat import Beat

GRACE_NS = 1_000_000_000  # for the thread that needs the interpreter, before the other one acts
TURN_NS = 50_000_000  # between two turns of a loop that is not held
HURRY_NS = 5_000_000_000  # what a loop may be held after a signal asked for the end
HURRY_MORE_NS = 500_000_000  # and after a second one
MOST_STALLS = 100  # that wait for the loop to hear of them
HELD = "the loop was held for {:.2f} s in {}"
UNNAMED = "compiled code that lets no other thread run"


class Stall(NamedTuple):
    """How long the loop was held, and by what."""

    held_ns: int
    place: str

    def __str__(self) -> str:
        return HELD.format(self.held_ns / 1e9, self.place)


class LastWord(NamedTuple):
    """What is left behind where Python itself is held: the halt word and its file, a text, and the exit status."""

    descriptor: int
    word: bytes
    text: bytes
    status: int


class Watchdog:
    """Watches the loop of the thread that starts it.

    `warn` takes a stall and a stack while the loop is held; `end` takes the same past the second limit, and may not
    return. Both are called on the watchdog's own thread. A limit of 0 is none.
    """

    def __init__(
        self,
        warn_after_ns: int,
        end_after_ns: int,
        warn: Callable[[Stall, str], object],
        end: Callable[[Stall, str], object],
    ) -> None:
        self._warn_ns = warn_after_ns and warn_after_ns + TURN_NS
        self._end_ns = end_after_ns and end_after_ns + TURN_NS
        self._beat = Beat(self._end_ns)
        self._warn, self._end = warn, end
        self._stalls: deque[Stall] = deque(maxlen=MOST_STALLS)
        self._signals = 0
        self.turn = self._beat.turn  # says that the loop turns

    def start(self, last_word: LastWord | None = None) -> None:
        """Begin to watch this thread; with a last word the process ends even if Python is held."""
        self._loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        if last_word is not None:
            arguments = (GRACE_NS, *last_word)
            threading.Thread(target=self._beat.end_process, args=arguments, name="last word", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._beat.end()

    def stalls(self) -> list[Stall]:
        """Return what is over since the last call."""
        return [self._stalls.popleft() for _ in range(len(self._stalls))]

    @property
    def is_hurried(self) -> bool:
        """Return whether a signal asked for the end."""
        return self._signals > 0

    def hurry(self) -> None:
        """Give a loop that is held less time, since a signal asks for the end; a second one gives it hardly any."""
        self._signals += 1
        limit_ns = HURRY_NS if self._signals == 1 else HURRY_MORE_NS
        self._beat.limit(min(limit_ns, self._end_ns or limit_ns))

    def _watch(self) -> None:
        while (held_ns := self._beat.wait(self._warn_ns)) >= 0:
            if not self._beat.is_held():
                self._stalls.append(Stall(held_ns, UNNAMED))
                continue
            place, stack = where(self._loop_thread)
            if self._warn_ns:
                self._warn(Stall(held_ns, place), stack)
            held_ns = self._beat.wait_on(held_ns, True)
            if held_ns > 0:
                place, stack = where(self._loop_thread)
                self._end(Stall(held_ns, place), stack)
                held_ns = self._beat.wait_on(held_ns, False)
            self._stalls.append(Stall(-held_ns, place))


def where(thread: int) -> tuple[str, str]:
    """Return the line that a thread is at, and its whole stack."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return "a thread that is gone", ""
    stack = traceback.extract_stack(frame)
    last = stack[-1]
    return f"{last.name} ({last.filename}:{last.lineno})", "".join(traceback.format_list(stack))
