"""The engine at the simulated Kalshi with drop copy, listener and settlements: everything counts once."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from engine.app.demo import kalshi
from engine.app.demo.kalshi import MEMBER, compare
from engine.app.engine import Engine
from engine.config.credentials import Credentials
from engine.config.sections import EngineConfig, FurtherSection, FurtherSections
from engine.config.shipped import config_path
from engine.ops.control import OperatorRequest
from engine.runtime.notices import NoticeKind
from engine.runtime.person import this_process
from engine.session.file.settings import override
from engine.sim.child import SimChild
from tests.support.kalshi_pair import Pair

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

FILES = {"drop_copy": "dc", "listener": "nr", "settlement": "pt"}
COMP_IDS = {"dc": "KalshiDC", "nr": "KalshiNR", "pt": "KalshiPT"}
Act = Callable[[Pair], Awaitable[None]]


def further(folder: Path, venue: SimChild, names: tuple[str, ...]) -> FurtherSections:
    """Return sections of sessions beside that of orders, each with a key of its own."""
    sections: dict[str, Any] = {}
    for key, name in zip(venue.ready["keys"][MEMBER][1:], names, strict=False):
        kind = FILES[name]
        variable = f"FURTHER_{name.upper()}"
        os.environ[variable] = key["key_id"]
        file = folder / f"{name}.cfg"
        text = config_path(f"fix/kalshi-demo-{kind}.cfg").read_text()
        file.write_text(text.replace(f"KALSHI_DEMO_{kind.upper()}_KEY_ID", variable))
        for dictionary in ("FIXT11-kalshi.xml", "FIX50SP2-kalshi.xml"):
            (folder / dictionary).write_text(config_path(f"fix/{dictionary}").read_text())
        place = {
            "SocketConnectHost": "localhost",
            "SocketConnectPort": venue.ready["fix_ports"][COMP_IDS[kind]],
            "CertificationAuthoritiesFile": Path(venue.ready["ca"]),
            "ReconnectInterval": 1,
        }
        file.write_text(override(file, **place))
        pem = folder / f"{name}.pem"
        pem.write_bytes(Path(key["file"]).read_bytes())
        pem.chmod(0o600)
        credentials = Credentials(key_id_env=variable, private_key_file=pem)
        sections[name] = FurtherSection(settings=file, credentials=credentials)
    return FurtherSections(**sections)


def trade(directory: Path, act: Act, *names: str) -> tuple[dict[str, Any], Engine]:
    """Trade until `act` is done with these sessions, then end in order."""
    replace = msgspec.structs.replace
    venue_config = kalshi.venue_config(directory)
    members = tuple(replace(each, keys=("ed25519",) * 4) for each in venue_config.members)
    with SimChild(replace(venue_config, members=members), directory) as venue:
        config = kalshi.engine_config(directory, venue, argparse.Namespace(session="native", mode=None))
        config = replace(config, sessions=further(directory, venue, names))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result, engine = runner.run(_trade(config, venue, act))
        result["venue"] = venue.ask("account", account=MEMBER)
    result["venue"]["deposit"] = sum(kalshi.deposits().values())
    return result, engine


async def _trade(config: EngineConfig, venue: SimChild, act: Act) -> tuple[dict[str, Any], Engine]:
    engine = Engine(config, asyncio.get_running_loop())
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        pair = Pair(engine, venue)
        sessions = engine.further.sessions
        await pair.until(lambda: all(each.is_logged_on for each in sessions.values()), "logged on")
        await act(pair)
        venue.ask("freeze")
        await asyncio.sleep(kalshi.LAST_WORDS_S)
    finally:
        engine.stop()
        await running
    return kalshi.results(engine, 0.0), engine


async def both_tell(pair: Pair) -> None:
    """Trade until the listener has told of fills that the session of orders told too."""
    copies = pair.engine.further.copies
    assert copies is not None
    await pair.trading()
    await pair.until(lambda: copies.counts.agreed >= 3, "told twice")


def test_fills_that_both_tell_count_once(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, both_tell, "listener")
    assert compare(result) == []
    assert engine.further.copies is not None and engine.further.copies.counts.contradicted == 0
    assert engine.trading.notices.count(NoticeKind.COPY_CONTRADICTED) == 0


async def cut(pair: Pair) -> None:
    """Lose the session of orders with orders at rest; the listener tells what became of them, before any comparison."""
    copies = pair.engine.further.copies
    assert copies is not None
    await pair.trading()
    for _ in range(3):
        await pair.lose_session("drop_fix", account=pair.engine.session.name.split(":")[1].split("->")[0])
        await pair.trading()
    await pair.until(lambda: copies.counts.recovered > 0, "recovered")
    await pair.compared()


@pytest.mark.parametrize("name", ["listener", "drop_copy"])
def test_what_a_lost_session_missed_is_brought_once(tmp_path: Path, name: str) -> None:
    result, engine = trade(tmp_path, cut, name)
    assert compare(result) == []
    assert engine.further.copies is not None and engine.further.copies.counts.contradicted == 0
    assert engine.trading.notices.count(NoticeKind.REPORT_RECOVERED) > 0


async def paid(pair: Pair) -> None:
    """Trade until settlements of markets that were held were told, and confirmed by REST."""
    post_trade = pair.engine.further.post_trade
    assert post_trade is not None
    await pair.trading()
    await pair.until(lambda: post_trade.counts.agreed, "paid")
    await pair.until(lambda: post_trade.counts.asked, "confirmed by REST")
    answer = pair.engine.actions["session-status"](OperatorRequest("", "", {"name": "settlement"}, this_process()))
    assert answer is not None and str(answer["session"]).endswith("->KalshiPT")


def test_settlements_are_what_was_held(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, paid, "settlement")
    assert compare(result) == []
    assert engine.further.post_trade is not None and engine.further.post_trade.counts.differed == 0
    assert engine.trading.notices.count(NoticeKind.SETTLEMENT_WRONG) == 0


async def lost(pair: Pair) -> None:
    """Lose a further session while orders rest: trading goes on, and the session comes back by itself."""
    engine = pair.engine
    (session,) = engine.further.sessions.values()
    await pair.trading()
    losses = engine.trading.notices.count(NoticeKind.SESSION_LOST)
    pair.venue.ask("drop_fix", account=session.name.split(":")[1].split("->")[0])
    await pair.until(lambda: engine.trading.notices.count(NoticeKind.FURTHER_SESSION), "told")
    # On a machine that is too busy the session of orders may be lost as well, by itself
    assert engine.trading.is_trading or engine.trading.notices.count(NoticeKind.SESSION_LOST) > losses
    await pair.until(lambda: session.is_logged_on, "logged on anew")
    await pair.trading()


def test_further_session_that_is_lost_stops_nothing(tmp_path: Path) -> None:
    result, _ = trade(tmp_path, lost, "drop_copy")
    assert compare(result) == []
