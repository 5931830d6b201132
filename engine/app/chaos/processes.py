"""Faults of the processes themselves: killed, stopped, without descriptors or memory, with a clock that was set.

Units   a kill at a step is drawn from the next `STEPS` of its side.
"""

import os
import resource
import signal
import time
from functools import partial
from pathlib import Path

from engine.app.chaos.children import ENGINE, VENUE
from engine.app.chaos.faults import Begin, LifeFault, nothing
from engine.app.chaos.life import ChaosLife
from engine.app.chaos.mischief import MISCHIEFS
from engine.app.chaos.shim import PageWord

STEPS = 400
STEP_S = 3.0  # for a step that does not come
CLOCKS_NS = (-3600 * 10**9, -30 * 10**9, -(10**9), 10**9, 30 * 10**9, 3600 * 10**9)
VENUE_CLOCKS_NS = (-(10**9), 10**9)  # more moves the life of its markets
SPARE_FILES = 2
SPARE_BYTES = 2**22


def _at_step(role: str, number: int, life: ChaosLife, amount: float) -> None:
    """Let a signal reach a side at one of its next steps, be it in its start."""
    page = life.page(role)
    page[PageWord.SIGNAL] = number
    page[PageWord.ACT_AT] = page[PageWord.STEPS] + 1 + int(amount**2 * STEPS)
    end = time.monotonic() + STEP_S
    while life.is_alive(role) and page[PageWord.STEPS] < page[PageWord.ACT_AT] and time.monotonic() < end:
        life.let(0.005)
    if number == signal.SIGKILL:
        if page[PageWord.STEPS] >= page[PageWord.ACT_AT]:
            life.children[role].wait(STEP_S)
        life.kill(role)


def _kill_starting(role: str, life: ChaosLife, amount: float) -> None:
    """Kill a side, and again while it starts."""
    life.kill(role)
    if role in life.children:
        life.bury(role)
    page = life.page(role)
    page[PageWord.SIGNAL] = signal.SIGKILL
    page[PageWord.ACT_AT] = 1 + int(amount * 60)
    life.restart(role)
    child = life.children[role]
    child.wait(STEP_S)
    life.kill(role)


def _kill(role: str, life: ChaosLife, amount: float) -> None:
    life.let(amount * 0.05)
    life.kill(role)


def _kill_both(life: ChaosLife, amount: float) -> None:
    first, second = (ENGINE, VENUE) if amount < 0.5 else (VENUE, ENGINE)
    _at_step(first, signal.SIGKILL, life, amount)
    life.kill(second)


def _stop(role: str, life: ChaosLife, amount: float) -> None:
    life.children[role].send(signal.SIGSTOP)


def _go_on(role: str, life: ChaosLife) -> None:
    if life.is_alive(role):
        life.page(role)[PageWord.ACT_AT] = 0
        life.children[role].send(signal.SIGCONT)


def _set_clock(role: str, life: ChaosLife, amount: float) -> None:
    steps = CLOCKS_NS if role == ENGINE else VENUE_CLOCKS_NS
    life.page(role)[PageWord.CLOCK_NS] = steps[int(amount * len(steps))]


def _set_clock_right(role: str, life: ChaosLife) -> None:
    life.page(role)[PageWord.CLOCK_NS] = 0


def _limit(what: int, life: ChaosLife, least: int) -> None:
    if life.is_alive(ENGINE):
        most = resource.prlimit(life.children[ENGINE].pid, what)[1]
        resource.prlimit(life.children[ENGINE].pid, what, (least if least >= 0 else most, most))


def _no_descriptors(life: ChaosLife, amount: float) -> None:
    held = len(os.listdir(f"/proc/{life.children[ENGINE].pid}/fd"))
    _limit(resource.RLIMIT_NOFILE, life, held + int(amount * SPARE_FILES))


def _no_memory(life: ChaosLife, amount: float) -> None:
    pages = int(Path(f"/proc/{life.children[ENGINE].pid}/statm").read_text().split()[0])
    _limit(resource.RLIMIT_AS, life, pages * resource.getpagesize() + int(amount * SPARE_BYTES))


def _misbehave(number: int, life: ChaosLife, amount: float) -> None:
    life.page(ENGINE)[PageWord.MISCHIEF] = number


def _behave(life: ChaosLife) -> None:
    life.page(ENGINE)[PageWord.MISCHIEF] = 0


def _begin(act: Begin) -> Begin:
    """Return what does nothing to an engine that is dead already, by the other of two faults."""

    def begin(life: ChaosLife, amount: float) -> None:
        """Begin, if there is somebody whom it can befall."""
        if life.is_alive(ENGINE) and life.is_alive(VENUE):
            act(life, amount)

    return begin


KILL, STOP = signal.SIGKILL, signal.SIGSTOP
HALTS = "trading halts with the hook's name, every order is cancelled; a person resumes"
OUTCOMES = {
    **{name: HALTS for name in MISCHIEFS if name.startswith("raise")},
    "sleep": "the watchdog tells of it; late answers are read in order, and trading goes on",
    "loop": "the watchdog halts where it lasts, and says at which line; else trading goes on",
    "fork": "`os.fork` raises, which halts",
    "write into orders": "an order refuses it (AttributeError), which halts; nothing of it has changed",
}
LONG, AT_ONCE = (600, 2600), (0, 0)
FAULTS = (
    LifeFault(
        "kill engine at a step",
        "orders, fills and numbers come back from journal and store; what is open is cancelled, then it trades",
        _begin(partial(_at_step, ENGINE, KILL)),
        nothing,
        AT_ONCE,
        weight=8,
    ),
    LifeFault(
        "kill engine while it starts",
        "the same: a start that is cut short leaves nothing behind that stops the next one",
        _begin(partial(_kill_starting, ENGINE)),
        nothing,
        AT_ONCE,
        weight=3,
    ),
    LifeFault("kill engine at any time", "the same", _begin(partial(_kill, ENGINE)), nothing, AT_ONCE, weight=3),
    LifeFault(
        "kill venue at a step",
        "what is unanswered is UNKNOWN, and asked for at the next logon; missed fills are booked then",
        _begin(partial(_at_step, VENUE, KILL)),
        nothing,
        AT_ONCE,
        weight=5,
    ),
    LifeFault("kill venue at any time", "the same", _begin(partial(_kill, VENUE)), nothing, AT_ONCE, weight=2),
    LifeFault("kill both", "both of these", _begin(_kill_both), nothing, AT_ONCE, weight=2),
    LifeFault(
        "stop engine",
        "it reads what has come before it judges anything, and goes on",
        _begin(partial(_stop, ENGINE)),
        partial(_go_on, ENGINE),
        LONG,
    ),
    LifeFault(
        "stop engine at a step",
        "the same, also between the journal and the wire",
        _begin(partial(_at_step, ENGINE, STOP)),
        partial(_go_on, ENGINE),
        LONG,
    ),
    LifeFault(
        "stop venue",
        "silence is noticed by heartbeats; a shorter one passes",
        _begin(partial(_stop, VENUE)),
        partial(_go_on, VENUE),
        LONG,
    ),
    LifeFault(
        "set the engine's clock",
        "lag is judged anew and may pause; a Logon with a time that the venue refuses is tried again",
        _begin(partial(_set_clock, ENGINE)),
        partial(_set_clock_right, ENGINE),
    ),
    LifeFault(
        "set the venue's clock",
        "the same, from the other side",
        _begin(partial(_set_clock, VENUE)),
        partial(_set_clock_right, VENUE),
    ),
    LifeFault(
        "out of descriptors",
        "what is open stays open; what needs a new one is told and tried again",
        _begin(_no_descriptors),
        partial(_limit, resource.RLIMIT_NOFILE, least=-1),
    ),
    LifeFault(
        "out of memory",
        "a hook that gets none halts; else trading goes on, or the process ends with a reason and starts again",
        _begin(_no_memory),
        partial(_limit, resource.RLIMIT_AS, least=-1),
    ),
    *(
        LifeFault(
            f"strategy: {name}",
            OUTCOMES[name],
            _begin(partial(_misbehave, number)),
            _behave,
        )
        for number, name in enumerate(MISCHIEFS, 1)
    ),
)
