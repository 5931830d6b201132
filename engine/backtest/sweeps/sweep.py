"""A sweep from its first set to its last: passes of a few sets over one span, rows written as they come.

What a row says depends on its set and span alone. Which sets share a pass depends on the file alone, never on how many
workers there are: so rows are the same however the sweep is run, and one that was ended in the middle goes on.

Errors  what a pass raises, and OSError of the disk.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import msgspec

from engine.backtest.sweeps.axes import SetOfValues, values_of
from engine.backtest.sweeps.folds import TEST, Span
from engine.backtest.sweeps.grid import SweepFile
from engine.backtest.sweeps.pools import WorkPool
from engine.backtest.sweeps.rows import SweepRow
from engine.backtest.sweeps.search import Search
from engine.backtest.sweeps.store import RowStore


class SweepPass(msgspec.Struct, frozen=True, kw_only=True):
    """Some sets over one span of some data: all that a worker needs to know. `digest` is the configuration's."""

    config: Path
    digest: str
    data: tuple[Path, ...]
    capital: int
    span: Span
    sets: tuple[tuple[int, SetOfValues], ...]
    fast: bool = False
    own_in_book: bool = True

    @property
    def name(self) -> str:
        """Return what its file is called."""
        return f"{self.span.name}-{self.sets[0][0]:06}"


class Progress(NamedTuple):
    """How far a sweep is: runs done of those that are known so far, and the best rows of what is used to choose."""

    done: int
    known: int
    rows: Sequence[SweepRow]


Work = Callable[[SweepPass], list[SweepRow]]
Told = Callable[[Progress, Sequence[SweepRow]], None]


class Sweep:
    """One sweep; `rows` holds what is done, by set and span."""

    def __init__(self, file: SweepFile, digest: str, spans: Sequence[Span], store: RowStore) -> None:
        self._file, self._digest, self._spans, self._store = file, digest, spans, store
        self.rows: dict[tuple[int, str], SweepRow] = {}
        self.scores: dict[int, float | None] = {}

    def run(self, search: Search, pool: WorkPool, work: Work, told: Told) -> Path:
        """Run every set over every span, `told` of each pass that is done; return the file of all rows."""
        known = 0
        for numbers in search.rounds(self.scores):
            known += len(numbers) * len(self._spans)
            passes = list(self._passes(numbers))
            for each, rows in self._done(passes, pool, work):
                self.rows |= {(row.number, each.span.name): row for row in rows}
                told(Progress(len(self.rows), known, list(self.rows.values())), rows)
            self.scores |= {number: self._score(number) for number in numbers}
        return self._store.write_all(self.rows.values())

    def _passes(self, numbers: Sequence[int]) -> Iterator[SweepPass]:
        keys, size = self._file.keys, self._file.keys.sets_a_pass
        for span in self._spans:
            for begin in range(0, len(numbers), size):
                block = numbers[begin : begin + size]
                yield SweepPass(
                    config=keys.config.resolve(),
                    digest=self._digest,
                    data=tuple(path.resolve() for path in self._file.data),
                    capital=keys.capital,
                    span=span,
                    sets=tuple((number, values_of(self._file.axes, number)) for number in block),
                    fast=keys.fast,
                    own_in_book=keys.own_in_book and not keys.fast,
                )

    def _done(
        self, passes: Sequence[SweepPass], pool: WorkPool, work: Work
    ) -> Iterator[tuple[SweepPass, list[SweepRow]]]:
        """Yield the passes that were written before, then the others as they end, written."""
        open_passes = []
        for each in passes:
            rows = self._store.read(each.name)
            if rows is None:
                open_passes.append(each)
            else:
                yield each, rows
        for each, rows in pool.run(open_passes, work):
            self._store.write(each.name, rows)
            yield each, rows

    def _score(self, number: int) -> float | None:
        found = [self.rows[number, span.name] for span in self._spans if span.role != TEST]
        return score(found, self._file.keys.objective)


def score(rows: Sequence[SweepRow], objective: str) -> float | None:
    """Return what a set is judged by: the sum of its profit, or the mean of what is not additive; None without any."""
    found = [getattr(row, objective) for row in rows]
    known = [float(value) for value in found if value is not None]
    if not known:
        return None
    return sum(known) if objective == "pnl" else fmean(known)
