"""Which stretches of the history a sweep runs over: all of it, or folds that walk forward.

A fold chooses the best set on what came first, and is judged by the stretch right after that, which it never saw.

Units   ns since 1970; a span holds what was received from its beginning to before its end.
Errors  ConfigError where the history is too short for one fold.
"""

from typing import NamedTuple

from engine.errors import ConfigError
from engine.units import Duration, Section

WHOLE, TRAIN, TEST = "whole", "train", "test"
MOST_FOLDS = 1_000


class FoldSection(Section, frozen=True, kw_only=True):
    """How long a fold learns, how long it is tested, and how far the next one begins after it (a test's length)."""

    train_ns: Duration
    test_ns: Duration
    step_ns: Duration | None = None


class Span(NamedTuple):
    """One stretch: `role` is what it is used for, `fold` which fold's it is."""

    role: str
    fold: int
    begin_ns: int
    end_ns: int

    @property
    def name(self) -> str:
        """Return what files and rows call it."""
        return WHOLE if self.role == WHOLE else f"{self.role}-{self.fold:03}"


def spans(section: FoldSection | None, first_ns: int, last_ns: int) -> list[Span]:
    """Return the spans of a history that lasts from `first_ns` to `last_ns`, both within it."""
    if section is None:
        return [Span(WHOLE, 0, first_ns, last_ns + 1)]
    train_ns, test_ns = section.train_ns, section.test_ns
    step_ns = section.step_ns or test_ns
    if not train_ns or not test_ns:
        raise ConfigError("folds: train and test must be longer than 0")
    found: list[Span] = []
    begin_ns = first_ns
    while (end_ns := begin_ns + train_ns + test_ns) <= last_ns + 1:
        fold = len(found) // 2
        if fold == MOST_FOLDS:
            raise ConfigError(f"folds: more than {MOST_FOLDS}: let step be longer")
        found.append(Span(TRAIN, fold, begin_ns, begin_ns + train_ns))
        found.append(Span(TEST, fold, begin_ns + train_ns, end_ns))
        begin_ns += step_ns
    if not found:
        lasts = (last_ns - first_ns) / 1e9
        raise ConfigError(
            f"folds: the data last {lasts:.0f} s, one fold {(train_ns + test_ns) / 1e9:.0f} s: shorten it"
        )
    return found
