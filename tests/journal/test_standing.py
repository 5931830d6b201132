"""What the halt word says is in the journal too: at a start the stricter of both holds, unless a person spoke since."""

from itertools import product
from pathlib import Path

import pytest

from engine.fix import BUY
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import SEGMENTS
from engine.journal.told import HaltStanding, standing_of
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.runtime.halt_word import FREE, HALT, REDUCE_ONLY, HaltWord, Word
from engine.runtime.person import the_engine
from tests.journal.test_snapshot import Desk, closing
from tests.support.order_reports import INSTRUMENTS

__all__ = ["closing"]
STATES = FREE, REDUCE_ONLY, HALT
HALTED = HaltStanding(HALT, 50, 20, "ann", "fire")


def word(state: int, when_ns: int) -> Word:
    return Word(state, when_ns, the_engine(), "")


def recovered(directory: Path) -> HaltStanding | None:
    return recover(journal_paths(directory), INSTRUMENTS, Orders("N"), Portfolio(INSTRUMENTS)).standing


# Which of both holds


@pytest.mark.parametrize(("kept", "found"), list(product(STATES, STATES)))
def test_stricter_of_both_holds_where_the_word_is_older(kept: int, found: int) -> None:
    assert HALTED._replace(state=kept).outlives(word(found, 20)) == (kept > found)


@pytest.mark.parametrize(("kept", "found"), list(product(STATES, STATES)))
def test_word_that_a_person_has_set_since_holds(kept: int, found: int) -> None:
    assert not HALTED._replace(state=kept).outlives(word(found, 51))


def test_missing_word_is_free_since_no_moment_and_holds_against_no_halt() -> None:
    assert HALTED.outlives(word(FREE, 0))
    assert not HALTED._replace(state=FREE).outlives(word(FREE, 0))


def test_halt_that_could_not_be_written_holds_though_the_clock_was_set_back_since() -> None:
    assert HaltStanding(HALT, 50, 100, "ann", "fire").outlives(word(FREE, 100))  # the file was not touched


def test_word_of_the_journal_says_where_it_is_from() -> None:
    said = HALTED.as_word()
    assert (said.state, said.when_ns) == (HALT, 50)
    assert said.reason == "fire (by ann; the halt word did not say so, the journal does)"


def test_damaged_word_has_the_moment_when_it_was_heard() -> None:
    damaged = HaltWord()
    damaged.word = word(HALT, 0)
    assert standing_of(damaged, 7)[:3] == (HALT, 7, 0)


# What the journal keeps


def test_last_one_counts_whatever_runs_and_snapshots_come_between(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**13)
    assert recovered(tmp_path) is None
    desk.snapshots.stand(HALTED, 1)
    desk.snapshots.stand(HALTED._replace(state=FREE, when_ns=60), 1)
    desk.snapshots.stand(HALTED._replace(when_ns=70), 1)
    last = HALTED._replace(when_ns=70)
    assert recovered(tmp_path) == last
    for _ in range(SEGMENTS + 1):
        desk.trade(BUY, 1, 4_200)
        desk.journal.roll()
    desk.snapshots.tick()  # a start reads from here on
    assert recovered(tmp_path) == last
    desk.journal.close()
    for nonce in "BC":  # a start takes it over, and writes it into its own first snapshot
        again = Desk(tmp_path, nonce)
        assert again.recovered.standing == last
        again.journal.close()
    assert recovered(tmp_path) == last


def test_snapshot_without_its_standing_is_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.snapshots.stand(HALTED, 1)
    desk.journal.roll()
    desk.snapshots.take()
    path = desk.journal.path
    desk.journal.close()
    data = path.read_bytes()
    at = data.index(b"ann\x01fire")
    path.write_bytes(data[:at] + b"A" + data[at + 1 :])
    assert recovered(tmp_path) == HALTED  # by the snapshot before it, and what was written since
