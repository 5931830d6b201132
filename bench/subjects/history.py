"""`backtest`: rows a second through the compiled pass, in CPU time of one core, and what a conversion costs.

The captures are those of `--capture`, a file or a folder, else a made-up day. Each run is repeated over all their rows
and the fastest counts: what else the machine does can only slow it down.

Units   rates in rows, requests or frames a second of CPU time; `ns` of CPU time a row.
Errors  BenchError without what reads rows; ConfigError for captures that are none.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.backtest import musts
from bench.child import BenchError
from bench.report.results import Figures

if TYPE_CHECKING:
    from multiprocessing.pool import Pool

    from engine.backtest.core._rows_desk import RowsDesk
    from engine.backtest.core.loading import LoadedRows
    from engine.backtest.core.settings import ParameterSet

NAME = "backtest"
REPEATS, QUICK_REPEATS = 9, 1
FEW_REPEATS = 3  # of what takes long
PAIRS = 5
SIZE = 1_000
WAY_NS = 5_000_000
SETS = (2, 4, 8, 16)
SWEEP = 16


class PythonQuoter:
    """What a strategy in Python does at the least: an order on each side, moved with the best price."""

    def __init__(self) -> None:
        self._mine: dict[tuple[int, int], tuple[int, int]] = {}

    def on_book(self, desk: "RowsDesk", market: int) -> None:
        """Move both orders to the best prices."""
        for side, price in ((1, desk.best_bid(market)), (2, desk.best_ask(market))):
            mine = self._mine.get((market, side))
            if mine is not None and desk.is_live(mine[0]):
                if price and price != mine[1] and desk.replace(mine[0], price, SIZE) == 0:
                    self._mine[market, side] = (mine[0], price)
            elif price:
                order = desk.submit(market, side, price, SIZE, post_only=True)
                if order > 0:
                    self._mine[market, side] = (order, price)


class PythonWatcher:
    """A strategy in Python that looks and does nothing."""

    def on_book(self, desk: "RowsDesk", market: int) -> None:
        """Look at both best prices."""
        desk.best_bid(market)
        desk.best_ask(market)


def measure(is_quick: bool, capture: Path | None) -> dict[str, Figures]:
    """Return the figures of every run."""
    with TemporaryDirectory() as name:
        repeats = QUICK_REPEATS if is_quick else REPEATS
        days, frames, convert_s = converted(Path(name), capture, repeats)
        found = {"convert": {"n": frames, "rate": frames / convert_s, "ns": convert_s * 1e9 / frames}}
        for run, sets in runs():
            found[run] = passes(days, sets, repeats)
        one = found["quoter.matched"]["ns"]
        for count in SETS:
            each = (found[f"sets.{count}"]["ns"] - one) / (count - 1)
            found[f"sets.{count}"] |= {"one_more_ns": each, "one_more": each / one}
        found["sweep.16"] = sweep(sorted(Path(name).glob("*/depth/*.parquet")), repeats)
        found |= others(days, Path(name), capture, is_quick)
    return {f"{NAME}.{run}": figures for run, figures in found.items()}


def others(days: Sequence["LoadedRows"], folder: Path, capture: Path | None, is_quick: bool) -> dict[str, Figures]:
    """Return the figures of a plain strategy, of a long day, and of peers."""
    from bench.backtest import long_day, plain
    from bench.peers import backtests

    repeats = QUICK_REPEATS if is_quick else FEW_REPEATS
    found = plain.measure(days, repeats)
    found["plain.sets"] = plain.one_more([capture or folder / "captures"], repeats)
    found["day.1000"] = long_day.measure(folder / "long", is_quick)
    if is_quick:
        return found | {name: {"skipped": "--quick: what it compiles takes longer"} for name in backtests.names()}
    return found | backtests.measure(days, folder, repeats)


def converted(folder: Path, capture: Path | None, repeats: int) -> tuple[list["LoadedRows"], int, float]:
    """Return captures as mapped rows, how many frames they held, and what turning them into rows took, the median."""
    try:
        from engine.app.backtest.generated import write_day
        from engine.backtest.core.loading import load
        from engine.backtest.rows.convert import convert
    except ModuleNotFoundError as error:
        raise BenchError(f"backtest wants {error.name}: pip install 'fixlane[history]'") from None
    paths = [capture] if capture is not None else write_day(folder / "captures")
    took = []
    for _ in range(repeats):
        began = time.process_time()
        days = list(convert(paths, folder, False, lambda path, line, what, text: None))
        took.append(time.process_time() - began)
    kinds = ("orderbook_delta", "orderbook_snapshot", "trade")
    frames = sum(day.counts.get(kind, 0) for day in days for kind in kinds)
    return [load(day.path) for day in days], frames, median(took)


def runs() -> Iterator[tuple[str, Callable[[], Sequence["ParameterSet"]]]]:
    """Yield the name of each run, and what makes its parameter sets anew."""
    from engine.backtest.core.settings import QuoteBoth

    yield "replay", lambda: [_set(None)]
    for queue in ("risk-averse", "power:1", "log", "matched"):
        yield f"quoter.{queue}", lambda queue=queue: [_set(QuoteBoth(SIZE), queue)]  # type: ignore[misc]
    yield "python.looking", lambda: [_set(PythonWatcher())]
    yield "python.quoting", lambda: [_set(PythonQuoter())]
    for count in SETS:
        yield f"sets.{count}", lambda count=count: points(count)  # type: ignore[misc]


def points(count: int) -> list["ParameterSet"]:
    """Return so many quoters, no two alike."""
    from engine.backtest.core.settings import QuoteBoth

    return [_set(QuoteBoth(SIZE + 100 * (place // 2), place % 2)) for place in range(count)]


def _set(strategy: object, queue: str = "matched") -> "ParameterSet":
    from engine.backtest.core.settings import NO_LIMIT, DeskLimits, ParameterSet, QueueModel, Ways

    limits = DeskLimits(qty=10**7, position=10**9, open_orders=1_000, open_cost=NO_LIMIT, collar=10_000)
    ways = Ways(new=WAY_NS, cancel=WAY_NS, replace=WAY_NS, answer=WAY_NS)
    return ParameterSet(strategy=strategy, limits=limits, ways=ways, queue=QueueModel.parse(queue), keeps_fills=False)


def passes(days: Sequence["LoadedRows"], sets: Callable[[], Sequence["ParameterSet"]], repeats: int) -> Figures:
    """Return rows a second of the fastest of the repeats, and what the first account did in one of them."""
    from engine.backtest.core._pass import CompiledPass

    rows, best, sent, fills = sum(map(len, days)), float("inf"), 0, 0
    for _ in range(repeats):
        took, sent, fills = 0.0, 0, 0
        for day in days:
            made = CompiledPass(day.columns, day.markets, sets(), is_mapped=True)
            began = time.process_time()
            made.run_all()
            took += time.process_time() - began
            result = made.result(0)
            sent, fills = sent + result.sent, fills + result.fills
        best = min(best, took)
    return {"n": rows, "rate": rows / best, "ns": best * 1e9 / rows, "requests": sent, "fills": fills}


def sweep(paths: Sequence[Path], repeats: int) -> Figures:
    """Return how much faster a sweep of 16 points, two passes as `fixlane sweep` makes them, is on two cores."""
    if (os.cpu_count() or 1) < 2:
        return {"skipped": "this machine has one core"}
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.map(_points, [(paths, 0, 1, 1)] * 2)  # both have imported and mapped
        pairs = [_pair(pool, paths, repeats) for _ in range(1 if repeats == QUICK_REPEATS else PAIRS)]
    alone, both = (median(each[place] for each in pairs) / repeats for place in range(2))
    return {"one_core_s": alone, "two_cores_s": both, "speedup": median(one / two for one, two in pairs)}


def _pair(pool: "Pool", paths: Sequence[Path], repeats: int) -> tuple[float, float]:
    """Return what both passes take on one core and, right after, on two."""
    work = [(paths, 0, SWEEP // 2, repeats), (paths, SWEEP // 2, SWEEP, repeats)]
    began = time.perf_counter()
    pool.map(_points, work, chunksize=len(work))
    between = time.perf_counter()
    pool.map(_points, work, chunksize=1)
    return between - began, time.perf_counter() - between


def _points(asked: tuple[Sequence[Path], int, int, int]) -> int:
    from engine.backtest.core._pass import CompiledPass
    from engine.backtest.core.loading import load

    paths, first, last, repeats = asked
    for path in paths:
        day = load(path)
        for _ in range(repeats):
            CompiledPass(day.columns, day.markets, points(last)[first:], is_mapped=True).run_all()
    return last - first


def text(found: dict[str, Figures]) -> str:
    """Return the figures as a table."""
    plain = {name.removeprefix(f"{NAME}."): figures for name, figures in found.items()}
    lines = [
        *musts.lines(plain),
        "",
        f"{'run':<28}{'ns a row':>10}{'M/s':>9}{'requests':>10}{'fills':>8}{'one more':>10}",
    ]
    for name, figures in found.items():
        if "skipped" in figures:
            lines.append(f"{name:<28}skipped: {figures['skipped']}")
        elif "speedup" in figures:
            seconds = f"{figures['one_core_s']:.3f} s on one core, {figures['two_cores_s']:.3f} s on two"
            lines.append(f"{name:<28}{figures['speedup']:.2f} x: {seconds}")
        elif "first_s" in figures:
            lines.append(f"{name:<28}{figures['first_s']:.3f} s, each set after it {figures['one_more_s']:.3f} s")
        else:
            more = f"{figures['one_more']:.0%}" if "one_more" in figures else ""
            done = f"{figures.get('requests', ''):>10}{figures.get('fills', ''):>8}{more:>10}"
            lines.append(f"{name:<28}{figures['ns']:>10.1f}{figures['rate'] / 1e6:>9.2f}{done}")
    return "\n".join(lines)
