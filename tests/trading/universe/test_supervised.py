"""When trading may happen while markets come and go."""

from typing import Any, cast

import pytest

from engine.session import Session
from engine.strategy import Strategy
from engine.trading.controls.desk_state import DeskState
from engine.trading.supervisor import TICK_NS, Supervisor
from engine.venue import EventKind
from tests.support.rosters import RollingScene, market
from tests.trading.test_supervisor import FakeSession


class Told(Strategy):
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []

    def on_start(self) -> None:
        self.told.append(("start", *[each.symbol for each in self.context.instruments]))

    def on_market(self, instrument: Any, text: str) -> None:
        self.told.append(("market", instrument.symbol, text))

    def on_book(self, book: Any) -> None:
        self.told.append(("book", book.instrument.symbol))


class Supervised(RollingScene):
    """A rolling scene under its supervisor, logged on, with no market at its start."""

    def __init__(self) -> None:
        self.session = FakeSession([], is_logged_on=True)
        self.strategy = Told()
        super().__init__(self.strategy)
        self.session.record = self.record
        self.roster.remove([self.rain, self.snow])
        clock, wall = (lambda: self.now_ns), (lambda: 10**18 + self.now_ns)
        self.supervisor = Supervisor(self.loop, cast(Session, self.session), clock, wall, lambda line: None)
        self.loop.is_trading = False
        self.supervisor.on_logon()

    def tick(self) -> tuple[DeskState, str]:
        self.now_ns += TICK_NS
        self.loop.risk.heard_ns = self.now_ns
        self.supervisor.tick()
        return self.supervisor.state, self.supervisor.reason

    def show(self, instrument: Any) -> None:
        self.frame(EventKind.SNAPSHOT, instrument=instrument, bids=[(4_500, 100)], asks=[(4_600, 100)])


@pytest.fixture
def scene() -> Supervised:
    return Supervised()


def test_trading_begins_with_the_first_market_and_waits_while_there_is_none(scene: Supervised) -> None:
    assert scene.tick() == (DeskState.WAITING, "no market to trade")
    fog, hail = market("FOG"), market("HAIL")
    scene.roster.add([fog])
    assert scene.tick() == (DeskState.WAITING, "no fresh book for 1 of 1 markets: FOG")
    scene.show(fog)
    assert scene.tick()[0] is DeskState.TRADING
    scene.roster.add([hail])
    assert scene.tick()[0] is DeskState.TRADING
    scene.show(hail)
    scene.roster.remove([fog, hail])
    assert scene.tick() == (DeskState.WAITING, "no market to trade")
    mist = market("MIST")
    scene.roster.add([mist])
    scene.show(mist)
    assert scene.tick()[0] is DeskState.TRADING
    assert scene.strategy.told == [
        ("start", "FOG"), ("market", "HAIL", ""), ("book", "HAIL"), ("market", "MIST", ""),
    ]  # fmt: skip


def test_market_that_comes_before_the_start_is_told_by_the_start(scene: Supervised) -> None:
    fog = market("FOG")
    scene.roster.add([fog])
    scene.show(fog)
    assert scene.strategy.told == []
    scene.tick()
    assert scene.strategy.told == [("start", "FOG")]


def test_one_market_without_data_pauses_no_other(scene: Supervised) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.roster.add([fog])
    scene.show(fog)
    scene.tick()
    scene.roster.add([hail])
    for _ in range(200):
        assert scene.tick()[0] is DeskState.TRADING
    assert scene.strategy.told[-1] == ("market", "HAIL", "HAIL: no book for 5 s")
    assert scene.bid(fog) is not None
    assert scene.bid(hail) is None
