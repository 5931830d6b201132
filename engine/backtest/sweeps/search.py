"""Which sets are tried, in which order: a grid, a sample of it, or what a tree of Parzen estimators suggests.

Shapes  numbers of sets, in rounds: the next round may depend on the scores of the one before, and on nothing else, so
        that the order in which runs end changes nothing.
Errors  ConfigError where optuna is wanted and not installed.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Protocol

from engine.backtest.sweeps.axes import Axis, number_of, total
from engine.errors import ConfigError


class Search(Protocol):
    """Yields rounds of numbers; `scores` holds the score of every set of the rounds before, None where it has none."""

    def rounds(self, scores: Mapping[int, float | None]) -> Iterator[list[int]]:
        """Yield each round."""
        ...


class GridSearch:
    """Every set, in one round."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        self._axes = axes

    def rounds(self, scores: Mapping[int, float | None]) -> Iterator[list[int]]:
        """Yield the one round."""
        yield list(range(total(self._axes)))


class RandomSearch:
    """So many different sets of the grid by chance, the same for the same seed."""

    def __init__(self, axes: Sequence[Axis], draws: int, seed: int) -> None:
        self._axes, self._draws, self._seed = axes, draws, seed

    def rounds(self, scores: Mapping[int, float | None]) -> Iterator[list[int]]:
        """Yield the one round."""
        spanned = total(self._axes)
        yield Random(self._seed).sample(range(spanned), min(self._draws, spanned))


class ParzenSearch:
    """What optuna's TPE suggests, `a_round` sets at a time; a set that it suggests again is not run again."""

    def __init__(self, axes: Sequence[Axis], draws: int, seed: int, a_round: int) -> None:
        try:
            import optuna
        except ImportError:
            raise ConfigError("search = \"tpe\" wants the package optuna: pip install 'fixlane[tpe]'") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._axes, self._draws, self._round = axes, min(draws, total(axes)), a_round
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study: Any = optuna.create_study(direction="maximize", sampler=sampler)
        self._failed = optuna.trial.TrialState.FAIL

    def rounds(self, scores: Mapping[int, float | None]) -> Iterator[list[int]]:
        """Yield rounds until so many sets were tried, or nothing new is suggested any more."""
        asked = 0
        while asked < self._draws:
            trials = [self._study.ask() for _ in range(min(self._round, self._draws - asked))]
            numbers = [number_of(self._axes, self._suggested(trial)) for trial in trials]
            asked += len(trials)
            if new := [number for number in dict.fromkeys(numbers) if number not in scores]:
                yield new
            for trial, number in zip(trials, numbers, strict=True):
                score = scores[number]
                self._study.tell(trial, score, state=self._failed if score is None else None)

    def _suggested(self, trial: Any) -> list[int]:
        return [trial.suggest_int(each.path, 0, len(each.values) - 1) for each in self._axes]
