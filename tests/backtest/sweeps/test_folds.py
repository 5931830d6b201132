"""Stretches of a history: which there are, that each stands for itself, and that none knows what comes after."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.cutting import cut, decoded, paid_by
from engine.backtest.history import timed
from engine.backtest.outcomes import MarketOutcome
from engine.backtest.results.mids import mids_of
from engine.backtest.sweeps.folds import FoldSection, Span, spans
from engine.errors import ConfigError
from engine.exchange import captures
from tests.support.recorded import BEGAN_MS, BEHIND_MS, MS, wandering

NS = st.integers(1, 50)


@given(NS, NS, st.none() | NS, st.integers(1, 500))
def test_test_follows_its_train_and_folds_walk_forward(train: int, test: int, step: int | None, last: int) -> None:
    section = FoldSection(train_ns=train, test_ns=test, step_ns=step)
    if last + 1 < train + test:
        with pytest.raises(ConfigError, match="one fold"):
            spans(section, 0, last)
        return
    found = spans(section, 0, last)
    for number in range(len(found) // 2):
        begin = number * (step or test)
        assert found[2 * number] == Span("train", number, begin, begin + train)
        assert found[2 * number + 1] == Span("test", number, begin + train, begin + train + test)
    assert found[-1].end_ns <= last + 1 < found[-1].end_ns + (step or test)


def test_without_folds_there_is_the_whole() -> None:
    assert spans(None, 5, 9) == [Span("whole", 0, 5, 10)]


@pytest.mark.parametrize("at", [1, 37, 390])
def test_stretch_begins_with_the_book_as_it_was(tmp_path: Path, at: int) -> None:
    paths = [wandering(5).write(tmp_path)]
    frames, markets = decoded(timed(paths)), captures.markets(paths)
    begin_ns = (BEGAN_MS + at * 50) * MS
    part = cut(frames, markets, begin_ns, frames[-1].recv_ns + 1)
    whole_mids, part_mids = (mids_of(each, markets)["RAIN"] for each in (frames, part))
    for later_ms in range(at * 50, 398 * 50, 25):
        now_ns = (BEGAN_MS + later_ms) * MS
        assert part_mids.at(now_ns) == whole_mids.at(now_ns)
    assert [each.frame for each in part[1:]] == [each.frame for each in frames if each.recv_ns >= begin_ns]


def test_stretch_knows_nothing_of_what_comes_after(tmp_path: Path) -> None:
    paths = [wandering(5).write(tmp_path)]
    frames, markets = timed(paths), captures.markets(paths)
    end_ns = (BEGAN_MS + 5_000) * MS
    part = cut(frames, markets, frames[0].recv_ns, end_ns)
    assert part[-1].recv_ns < end_ns and part[-1].venue_ns <= end_ns - BEHIND_MS * MS
    assert cut(frames, markets, end_ns * 2, end_ns * 2 + 1) == []


def test_market_pays_only_where_it_was_over_by_the_end(tmp_path: Path) -> None:
    frames = timed([wandering(5).write(tmp_path)])
    last_ns = frames[-1].recv_ns
    known = {
        "RAIN": MarketOutcome(10_000, 0, ""),
        "EARLY": MarketOutcome(0, last_ns - 100, ""),
        "LATE": MarketOutcome(0, last_ns + 100, ""),
    }
    inside = {symbol: each.value for symbol, each in paid_by(known, frames, last_ns).items()}
    assert inside == {"RAIN": None, "EARLY": 0, "LATE": None}
    assert paid_by(known, frames, last_ns + 1) == known
