"""The order in which subjects are measured, and their repetitions.

Repetitions are interleaved, A B C A B C, so that a noisy moment of the machine hits all subjects alike; each is a
fresh engine process and a fresh venue process with the floor measured before and after it.

Errors  a subject of which a repetition fails has no figures and is named in `failures`; the others go on. An interrupt
        ends the measuring and keeps what is there.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import child
from bench.child import BenchError
from bench.plan import BASELINE, ORDER, SPARSE_NS, THROUGHPUT, TICK, Pace, Plan, Repetition
from bench.report import summary
from bench.report.results import Figures
from bench.report.summary import Found, has_stages, name_of
from bench.subjects import throughput

BACK_TO_BACK = "back_to_back"
INTERRUPTED = "interrupted: what came before it is here"
NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    repetitions: int
    warm_up: int
    back_to_back: int
    sparse: int
    open_seconds: float
    floor: int
    floor_sparse: int
    rates: tuple[int, ...]
    compares_garbage: bool = True  # tick once more with Python's collector on
    pipelined: int = 60_000  # orders of `throughput`
    window: int = 64
    burst: int = 16


FULL = Scale(3, 2000, 5000, 3500, 1.5, 5000, 300, (1_000, 10_000, 50_000))
QUICK = Scale(1, 100, 200, 100, 0.1, 300, 30, (1_000,), compares_garbage=False, pipelined=4000)

Progress = Callable[[int, int, str], None]  # done, of, what is running


def sessions() -> list[str]:
    """Return the sessions that this engine has."""
    native = importlib.util.find_spec("engine.session.native.initiator")
    return ["quickfix", *(["native"] if native else [])]


def paces(scale: Scale) -> tuple[Pace, ...]:
    """Return the paces of a whole run: closed, without pause, then every scheduled rate, slowest first."""
    scheduled = [
        Pace(f"open_loop@{rate}", max(round(rate * scale.open_seconds), 10), NS_PER_S // rate, True)
        for rate in sorted(scale.rates)
    ]
    return (Pace("", scale.sparse, SPARSE_NS), Pace(BACK_TO_BACK, scale.back_to_back, 0), *scheduled)


def plans(
    subject: str, scale: Scale, stacks: Sequence[str], modes: Sequence[str], cores: tuple[int, int] | None
) -> list[Plan]:
    """Return one repetition of a subject: the baseline, then each session in each mode."""
    venue_core, engine_core = cores if cores else (None, None)
    first = Plan(
        subject,
        BASELINE,
        paces=paces(scale),
        warm_up=scale.warm_up,
        floor_count=scale.floor,
        floor_sparse=scale.floor_sparse,
        venue_core=venue_core,
        engine_core=engine_core,
    )
    if subject == THROUGHPUT:
        return _throughput_plans(first, scale, stacks, modes)
    found = [first]
    for stack in stacks:
        found += [replace(first, stack=stack, mode=mode) for mode in modes]
        if subject == ORDER and stack == "native" and "busy" in modes:
            found.append(replace(first, stack=stack, mode="busy", has_tls=True, paces=_closed(first.paces)))
        if subject == ORDER and stack == "native" and "busy" in modes:
            found.append(replace(first, stack=stack, mode="busy", has_journal=False, paces=_closed(first.paces)))
        if stack == "native" and "busy" in modes:
            found.append(kalshi(first))
        if subject == TICK and "busy" in modes and scale.compares_garbage:
            found.append(replace(first, stack=stack, mode="busy", collects_garbage=True, paces=first.paces[:1]))
    return found


def kalshi(plan: Plan) -> Plan:
    """Return the closed loops with Kalshi's dialects over TLS, native session and busy loop."""
    return replace(plan, stack="native", mode="busy", has_tls=True, is_kalshi=True, paces=_closed(plan.paces))


def _throughput_plans(first: Plan, scale: Scale, stacks: Sequence[str], modes: Sequence[str]) -> list[Plan]:
    """Return a plan for each session; quickfix takes longer for an order and gets fewer."""
    plan = replace(
        first, mode="busy" if "busy" in modes else modes[0], window=scale.window, burst=min(scale.burst, scale.window)
    )
    counts = {stack: scale.pipelined // (1 if stack == "native" else 4) for stack in stacks}
    return [replace(plan, stack=stack, paces=throughput.paces(count)) for stack, count in counts.items()]


def peer_plans(scale: Scale, programs: Mapping[str, Path], cores: tuple[int, int] | None) -> list[Plan]:
    """Return one repetition of `order` for each client that stands beside the engine, closed loops only."""
    (first,) = plans(ORDER, scale, (), (), cores)
    plan = replace(first, mode="busy", paces=_closed(first.paces))
    return [replace(plan, stack=stack, program=program) for stack, program in programs.items()]


def _closed(paces: Sequence[Pace]) -> tuple[Pace, ...]:
    """Return the closed loops at half their length, for what stands beside the engine."""
    return tuple(replace(pace, count=pace.count // 2) for pace in paces if not pace.is_open_loop)


def staged(plan: Plan) -> Plan:
    """Return the same at the sparse pace alone, with stamps."""
    return replace(plan, paces=plan.paces[:1], with_stages=True)


def with_capture(plan: Plan, path: Path, speed: float, count: int) -> Plan:
    """Return a plan that plays the `count` recorded frames after the warm-up."""
    pace = Pace(f"capture@{speed:g}x", count, round(SPARSE_NS / speed), True)
    return replace(plan, capture=path, paces=(pace,))


@dataclass
class Measured:
    """Everything that one invocation measured."""

    runs: dict[str, Figures] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    stages: dict[str, Figures] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)  # what is missing, and why


def measure(wanted: Sequence[Plan], repetitions: int, progress: Progress) -> Measured:
    """Run the plans, interleaved; then each engine plan once more with stamps."""
    failures: list[str] = []
    found: Found = {plan: [] for plan in wanted}
    stamped: dict[Plan, Repetition] = {}
    staging = [plan for plan in wanted if has_stages(plan)]
    total = len(wanted) * repetitions + len(staging)
    try:
        for turn in range(repetitions):
            for place, plan in enumerate(wanted):
                progress(turn * len(wanted) + place, total, f"{name_of(plan)}, repetition {turn + 1} of {repetitions}")
                if plan in found:
                    _run(plan, found, failures)
        for place, plan in enumerate(staging):
            progress(total - len(staging) + place, total, f"{name_of(plan)}, stages")
            once: Found = {staged(plan): []}
            if plan in found and _run(staged(plan), once, failures):
                stamped[plan] = once[staged(plan)][0]
        progress(total, total, "done")
    except KeyboardInterrupt:
        failures.append(INTERRUPTED)
    found = {plan: repetitions for plan, repetitions in found.items() if repetitions}
    runs = summary.runs(found)
    ratios = summary.ratios(found) | summary.collector_ratios(found, runs)
    stages = {name_of(plan): summary.stages(plan, repetition, runs) for plan, repetition in stamped.items()}
    return Measured(runs, ratios | summary.own_ratios(stages), stages, failures)


def _run(plan: Plan, found: Found, failures: list[str]) -> bool:
    """Add a repetition; a plan that fails is taken out, and False returned."""
    try:
        found[plan].append(child.run(plan))
    except BenchError as error:
        del found[plan]
        failures.append(str(error))
        return False
    return True


def measure_floor(plan: Plan, repetitions: int, progress: Progress) -> Measured:
    """Measure the floor alone."""
    rounds = []
    for turn in range(repetitions):
        progress(turn, repetitions, f"floor, repetition {turn + 1} of {repetitions}")
        rounds.append(child.run(replace(plan, paces=())))
    progress(repetitions, repetitions, "done")
    return Measured(summary.runs({replace(plan, paces=()): rounds}))
