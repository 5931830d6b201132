"""What will happen in a life, all of it from its seed: which faults, how strong, for how long, and which two at once.

Shapes  a plan is a list of rounds; a round is one fault, or two at once.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from engine.app.chaos import disks, mistakes, processes, wires
from engine.app.chaos.faults import LifeFault
from engine.errors import ConfigError

FAULTS = {fault.name: fault for fault in (*processes.FAULTS, *wires.FAULTS, *mistakes.FAULTS, *disks.FAULTS)}
BOTH = 0.2  # the share of rounds with two faults
MOST_ROUNDS = 5
MOST_TRAFFIC_S = 0.4


class Strike(NamedTuple):
    """One fault as it befalls."""

    fault: LifeFault
    amount: float
    hold_s: float


class Round(NamedTuple):
    """What befalls together, after so much undisturbed traffic."""

    strikes: tuple[Strike, ...]
    traffic_s: float

    def __str__(self) -> str:
        return " + ".join(f"{each.fault.name} {each.amount:.3f} for {each.hold_s:.2f} s" for each in self.strikes)


def chosen(names: Sequence[str], venue: str) -> list[LifeFault]:
    """Return the faults whose names are or begin so, all by default, that a venue can have; ConfigError if none does.

    What is the whole name of a fault means that one alone.
    """
    wanted: set[str] = set() if names else set(FAULTS)
    for name in names:
        meant = {name} & FAULTS.keys() or {each for each in FAULTS if each.startswith(name)}
        if not meant:
            raise ConfigError(f"--faults: {name!r} is none of: {', '.join(FAULTS)}")
        wanted |= meant
    return [fault for name, fault in FAULTS.items() if name in wanted and venue in fault.venues]


def plan(seed: int, faults: Sequence[LifeFault], most_rounds: int = MOST_ROUNDS) -> list[Round]:
    """Return the rounds of a life."""
    draw = random.Random(seed)
    return [_round(draw, faults) for _ in range(draw.randint(min(2, most_rounds), most_rounds))]


def _round(draw: random.Random, faults: Sequence[LifeFault]) -> Round:
    count = 2 if draw.random() < BOTH else 1
    strikes = [_strike(draw, _drawn(draw, faults)) for _ in range(count)]
    distinct = {each.fault.name: each for each in strikes}
    return Round(tuple(distinct.values()), draw.uniform(0.05, MOST_TRAFFIC_S))


def _drawn(draw: random.Random, faults: Sequence[LifeFault]) -> LifeFault:
    weights = [each.weight for each in faults]
    return draw.choices(faults, weights if any(weights) else None)[0]


def _strike(draw: random.Random, fault: LifeFault) -> Strike:
    least, most = fault.hold_ms
    return Strike(fault, draw.random(), draw.uniform(least, most) / 1000)
