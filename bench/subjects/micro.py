"""Runs the micro-benchmarks under pytest-benchmark and turns its report into figures.

Shapes  a repetition is a process of its own, so that the spread has in it what differs from process to process: hashes,
        the layout of memory, the state of the machine.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.child import BenchError
from bench.report.results import Figures, spread
from engine.errors import ConfigError

FOLDER = Path(__file__).parents[1] / "micro"
REPETITIONS, QUICK_REPETITIONS = 3, 1
SECONDS, QUICK_SECONDS = 0.2, 0.02  # of each benchmark in each repetition
PERCENTILES = {"p50_ns": 0.5, "p90_ns": 0.9, "p99_ns": 0.99, "p99_9_ns": 0.999, "p99_99_ns": 0.9999, "max_ns": 1.0}


def require() -> None:
    """Raise ConfigError where pytest-benchmark is not installed."""
    for module in ("pytest", "pytest_benchmark"):
        if importlib.util.find_spec(module) is None:
            raise ConfigError(f"micro-benchmarks need {module}: pip install -e '.[test,bench]'")


def measure(is_quick: bool, core: int | None) -> dict[str, Figures]:
    """Run them all and return their figures by name."""
    repetitions, seconds = (QUICK_REPETITIONS, QUICK_SECONDS) if is_quick else (REPETITIONS, SECONDS)
    reports = []
    for turn in range(repetitions):
        print(f"micro-benchmarks, repetition {turn + 1} of {repetitions}", file=sys.stderr)
        reports.append(_report(seconds, core))
    return figures(reports)


def _report(seconds: float, core: int | None) -> dict[str, Any]:
    """Run them once."""
    with TemporaryDirectory(prefix="fixlane-micro-") as directory:
        report = Path(directory) / "report.json"
        command = [
            sys.executable, "-m", "pytest", str(FOLDER), "-q", "--no-header", "-p", "no:cacheprovider",
            "-c", os.devnull, "--rootdir", str(FOLDER), "--benchmark-only", "--benchmark-disable-gc",
            "--benchmark-warmup=on", f"--benchmark-max-time={seconds}", "--benchmark-quiet",
            "--benchmark-timer=time.perf_counter", f"--benchmark-json={report}",
        ]  # fmt: skip
        if core is not None:
            command = [sys.executable, "-m", "bench.pinned", str(core), *command[1:]]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BenchError(f"micro-benchmarks failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def figures(reports: Sequence[dict[str, Any]]) -> dict[str, Figures]:
    """Return the figures of pytest-benchmark's reports, one for each repetition."""
    rounds: dict[str, list[list[float]]] = {}
    for report in reports:
        for one in report["benchmarks"]:
            calls = one["extra_info"]["calls"]
            per_call_ns = sorted(seconds * 1e9 / calls for seconds in one["stats"]["data"])
            rounds.setdefault(f"micro.{one['extra_info']['run']}", []).append(per_call_ns)
    return {name: _figures(repetitions) for name, repetitions in rounds.items()}


def _figures(repetitions: list[list[float]]) -> Figures:
    middle = [round(median(one), 1) for one in repetitions]
    everything = sorted(value for one in repetitions for value in one)
    return {
        "n": len(everything),
        **{name: round(median(_at(one, part) for one in repetitions), 1) for name, part in PERCENTILES.items()},
        "p50_ns": median(middle),
        "repetitions": len(repetitions),
        "p50_ns_each": middle,
        "spread": spread(middle),
        "percentiles": [(p, round(_at(everything, p / 100), 1)) for p in (0, 50, 75, 90, 95, 99, 99.9, 100)],
    }


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
