"""Summary of all repetitions: figures by name, ratios, stage tables.

A ratio is the median over the repetitions of figures that were measured side by side.

Units   times in ns.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from bench.plan import BASELINE, ORDER, PEERS, THROUGHPUT, TICK, Pace, Plan, Repetition
from bench.report.results import NEEDED, Figures, combine, combine_samples

FLOOR, SPARSE_FLOOR, BLOCKING_FLOOR = "floor.tcp_spin", "floor.tcp_spin.sparse", "floor.tcp_block"
TLS_FLOOR, SPARSE_TLS_FLOOR = "floor.tls_spin", "floor.tls_spin.sparse"
FLOORS = {
    FLOOR: "floor_spin_ns",
    SPARSE_FLOOR: "floor_sparse_ns",
    BLOCKING_FLOOR: "floor_block_ns",
    TLS_FLOOR: "floor_tls_ns",
    SPARSE_TLS_FLOOR: "floor_tls_sparse_ns",
}
BASELINE_NAME = {ORDER: "order.baseline_quickfix_threaded", TICK: "tick.baseline"}

Found = dict[Plan, list[Repetition]]


def name_of(plan: Plan, pace: str = "") -> str:
    """Return the name of a plan's runs, its pace left out."""
    name = BASELINE_NAME[plan.subject] if plan.stack == BASELINE else f"{plan.subject}.{plan.stack}"
    if plan.is_kalshi:
        name = f"{plan.subject}.kalshi_tls"  # of the native session
    parts = [name]
    if plan.stack != BASELINE and plan.mode != "busy":
        parts.append(plan.mode)
    if plan.has_tls and not plan.is_kalshi:
        parts.append("tls")
    if not plan.has_journal:
        parts.append("no_journal")
    if plan.collects_garbage:
        parts.append("gc_on")
    return ".".join([*parts, *([pace] if pace else [])])


def kalshi_floors(plan: Plan) -> tuple[str, str]:
    """Return the names of the TLS floors with Kalshi's sizes, hot and sparse: a tick's go over two connections."""
    name = f"floor.kalshi_tls.{plan.subject}"
    return name, f"{name}.sparse"


def has_stages(plan: Plan) -> bool:
    """Whether this is the engine at its usual work, spinning: what is measured once more with stamps."""
    return (
        plan.stack not in (BASELINE, *PEERS)
        and plan.subject != THROUGHPUT
        and (plan.is_kalshi or not plan.has_tls)
        and plan.has_journal
        and plan.mode == "busy"
        and not plan.collects_garbage
        and plan.capture is None
    )


def runs(found: Found) -> dict[str, Figures]:
    """Return the figures of the floors and of every pace of every plan, by name."""
    everything = [repetition for repetitions in found.values() for repetition in repetitions]
    figures = {}
    for name in [*FLOORS, *dict.fromkeys(name for one in everything for name in one.floors_kalshi_ns)]:
        values = [values for one in everything for values in _floor_values(one, name)]
        if values:
            figures[name] = combine(values)
    for plan, repetitions in found.items():
        for pace in plan.paces:
            samples = [one.samples[pace.name] for one in repetitions if pace.name in one.samples]
            if any(one.values_ns for one in samples):
                run = combine_samples(pace, [one for one in samples if one.values_ns])
                if len(samples) < len(repetitions):  # a slower schedule was given up before
                    run["is_held"] = False
                if floors := _floors(plan, pace):
                    run["floor"] = floors[-1]
                figures[name_of(plan, pace.name)] = run
    return figures


def ratios(found: Found) -> dict[str, float]:
    """Return each run set against its floors, its baseline and its peers."""
    found_ratios = {}
    for plan, repetitions in found.items():
        baseline = next((p for p in found if p.stack == BASELINE and p.subject == plan.subject), None)
        for pace in plan.paces:
            own = _middles(repetitions, pace.name)
            name = name_of(plan, pace.name)
            for floor in _floors(plan, pace):
                if own and all(_floor_values(one, floor) for one in repetitions):
                    found_ratios[f"{name} / {floor}"] = _ratio(own, [_floor(one, floor) for one in repetitions])
            theirs = _middles(found[baseline], pace.name) if baseline is not None and baseline != plan else []
            if own and theirs and baseline is not None:
                found_ratios[f"{name} / {name_of(baseline, pace.name)}"] = _ratio(own, theirs)
            for peer in peers_of(plan, found):
                if own and (theirs := _middles(found[peer], pace.name)):
                    found_ratios[f"{name} / {name_of(peer, pace.name)}"] = _ratio(own, theirs)
    return found_ratios


def collector_ratios(found: Found, figures: dict[str, Figures]) -> dict[str, float]:
    """Return what leaving Python's collector on does to the tail, where enough samples tell."""
    found_ratios = {}
    for plan in found:
        on, off = name_of(plan), name_of(replace(plan, collects_garbage=False))
        if plan.collects_garbage and off in figures and min(figures[on]["n"], figures[off]["n"]) >= NEEDED["p99_9_ns"]:
            found_ratios[f"{on} p99.9 / {off} p99.9"] = round(figures[on]["p99_9_ns"] / figures[off]["p99_9_ns"], 4)
    return found_ratios


def own_ratios(stages: Mapping[str, Figures]) -> dict[str, float]:
    """Return the engine's own part with Kalshi's dialects, set against that with FIX 4.4: all stages but `send`."""
    found_ratios = {}
    for subject in (ORDER, TICK):
        name, plain = f"{subject}.kalshi_tls", f"{subject}.native"
        if name in stages and plain in stages:
            found_ratios[f"{name} own / {plain} own"] = round(_own_ns(stages[name]) / _own_ns(stages[plain]), 4)
    return found_ratios


def _own_ns(table: Figures) -> int:
    paths = table["paths"].values()
    return sum(row["p50_ns"] for path in paths for stage, row in path["stages"].items() if stage != "send") or 1


def peers_of(plan: Plan, found: Found) -> list[Plan]:
    """Return what an engine that spins is compared with beside the baseline."""
    if plan.is_kalshi or not has_stages(plan):
        return []
    return [peer for peer in found if peer.stack in PEERS and peer.subject == plan.subject]


def stages(plan: Plan, stamped: Repetition, figures: dict[str, Figures]) -> Figures:
    """Return a stage table, with the outside figures that its sum is compared with."""
    sparse = plan.paces[0].name
    floor = kalshi_floors(plan)[1] if plan.is_kalshi else SPARSE_FLOOR
    return {
        **(stamped.stages or {}),
        "floor_p50_ns": _floor(stamped, floor),
        "outside_p50_ns": figures[name_of(plan, sparse)]["p50_ns"],
        "stamped_p50_ns": _middle(stamped.samples[sparse].values_ns),
    }


def _floors(plan: Plan, pace: Pace) -> list[str]:
    """Return what a run is compared with; the last is of its own kind and pace. A pipelined one has none."""
    if plan.subject == THROUGHPUT:
        return []
    plain = [FLOOR, SPARSE_FLOOR] if pace.is_sparse else [FLOOR]
    if not plan.has_tls:
        return plain
    hot, sparse = kalshi_floors(plan) if plan.is_kalshi else (TLS_FLOOR, SPARSE_TLS_FLOOR)
    return [*plain, sparse if pace.is_sparse else hot]


def _floor(repetition: Repetition, name: str) -> int:
    return _middle([value for values in _floor_values(repetition, name) for value in values])


def _floor_values(repetition: Repetition, name: str) -> list["array[int]"]:
    """Return what a repetition has of a floor, before and after it."""
    if name in FLOORS:
        found: list[array[int]] = getattr(repetition, FLOORS[name])
        return found
    return repetition.floors_kalshi_ns.get(name, [])


def _middles(repetitions: Sequence[Repetition], pace: str) -> list[int]:
    """Return the p50 of each repetition, nothing if one of them could not hold the pace."""
    held = [one.samples[pace] for one in repetitions if pace in one.samples and one.samples[pace].is_held]
    values = [one.values_ns for one in held]
    return [_middle(one) for one in values] if len(values) == len(repetitions) and all(values) else []


def _middle(values: Sequence[int]) -> int:
    return round(median(values)) if values else 0


def _ratio(own: Sequence[int], theirs: Sequence[int]) -> float:
    return round(median(a / b for a, b in zip(own, theirs, strict=False)), 4)  # what an interrupt left without a peer
