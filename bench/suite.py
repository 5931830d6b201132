"""Which subjects are measured, in which order, and what their figures are called.

Repetitions are interleaved, A B C A B C, so that a noisy moment of the machine hits all subjects alike; each is a
fresh engine process and a fresh venue process with the floor measured before and after it. A ratio is the median over
the repetitions of figures that were measured side by side.

Errors  a subject of which a repetition fails has no figures and is named in `failures`; the others go on. An interrupt
        ends the measuring and keeps what is there.
"""

import importlib.util
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from bench import child
from bench.child import BenchError
from bench.plan import BASELINE, ORDER, SPARSE_NS, TICK, Pace, Plan, Repetition
from bench.results import NEEDED, Figures, combine, combine_samples

BACK_TO_BACK = "back_to_back"
FLOOR, SPARSE_FLOOR, BLOCKING_FLOOR = "floor.tcp_spin", "floor.tcp_spin.sparse", "floor.tcp_block"
INTERRUPTED = "interrupted: what came before it is here"
BASELINE_NAME = {ORDER: "order.baseline_quickfix_threaded", TICK: "tick.baseline"}
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


FULL = Scale(3, 2000, 5000, 3500, 1.5, 5000, 300, (1_000, 10_000, 50_000))
QUICK = Scale(2, 100, 200, 100, 0.1, 300, 30, (1_000,), compares_garbage=False)

Progress = Callable[[int, int, str], None]  # done, of, what is running
Found = dict[Plan, list[Repetition]]


def sessions() -> list[str]:
    """Return the sessions that this engine has."""
    native = importlib.util.find_spec("engine.session.native")
    return ["quickfix", *(["native"] if native else [])]


def paces(scale: Scale) -> tuple[Pace, ...]:
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
    found = [first]
    for stack in stacks:
        found += [replace(first, stack=stack, mode=mode) for mode in modes]
        if subject == TICK and "busy" in modes and scale.compares_garbage:
            found.append(replace(first, stack=stack, mode="busy", collects_garbage=True, paces=first.paces[:1]))
    return found


def staged(plan: Plan) -> Plan:
    """Return the same at the sparse pace alone, with stamps."""
    return replace(plan, paces=plan.paces[:1], with_stages=True)


def with_capture(plan: Plan, path: Path, speed: float, count: int) -> Plan:
    """Return a plan that plays the `count` recorded frames after the warm-up."""
    pace = Pace(f"capture@{speed:g}x", count, round(SPARSE_NS / speed), True)
    return replace(plan, capture=path, paces=(pace,))


def name_of(plan: Plan, pace: str = "") -> str:
    name = BASELINE_NAME[plan.subject] if plan.stack == BASELINE else f"{plan.subject}.{plan.stack}"
    parts = [name]
    if plan.stack != BASELINE and plan.mode != "busy":
        parts.append(plan.mode)
    if plan.collects_garbage:
        parts.append("gc_on")
    return ".".join([*parts, *([pace] if pace else [])])


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
    runs = _runs(found)
    stages = {name_of(plan): _stages(plan, repetition, runs) for plan, repetition in stamped.items()}
    return Measured(runs, _ratios(found) | _collector_ratios(found, runs), stages, failures)


def _run(plan: Plan, found: Found, failures: list[str]) -> bool:
    """Add a repetition; a plan that fails is taken out, and False returned."""
    try:
        found[plan].append(child.run(plan))
    except BenchError as error:
        del found[plan]
        failures.append(str(error))
        return False
    return True


def has_stages(plan: Plan) -> bool:
    return plan.stack != BASELINE and plan.mode == "busy" and not plan.collects_garbage and plan.capture is None


def measure_floor(plan: Plan, repetitions: int, progress: Progress) -> Measured:
    """Measure the floor alone."""
    rounds = []
    for turn in range(repetitions):
        progress(turn, repetitions, f"floor, repetition {turn + 1} of {repetitions}")
        rounds.append(child.run(replace(plan, paces=())))
    progress(repetitions, repetitions, "done")
    return Measured(_runs({replace(plan, paces=()): rounds}))


def _runs(found: Found) -> dict[str, Figures]:
    everything = [repetition for repetitions in found.values() for repetition in repetitions]
    runs = {}
    kinds = {FLOOR: "floor_spin_ns", SPARSE_FLOOR: "floor_sparse_ns", BLOCKING_FLOOR: "floor_block_ns"}
    for name, kind in kinds.items():
        values: list[array[int]] = [values for one in everything for values in getattr(one, kind)]
        if values:
            runs[name] = combine(values)
    for plan, repetitions in found.items():
        for pace in plan.paces:
            samples = [one.samples[pace.name] for one in repetitions if pace.name in one.samples]
            if any(one.values_ns for one in samples):
                run = combine_samples(pace, [one for one in samples if one.values_ns])
                if len(samples) < len(repetitions):  # a slower schedule was given up before
                    run["is_held"] = False
                runs[name_of(plan, pace.name)] = run | {"floor": SPARSE_FLOOR if pace.is_sparse else FLOOR}
    return runs


def _ratios(found: Found) -> dict[str, float]:
    ratios = {}
    for plan, repetitions in found.items():
        baseline = next((p for p in found if p.stack == BASELINE and p.subject == plan.subject), None)
        for pace in plan.paces:
            own = _middles(repetitions, pace.name)
            name = name_of(plan, pace.name)
            for floor, kind in ((FLOOR, "floor_spin_ns"), (SPARSE_FLOOR, "floor_sparse_ns")):
                if own and all(getattr(one, kind) for one in repetitions) and (floor == FLOOR or pace.is_sparse):
                    floors = [_middle([v for values in getattr(one, kind) for v in values]) for one in repetitions]
                    ratios[f"{name} / {floor}"] = _ratio(own, floors)
            theirs = _middles(found[baseline], pace.name) if baseline is not None and baseline != plan else []
            if own and theirs and baseline is not None:
                ratios[f"{name} / {name_of(baseline, pace.name)}"] = _ratio(own, theirs)
    return ratios


def _collector_ratios(found: Found, runs: dict[str, Figures]) -> dict[str, float]:
    """Return what Python's collector does to the tail, where enough samples tell."""
    ratios = {}
    for plan in found:
        on, off = name_of(plan), name_of(replace(plan, collects_garbage=False))
        if plan.collects_garbage and off in runs and min(runs[on]["n"], runs[off]["n"]) >= NEEDED["p99_9_ns"]:
            ratios[f"{on} p99.9 / {off} p99.9"] = round(runs[on]["p99_9_ns"] / runs[off]["p99_9_ns"], 4)
    return ratios


def _stages(plan: Plan, stamped: Repetition, runs: dict[str, Figures]) -> Figures:
    """Return a stage table with the figures of the outside that its sum is compared with."""
    sparse = plan.paces[0].name
    return {
        **(stamped.stages or {}),
        "floor_p50_ns": _middle([v for values in stamped.floor_sparse_ns for v in values]),
        "outside_p50_ns": runs[name_of(plan, sparse)]["p50_ns"],
        "stamped_p50_ns": _middle(stamped.samples[sparse].values_ns),
    }


def _middles(repetitions: Sequence[Repetition], pace: str) -> list[int]:
    """Return the p50 of each repetition, nothing if one of them could not hold the pace."""
    held = [one.samples[pace] for one in repetitions if pace in one.samples and one.samples[pace].is_held]
    values = [one.values_ns for one in held]
    return [_middle(one) for one in values] if len(values) == len(repetitions) and all(values) else []


def _middle(values: Sequence[int]) -> int:
    return round(median(values)) if values else 0


def _ratio(own: Sequence[int], theirs: Sequence[int]) -> float:
    return round(median(a / b for a, b in zip(own, theirs, strict=False)), 4)  # what an interrupt left without a peer
