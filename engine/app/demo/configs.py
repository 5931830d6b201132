"""What a demo runs with: the shipped configuration with ports, paths and keys of its own.

Errors  ConfigError for a configuration or a capture that is wrong.
"""

import argparse
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from engine.config.credentials import Credentials
from engine.config.engine import load
from engine.config.keeping import AuditSection, RecordSection
from engine.config.sections import EngineConfig
from engine.config.shipped import config_path
from engine.errors import ConfigError
from engine.exchange import captures
from engine.instrument import Instrument
from engine.session.file.settings import load_session, render
from engine.sim.config import SimConfig, load_config, with_acceptor, with_captures

ACCOUNT = "FIXLANE"
KEY_ID = "00000000-0000-4000-8000-000000000000"
KEY_ID_ENV = "FIXLANE_DEMO_KEY_ID"
JOURNAL = "journal"  # in a recording, to replay it
AUDIT = "audit.log"  # of FIX messages, which say how long requests took


class Pair(msgspec.Struct, frozen=True):
    """A venue and an engine that trade with each other, and where both keep their state."""

    venue: SimConfig
    engine: EngineConfig
    directory: Path


def demo_pair(directory: Path, arguments: argparse.Namespace) -> Pair:
    """Return the shipped venue and engine, changed as the flags say."""
    files = [path.resolve() for path in arguments.capture or ()]
    config = demo_config(directory, make_key(directory), files, arguments)
    return Pair(demo_venue_config(directory, files, arguments), config, directory)


def native_busy(pair: Pair, venue_core: int, engine_core: int) -> Pair:
    """Return the same pair over the native session in busy mode, a core for each side, with a state of its own."""
    replace = msgspec.structs.replace
    directory = pair.directory / "native_busy"
    directory.mkdir()
    venue = replace(pair.venue, mode="busy", cpu=venue_core, state_path=str(directory / "venue"))
    section = replace(
        pair.engine.engine, session="native", mode="busy", core=engine_core, state_dir=directory / "engine"
    )
    journal = replace(pair.engine.journal, directory=directory / "journal")
    return Pair(venue, replace(pair.engine, engine=section, journal=journal, record=None, audit=None), directory)


def make_key(state: Path) -> Credentials:
    """Make the API key of this run: its public half for the venue, its private one for the engine."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for path, text in ((state / "key.pem", private), (state / "public.pem", public)):
        path.touch(mode=0o600)
        path.write_bytes(text)
    os.environ[KEY_ID_ENV] = KEY_ID
    return Credentials(key_id_env=KEY_ID_ENV, private_key_file=state / "key.pem")


def demo_venue_config(state: Path, files: list[Path], arguments: argparse.Namespace) -> SimConfig:
    """Return `config/sim.toml` with free ports and a state of its own."""
    replace = msgspec.structs.replace
    config = with_acceptor(load_config(config_path("sim.toml")), arguments.acceptor)
    config = replace(
        config,
        state_path=str(state / "venue"),
        feed=replace(config.feed, port=0, auth="keys", keys={KEY_ID: str(state / "public.pem")}),
        fix=replace(config.fix, port=0),
        control=replace(config.control, port=0),
    )
    return with_captures(config, files, arguments.speed)


def recorded(config: EngineConfig, directory: Path | None) -> EngineConfig:
    """Return a configuration that keeps what a backtest wants of this run; the folder must be new or empty."""
    if directory is None:
        return config
    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(f"--record {directory}: a recording is there already: name another folder")
    directory.mkdir(parents=True, exist_ok=True)
    audit = AuditSection(file=directory / AUDIT, rest=False, feed=False)
    replace = msgspec.structs.replace
    journal = replace(config.journal, directory=directory / JOURNAL)
    return replace(config, record=RecordSection(directory=directory), audit=audit, journal=journal)


def demo_config(
    state: Path, credentials: Credentials, files: list[Path], arguments: argparse.Namespace
) -> EngineConfig:
    """Return `config/engine.toml` with the paths and flags of this run."""
    replace = msgspec.structs.replace
    config = load(config_path("engine.toml"))
    config = replace(config, journal=replace(config.journal, directory=state / "journal"))
    engine = replace(config.engine, state_dir=state / "engine")
    if arguments.session:
        engine = replace(engine, session=arguments.session)
    if arguments.mode:
        engine = replace(engine, mode=arguments.mode)
    instruments: tuple[Instrument, ...] = tuple(captures.markets(files)) if files else config.instruments
    return replace(
        recorded(config, arguments.record),
        engine=engine,
        instruments=instruments,
        feed=replace(config.feed, credentials=credentials),
    )


def with_ports(config: EngineConfig, fix_port: int, feed_port: int = 1) -> EngineConfig:
    """Return `config` with a session file and a feed that lead to the venue of this run."""
    replace = msgspec.structs.replace
    state = config.engine.state_dir
    state.mkdir(parents=True, exist_ok=True)
    session_file = state / "initiator.cfg"
    settings = load_session(config.session.file, "initiator", state)
    session_file.write_text(render([settings], {"SocketConnectPort": fix_port, "FileStorePath": state / "store"}))
    return replace(
        config,
        session=replace(config.session, settings=session_file),
        feed=replace(config.feed, url=f"ws://127.0.0.1:{feed_port}/trade-api/ws/v2"),
    )
