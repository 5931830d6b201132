"""A life at the simulated FIX 4.4 venue: the demo's configuration, with ports that stay and heartbeats that are short.

The venue keeps its sequence numbers, reports and blotter; killed, it cancels what was open and tells what was missed.
"""

import os
from pathlib import Path

import msgspec

from engine.app.chaos.ledger import AccountRecord
from engine.app.chaos.setup import Ask, Setup
from engine.app.demo.configs import ACCOUNT, KEY_ID, KEY_ID_ENV, make_key
from engine.config.credentials import Credentials
from engine.config.engine import load
from engine.config.sections import EngineConfig, LogSection
from engine.config.shipped import config_path
from engine.exchange.blotter import EnteredOrder, read_blotter
from engine.instrument import Instrument
from engine.session.file.settings import load_session, render
from engine.sim import process
from engine.sim.config import load_config
from engine.sim.free_ports import free_ports
from engine.units import NO_LIMIT

HEART_BT_INT = 1
SILENCE_NS = 2 * 10**9
STRATEGY = "engine.app.chaos.mischief:Mischief"


def ports(seed: int) -> tuple[int, ...]:
    """Return those of FIX, feed and control."""
    return free_ports(3)


def prepare(directory: Path) -> None:
    """Make the API key."""
    make_key(directory)


def run_venue(setup: Setup) -> int:
    """Run the venue until it is told to quit."""
    replace, (fix, feed, control) = msgspec.structs.replace, setup.ports
    base = load_config(config_path("sim.toml"))
    assert base.liquidity is not None
    return process.run(
        replace(
            base,
            state_path=str(setup.place / "venue"),
            feed=replace(
                base.feed, port=feed, auth="keys", ping_seconds=0.5, keys={KEY_ID: str(setup.place / "public.pem")}
            ),
            fix=replace(base.fix, port=fix),
            control=replace(base.control, port=control),
            liquidity=replace(base.liquidity, seed=setup.seed),
        )
    )


def engine_config(setup: Setup) -> EngineConfig:
    """Return the demo's engine, with a strategy that misbehaves when told and no limit that traffic alone reaches."""
    replace, place = msgspec.structs.replace, setup.place
    config = load(config_path("engine.toml"))
    os.environ[KEY_ID_ENV] = KEY_ID
    state = place / "state"
    (place / "log").mkdir(exist_ok=True)
    session_file = place / "initiator.cfg"
    settings = load_session(config.session.file, "initiator", state)
    changes = {
        "SocketConnectPort": setup.ports[0],
        "FileStorePath": place / "store",
        "HeartBtInt": HEART_BT_INT,
        "LogonTimeout": 2,
    }
    session_file.write_text(render([settings], changes))
    return replace(
        config,
        engine=replace(config.engine, state_dir=state, session=setup.session),
        session=replace(config.session, settings=session_file),
        feed=replace(
            config.feed,
            url=f"ws://127.0.0.1:{setup.ports[1]}/trade-api/ws/v2",
            credentials=Credentials(key_id_env=KEY_ID_ENV, private_key_file=place / "key.pem"),
            heartbeat_timeout_ns=SILENCE_NS,
            backoff_max_ns=10**9,
        ),
        risk=replace(config.risk, max_daily_loss=NO_LIMIT, max_book_age_ns=NO_LIMIT),
        strategy=replace(config.strategy, path=STRATEGY),
        journal=replace(config.journal, directory=place / "journal"),
        log=LogSection(level="info", file=place / "log" / "engine.log"),
    )


def instruments() -> tuple[Instrument, ...]:
    """Return the markets that both sides are configured with."""
    return load(config_path("engine.toml")).instruments


def still(ask: Ask) -> None:
    """Nothing trades with an account that has no orders."""


def resting(ask: Ask) -> int:
    """Return how many of our orders rest."""
    return len(ask("orders", account=ACCOUNT)["orders"])


def record(ask: Ask, setup: Setup) -> AccountRecord:
    """Return what the venue's blotter adds up to."""
    said = ask("summary", account=ACCOUNT)
    entries = read_blotter(setup.place / "venue" / "blotter.jsonl")
    entered = [
        (each.cl_ord_id, (each.side, each.price, each.qty)) for each in entries if isinstance(each, EnteredOrder)
    ]
    positions = {symbol: net for symbol, net in said["positions"].items() if net}
    return AccountRecord(said["cash"], said["fees"], positions, entered)
