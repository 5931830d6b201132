"""The halt word as risk reads it: before each request that may add risk, and never before a cancel."""

import os
from pathlib import Path

import pytest

from engine import fix
from engine.risk import RiskReject, TradingState
from engine.runtime.halt_word import FILE, FREE, HALT, REDUCE_ONLY, SharedHaltWord, Word, write
from engine.runtime.person import this_process
from tests.support.risks import NOW, Desk

BUY, SELL = fix.BUY, fix.SELL


class Shared(Desk):
    """A desk whose halt word lies in a directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        self.risk.obey(SharedHaltWord(directory, lambda: NOW).page)

    def say(self, state: int) -> None:
        """Set the word as another process does."""
        write(self.directory / FILE, Word(state, NOW, this_process(), "fire"))


@pytest.fixture
def desk(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def test_halt_of_another_process_denies_the_next_order_and_replace_and_no_cancel(desk: Shared) -> None:
    order = desk.open(BUY, 4_500, 10)
    assert desk.new(BUY, 4_500, 10) is RiskReject.NONE
    desk.say(HALT)
    assert desk.new(BUY, 4_500, 10) is RiskReject.HALTED
    assert desk.replace(order, 4_400, 10) is RiskReject.HALTED
    assert desk.replace(order, 4_500, 5) is RiskReject.HALTED
    assert desk.risk.check_cancel(order, NOW) == RiskReject.NONE
    desk.say(FREE)
    assert desk.new(BUY, 4_500, 10) is RiskReject.NONE


def test_reduce_only_of_another_process_passes_only_what_reduces(desk: Shared) -> None:
    desk.fill(BUY, 10)
    desk.say(REDUCE_ONLY)
    assert desk.new(BUY, 4_500, 10) is RiskReject.REDUCE_ONLY
    assert desk.new(SELL, 4_600, 10) is RiskReject.NONE
    assert desk.risk.state is TradingState.REDUCE_ONLY


def test_free_word_does_not_lift_a_halt_of_the_engine(desk: Shared) -> None:
    desk.risk.set_state(TradingState.HALT, "loss")
    desk.say(FREE)
    assert desk.new(BUY, 4_500, 10) is RiskReject.HALTED


@pytest.mark.parametrize("size", [0, 4])
def test_word_that_is_cut_denies(desk: Shared, size: int) -> None:
    os.truncate(desk.directory / FILE, size)
    assert desk.new(BUY, 4_500, 10) is RiskReject.HALTED
