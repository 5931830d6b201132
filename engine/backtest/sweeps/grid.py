"""The file of a sweep: which configuration, which data, what is varied, how it is searched.

Units   `capital` in dollars as text; latencies in ms, whole or as text.
Errors  ConfigError that lists everything wrong at once, each problem with the path of its key.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import structs

from engine._decimal import parse_decimal
from engine.backtest.core.settings import QueueModel
from engine.backtest.latency import Latency
from engine.backtest.sweeps.axes import MOST_SETS, Axis, AxisValue, SetOfValues, axis, total
from engine.backtest.sweeps.folds import FoldSection
from engine.config.tables import Tables
from engine.errors import ConfigError, DecodeError
from engine.units import Money, Section

PARAMETERS, LATENCY, QUEUE = "parameters", "latency", "queue"
WAYS = ("new", "cancel", "replace", "answer", "venue_delay")
ALL_WAYS = "all"
MOST_LATENCY_NS = 60_000_000_000
Objective = Literal["pnl", "sharpe", "expectancy", "calmar"]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class SweepSection(Section, frozen=True, kw_only=True):
    """The keys of the file; `parameters`, `latency` and `queue` are the axes."""

    config: Path
    data: tuple[str, ...]
    search: Literal["grid", "random", "tpe"] = "grid"
    draws: Annotated[int, msgspec.Meta(ge=1, le=MOST_SETS)] = 100
    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    objective: Objective = "pnl"
    capital: Money = 10_000 * 10**6
    sets_a_pass: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 8
    parameters: dict[str, Any] = {}
    latency: dict[str, Any] = {}
    queue: Any = None
    fast: bool = False
    own_in_book: bool = True
    folds: FoldSection | None = None


class SweepFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read, its axes and the captures that it names."""

    path: Path
    keys: SweepSection
    axes: tuple[Axis, ...]
    data: tuple[Path, ...]

    @property
    def count(self) -> int:
        """Return how many sets will be tried."""
        spanned = total(self.axes)
        return spanned if self.keys.search == "grid" else min(self.keys.draws, spanned)


def load_sweep(path: Path) -> SweepFile:
    """Return the sweep in `path`."""
    tables = Tables(path.parent)
    table = tables.load(path)
    keys = tables.struct(SweepSection, table, "") if table is not None else None
    axes, data = _axes(tables, keys), _captures(tables, keys)
    if tables.problems or keys is None:
        count = len(tables.problems)
        raise ConfigError("\n  ".join([f"{path} has {count} problem{'s' if count > 1 else ''}:", *tables.problems]))
    return SweepFile(path=path, keys=keys, axes=axes, data=data)


def parameters_of(values: SetOfValues) -> dict[str, AxisValue]:
    """Return the parameters of the strategy that a set says."""
    return {path.partition(".")[2]: value for path, value in values.items() if path.startswith(f"{PARAMETERS}.")}


def latency_of(values: SetOfValues) -> Latency:
    """Return the latency that a set says: each way its own, or that of all, or none."""
    told = {path.partition(".")[2]: value for path, value in values.items() if path.startswith(f"{LATENCY}.")}
    each = {ALL_WAYS: 0, **{name: _latency_ns(name, value) for name, value in told.items()}}
    default = {name: 0 if name == "venue_delay" else each[ALL_WAYS] for name in WAYS}
    return structs.replace(Latency(), **{f"{name}_ns": each.get(name, default[name]) for name in WAYS})


def queue_of(values: SetOfValues) -> QueueModel:
    """Return the queue model that a set says, risk-averse without it; raise ConfigError for one that is none."""
    return QueueModel.parse(str(values.get(QUEUE, "risk-averse")))


def _axes(tables: Tables, keys: SweepSection | None) -> tuple[Axis, ...]:
    if keys is None:
        return ()
    named = {PARAMETERS: keys.parameters, LATENCY: keys.latency}
    wanted = [(f"{table}.{name}", told) for table, axes in named.items() for name, told in axes.items()]
    wanted += [(QUEUE, keys.queue)] if keys.queue is not None else []
    found = [tables.attempt("", axis, path, told) for path, told in wanted]
    for name in sorted(keys.latency.keys() - {ALL_WAYS, *WAYS}):
        tables.problem(f"{LATENCY}.{name}", f"is no way: there are {', '.join((ALL_WAYS, *WAYS))}")
    axes = tuple(each for each in found if each is not None)
    for each in axes:
        if each.path == QUEUE:
            for value in each.values:
                model = tables.attempt("", queue_of, {QUEUE: value})
                if keys.fast and model is not None and model.is_matched:
                    tables.problem(QUEUE, "matched is of the slow exchange: leave fast out, or name another model")
        if each.path.startswith(f"{LATENCY}.") and each.path.partition(".")[2] in (ALL_WAYS, *WAYS):
            for value in each.values:
                tables.attempt("", _latency_ns, each.path, value)
    if not axes and not tables.problems:
        tables.problem(PARAMETERS, "nothing is varied: give it a key with a list of values")
    if total(axes) > MOST_SETS and keys.search == "grid":
        tables.problem("search", f'a grid of {total(axes)} sets: {MOST_SETS} at most, or take "random"')
    return axes


def _latency_ns(path: str, value: AxisValue) -> int:
    """Return ms, a whole number or text, as ns."""
    if isinstance(value, str) or type(value) is int:
        try:
            found: int = parse_decimal(str(value), 6)
        except DecodeError:
            found = -1
        if 0 <= found <= MOST_LATENCY_NS:
            return found
    raise ConfigError(f"{path}: {value!r} must be milliseconds, 0 to 60000: a whole number, or text")


def _captures(tables: Tables, keys: SweepSection | None) -> tuple[Path, ...]:
    """Return the files that the patterns name, each once, in order."""
    found: dict[Path, None] = {}
    for pattern in keys.data if keys is not None else ():
        if "://" in pattern:
            tables.problem("data", f'"{pattern}" lies elsewhere: name files that every worker can open')
            continue
        anchor = Path(pattern).anchor
        folder = Path(anchor) if anchor else tables.directory
        paths = sorted(folder.glob(pattern.removeprefix(anchor))) if pattern.removeprefix(anchor) else []
        if not paths:
            tables.problem("data", f'"{pattern}" names no file in {folder}')
        found |= dict.fromkeys(paths)
    if keys is not None and not keys.data:
        tables.problem("data", "names nothing: give captures, or patterns of them")
    return tuple(found)
