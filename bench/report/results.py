"""Figures of the results file from samples, and tables from figures.

Shapes  {"machine", "commit", "versions", "runs": {NAME: figures}, "ratios": {NAME: number}, "stages"}; times in ns.
        A run's figures are medians over its repetitions; `spread` is the range of its p50 over the repetitions as a
        part of their median, `percentiles` and `p99_ns_each_second` are of all samples.
Source  HdrHistogram, 1 ns to 60 s, three significant digits; a value outside is an error, never dropped.
"""

import json
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from hdrh.histogram import HdrHistogram

from bench.plan import REPORT_PATH, TICK, Pace, Samples
from bench.report import host
from engine.errors import ConfigError

Figures = dict[str, Any]
SECOND_NS = 1_000_000_000
HIGHEST_NS = 60 * SECOND_NS
PERCENTILES = {"p50_ns": 50.0, "p90_ns": 90.0, "p99_ns": 99.0, "p99_9_ns": 99.9, "p99_99_ns": 99.99}
COLUMNS = (*PERCENTILES, "max_ns")
NEEDED = {"p99_ns": 1_000, "p99_9_ns": 10_000, "p99_99_ns": 100_000}  # samples behind a percentile that means something
LEGEND = """\
latencies in microseconds, medians over the repetitions; "-" for a percentile with too few samples behind it
/floor: p50 to that of the floor at the same pace; cpu: of one core, by the engine's process, all its threads"""
INSIDE_SEND = "inside send"
TICKS_PER_HALF = 5  # of the percentile curve, as HdrHistogram's own tools write it


def histogram_of(samples_ns: Iterable[int]) -> HdrHistogram:
    """Return the HdrHistogram of latencies in ns; ValueError for one above its range."""
    histogram = HdrHistogram(1, HIGHEST_NS, 3)
    for sample in samples_ns:
        if sample > HIGHEST_NS or not histogram.record_value(max(sample, 1)):
            raise ValueError(f"a latency of {sample} ns cannot be recorded: above {HIGHEST_NS} ns")
    return histogram


def figures(values_ns: "array[int]") -> Figures:
    """Return n, percentiles and maximum of one repetition."""
    histogram = histogram_of(values_ns)
    middle = {name: histogram.get_value_at_percentile(percent) for name, percent in PERCENTILES.items()}
    return {"n": histogram.get_total_count(), **middle, "max_ns": histogram.get_max_value()}


def combine(repetitions: Sequence["array[int]"]) -> Figures:
    """Return the figures of a run from the values of its repetitions."""
    each = [figures(values) for values in repetitions]
    middle = [one["p50_ns"] for one in each]
    combined: Figures = {name: round(median(one[name] for one in each)) for name in COLUMNS}
    everything = histogram_of(value for values in repetitions for value in values)
    return {
        "n": sum(one["n"] for one in each),
        **combined,
        "repetitions": len(each),
        "p50_ns_each": middle,
        "spread": spread(middle),
        "percentiles": curve(everything),
    }


def combine_samples(pace: Pace, repetitions: Sequence[Samples]) -> Figures:
    """Return the figures of a run with what its pace adds: the rate that was kept, and drift over time."""
    run = combine([one.values_ns for one in repetitions])
    run["rate"] = round(median(one.sent / one.seconds for one in repetitions))
    run["cpu"] = round(median(one.cpu_s / one.seconds for one in repetitions), 3)
    run["p99_ns_each_second"] = [p99_each_second(one.values_ns, pace) for one in repetitions]
    if busy := max(one.venue_busy for one in repetitions):
        run["venue_busy"] = round(busy, 3)
    if pace.is_open_loop:
        run["is_held"] = all(one.is_held for one in repetitions)
        run["annulled"] = sum(one.annulled for one in repetitions)
    return run


def spread(values: Sequence[float]) -> float:
    """Return the range of values as a part of their median."""
    return round((max(values) - min(values)) / max(median(values), 1), 4)


def curve(histogram: HdrHistogram) -> list[tuple[float, int]]:
    """Return (percentile, value) pairs, denser towards the maximum."""
    points = []
    for item in histogram.get_percentile_iterator(TICKS_PER_HALF):
        points.append((round(item.percentile_level_iterated_to, 6), item.value_iterated_to))
    return points


def p99_each_second(values_ns: Iterable[int], pace: Pace) -> list[int]:
    """Return p99 second by second; in a closed loop an event takes its latency, or the interval if that is longer."""
    seconds: dict[int, list[int]] = {}
    elapsed_ns = 0
    for value in values_ns:
        seconds.setdefault(elapsed_ns // SECOND_NS, []).append(value)
        elapsed_ns += pace.interval_ns if pace.is_open_loop else max(value, pace.interval_ns)
    return [sorted(values)[len(values) * 99 // 100] for values in seconds.values()]


def document(runs: dict[str, Figures], ratios: dict[str, float], pinned: list[int] | None, **more: Any) -> Figures:
    """Return everything that the results file holds."""
    return {
        "machine": host.describe() | {"pinned": pinned},
        "commit": host.commit(),
        "versions": host.versions(),
        "runs": runs,
        "ratios": ratios,
        **more,
    }


def write(path: Path, results: Figures) -> None:
    """Write the results file."""
    path.write_text(json.dumps(results, indent=1) + "\n")


def read(path: Path) -> Figures:
    """Return the results in `path`; ConfigError if they are none."""
    try:
        results: Figures = json.loads(path.read_text())
        runs = results["runs"]
        if not all("p50_ns" in run for run in runs.values()):
            raise KeyError("p50_ns")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: no results of `fixlane bench --json`: {error!r}") from None
    return results


def write_hgrm(directory: Path, runs: dict[str, Figures]) -> None:
    """Write each run's percentiles as HdrHistogram's own tools do, values in microseconds."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, run in runs.items():
        lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} 1/(1-Percentile)", ""]
        for percentile, value in run.get("percentiles", ()):
            part = percentile / 100
            inverse = f"{1 / (1 - part):>14.2f}" if part < 1 else f"{'inf':>14}"
            lines.append(f"{value / 1000:>12.3f} {part:>14.12f} {round(run['n'] * part):>10} {inverse}")
        (directory / f"{name}.hgrm").write_text("\n".join(lines) + "\n")


def table(runs: dict[str, Figures], ratios: dict[str, float]) -> str:
    """Return the runs as aligned text, in microseconds; "-" for a percentile that too few samples stand behind."""
    names = "".join(f"{c.removesuffix('_ns').replace('_', '.'):>10}" for c in COLUMNS)
    lines = [f"{'run':<46}{'n':>9}{'rate/s':>9}{names}{'spread':>10}{'/floor':>8}{'cpu':>6}"]
    for name, run in runs.items():
        cells = "".join(_cell(run, column) for column in COLUMNS)
        ratio = ratios.get(f"{name} / {run.get('floor')}")
        beside = f"{'-' if ratio is None else f'{ratio:.2f}':>8}{_share(run):>6}"
        lines.append(
            f"{name:<46}{run['n']:>9}{run.get('rate', '-'):>9}{cells} {run['spread']:>9.1%}{beside}{_remark(run)}"
        )
    return "\n".join([*lines, LEGEND])


def _cell(run: Figures, column: str) -> str:
    value = run[column] / 1000
    if run["n"] < NEEDED.get(column, 0):
        return f"{'-':>10}"
    return f"{value:>10.1f}" if value >= 10 else f"{value:>10.3f}"


def _share(run: Figures) -> str:
    return f"{run['cpu']:.0%}" if "cpu" in run else "-"


def _remark(run: Figures) -> str:
    if "venue_busy" in run:
        return f"  venue busy {run['venue_busy']:.0%}"
    return "  rate not held, and no higher one was tried" if run.get("is_held") is False else ""


def stage_table(name: str, stages: Figures) -> str:
    """Return the stage table of one subject: its stages, their sum, and the time measured from outside."""
    lines = []
    inside_send = {INSIDE_SEND: stages["send"]} if "send" in stages else {}
    for path, found in (stages["paths"] | inside_send).items():
        lines.append(f"{name}: {path}, {found['n']} events" + f"{'p50':>10}{'p99':>10}{'mean':>10}")
        width = len(lines[-1]) - 30
        rows = [*found["stages"].items(), ("sum", found["sum"])]
        lines += [
            f"  {stage:<{width - 2}}" + "".join(f"{row[c] / 1000:>10.2f}" for c in ("p50_ns", "p99_ns", "mean_ns"))
            for stage, row in rows
        ]
    floor, outside, stamped = (stages[key] / 1000 for key in ("floor_p50_ns", "outside_p50_ns", "stamped_p50_ns"))
    counted = [path for path in stages["paths"] if not (name.startswith(TICK) and path == REPORT_PATH)]
    inside = sum(stages["paths"][path]["sum"]["p50_ns"] for path in counted) / 1000
    lines.append(
        f"  outside p50 {stamped:.2f} with stamps, {outside:.2f} without; of the former {inside:.2f} above"
        f" ({' and '.join(counted)}), {floor:.2f} the floor,"
        f" {stamped - inside - floor:.2f} in reading sockets, the session and the loop's turns"
    )
    return "\n".join(lines) + "\nmicroseconds"
