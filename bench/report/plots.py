"""Pictures of results: latency by percentile, and the stages of the engine as bars."""

from pathlib import Path
from typing import Any

from bench.report.results import Figures
from engine.errors import ConfigError

TAIL = (0.0, 90.0, 99.0, 99.9, 99.99)
MOST_CURVES = 10
STAGE_NS = 1000


def require() -> Any:
    """Return matplotlib's pyplot, without a window; ConfigError where it is not installed."""
    try:
        import matplotlib

        matplotlib.use("agg")
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ConfigError(f"--plot needs matplotlib ({error}): pip install -e '.[bench]'") from None
    return pyplot


def draw(path: Path, results: Figures) -> None:
    """Write percentile curves of the closed-loop runs, and below them a bar for each stage table."""
    pyplot = require()
    stages = results.get("stages", {})
    figure, axes = pyplot.subplots(2 if stages else 1, 1, figsize=(11, 10 if stages else 6), squeeze=False)
    _curves(axes[0][0], results["runs"])
    if stages:
        _bars(axes[1][0], stages)
    machine = results["machine"]
    pinned = f"pinned to {machine['pinned']}" if machine["pinned"] else "not pinned"
    figure.suptitle(f"{machine['cpu']}, {machine['kernel']}, {pinned}, {results['commit']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _curves(axes: Any, runs: dict[str, Figures]) -> None:
    shown = [name for name in runs if not name.startswith("micro.") and "@" not in name and "back_to_back" not in name]
    for name in shown[:MOST_CURVES]:
        points = [(percentile, value) for percentile, value in runs[name]["percentiles"] if percentile < 100]
        axes.plot([100 / (100 - p) for p, _ in points], [value / 1000 for _, value in points], label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([100 / (100 - p) for p in TAIL], [f"{p:g} %" for p in TAIL])
    axes.set_xlabel("percentile")
    axes.set_ylabel("latency, us")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(fontsize=8)


def _bars(axes: Any, stages: dict[str, Figures]) -> None:
    rows = [
        (f"{name}\n{path}", found["stages"]) for name, one in stages.items() for path, found in one["paths"].items()
    ]
    left = [0.0] * len(rows)
    for stage in dict.fromkeys(stage for _, found in rows for stage in found):
        widths = [found.get(stage, {"p50_ns": 0})["p50_ns"] / STAGE_NS for _, found in rows]
        axes.barh([label for label, _ in rows], widths, left=left, label=stage)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel("p50 of each stage, us")
    axes.legend(fontsize=8, ncol=5)
