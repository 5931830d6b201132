"""Recorded entries once more: each goes the way that it went, at the times that were read then.

Units   times in ns.
Errors  EngineError for an entry of which this engine has no way in, as one of another configuration has.
Thread  one.
"""

from collections.abc import Callable
from typing import Any

from engine.app.replay.entries import PLAIN, Act, Clock, EngineEntries, Facts, Packing
from engine.app.replay.turns import Turn
from engine.codec import Fields
from engine.errors import EngineError, SessionError
from engine.runtime.notices import NoticeKind
from engine.trading.serving.timers import CallLater


class ReplayedSession:
    """Stands where the session stood, and sends nothing; how it stood is recorded."""

    last_error = ""

    def __init__(self, facts: Facts) -> None:
        self.name, self.protection = facts.session, facts.protection
        self.next_sender_seq_num, self.next_target_seq_num = facts.next_out, facts.next_in
        self.is_logged_on = self.is_behind = False
        self.on_logon: Callable[[], None]
        self.on_logout: Callable[[str], None]
        self.on_message: Callable[[Fields], None]
        self.on_fault: Callable[[str], None]
        self.on_refused: Callable[[Fields, int, str], None]
        self.on_forsaken: Callable[[str], None]
        self.on_notice: Callable[[NoticeKind, str], None]

    def stand(self, state: list[int]) -> None:
        """Be as it was when an entry began."""
        is_logged_on, is_behind, self.next_sender_seq_num, self.next_target_seq_num = state
        self.is_logged_on, self.is_behind = bool(is_logged_on), bool(is_behind)

    @property
    def phase(self) -> str:
        """Return where it stands."""
        return "logged on" if self.is_logged_on else "logged out"

    def send(self, body: bytes) -> None:
        """Count a message; SessionError while it was logged out."""
        if not self.is_logged_on:
            raise SessionError(f"{self.name}: not logged on")
        self.next_sender_seq_num += 1

    def refuse(self, fields: Fields) -> None:
        """Count the answer to a message that is not taken."""
        self.next_sender_seq_num += 1

    def logon(self) -> None:
        """Do nothing: it is recorded when it came up."""

    def prepare(self) -> None:
        """Do nothing: there is no store."""

    def reset(self) -> None:
        """Do nothing: the numbers are recorded."""

    def set_next(self, next_out: int, next_in: int) -> None:
        """Do nothing: the numbers are recorded."""

    def test_request(self) -> None:
        """Do nothing: there is nobody to answer."""

    def logout(self, text: str = "") -> None:
        """Do nothing: it is recorded when it went down."""

    def close(self) -> None:
        """Do nothing: there is no connection."""


class ReplayedTimer:
    """A timer that is due when it was; nothing has to be taken back."""

    def cancel(self) -> None:
        """Do nothing: whoever made it knows that it is over."""


class ReplayedEntries(EngineEntries):
    """Keeps every way in by its name, and the times of the entry that is being replayed.

    `unread` counts times that were read then and are not now, `beyond` those that are read now and were not.
    """

    def __init__(self) -> None:
        self._ways: dict[str, tuple[Act, Packing]] = {}
        self._frames: dict[int, Callable[[bytes, bool], object]] = {}
        self._timers: dict[int, Callable[[], None]] = {}
        self._made = 0
        self._mono, self._wall = ReadTimes(), ReadTimes()

    @property
    def unread(self) -> int:
        """Return how many of the recorded times were not asked for."""
        return self._mono.unread + self._wall.unread

    @property
    def beyond(self) -> int:
        """Return how many times were asked for that are not recorded."""
        return self._mono.beyond + self._wall.beyond

    def take(self, turn: Turn) -> None:
        """Go on with the times of an entry."""
        self._mono.take(turn.mono)
        self._wall.take(turn.wall)

    def monotonic(self, clock_ns: Clock) -> Clock:
        """Return the recorded times, one after the other."""
        return self._mono.next

    def wall(self, wall_ns: Clock) -> Clock:
        """Return the recorded times, one after the other."""
        return self._wall.next

    def call_later(self, call_later: CallLater) -> CallLater:
        """Return what keeps the timers by their numbers, until it is recorded that they were due."""

        def later(delay_ns: int, due: Callable[[], None]) -> object:
            """Keep one."""
            self._timers[self._made] = due
            self._made += 1
            return ReplayedTimer()

        return later

    def frames(self, number: int, on_frame: Callable[[bytes, bool], object]) -> Callable[[bytes, bool], object]:
        """Keep what takes the frames of a connection."""
        self._frames[number] = on_frame
        return on_frame

    def entry(self, what: str, act: Act, packing: Packing = PLAIN) -> Act:
        """Keep one way in."""
        self._ways[what] = (act, packing)
        return act

    def of_session(self, what: str, act: Act, packing: Packing) -> Act:
        """Keep one event of the session."""
        return self.entry(what, act, packing)

    def frame(self, number: int, frame: bytes, is_last: bool) -> None:
        """Hand over a frame of connection `number`."""
        try:
            self._frames[number](frame, is_last)
        except KeyError:
            raise EngineError(f"no connection {number + 1} of the feed: see to feed.connections") from None

    def fire(self, number: int) -> None:
        """Let a timer be due; EngineError for one that was not made."""
        due = self._timers.pop(number, None)
        if due is None:
            raise EngineError(f"timer {number} was due, and was not made this time")
        due()

    def enter(self, what: str, args: list[Any]) -> object:
        """Let something else enter."""
        if what not in self._ways:
            raise EngineError(f"{what!r} entered, and this engine has no such way in")
        act, packing = self._ways[what]
        return act(*packing.unpack(*args))


class ReadTimes:
    """What one clock said in an entry; asked for more it repeats the last."""

    def __init__(self) -> None:
        self.unread = self.beyond = 0
        self._times: list[int] = []
        self._place = 0
        self._last_ns = 0

    def take(self, times: list[int]) -> None:
        """Go on with the times of another entry."""
        self.unread += len(self._times) - self._place
        self._times, self._place = times, 0

    def next(self) -> int:
        """Return the next time."""
        if self._place == len(self._times):
            self.beyond += 1
            return self._last_ns
        self._last_ns = self._times[self._place]
        self._place += 1
        return self._last_ns
