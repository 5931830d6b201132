"""Records what enters a live engine, where [record] says so.

Errors  ConfigError for a folder that cannot be written; afterwards none: what is lost is told.
Thread  the loop thread; the file has its own.
"""

import os
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.app.replay.entries import PLAIN, Act, Clock, EngineEntries, Facts, Packing
from engine.app.replay.facts import state_in
from engine.app.replay.turns import BEGIN, END, Turn, TurnLog
from engine.config.sections import EngineConfig
from engine.session import Session
from engine.trading.serving.timers import CallLater


class RecordedEntries(EngineEntries):
    """Notes each entry and each time that is read; an entry is handed over when the next one comes."""

    def __init__(self, log: TurnLog, state: Mapping[str, str] = MappingProxyType({})) -> None:
        self._state = state
        self._log = log
        self._turn = Turn(0, BEGIN)
        self._mono: list[int] = self._turn.mono
        self._wall: list[int] = self._turn.wall
        self._depth = 0
        self._timers = 0
        self._session: Session | None = None

    def monotonic(self, clock_ns: Clock) -> Clock:
        """Return a clock whose times are noted."""

        def read() -> int:
            """Read, and note."""
            now_ns = clock_ns()
            self._mono.append(now_ns)
            return now_ns

        return read

    def wall(self, wall_ns: Clock) -> Clock:
        """Return a clock whose times are noted."""

        def read() -> int:
            """Read, and note."""
            now_ns = wall_ns()
            self._wall.append(now_ns)
            return now_ns

        return read

    def call_later(self, call_later: CallLater) -> CallLater:
        """Return what numbers the timers, and notes when one is due."""

        def later(delay_ns: int, due: Callable[[], None]) -> object:
            """Make one."""
            number = self._timers
            self._timers += 1

            def fire() -> None:
                """Note, then act."""
                self._enter("timer", [number])
                self._run(due)

            return call_later(delay_ns, fire)

        return later

    def frames(self, number: int, on_frame: Callable[[bytes, bool], object]) -> Callable[[bytes, bool], object]:
        """Return what notes that a frame came; the recording has the frame itself."""

        def taken(frame: bytes, is_last: bool) -> None:
            """Note, then act."""
            self._begin(Turn(self._turn.number + 1, "frame", [number]))
            self._run(on_frame, frame, is_last)

        return taken

    def entry(self, what: str, act: Act, packing: Packing = PLAIN) -> Act:
        """Return what notes an entry, unless it is a part of another one."""

        def entered(*values: object) -> object:
            """Note, then act."""
            if self._depth:
                return act(*values)
            self._enter(what, list(packing.pack(*values)))
            return self._run(act, *values)

        return entered

    def of_session(self, what: str, act: Act, packing: Packing) -> Act:
        """Return what notes an event of the session, also where it comes within another entry."""

        def entered(*values: object) -> object:
            """Note, then act."""
            self._enter(what, list(packing.pack(*values)))
            return self._run(act, *values)

        return entered

    def follow(self, session: Session) -> None:
        """Note how this session stands with each entry that is no frame."""
        self._session = session

    def begin(self, facts: Facts) -> None:
        """Note what the run begins with, and write from now on."""
        self._turn.args = [facts._replace(state=self._state)._asdict()]
        self._log.start()

    def close(self) -> None:
        """Write everything, and that it is the end."""
        self._begin(Turn(self._turn.number + 1, END))
        self._log.add(self._turn)
        self._log.close()

    def tell_losses(self) -> None:
        """Tell what could not be recorded; for idle moments."""
        self._log.tell_losses()

    def _enter(self, what: str, args: list[object]) -> None:
        session = self._session
        state: list[int] = []
        if session is not None:
            numbers = session.next_sender_seq_num, session.next_target_seq_num
            state = [int(session.is_logged_on), int(session.is_behind), *numbers]
        self._begin(Turn(self._turn.number + 1, what, args, state=state, is_inside=self._depth > 0))

    def _begin(self, turn: Turn) -> None:
        """Hand over the entry before, and note the times of this one."""
        self._log.add(self._turn)
        self._turn, self._mono, self._wall = turn, turn.mono, turn.wall

    def _run(self, act: Act, *values: object) -> object:
        self._depth += 1
        try:
            return act(*values)
        finally:
            self._depth -= 1


def entries_of(config: EngineConfig, tell: Callable[[str], object]) -> EngineEntries:
    """Return what records the entries of an engine, or lets them pass where there is no [record]."""
    if config.record is None:
        return EngineEntries()
    log = TurnLog(config.record.directory, tell, time.time_ns(), os.getpid())
    return RecordedEntries(log, state_in(config.engine.state_dir))
