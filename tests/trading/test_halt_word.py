"""Halts that outlive the engine: what sets the halt word, what lifts it, and how an engine starts under it."""

from pathlib import Path

import pytest

from engine.risk import RiskReject, TradingState
from engine.runtime.halt_word import FILE, FREE, HALT, REDUCE_ONLY, SharedHaltWord, Word, read, write
from engine.runtime.person import Person, the_engine
from engine.trading.controls.desk_state import DeskState
from engine.trading.supervisor import Supervisor
from tests.support.order_reports import ack, canceled
from tests.trading.test_supervisor import Stage

ALICE = Person(1_000, 77, "alice")
WALL = 10**18


class Kept(Stage):
    """A stage whose halt word lies in a directory, from one stage to the next."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        word = SharedHaltWord(directory, lambda: WALL + self.now_ns)
        self.reports.clear()
        self.supervisor = Supervisor(
            self.loop, self.supervisor._session, lambda: self.now_ns, lambda: WALL + self.now_ns, self.report, word
        )

    def report(self, text: str) -> None:
        self.reports.append(text)

    @property
    def word(self) -> Word:
        found = read(self.directory)
        assert found is not None
        return found

    def say(self, state: int, reason: str) -> None:
        """Set the word as another process does."""
        write(self.directory / FILE, Word(state, WALL + self.now_ns, ALICE, reason))


def halted_at(stage: Kept, who: Person, reason: str) -> str:
    return f"halted by {who} at 2001-09-09 01:46:40 UTC: {reason}; resume with `fixlane resume`"


@pytest.mark.parametrize("by", [None, ALICE])
def test_o7_halt_is_kept_over_restarts_until_a_person_resumes(tmp_path: Path, by: Person | None) -> None:
    stage = Kept(tmp_path).trade()
    stage.supervisor.halt("fire", by)
    for _ in range(3):
        stage = Kept(tmp_path)
        assert (stage.state, stage.desk.is_halted) == (DeskState.HALTED, True)
        assert stage.supervisor.reason == halted_at(stage, by or the_engine(), "fire")
        assert stage.reports == [stage.supervisor.reason]
        stage.log_on()
        assert stage.tick() == [b"q T-1"]  # whatever an earlier run left goes all the same
        assert stage.tick() == []
        assert (stage.buy(), stage.state) == (None, DeskState.HALTED)
    stage.supervisor.resume("fine", ALICE)
    stage.tick()
    assert (stage.state, stage.word.state, stage.word.person) == (DeskState.TRADING, FREE, ALICE)
    stage = Kept(tmp_path).trade()
    assert stage.buy()


def test_o7_reduce_only_is_kept_over_restarts_until_a_person_resumes(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.supervisor.reduce_only("careful", ALICE)
    stage = Kept(tmp_path).trade()
    assert stage.risk.state is TradingState.REDUCE_ONLY
    assert stage.risk.reason.startswith("reduce-only by alice (uid 1000, pid 77) at 2001-09-09 01:46:40 UTC: careful")
    assert stage.buy() is None
    stage.supervisor.resume("fine", ALICE)
    stage = Kept(tmp_path).trade()
    assert stage.buy()


def test_orders_of_an_earlier_run_are_cancelled_by_an_engine_that_starts_halted(tmp_path: Path) -> None:
    Kept(tmp_path).supervisor.halt("fire")
    stage = Kept(tmp_path)
    order = stage.orders.open(stage.rain, 1, 4_500, 10, "2", "1", False, 0, 0)
    stage.loop.on_report(ack(order))
    stage.log_on()
    assert stage.tick() == [b"q T-2", b"F T-3 T-1"]
    stage.loop.on_report(canceled(order))
    stage.tick()
    assert stage.reports[-1] == "HALT confirmed: no order is alive"


def test_first_halt_keeps_its_name_in_the_word(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.supervisor.halt("fire", ALICE)
    stage.supervisor.halt("flood")
    assert (stage.word.person, stage.word.reason) == (ALICE, "fire")


def test_halt_while_stopping_holds_the_next_start(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.supervisor.stop()
    stage.supervisor.halt("fire", ALICE)
    assert Kept(tmp_path).state is DeskState.HALTED


def test_word_of_another_process_halts_and_cancels_at_the_next_tick(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.resting()
    stage.say(HALT, "fire")
    assert stage.buy() is None
    assert stage.loop.counters.denials_by_code == {RiskReject.HALTED: 1}
    assert stage.tick() == [b"F T-3 T-2"]
    assert stage.state is DeskState.HALTED
    assert stage.supervisor.reason == f"halted by {ALICE} at 2001-09-09 01:46:40 UTC: fire"
    assert (stage.word.person, stage.word.reason) == (ALICE, "fire")


def test_word_of_another_process_reduces_and_resumes(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.say(REDUCE_ONLY, "careful")
    assert stage.buy() is None
    stage.tick()
    assert (stage.state, stage.risk.state) == (DeskState.TRADING, TradingState.REDUCE_ONLY)
    stage.supervisor.halt("fire")
    stage.say(FREE, "fine")
    stage.tick()
    assert (stage.state, stage.risk.state) == (DeskState.TRADING, TradingState.ACTIVE)
    assert stage.buy()


def test_word_that_is_removed_halts_and_the_halt_is_kept(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    (tmp_path / FILE).unlink()
    stage.tick()
    assert "was removed or replaced while the engine ran" in stage.supervisor.reason
    assert Kept(tmp_path).state is DeskState.HALTED


def test_word_that_cannot_be_written_halts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Kept(tmp_path).trade()

    def fail(self: SharedHaltWord, word: Word) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SharedHaltWord, "set", fail)
    stage.supervisor.halt("fire")
    assert stage.state is DeskState.HALTED
    assert stage.reports[0].startswith("the halt word cannot be written, a restart knows from the journal alone: ")


# Cancel all


def test_cancel_all_cancels_every_order_and_trades_on(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    first, second = stage.resting(), stage.resting(price=4_400)
    stage.supervisor.cancel_all()
    assert stage.bodies() == [b"F T-4 T-2", b"F T-5 T-3"]
    assert (stage.state, stage.word.state) == (DeskState.TRADING, FREE)
    stage.loop.on_report(canceled(first))
    assert stage.buy(4_300)
    assert stage.supervisor.pulled == [first, second]


def test_cancel_that_could_not_be_sent_is_sent_again_while_trading_goes_on(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.resting()
    stage.log_out()
    stage.supervisor.cancel_all()
    assert stage.bodies() == []
    stage.log_on()
    assert b"F T-3 T-2" in stage.tick()
