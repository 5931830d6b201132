"""A life at the simulated Kalshi: what `fixlane init kalshi` writes, markets that come and are settled in seconds.

The venue is kept (`kept`), as a real one's ledger is, so that it can be killed.
"""

from pathlib import Path

import msgspec

from engine.app.chaos import kept
from engine.app.chaos.fix44 import SILENCE_NS, STRATEGY
from engine.app.chaos.ledger import AccountRecord
from engine.app.chaos.setup import Ask, Setup
from engine.app.demo import kalshi
from engine.app.setup.init import NAME, write
from engine.config.sections import EngineConfig, LogSection
from engine.instrument import Instrument
from engine.session.file.settings import override
from engine.sim import process
from engine.sim.free_ports import free_ports, free_row
from engine.units import NO_LIMIT

FIX_PORTS = 6  # in a row
HEART_BT_INT = 4  # the least that the venue takes
PERIOD_S = 5
COMPARE_NS = 3 * 10**9


def ports(seed: int) -> tuple[int, ...]:
    """Return the first of the FIX ports, and those of REST, feed and control."""
    return free_row(FIX_PORTS, seed * 7), *free_ports(3)


def prepare(directory: Path) -> None:
    """Write the engine's configuration."""
    write("kalshi", "demo", directory / "engine")


def run_venue(setup: Setup) -> int:
    """Run the venue until it is told to quit."""
    replace, (first, rest, feed, control) = msgspec.structs.replace, setup.ports
    base = kalshi.venue_config(setup.place)
    assert base.liquidity is not None
    config = replace(
        base,
        series=tuple(replace(each, period_s=PERIOD_S) for each in base.series),
        liquidity=replace(base.liquidity, seed=setup.seed),
        rest=replace(base.rest, port=rest),
        feed=replace(base.feed, port=feed, ping_seconds=0.5),
        fix=replace(base.fix, first=first),
        control=replace(base.control, port=control),
    )
    return process.run(config, make=kept.make)


def engine_config(setup: Setup) -> EngineConfig:
    """Return the engine of `fixlane init kalshi`, led to the venue of this life."""
    replace, place = msgspec.structs.replace, setup.place
    ready = msgspec.json.decode((place / "venue.out").read_bytes(), type=dict)
    config = kalshi.led_to(ready, place / "engine")
    assert config.rest is not None and (place / "engine" / NAME).exists()
    session_file = config.session.file
    kept_keys = {"FileStorePath": place / "store", "HeartBtInt": HEART_BT_INT, "ReconnectInterval": 1}
    session_file.write_text(override(session_file, **kept_keys))
    (place / "log").mkdir(exist_ok=True)
    return replace(
        config,
        engine=replace(config.engine, session=setup.session, state_dir=place / "state"),
        feed=replace(config.feed, heartbeat_timeout_ns=SILENCE_NS, backoff_max_ns=10**9),
        rest=replace(config.rest, compare_every_ns=COMPARE_NS),
        risk=replace(config.risk, max_daily_loss=NO_LIMIT, max_book_age_ns=NO_LIMIT),
        strategy=replace(config.strategy, path=STRATEGY),
        journal=replace(config.journal, directory=place / "journal"),
        log=LogSection(level="info", file=place / "log" / "engine.log"),
    )


def instruments() -> tuple[Instrument, ...]:
    """Return none: they come and go."""
    return ()


def still(ask: Ask) -> None:
    """Let the venue's markets stand still; what is closed is settled."""
    ask("freeze")


def resting(ask: Ask) -> int:
    """Return how many of our orders rest."""
    return int(ask("account", account=kalshi.MEMBER)["resting"])


def record(ask: Ask, setup: Setup) -> AccountRecord:
    """Return what the venue's ledger says, which refuses a ClOrdID that it has had."""
    said = ask("account", account=kalshi.MEMBER)
    return AccountRecord(said["cash"] - sum(kalshi.deposits().values()), said["fees"], said["positions"])
