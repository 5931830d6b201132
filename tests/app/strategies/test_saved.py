"""A whole engine gives its strategy what the run before it kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.app.engine import Engine
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.config.strategies import StrategySection
from engine.strategy import Strategy
from tests.app.test_check import RUNS, SESSION_FILE


class Counting(Strategy):
    """Counts its starts."""

    count = 0

    def on_load(self, state: Any) -> None:
        self.count = 1 + (state or 0)

    def on_save(self) -> int:
        return self.count


def one_run(config: EngineConfig) -> int:
    async def run() -> int:
        engine = Engine(config, asyncio.get_running_loop())
        engine.tick()
        await engine.close()
        strategy: Any = engine.trading.guard.strategy
        count: int = strategy.count
        return count

    return asyncio.run(run())


def test_state_goes_from_start_to_start(written: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "initiator.cfg").write_text(SESSION_FILE)
    config = load(written(RUNS.replace("[feed]", '[journal]\ndirectory = "journal"\n\n[feed]', 1)))
    config = replace(config, strategy=StrategySection(path=f"{__name__}:Counting"))
    assert [one_run(config) for _ in range(3)] == [1, 2, 3]
