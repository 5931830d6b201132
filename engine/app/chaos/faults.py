"""Every fault that a life may meet, by name: how it begins, how it is lifted, and where it can happen.

Shapes  `amount` is from 0 to 1, and means what the fault makes of it; a fault holds for `hold_ms`, from the least to
        the most.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.app.chaos.life import ChaosLife

Begin = Callable[[ChaosLife, float], None]
Lift = Callable[[ChaosLife], None]
VENUES = ("fix44", "kalshi")
SESSIONS = ("native", "quickfix")


class LifeFault(NamedTuple):
    """One kind of fault."""

    name: str
    then: str  # what comes of it
    begin: Begin
    lift: Lift
    hold_ms: tuple[int, int] = (100, 600)
    venues: tuple[str, ...] = VENUES
    weight: int = 1


def nothing(_: ChaosLife) -> None:
    """Lift what is over by itself."""
