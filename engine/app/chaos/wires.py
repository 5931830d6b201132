"""Faults of what lies between: connections cut, silent, slow; messages lost, repeated; a venue that says odd things.

Those that the simulated venue performs itself have its own names, see the simulator's page.
"""

import contextlib
from functools import partial
from typing import Any

from engine.app.chaos.children import ENGINE, VENUE
from engine.app.chaos.faults import Fault, Lift, nothing
from engine.app.chaos.life import Life
from engine.app.chaos.shim import Word
from engine.errors import EngineError


def _ask(life: Life, cmd: str, **arguments: Any) -> None:
    """Ask the venue, unless the other of two faults has ended it."""
    with contextlib.suppress(EngineError):
        if life.is_alive(VENUE):
            life.ask_venue(cmd, **arguments)


def _told(kind: str, life: Life, amount: float, **fields: Any) -> None:
    _ask(life, kind, **fields)


def _clear(*kinds: str) -> Lift:
    def lift(life: Life) -> None:
        """End the faults of these kinds."""
        for kind in kinds:
            _ask(life, "clear", kind=kind)

    return lift


def _part(life: Life, amount: float) -> None:
    _ask(life, "silent_fix")
    _ask(life, "silent_feed")


def _lose(role: str, word: Word, life: Life, amount: float) -> None:
    life.page(role)[word] = 1 + int(amount * 3)


def _find(role: str, word: Word, life: Life) -> None:
    life.page(role)[word] = 0


def _fault(name: str, kind: str, lift: Lift = nothing, hold_ms: tuple[int, int] = (50, 300), **fields: Any) -> Fault:
    return Fault(name, partial(_told, kind, **fields), lift, hold_ms)


SILENT = (2500, 4500)  # beyond two heartbeats and the wait for an answer
ONE_VENUE = ("fix44",)
FAULTS = (
    _fault("connection reset", "drop_fix"),
    _fault("logout by the venue", "logout_fix"),
    _fault("half-open silence", "silent_fix", _clear("silent_fix"), SILENT),
    Fault("partition", _part, _clear("silent_fix", "silent_feed"), SILENT),
    _fault("delayed reports", "delay_fix", _clear("delay_fix"), (200, 800), delay_ms=150),
    _fault("feed reset", "drop_feed"),
    _fault("feed silence", "silent_feed", _clear("silent_feed"), SILENT),
    _fault("delayed feed", "delay_feed", _clear("delay_feed"), (200, 800), delay_ms=150),
    _fault("feed gap", "skip_seq"),
    _fault("repeated frame", "repeat_seq"),
    _fault("order refused", "reject_order"),
    _fault("mass cancel during fills", "cancel_orders"),
    _fault("fill before a late cancel", "late_cancel", delay_ms=100, fill_qty=100),
    _fault("cancel too late", "late_cancel", delay_ms=100, fill_qty=-1),
    Fault("reports lost", partial(_lose, VENUE, Word.SWALLOW), partial(_find, VENUE, Word.SWALLOW), venues=ONE_VENUE),
    Fault("requests lost", partial(_lose, ENGINE, Word.SWALLOW), partial(_find, ENGINE, Word.SWALLOW), venues=ONE_VENUE),
    Fault("reports repeated", partial(_lose, VENUE, Word.REPEAT), partial(_find, VENUE, Word.REPEAT), venues=ONE_VENUE),
    Fault("requests repeated", partial(_lose, ENGINE, Word.REPEAT), partial(_find, ENGINE, Word.REPEAT), venues=ONE_VENUE),
)
