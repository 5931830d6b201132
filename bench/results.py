"""A run's samples to the figures of the results file, and those to a table.

Shapes  {"machine", "commit", "versions", "runs": {NAME: figures}, "ratios": {NAME: number}}; all times in ns.
Source  HdrHistogram, 1 ns to 60 s, three significant digits; a value outside is an error, never dropped.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from hdrh.histogram import HdrHistogram

from bench import host

Figures = dict[str, Any]
HIGHEST_NS = 60_000_000_000
PERCENTILES = {"p50_ns": 50.0, "p90_ns": 90.0, "p99_ns": 99.0, "p99_9_ns": 99.9, "p99_99_ns": 99.99}


def histogram_of(samples_ns: Iterable[int]) -> HdrHistogram:
    histogram = HdrHistogram(1, HIGHEST_NS, 3)
    for sample in samples_ns:
        if not histogram.record_value(max(sample, 1)):
            raise ValueError(f"a latency of {sample} ns cannot be recorded: above {HIGHEST_NS} ns")
    return histogram


def figures(samples_ns: list[int], seconds: float) -> Figures:
    """Return n, rate, percentiles and maximum of one repetition."""
    histogram = histogram_of(samples_ns)
    result: Figures = {"n": histogram.get_total_count()}
    result |= {name: histogram.get_value_at_percentile(percent) for name, percent in PERCENTILES.items()}
    result["max_ns"] = histogram.get_max_value()
    result["rate"] = round(len(samples_ns) / seconds) if seconds else 0
    return result


def combine(repetitions: list[Figures]) -> Figures:
    """Return the median of each figure over the repetitions, and the spread of the median latency.

    `spread` is (highest - lowest) / median of p50 over the repetitions.
    """
    combined: Figures = {name: round(median(r[name] for r in repetitions)) for name in repetitions[0]}
    middle = [r["p50_ns"] for r in repetitions]
    combined["repetitions"] = len(repetitions)
    combined["p50_ns_each"] = middle
    combined["spread"] = round((max(middle) - min(middle)) / max(median(middle), 1), 4)
    return combined


def document(runs: dict[str, Figures], ratios: dict[str, float], **more: Any) -> dict[str, Any]:
    return {
        "machine": host.describe() | {"pinned": more.pop("pinned", None)},
        "commit": host.commit(),
        "versions": host.versions(),
        "runs": runs,
        "ratios": ratios,
        **more,
    }


def write(path: Path, results: dict[str, Any]) -> None:
    path.write_text(json.dumps(results, indent=1) + "\n")


def table(runs: dict[str, Figures]) -> str:
    """Return the runs as aligned text, in microseconds."""
    columns = ("p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "p99_99_ns", "max_ns")
    head = f"{'run':<44}{'n':>9}{'rate/s':>9}" + "".join(
        f"{c.removesuffix('_ns').replace('_', '.'):>10}" for c in columns
    )
    lines = [head + f"{'spread':>9}"]
    for name, run in runs.items():
        cells = "".join(f"{run[c] / 1000:>10.1f}" for c in columns)
        lines.append(f"{name:<44}{run['n']:>9}{run.get('rate', 0):>9}{cells}{run.get('spread', 0):>8.0%}")
    return "\n".join(lines) + "\nlatencies in microseconds"
