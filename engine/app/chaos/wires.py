"""Faults of what lies between: connections cut, silent, slow; messages lost, repeated; a venue that says odd things.

Those that the simulated venue performs itself have its own names, see the simulator's page.
"""

import contextlib
from functools import partial
from typing import Any

from engine.app.chaos.children import ENGINE, VENUE
from engine.app.chaos.faults import LifeFault, Lift, nothing
from engine.app.chaos.life import ChaosLife
from engine.app.chaos.shim import PageWord
from engine.errors import EngineError


def ask_if_alive(life: ChaosLife, cmd: str, **arguments: Any) -> None:
    """Ask the venue, unless the other of two faults has ended it."""
    with contextlib.suppress(EngineError):
        if life.is_alive(VENUE):
            life.ask_venue(cmd, **arguments)


def _told(kind: str, life: ChaosLife, amount: float, **fields: Any) -> None:
    ask_if_alive(life, kind, **fields)


def clear(*kinds: str) -> Lift:
    """Return what ends the venue's faults of these kinds."""

    def lift(life: ChaosLife) -> None:
        """End the faults of these kinds."""
        for kind in kinds:
            ask_if_alive(life, "clear", kind=kind)

    return lift


def part(life: ChaosLife, amount: float) -> None:
    """Let the venue fall silent on every connection."""
    ask_if_alive(life, "silent_fix")
    ask_if_alive(life, "silent_feed")


def _lose(role: str, word: PageWord, life: ChaosLife, amount: float) -> None:
    life.page(role)[word] = 1 + int(amount * 3)


def _find(role: str, word: PageWord, life: ChaosLife) -> None:
    life.page(role)[word] = 0


def _fault(
    name: str, then: str, kind: str, lift: Lift = nothing, hold_ms: tuple[int, int] = (50, 300), **fields: Any
) -> LifeFault:
    return LifeFault(name, then, partial(_told, kind, **fields), lift, hold_ms)


def _drop(name: str, then: str, role: str, word: PageWord) -> LifeFault:
    """Return a fault of single messages, which only plain TCP shows."""
    return LifeFault(name, then, partial(_lose, role, word), partial(_find, role, word), venues=("fix44",))


SILENT = (2500, 4500)  # beyond two heartbeats and the wait for an answer
FAULTS = (
    _fault("connection reset", "logon anew; unanswered requests are UNKNOWN and asked for first", "drop_fix"),
    _fault("logout by the venue", "the same", "logout_fix"),
    _fault(
        "half-open silence",
        "given up after the heartbeats' time, then the same; a shorter one passes",
        "silent_fix",
        clear("silent_fix"),
        SILENT,
    ),
    LifeFault(
        "partition",
        "the same for session and market data; every book is stale, nothing is sent",
        part,
        clear("silent_fix", "silent_feed"),
        SILENT,
    ),
    _fault(
        "delayed reports", "they are booked as they come", "delay_fix", clear("delay_fix"), (200, 800), delay_ms=150
    ),
    _fault("feed reset", "trading pauses until every book is fresh", "drop_feed"),
    _fault(
        "feed silence",
        "given up after `heartbeat_timeout`, then the same",
        "silent_feed",
        clear("silent_feed"),
        SILENT,
    ),
    _fault(
        "delayed feed",
        "trading goes on; beyond `max_lag` it pauses",
        "delay_feed",
        clear("delay_feed"),
        (200, 800),
        delay_ms=150,
    ),
    _fault("feed gap", "the book is stale, its snapshot is asked for", "skip_seq"),
    _fault("repeated frame", "applied once", "repeat_seq"),
    _fault("order refused", "counted by its reason, told", "reject_order"),
    _fault("mass cancel during fills", "the orders are over, fills before it count", "cancel_orders"),
    _fault("fill before a late cancel", "the fill counts, the cancel too", "late_cancel", delay_ms=100, fill_qty=100),
    _fault("cancel too late", "the fill counts, the refusal is told", "late_cancel", delay_ms=100, fill_qty=-1),
    _drop("reports lost", "a gap: the venue sends them again", VENUE, PageWord.SWALLOW),
    _drop(
        "requests lost",
        "the gap is filled without them; unanswered for 10 s they are UNKNOWN and asked for",
        ENGINE,
        PageWord.SWALLOW,
    ),
    _drop(
        "reports repeated",
        "a MsgSeqNum(34) that is too low ends the session; logon anew, nothing counts twice",
        VENUE,
        PageWord.REPEAT,
    ),
    _drop("requests repeated", "the same, from the other side", ENGINE, PageWord.REPEAT),
    _drop("reports reordered", "a gap, which what comes late fills or the venue sends again", VENUE, PageWord.HOLD),
    _drop("requests reordered", "the same, from the other side", ENGINE, PageWord.HOLD),
)
