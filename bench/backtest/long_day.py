"""A day of a thousand markets through a compiled pass, in a process of its own: how much memory it holds at most.

The rows are made up, always the same ones, straight into files of columns; together they are larger than what may be
resident, so that only a pass that gives pages back behind it stays within.

Units   bytes; sizes 0.01 contracts, prices 0.0001 dollars.
Errors  OSError for a disk that is full.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.child import BenchError
from bench.report.results import Figures
from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.settings import UNLIMITED, ParameterSet, QuoteBoth, Ways
from engine.backtest.rows.schema import COLUMNS, NO_JOIN, Flag, Kind
from engine.instrument import PriceBand, price_grid

MARKETS = 1_000
ROWS, QUICK_ROWS = 32_000_000, 400_000
PART = 1_000_000
TRADES = 0.02  # a share of the rows
SEED = 20_261_201
LIMIT = 10_000
BEGIN_NS = 1_796_083_200_000_000_000
DAY_NS = 86_400_000_000_000
LAG_NS = 2_000_000
SIZE = 1_000
WAY_NS = 5_000_000


def measure(folder: Path, is_quick: bool) -> Figures:
    """Return how many bytes the pass held, beside those of its rows."""
    count = QUICK_ROWS if is_quick else ROWS
    write(folder, count)
    done = subprocess.run(
        [sys.executable, "-m", "bench.backtest.long_day", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        raise BenchError(f"the day of {MARKETS} markets: {done.stderr.strip()[-500:]}")
    told: Figures = json.loads(done.stdout)
    on_disk = sum(path.stat().st_size for path in folder.glob("*.bin"))
    return {"n": count, "markets": MARKETS, "mapped_bytes": on_disk, **told}


def write(folder: Path, count: int) -> None:
    """Write the columns of a day: each market begins with an empty book, then its levels come, change and go."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.Generator(np.random.PCG64(SEED))
    files = {name: (folder / f"{name}.bin").open("wb") for name in COLUMNS}
    try:
        for first in range(0, count, PART):
            for name, values in _part(chance, first, min(first + PART, count), count).items():
                files[name].write(values.astype(COLUMNS[name]).tobytes())
    finally:
        for file in files.values():
            file.close()


def _part(chance: np.random.Generator, first: int, last: int, count: int) -> dict[str, NDArray[np.int64]]:
    """Return rows `first` to `last`: bids at 40 to 49 cents, asks at 51 to 60, near ones more often."""
    rows = np.arange(first, last, dtype=np.int64)
    is_first = rows < MARKETS
    what = np.where(chance.random(len(rows)) < TRADES, int(Kind.TRADE), int(Kind.LEVEL))
    side = chance.integers(1, 3, len(rows))
    steps = np.minimum(chance.geometric(0.4, len(rows)), 10)
    size = np.where(chance.random(len(rows)) < 0.3, 0, chance.integers(1, 50, len(rows)) * 100)
    heard = BEGIN_NS + rows * (DAY_NS // count)
    return {
        "recv_ns": heard,
        "venue_ns": heard - LAG_NS,
        "market": np.where(is_first, rows, chance.integers(0, MARKETS, len(rows))),
        "kind": np.where(is_first, int(Kind.RESET), what),
        "flags": np.where(is_first, int(Flag.SNAPSHOT | Flag.LAST), int(Flag.LAST)),
        "maker_side": np.where(is_first, 0, side),
        "price": np.where(is_first, 0, np.where(side == 1, 50 - steps, 50 + steps) * 100),
        "size": np.where(is_first, 0, size),
        "join": np.full(len(rows), NO_JOIN),
        "venue_order": rows,
    }


def _peak() -> int:
    """Return the most that was resident since this program began; getrusage would count what its parent held, too."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def main(folder: Path) -> None:
    """Quote both sides of every market, and print what that held at most."""
    columns = {name: np.memmap(folder / f"{name}.bin", dtype=kind, mode="r") for name, kind in COLUMNS.items()}
    grid = price_grid((PriceBand(0, LIMIT, 100),), LIMIT)
    way = Ways(new=WAY_NS, cancel=WAY_NS, replace=WAY_NS, answer=WAY_NS)
    one = ParameterSet(strategy=QuoteBoth(SIZE), limits=UNLIMITED, ways=way, keeps_fills=False)
    made = CompiledPass(columns, [(grid, LIMIT)] * MARKETS, [one], is_mapped=True)
    began = time.process_time()
    made.run_all()
    took = time.process_time() - began
    rows, result = len(columns["kind"]), made.result(0)
    told = {"resident_bytes": _peak(), "rate": rows / took, "ns": took * 1e9 / rows}
    print(json.dumps({**told, "requests": result.sent, "fills": result.fills}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
