"""Rows that are mapped: a pass holds a window of them in memory, and ends as one over rows in memory does."""

import subprocess
import sys

import pytest

from tests.support.places import ROOT

pytest.importorskip("numpy")

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.settings import UNLIMITED, ParameterSet, QuoteBoth
from tests.support.rows import TYPES, MadeRows, grids

made = MadeRows(3)
for _ in range(400):
    made.step()
columns = {name: np.frombuffer(values, dtype=values.typecode) for name, values in made.columns().items()}
count, times = len(columns["recv_ns"]), 6_000
span = columns["recv_ns"][-1] - columns["venue_ns"][0] + 1
folder = Path(sys.argv[1])
for name, values in columns.items():
    with (folder / name).open("wb") as file:
        for turn in range(times):
            shift = turn * (span if name in ("recv_ns", "venue_ns") else count if name == "venue_order" else 0)
            file.write((values + np.array(shift, dtype=values.dtype)).astype(values.dtype).tobytes())
mapped = {name: np.memmap(folder / name, dtype=TYPES[name], mode="r") for name in columns}

def resident():
    return sum(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").read_text().splitlines()
               if line.startswith("Rss:"))

def over(rows, is_mapped):
    before = resident()
    passed = CompiledPass(rows, grids(1), [ParameterSet(strategy=QuoteBoth(500), limits=UNLIMITED, keeps_fills=False)],
                          is_mapped=is_mapped)
    passed.run_all()
    return resident() - before, passed.result(0)

first, result = over(mapped, True)
second, same = over(mapped, False)
assert result == same and result.fills > 1_000, (result, same)
print(count * times, first, second)
"""


def test_pass_over_mapped_rows_holds_a_window_of_them(tmp_path: object) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    rows, windowed_kib, whole_kib = map(int, done.stdout.split())
    assert rows > 2_000_000
    assert windowed_kib < whole_kib * 0.75, f"{windowed_kib} KiB with the window, {whole_kib} without"
