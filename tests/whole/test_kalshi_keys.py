"""Keys are rotated at the simulated Kalshi while the engine trades: nothing is lost, and both records are equal."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from engine.app.demo import kalshi
from engine.app.demo.kalshi import MEMBER, compare
from engine.app.engine import Engine
from engine.errors import EngineError
from engine.ops.control import OperatorRequest
from engine.runtime.person import this_process
from engine.sim.child import SimChild
from engine.venue.rest import RestRequest
from tests.support.kalshi_pair import Pair

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

BALANCE = RestRequest(operation="get_balance", method="GET", path="/trade-api/v2/portfolio/balance")


class KeyFiles:
    """The files that the configuration names: the venue's two keys of the member take turns in them."""

    def __init__(self, folder: Path, keys: list[dict[str, str]]) -> None:
        self.keys = keys
        self.id, self.pem = folder / "key-id", folder / "key.pem"
        self.put(0)

    def put(self, number: int) -> None:
        """Let a key be the one that is found."""
        self.id.write_text(self.keys[number]["key_id"] + "\n")
        self.pem.write_bytes(Path(self.keys[number]["file"]).read_bytes())
        self.pem.chmod(0o600)

    def id_of(self, number: int) -> str:
        return self.keys[number]["key_id"]


def with_files(config: Any, files: KeyFiles) -> Any:
    """Return the configuration with every key from these files."""
    replace = msgspec.structs.replace
    changes = {
        name: replace(
            section,
            credentials=replace(
                section.credentials,
                key_id_env=None,
                key_id_file=files.id,
                private_key_file=files.pem,
                private_key_file_env=None,
            ),
        )
        for name, section in (("session", config.session), ("feed", config.feed), ("rest", config.rest))
    }
    return replace(config, **changes)


async def asked(engine: Engine, action: str) -> dict[str, Any]:
    """Do an errand as the control socket would; return what came of it."""
    begun = engine.actions[action](OperatorRequest(action, "test", {}, this_process()))
    assert begun is not None
    request = OperatorRequest("errand", "", begun, this_process())
    async with asyncio.timeout(40):
        while not (answer := dict(engine.actions["errand"](request) or {}))["is_done"]:
            await asyncio.sleep(0.02)
    return answer


async def dropped(pair: Pair) -> None:
    """Lose both connections, and trade on over new ones."""
    connects = pair.engine.feeds[0].totals.connects
    await pair.lose_session("drop_fix")
    pair.venue.ask("drop_feed")
    await pair.until(lambda: pair.engine.feeds[0].totals.connects > connects, "connected anew")
    await pair.until(lambda: pair.engine.session.is_logged_on, "logged on anew")
    await pair.trading()
    await pair.compared()


async def rotated(pair: Pair, files: KeyFiles) -> None:
    """Rotate the key, lose both connections, and trade on."""
    engine = pair.engine
    await pair.trading()
    before = engine.session.name
    files.pem.write_text("no key\n")
    failed = await asked(engine, "reload")
    assert not failed["is_good"] and "failed: " in failed["lines"][0] and "no key\n" not in failed["lines"][0]
    assert engine.session.name == before
    files.put(1)
    done = await asked(engine, "reload")
    assert done["is_good"], done
    assert done["lines"][0] == f"session: key {files.id_of(1)} instead of {files.id_of(0)}"
    assert engine.session.is_logged_on and engine.session.name == before  # what is connected stays
    await dropped(pair)
    assert engine.session.name == f"FIXT.1.1:{files.id_of(1)}->KalshiNR"
    account = engine.account
    assert account is not None
    assert account.key.sign(BALANCE, 0)["KALSHI-ACCESS-KEY"] == files.id_of(1)
    found = await asked(engine, "reconcile")
    assert found["is_good"] and found["lines"][-1].startswith("account compared: "), found


async def refused(pair: Pair, files: KeyFiles) -> None:
    """A session that cannot take another name refuses, and everything stays as it was."""
    engine = pair.engine
    await pair.trading()
    files.put(1)
    answer = await asked(engine, "reload")
    assert not answer["is_good"]
    assert "start the engine anew" in answer["lines"][0]
    assert engine.account is not None
    assert engine.account.key.sign(BALANCE, 0)["KALSHI-ACCESS-KEY"] == files.id_of(0)
    files.put(0)
    again = await asked(engine, "reload")
    assert again["is_good"] and again["lines"][0] == f"session: key {files.id_of(0)}, as before"
    await dropped(pair)


@pytest.mark.parametrize(("session", "act"), [("native", rotated), ("quickfix", refused)])
def test_keys_change_without_a_restart_and_both_records_agree(tmp_path: Path, session: str, act: Any) -> None:
    arguments = argparse.Namespace(session=session, mode=None)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        files = KeyFiles(tmp_path, venue.ready["keys"][MEMBER])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            config = with_files(kalshi.engine_config(tmp_path, venue, arguments), files)
            result = runner.run(traded(config, venue, files, act))
        result["venue"] = venue.ask("account", account=MEMBER)
    result["venue"]["deposit"] = sum(kalshi.deposits().values())
    assert compare(result) == []


async def traded(config: Any, venue: SimChild, files: KeyFiles, act: Any) -> dict[str, Any]:
    engine = Engine(config, asyncio.get_running_loop())
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        await act(Pair(engine, venue), files)
        with pytest.raises(EngineError, match="another errand was asked for since"):
            engine.actions["errand"](OperatorRequest("errand", "", {"errand": 99}, this_process()))
        venue.ask("freeze")
        await asyncio.sleep(kalshi.LAST_WORDS_S)
    finally:
        engine.stop()
        await running
    return kalshi.results(engine, 0.0)


def test_account_of_a_low_tier_bounds_what_risk_lets_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    venue_config = kalshi.venue_config(tmp_path)
    members = tuple(msgspec.structs.replace(each, tier="basic") for each in venue_config.members)
    arguments = argparse.Namespace(session="native", mode=None)
    with SimChild(msgspec.structs.replace(venue_config, members=members), tmp_path) as venue:
        config = kalshi.engine_config(tmp_path, venue, arguments)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            limits, left = runner.run(learnt(config, venue))
    assert config.risk.rate is not None
    assert limits.write_per_second == 100 < config.risk.rate.per_second
    assert left <= limits.write_burst < config.risk.rate.burst
    assert [text for text in caplog.messages if text.startswith("the account has 100 tokens a second")]


async def learnt(config: Any, venue: SimChild) -> tuple[Any, int]:
    """Run until the account's limits are known; return them, and what risk's bucket holds."""
    engine = Engine(config, asyncio.get_running_loop())
    running = asyncio.get_running_loop().create_task(engine.run())
    account, rate = engine.account, engine.trading.risk.rate
    assert account is not None and rate is not None
    try:
        pair = Pair(engine, venue)
        await pair.until(lambda: account.client.tokens.limits.tier, "told its limits")
        assert account.client.tokens.writes(2) is rate  # REST and FIX spend the same tokens
        return account.client.tokens.limits, rate.available(engine.clock_ns())
    finally:
        engine.stop()
        await running
