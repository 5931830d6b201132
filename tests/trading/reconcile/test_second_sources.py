"""How far a second source of fills runs behind the session is measured by what both told, each fill once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.trading.reconcile import second_sources
from engine.trading.reconcile.second_sources import FillSource, SecondSources

FEED, REST = FillSource.FEED, FillSource.REST


class Clock:
    """Time, and the sources that read it."""

    def __init__(self) -> None:
        self.now_ns = 1_000
        self.sources = SecondSources(lambda: self.now_ns)

    def lag(self, source: FillSource) -> tuple[int, int]:
        lag = self.sources.lags[source]
        return lag.fills, lag.lag_ns


def test_source_that_comes_after_the_session_is_behind_and_one_before_it_ahead() -> None:
    clock = Clock()
    clock.sources.heard(FEED, "T1")
    clock.now_ns += 5
    clock.sources.told("T1")
    clock.now_ns += 8
    clock.sources.heard(REST, "T1")
    assert (clock.lag(FEED), clock.lag(REST)) == ((1, -5), (1, 8))


def test_fill_that_is_listed_again_or_has_no_name_counts_no_more() -> None:
    clock = Clock()
    clock.sources.told("T1")
    clock.sources.told("")
    for _ in range(3):
        clock.now_ns += 10
        clock.sources.heard(REST, "T1")
        clock.sources.heard(REST, "")
        clock.sources.heard(REST, "never told by the session")
    assert clock.lag(REST) == (1, 10)


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_sources, "MOST_KNOWN", 3)
    clock = Clock()
    for number in range(9):
        clock.sources.told(f"T{number}")
        clock.sources.heard(FEED, f"ahead{number}")
    clock.sources.heard(REST, "T0")  # forgotten
    clock.sources.heard(REST, "T8")
    clock.now_ns += 1
    clock.sources.told("ahead0")
    clock.sources.told("ahead8")
    assert (clock.lag(REST), clock.lag(FEED)) == ((1, 0), (1, -1))


@given(st.lists(st.tuples(st.sampled_from([None, FEED, REST]), st.integers(0, 4), st.integers(0, 9)), max_size=40))
def test_lag_is_that_of_the_first_word_of_each_side(steps: list[tuple[FillSource | None, int, int]]) -> None:
    clock = Clock()
    first: dict[tuple[FillSource | None, str], int] = {}
    expected = {FEED: (0, 0), REST: (0, 0)}
    for source, number, pause_ns in steps:
        clock.now_ns += pause_ns
        name = f"T{number}"
        is_new = (source, name) not in first
        first.setdefault((source, name), clock.now_ns)
        clock.sources.told(name) if source is None else clock.sources.heard(source, name)
        for each in (FEED, REST) if source is None else (source,):
            both = first.get((each, name)), first.get((None, name))
            if is_new and both[0] is not None and both[1] is not None:
                expected[each] = expected[each][0] + 1, both[0] - both[1]
    assert {each: clock.lag(each) for each in (FEED, REST)} == expected
