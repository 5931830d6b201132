"""An engine asks the simulated Kalshi where its orders stand, and the book of its recording says the same."""

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from engine import fix
from engine.app.engine import Engine
from engine.backtest.queues.calibration import calibrate
from engine.backtest.queues.following import NO_ORDER
from engine.backtest.queues.reported import read_places
from engine.config.keeping import RecordSection
from engine.errors import ConfigError
from tests.support.engine.kalshi_life import KalshiLife

pytestmark = pytest.mark.timeout(300)  # waiting has bounds of its own


def test_reported_positions_are_those_of_the_recorded_book(tmp_path: Path) -> None:
    out = tmp_path / "recording"
    life = KalshiLife(tmp_path, "native")
    life.config = structs.replace(life.config, record=RecordSection(directory=out, queue_positions_ns=50_000_000))
    try:
        life.start().trading()
        book = life.desk.book(life.market)
        other = life._client_of_other()
        life.do(life._enter(other, fix.BUY, 3_000, 300, fix.Tif.GTC))
        life.do(life._enter(other, fix.BUY, 3_100, 200, fix.Tif.GTC))
        life.until(lambda: len(book.depth(fix.BUY, 3)) == 2, "both levels shown")
        life.rest(3_000, 500)
        queues = life.engine.account.queues  # type: ignore[union-attr]
        assert queues is not None
        life.until(lambda: queues.written >= 10, "ten reports")
        assert queues.failed == 0
    finally:
        life.close()
    (file,) = out.glob("queues-*.jsonl")
    assert {each.position for each in read_places(file)} == {500}
    found = calibrate([out], ["risk-averse"], within_ns=0)
    assert found.judged >= 1
    assert found.judged + found.dropped.get(NO_ORDER, 0) == found.reported  # it may be heard of after it was asked for
    assert found.models["risk-averse"].all.contracts.absolute == 0.0


def test_without_rest_nobody_can_be_asked(tmp_path: Path) -> None:
    life = KalshiLife(tmp_path, "native")
    record = RecordSection(directory=tmp_path / "recording", queue_positions_ns=10**9)
    life.config = structs.replace(life.config, record=record, rest=None, universe=None)
    try:
        with pytest.raises(ConfigError, match=r"record\.queue_positions wants \[rest\]"):
            life.do(made(life))
    finally:
        life.venue.close()
        life.runner.close()


async def made(life: KalshiLife) -> None:
    Engine(life.config, asyncio.get_running_loop())
