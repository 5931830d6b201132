"""The hooks about trading as a whole: what calls them, once, and in which order; and `context.state` beside them."""

import logging
from typing import Any

import pytest

from engine.book import Book
from engine.strategy import Strategy, TradingStatus
from engine.trading.guard import has_hook
from engine.venue import EventKind
from tests.support.desks import Scene
from tests.trading.test_supervisor import Stage


class Listening(Strategy):
    """Notes what it is told, and the state at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def on_start(self) -> None:
        self._note("start")

    def on_connected(self) -> None:
        self._note("connected")

    def on_pause(self, reason: str) -> None:
        self._note("pause", reason)

    def on_resume(self) -> None:
        self._note("resume")

    def on_halt(self, reason: str) -> None:
        self._note("halt", reason)

    def on_stale(self, book: Book) -> None:
        self.told.append(("stale", book.instrument.symbol, book.is_stale))

    def _note(self, *what: str) -> None:
        self.told.append((*what, self.context.state.state))

    def taken(self) -> list[Any]:
        told, self.told = self.told, []
        return told


def listening() -> tuple[Stage, Listening]:
    strategy = Listening()
    stage = Stage(strategy).trade()
    return stage, strategy


def test_start_follows_the_connection() -> None:
    _, strategy = listening()
    assert strategy.taken() == [("connected", "paused"), ("start", "trading")]


def test_loss_of_the_session_pauses_and_its_return_resumes() -> None:
    stage, strategy = listening()
    strategy.taken()
    stage.log_out("gone")
    stage.tick()
    assert strategy.taken() == [("pause", "session down: gone", "paused")]
    assert strategy.context.state == TradingStatus("paused", "session is not logged on")
    stage.log_on()
    stage.tick()
    assert strategy.taken() == [("connected", "paused"), ("resume", "trading")]


def test_pause_before_the_start_is_not_told() -> None:
    strategy = Listening()
    stage = Stage(strategy)
    stage.supervisor.pause("no feed")
    assert strategy.taken() == []


def test_halt_is_no_pause_and_its_end_resumes() -> None:
    stage, strategy = listening()
    strategy.taken()
    stage.halt("enough")
    stage.log_out("gone")
    assert strategy.taken() == [("halt", "enough", "halted")]
    assert strategy.context.state == TradingStatus("halted", "enough")
    stage.log_on()
    stage.supervisor.resume("looked")
    stage.tick()
    assert strategy.taken() == [("connected", "halted"), ("resume", "trading")]


def test_reduce_only_is_a_state_with_its_reason() -> None:
    stage, strategy = listening()
    stage.supervisor.reduce_only("late")
    assert strategy.context.state == TradingStatus("reduce-only", "REDUCE_ONLY: late")
    assert not strategy.context.state.may_open
    stage.supervisor.resume("well")
    assert strategy.context.state.may_open


def test_failure_in_a_hook_halts() -> None:
    class Broken(Strategy):
        def on_connected(self) -> None:
            raise ValueError("no")

    stage = Stage(Broken())
    stage.log_on()
    assert stage.loop.is_halted
    assert stage.supervisor.reason.startswith("strategy hook on_connected raised ValueError: no")


def test_stale_book_is_told_once_until_it_is_whole_again() -> None:
    strategy = Listening()
    scene = Scene(strategy)
    for _ in range(2):
        scene.delta(4_500, -1_000)  # more than there is
        scene.delta(4_500, -1_000)
        scene.frame(EventKind.GAP, suspects=(scene.rain,))
        assert strategy.taken() == [("stale", "RAIN", True)]
        scene.refresh(scene.books[0])
    assert strategy.taken() == []


def test_loss_of_the_feed_makes_every_book_stale() -> None:
    stage, strategy = listening()
    strategy.taken()
    stage.supervisor.on_feed_lost("no feed")
    assert strategy.taken() == [("stale", "RAIN", True), ("stale", "SNOW", True), ("pause", "no feed", "paused")]


def test_strategy_without_a_hook_is_not_called() -> None:
    assert not has_hook(Strategy(), "on_stale")
    assert has_hook(Listening(), "on_stale")
    scene = Scene(Listening())
    plain = Scene()
    assert plain.loop.markets.tell_stale is not scene.loop.markets.tell_stale


def test_logger_is_of_the_strategy_s_module(caplog: pytest.LogCaptureFixture) -> None:
    strategy = Listening()
    Scene(strategy)
    with caplog.at_level(logging.INFO):
        strategy.context.log.info("quoting %d", 3)
    assert [(record.name, record.message) for record in caplog.records] == [(__name__, "quoting 3")]
