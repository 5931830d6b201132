"""A stop as a pure machine: profit and loss in, whether to close out.

A loss must last before a stop fires: one print through an empty book is no loss yet. While the book is not believed
nothing is judged; when that lasts too long the scope may only reduce, for nobody sees what it is worth.

    armed -> breached at -stop -> fired after `hold`, once, until a person or `rearm_after` arms it again
    breached -> armed at -rearm

Units   times in ns, passed in; profit and loss in money as in `instrument`. A take-profit is the mirror: `sign` -1.
Errors  ValueError for a rule that could not fire, or would at once.
"""

from enum import Enum
from typing import NamedTuple

_NEVER = 2**63 - 1


class StopRule(NamedTuple):
    """When a stop fires; amounts are losses, above 0.

    `hold_odd_ns` counts in place of `hold_ns` where the book has one side, or moved by more than `gap` since it was
    last believed, until an ordinary update confirms. `rearm_after_ns` is None where only a person arms it again.
    """

    stop: int
    rearm: int
    hold_ns: int
    hold_odd_ns: int
    gap: int
    blind_ns: int
    rearm_after_ns: int | None = None
    sign: int = 1

    def checked(self) -> "StopRule":
        """Return it; ValueError where its parts contradict each other."""
        if not 0 <= self.rearm < self.stop:
            raise ValueError("rearm must be from 0 to below stop")
        if not 0 <= self.hold_ns <= self.hold_odd_ns:
            raise ValueError("hold_odd must not be shorter than hold")
        if self.gap <= 0 or self.blind_ns <= 0 or (self.rearm_after_ns is not None and self.rearm_after_ns <= 0):
            raise ValueError("gap, blind and rearm_after must be above 0")
        return self


class StopState(Enum):
    """Where a stop stands."""

    ARMED = "armed"
    BREACHED = "breached"
    FIRED = "fired"


class Sight(NamedTuple):
    """What is seen at a moment: the value, whether its book is believed, and whether it has one side only."""

    value: int
    is_believed: bool = True
    is_one_sided: bool = False


class StopVerdict(NamedTuple):
    """What a look led to: `fires` once when it closes, `is_blind` while it may only reduce; when to look again."""

    fires: bool
    is_blind: bool
    next_ns: int


class LossStop:
    """One stop of one scope: `look` at every change of what is seen, and when the time it named has come."""

    def __init__(self, rule: StopRule, now_ns: int) -> None:
        self._rule = rule.checked()
        self.state = StopState.ARMED
        self._sight = Sight(0)
        self._last_ns = now_ns  # up to here time is counted
        self._held_ns = 0  # of the breach, while the book was believed
        self._blind_since = _NEVER
        self._fired_ns = 0
        self._believed: int | None = None  # the last value that was, of an ordinary book
        self._is_odd = False

    def look(self, now_ns: int, sight: Sight) -> StopVerdict:
        """Take what is seen from `now_ns` on; until then what was seen before counted."""
        fires = self._pass_time(now_ns)
        self._take(now_ns, sight._replace(value=sight.value * self._rule.sign))
        fires = self._pass_time(now_ns) or fires
        return StopVerdict(fires, self._is_blind(now_ns), self._next_ns(now_ns))

    def arm(self, now_ns: int) -> None:
        """Arm it again, by a person."""
        self._pass_time(now_ns)
        self.state, self._held_ns = StopState.ARMED, 0

    def _pass_time(self, now_ns: int) -> bool:
        """Let time pass under what was last seen; return whether it fires."""
        if now_ns >= self._rearm_ns:
            self._last_ns = self._rearm_ns
            self.state, self._held_ns = StopState.ARMED, 0
            self._judge()
        if self.state is StopState.BREACHED and self._sight.is_believed:
            self._held_ns += now_ns - self._last_ns
        self._last_ns = now_ns
        if self.state is StopState.BREACHED and self._sight.is_believed and self._held_ns >= self._hold_ns:
            self.state, self._fired_ns = StopState.FIRED, now_ns
            return True
        return False

    @property
    def _rearm_ns(self) -> int:
        after = self._rule.rearm_after_ns
        return _NEVER if self.state is not StopState.FIRED or after is None else self._fired_ns + after

    @property
    def _hold_ns(self) -> int:
        return self._rule.hold_odd_ns if self._is_odd else self._rule.hold_ns

    def _take(self, now_ns: int, sight: Sight) -> None:
        self._sight = sight
        if not sight.is_believed:
            self._blind_since = min(self._blind_since, now_ns)
            return
        self._blind_since = _NEVER
        jumped = self._believed is not None and abs(sight.value - self._believed) > self._rule.gap
        self._is_odd = sight.is_one_sided or jumped
        if not sight.is_one_sided:
            self._believed = sight.value
        self._judge()

    def _judge(self) -> None:
        if not self._sight.is_believed:
            return
        if self.state is StopState.ARMED and self._sight.value <= -self._rule.stop:
            self.state, self._held_ns = StopState.BREACHED, 0
        elif self.state is StopState.BREACHED and self._sight.value >= -self._rule.rearm:
            self.state, self._held_ns = StopState.ARMED, 0

    def _is_blind(self, now_ns: int) -> bool:
        return self._blind_since != _NEVER and now_ns - self._blind_since >= self._rule.blind_ns

    def _next_ns(self, now_ns: int) -> int:
        """Return when to look again though nothing changes; far away where nothing would happen."""
        times = [self._rearm_ns]
        if self.state is StopState.BREACHED and self._sight.is_believed:
            times.append(now_ns + self._hold_ns - self._held_ns)
        if self._blind_since != _NEVER and not self._is_blind(now_ns):
            times.append(self._blind_since + self._rule.blind_ns)
        return min(times)
