"""One pass of a sweep in a worker: several sets over one stretch of history, which is read and decoded once.

Shapes  a worker keeps the history and the stretch that it read last, for the passes that come to it next.
Errors  ConfigError where a configuration changed since the sweep began, and for parameters that no strategy takes.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from engine.app.backtest.command import CapturedHistory, fast_backtest, slow_backtest
from engine.app.backtest.identity import RunOptions, configuration_of
from engine.backtest.core.settings import RISK_AVERSE, QueueModel
from engine.backtest.cutting import cut, decoded, paid_by
from engine.backtest.latency import Latency
from engine.backtest.results.result import Assumed, Observed, observed, result_of
from engine.backtest.runner import Ended
from engine.backtest.sweeps.axes import SetOfValues
from engine.backtest.sweeps.folds import WHOLE, Span
from engine.backtest.sweeps.grid import latency_of, parameters_of, queue_of
from engine.backtest.sweeps.rows import SweepRow, row_of
from engine.backtest.sweeps.sweep import SweepPass
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.errors import ConfigError


class RunSet(NamedTuple):
    """One set as a run takes it."""

    config: EngineConfig
    latency: Latency
    queue: QueueModel = RISK_AVERSE


class HistoryStretch(CapturedHistory):
    """A part of a history that was read, as a history."""

    def __init__(self, whole: CapturedHistory, span: Span) -> None:
        self.instruments = whole.instruments
        self.frames, self.outcomes = whole.frames, whole.outcomes
        if span.role != WHOLE:
            self.frames = cut(whole.frames, whole.instruments, span.begin_ns, span.end_ns)
            self.outcomes = paid_by(whole.outcomes, whole.frames, span.end_ns)
        if not self.frames:
            raise ConfigError(f"folds: nothing was heard in {span.name}: let folds be longer, or give other data")
        self.seen: Observed = observed(self.frames, self.instruments)


def run_pass(each: SweepPass) -> list[SweepRow]:
    """Return the rows of a pass, in the order of its sets."""
    sys.path[:] = [str(each.config.resolve().parent), *(path for path in sys.path if path)]
    config = _config(each.config, each.digest)
    stretch = _stretch(each.data, each.span)
    assumed = Assumed(latency=Latency(), capital=each.capital, zone=ZoneInfo(config.risk.day_zone))
    sets = [run_set(config, values) for _, values in each.sets]
    rows = []
    for (number, values), one, ended in zip(each.sets, sets, ended_of(stretch, sets, each), strict=True):
        result = result_of(ended, stretch.seen, stretch.outcomes, replace(assumed, latency=one.latency))
        rows.append(
            row_of(
                number,
                configuration_of(one.config, one.latency, RunOptions(one.queue, own_in_book=each.own_in_book)),
                values,
                each.span,
                result,
                each.capital,
            )
        )
    return rows


def run_set(config: EngineConfig, values: SetOfValues) -> RunSet:
    """Return the configuration and the latency of a set."""
    parameters = config.strategy.parameters | parameters_of(values)
    return RunSet(
        replace(config, strategy=replace(config.strategy, parameters=parameters)), latency_of(values), queue_of(values)
    )


def ended_of(stretch: CapturedHistory, sets: Sequence[RunSet], how: SweepPass) -> Iterator[Ended]:
    """Yield how each set ended over the stretch, whose frames were decoded once."""
    backtest = fast_backtest if how.fast else slow_backtest
    for one in sets:
        yield backtest(one.config, stretch, one.latency, one.queue, how.own_in_book)


@lru_cache(maxsize=1)
def _config(path: Path, digest: str) -> EngineConfig:
    config = load(path)
    if config.digest != digest:
        raise ConfigError(f"{path} changed since the sweep began: begin a new one with another --out")
    return config


@lru_cache(maxsize=1)
def _history(paths: tuple[Path, ...]) -> CapturedHistory:
    history = CapturedHistory(paths)
    history.frames = decoded(history.frames)
    return history


@lru_cache(maxsize=1)
def _stretch(paths: tuple[Path, ...], span: Span) -> HistoryStretch:
    return HistoryStretch(_history(paths), span)
