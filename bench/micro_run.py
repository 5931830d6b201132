"""Runs the micro-benchmarks under pytest-benchmark and turns its report into figures.

Shapes  a benchmark's rounds are cut into three consecutive parts, whose medians are its repetitions.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.child import BenchError
from bench.results import Figures, spread
from engine.errors import ConfigError

FOLDER = Path(__file__).parent / "micro"
PARTS = 3


def require() -> None:
    """Raise ConfigError where pytest-benchmark is not installed."""
    for module in ("pytest", "pytest_benchmark"):
        if importlib.util.find_spec(module) is None:
            raise ConfigError(f"micro-benchmarks need {module}: pip install 'fixlane[test,bench]'")


def measure(is_quick: bool, core: int | None) -> dict[str, Figures]:
    """Run them all and return their figures by name."""
    seconds = "0.02" if is_quick else "0.5"
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
        print("micro-benchmarks", file=sys.stderr)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BenchError(f"micro-benchmarks failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
        return figures(json.loads(report.read_text()))


def figures(report: dict[str, Any]) -> dict[str, Figures]:
    """Return the figures of a pytest-benchmark report."""
    return {f"micro.{one['extra_info']['run']}": _figures(one) for one in report["benchmarks"]}


def _figures(one: dict[str, Any]) -> Figures:
    per_round_ns: list[float] = [seconds * 1e9 / one["extra_info"]["calls"] for seconds in one["stats"]["data"]]
    ordered = sorted(per_round_ns)
    size = max(len(ordered) // PARTS, 1)
    parts = [per_round_ns[at : at + size] for at in range(0, size * min(PARTS, len(ordered)), size)]
    middle = [round(median(part), 1) for part in parts]

    def at(part: float) -> float:
        value: float = ordered[min(int(len(ordered) * part), len(ordered) - 1)]
        return round(value, 1)

    return {
        "n": len(ordered),
        "p50_ns": round(median(ordered), 1),
        "p90_ns": at(0.9),
        "p99_ns": at(0.99),
        "p99_9_ns": at(0.999),
        "p99_99_ns": at(0.9999),
        "max_ns": at(1),
        "repetitions": len(middle),
        "p50_ns_each": middle,
        "spread": spread(middle),
        "percentiles": [(p, at(p / 100)) for p in (0, 50, 75, 90, 95, 99, 99.9, 100)],
    }
