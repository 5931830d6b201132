"""A desk on paper beside the simulated venue: its feed fills, and no order ever comes to the venue."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from msgspec import structs

from engine.app.demo import kalshi
from engine.app.engine import Engine
from engine.app.paper.run import FOLDER, Paper, paper_config
from engine.backtest.latency import Latency
from engine.config.sections import EngineConfig
from engine.errors import ConfigError
from engine.runtime.notices import NoticeKind
from engine.sim.child import SimChild
from tests.support.kalshi_pair import Pair

pytestmark = pytest.mark.timeout(300)
MS = 1_000_000


def on_paper(directory: Path, until: Callable[[Engine], object], latency: Latency) -> tuple[Engine, dict[str, int]]:
    """Trade on paper until a condition holds; return the engine, and the venue's account."""
    arguments = argparse.Namespace(session="native", mode=None)
    with SimChild(kalshi.venue_config(directory), directory) as venue:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            config = paper_config(kalshi.engine_config(directory, venue, arguments))
            engine = runner.run(trade(config, venue, until, latency))
        return engine, venue.ask("account", account=kalshi.MEMBER)


async def trade(config: EngineConfig, venue: SimChild, until: Callable[[Engine], object], latency: Latency) -> Engine:
    engine = Engine(config, asyncio.get_running_loop(), Paper(config, latency).seams)
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        await Pair(engine, venue).until(lambda: until(engine), "as far")
    finally:
        engine.stop()
        await running
    return engine


@pytest.mark.parametrize("way_ns", [0, 5 * MS])
def test_orders_fill_by_the_feed_and_never_come_to_the_venue(way_ns: int, tmp_path: Path) -> None:
    latency = Latency(new_ns=way_ns, cancel_ns=way_ns, replace_ns=way_ns, answer_ns=way_ns)
    engine, account = on_paper(tmp_path, lambda engine: engine.counters.fills >= 3, latency)
    assert account["fills"] == 0
    assert engine.trading.orders.live_count == 0
    assert engine.trading.notices.count(NoticeKind.ORDER_IN_DOUBT) == 0
    assert engine.trading.notices.count(NoticeKind.BOOK_CONTRADICTED) == 0
    assert engine.config.engine.state_dir.name == FOLDER


def test_what_a_run_that_died_left_open_is_over_and_trading_goes_on(tmp_path: Path) -> None:
    """Its exchange died with it: its orders are asked for, unknown there, and gone."""
    arguments = argparse.Namespace(session="native", mode=None)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        config = paper_config(kalshi.engine_config(tmp_path, venue, arguments))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            left = runner.run(die(config, venue))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            engine = runner.run(trade(config, venue, lambda engine: engine.counters.fills >= 1, Latency()))
    assert left
    assert engine.trading.orders.live_count == 0
    assert all(each.is_done for name in left if (each := engine.trading.orders.find(name, "", "")) is not None)


async def die(config: EngineConfig, venue: SimChild) -> list[str]:
    """Trade until orders rest, and let go of everything as a killed process would; return what was alive."""
    engine = Engine(config, asyncio.get_running_loop(), Paper(config, Latency()).seams)
    running = asyncio.get_running_loop().create_task(engine.run())
    await Pair(engine, venue).trading()
    left = [each.cl_ord_id for each in engine.trading.orders.live()]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.close()
    return left


def test_a_feed_over_fix_is_refused(tmp_path: Path) -> None:
    arguments = argparse.Namespace(session="native", mode=None)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        config = kalshi.engine_config(tmp_path, venue, arguments, "fix")
    with pytest.raises(ConfigError, match=r"feed\.source"):
        paper_config(config)


def test_nothing_that_reaches_an_account_is_left(tmp_path: Path) -> None:
    arguments = argparse.Namespace(session="native", mode=None)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        config = kalshi.engine_config(tmp_path, venue, arguments)
    assert config.rest is not None
    live = structs.replace(config, rest=structs.replace(config.rest, orders="standby"))
    found = paper_config(live)
    assert found.rest is not None
    assert (found.rest.orders, found.feed.channels, found.sessions.named()) == ("never", (), {})
    assert found.session.credentials.key_id() == ""
    assert found.engine.state_dir.parent == live.engine.state_dir
