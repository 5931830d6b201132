"""Other backtest engines over the same rows, each in a process of its own, where they are installed.

Each runs three times over: the books alone, both best prices read at each change, and an order held at each. They are
looked for in this interpreter, then in `.venv/peers` of the checkout.

Units   rates in rows a second of CPU time of one core.
Errors  none: what is not installed or fails has its reason in place of figures.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.report.results import Figures

if TYPE_CHECKING:
    from engine.backtest.core.loading import LoadedRows

FOLDER = Path(__file__).parent
PEERS = {"hftbacktest": "replay_hftbacktest.py", "nautilus_trader": "replay_nautilus.py"}
RUNS = ("replay", "looking", "quoting")
OWN_PLACE = FOLDER.parent.parent / ".venv" / "peers" / "bin" / "python"
COLUMNS = ("recv_ns", "venue_ns", "market", "kind", "flags", "maker_side", "price", "size")
PATIENCE_S = 1_800
LAST_WORDS = 300


def measure(days: Sequence["LoadedRows"], folder: Path, repeats: int) -> dict[str, Figures]:
    """Return the figures of every peer by its name and run."""
    path = export(days, folder / "rows.npz")
    rows = sum(map(len, days))
    return {name: figures for peer in PEERS for name, figures in _peer(peer, path, rows, repeats)}


def names() -> list[str]:
    """Return the name of each run of each peer."""
    return [f"{peer}.{run}" for peer in PEERS for run in RUNS]


def export(days: Sequence["LoadedRows"], path: Path) -> Path:
    """Write the rows of all days to one file, their markets numbered through."""
    columns, first = [], 0
    for day in days:
        columns.append({name: np.asarray(day.columns[name]) for name in COLUMNS})
        columns[-1]["market"] = columns[-1]["market"] + first
        first += len(day.markets)
    together = {name: np.concatenate([each[name] for each in columns]) for name in COLUMNS}
    np.savez(path, **together)  # type: ignore[arg-type]
    return path


def interpreter(peer: str) -> str | None:
    """Return a Python that has a peer; None if none has."""
    for python in (sys.executable, str(OWN_PLACE)):
        asked = [python, "-c", f"import {peer}"]
        if Path(python).exists() and subprocess.run(asked, capture_output=True).returncode == 0:
            return python
    return None


def _peer(peer: str, path: Path, rows: int, repeats: int) -> Iterator[tuple[str, Figures]]:
    python = interpreter(peer)
    if python is None:
        for run in RUNS:
            yield f"{peer}.{run}", {"skipped": "not installed: pip install 'fixlane[backtest-peers]'"}
        return
    found, failure = _run([python, str(FOLDER / PEERS[peer]), str(path), str(repeats)])
    for run in RUNS:
        yield f"{peer}.{run}", _figures(found[run], rows) if run in found else {"skipped": failure}


def _run(command: Sequence[str]) -> tuple[Mapping[str, Mapping[str, float]], str]:
    """Return what a program prints, or why it printed nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        return json.loads(done.stdout.strip().splitlines()[-1]), ""
    except subprocess.TimeoutExpired:
        return {}, f"did not end within {PATIENCE_S} s"
    except (IndexError, ValueError):
        return {}, f"failed: {done.stderr.strip()[-LAST_WORDS:] or f'status {done.returncode}'}"


def _figures(told: Mapping[str, float], rows: int) -> Figures:
    cpu_s = told["cpu_s"]
    return {"n": rows, "rate": rows / cpu_s, "ns": cpu_s * 1e9 / rows, "requests": int(told["requests"]), "fills": 0}
