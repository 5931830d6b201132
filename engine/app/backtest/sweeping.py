"""What `fixlane sweep` does: judge everything before the first run, run, and say what came of it.

Errors  ConfigError for whatever is wrong with the file, a set that no strategy takes, and for the cluster.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.app.backtest.command import CapturedHistory
from engine.app.backtest.identity import code_of, data_of, digest_of
from engine.app.backtest.passes import run_pass, run_set
from engine.app.backtest.progress import ProgressTable
from engine.app.loading import build_strategy
from engine.backtest.sweeps.axes import total, values_of
from engine.backtest.sweeps.clusters import cluster_pool
from engine.backtest.sweeps.folds import Span, spans
from engine.backtest.sweeps.grid import SweepFile, load_sweep
from engine.backtest.sweeps.ledger import NAME, Trial, TrialLedger, TriedData
from engine.backtest.sweeps.pools import InlinePool, LocalPool, WorkPool
from engine.backtest.sweeps.rows import SweepRow
from engine.backtest.sweeps.search import GridSearch, ParzenSearch, RandomSearch, Search
from engine.backtest.sweeps.store import RowStore
from engine.backtest.sweeps.summary import SweepSummary, summary_of, sweep_page
from engine.backtest.sweeps.sweep import Progress, Sweep
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.errors import ConfigError


def run(arguments: argparse.Namespace) -> int:
    """Run the sweep of a file, or go on with it."""
    file = load_sweep(arguments.grid)
    folder = arguments.out or arguments.grid.with_suffix(".sweep")
    sys.path.insert(0, str(file.keys.config.resolve().parent))  # a strategy may stand beside its configuration
    config = load(file.keys.config)
    if config.strategies:
        raise ConfigError(f"{file.keys.config}: a sweep varies [strategy], and this has [strategies]: name one alone")
    history = CapturedHistory(file.data)
    search = search_of(file)
    judge_sets(file, config, history)
    found = spans(file.keys.folds, history.frames[0].recv_ns, history.frames[-1].recv_ns)
    store = RowStore(folder, subject_of(file, config, found))
    trials = Trials(TrialLedger(folder / NAME), history, found)
    del history  # workers read their own
    sweep = Sweep(file, config.digest, found, store)
    pool = pool_of(arguments)
    try:
        with ProgressTable(file.keys.objective) as table:

            def told(progress: Progress, rows: Sequence[SweepRow]) -> None:
                """Count trials as they are made, not when all are done."""
                trials.add(rows)
                table.show(progress)

            path = sweep.run(search, pool, run_pass, told)
    finally:
        pool.close()
    for line in _written(sweep, file, trials, path):
        print(line)
    return 0


class Trials:
    """The ledger beside the rows: each set counts for the span that it ran over."""

    def __init__(self, ledger: TrialLedger, history: CapturedHistory, found: Sequence[Span]) -> None:
        self.ledger = ledger
        symbols = [each.symbol for each in history.instruments]
        self._data = {span.name: data_of(span.begin_ns, span.end_ns - 1, symbols) for span in found}
        self.whole: TriedData = data_of(found[0].begin_ns, found[-1].end_ns - 1, symbols)

    def add(self, rows: Sequence[SweepRow]) -> None:
        """Note the runs of one pass."""
        for row in rows:
            data = self._data[row.span]
            self.ledger.add(data, [Trial(configuration=row.configuration, data=data.digest, sharpe=row.sharpe)])


def search_of(file: SweepFile) -> Search:
    """Return how the file wants its sets to be chosen."""
    keys = file.keys
    if keys.search == "grid":
        return GridSearch(file.axes)
    if keys.search == "random":
        return RandomSearch(file.axes, keys.draws, keys.seed)
    return ParzenSearch(file.axes, keys.draws, keys.seed, keys.sets_a_pass)


def pool_of(arguments: argparse.Namespace) -> WorkPool:
    """Return who does the work: so many processes, or a cluster."""
    if arguments.on:
        return cluster_pool(arguments.on)
    jobs = arguments.jobs or os.cpu_count() or 1
    return LocalPool(jobs) if jobs > 1 else InlinePool()


def judge_sets(file: SweepFile, config: EngineConfig, history: CapturedHistory) -> None:
    """Make the strategy with each value of each axis, the others at their first: a wrong one is named before a run."""
    for place, axis in enumerate(file.axes):
        behind = total(file.axes[place + 1 :])
        for chosen in range(len(axis.values)):
            values = values_of(file.axes, chosen * behind)
            try:
                build_strategy(run_set(config, values).config.strategy, history.instruments)
            except ConfigError as error:
                raise ConfigError(f"{file.path}: {axis.path} = {values[axis.path]!r}: {error}") from None


def subject_of(file: SweepFile, config: EngineConfig, found: Sequence[Span]) -> dict[str, Any]:
    """Return what a folder of rows is about: with another subject they would be others."""
    keys = file.keys
    names = ("search", "objective", "capital", "sets_a_pass")
    return {
        "axes": {axis.path: list(axis.values) for axis in file.axes},
        **{name: getattr(keys, name) for name in names},
        **({"fast": True} if keys.fast else {"own_in_book": keys.own_in_book}),
        **({} if keys.search == "grid" else {"draws": keys.draws, "seed": keys.seed}),
        "spans": [[span.name, span.begin_ns, span.end_ns] for span in found],
        "configuration": config.digest,
        "strategy": [config.strategy.path, code_of(config.strategy.path)],
        "data": {str(path): digest_of(path) for path in file.data},
    }


def show(summary: SweepSummary) -> Iterator[str]:
    """Yield what a person looks for first, and then what to know before believing it."""
    unit = 10**summary.money_decimals
    for each in summary.best[:5]:
        yield f"set {each.number} {each.values}: profit {each.pnl / unit:,.2f}, {each.fills:,} fills"
    if (walk := summary.walk_forward) is not None:
        yield f"chosen by fold: {walk.in_sample / unit:,.2f} in sample, {walk.out_of_sample / unit:,.2f} out of sample"
    else:
        yield "warning: the best was chosen on the data that it is shown for: give [folds]"
    guard = summary.guard
    told = f"{guard.deflated:.4f}" if guard.deflated is not None else f"not said: {guard.note}"
    yield f"{guard.trials} trials on these data; deflated Sharpe ratio {told}"


def _written(sweep: Sweep, file: SweepFile, trials: Trials, path: Path) -> Iterator[str]:
    rows = sorted(sweep.rows.values(), key=lambda row: (row.number, row.from_ns))
    summary = summary_of(rows, sweep.scores, file.keys.objective, trials.ledger.tried(trials.whole))
    yield from show(summary)
    yield f"wrote {path}"
    told = path.with_name("result.json")
    told.write_bytes(summary.as_json())
    yield f"wrote {told}"
    try:
        page = path.with_name("report.html")
        page.write_text(sweep_page(summary, file.axes, sweep.scores, f"Sweep {file.path.name}"), encoding="utf-8")
        yield f"wrote {page}"
    except ConfigError as error:
        yield f"left out: {error}"
