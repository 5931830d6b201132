"""An engine whose configuration names no market: it starts with none, or with those that an earlier run left."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.app.engine import Engine
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.fix import BUY
from engine.ops.status.facts import facts
from engine.ops.view.reader import ViewReader
from tests.app.test_check import RUNS, SESSION_FILE
from tests.support.rosters import RollingDesk, market


def configured(written: Callable[..., Path], tmp_path: Path) -> EngineConfig:
    """Return a configuration with a journal and without any market."""
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "initiator.cfg").write_text(SESSION_FILE)
    text = RUNS.replace("[feed]", '[journal]\ndirectory = "journal"\n\n[feed]', 1)
    return msgspec.structs.replace(load(written(text)), instruments=())


def looked_at(config: EngineConfig) -> tuple[Engine, dict[str, object]]:
    """Start an engine that is never connected, look at it, and end it."""

    async def look() -> tuple[Engine, dict[str, object]]:
        engine = Engine(config, asyncio.get_running_loop())
        engine._publisher.open()
        for _ in range(3):
            engine.tick()
        status = engine.status()
        engine.session.close()
        engine._publisher.close()
        engine._word.close()
        engine._journal.close()
        return engine, status

    return asyncio.run(look())


def test_engine_starts_without_any_market(written: Callable[..., Path], tmp_path: Path) -> None:
    config = configured(written, tmp_path)
    engine, status = looked_at(config)
    assert (engine.books, engine.trading.instruments, status["pnl"]) == ((), (), "0.000000")
    told = facts(ViewReader(config.engine.state_dir).read())
    assert (told["positions"], told["fresh_books"]) == ({}, 0)


def test_engine_takes_back_the_markets_of_an_earlier_run(written: Callable[..., Path], tmp_path: Path) -> None:
    config = configured(written, tmp_path)
    before = RollingDesk(tmp_path / "journal", "A")
    fog, hail = market("FOG", "WEATHER"), market("HAIL")
    before.come(fog, hail)
    before.trade(before.rest(fog, BUY, 10), 10)
    before.rest(hail, BUY, 3)
    before.journal.close()
    engine, status = looked_at(config)
    assert [book.instrument.symbol for book in engine.books] == ["FOG", "HAIL"]
    assert (status["positions"], status["live_orders"]) == ({"FOG": "0.10"}, 1)
    assert engine.trading.risk.exposure.gross_position == 13
    assert [each.symbol for each in engine.feeds[0].dialect.waiting()] == ["FOG", "HAIL"]
    for order in engine.trading.orders.live():
        assert b"55=HAIL\x01" in engine.trading.gateway.encode_new(order, 1)  # type: ignore[attr-defined]
    again, _ = looked_at(config)
    assert [each.instrument.symbol for each in again.portfolio if each.net] == ["FOG"]
    engine.trading.risk.exposure._check()
