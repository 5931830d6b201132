"""Configuration of the simulated venue: `sim.toml` as frozen structs.

Units   seconds and milliseconds as the names say; paths are relative to the file that names them.
Errors  ConfigError names the file, the key and the problem.
"""

import ssl
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from engine.config import markets
from engine.errors import ConfigError
from engine.exchange.faults import InjectedFault
from engine.exchange.liquidity import LiquiditySettings
from engine.instrument import Instrument
from engine.sim.feed.handshake import load_public_key
from engine.sim.keys import KeyRing, SimKey, TlsFiles, server_context

T = TypeVar("T")


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are errors."""


class FeedConfig(_Section, frozen=True):
    """The WebSocket server. `auth` "none" accepts every key id; "keys" wants one of `keys`: key id = PEM file."""

    host: str = "127.0.0.1"
    port: int = 0
    auth: Literal["none", "keys"] = "none"
    keys: dict[str, str] = {}
    certificate: str = ""  # with both files, TLS
    private_key: str = ""
    ping_seconds: float = 10.0
    write_limit: int = 4 * 2**20  # bytes that may wait for a slow reader
    send_buffer: int = 0  # SO_SNDBUF, which waits in front of them; 0 leaves it to the system
    max_connections: int = 200  # of one member
    market_limit: int = 1000  # markets per subscription


class FixConfig(_Section, frozen=True):
    """The FIX acceptor, ours or QuickFIX's. Port -1 takes the session file's, 0 any free one.

    `not_offered` are MsgTypes that this venue has not, such as "AF" and "AN".
    """

    session_file: str
    acceptor: Literal["native", "quickfix"] = "native"
    port: int = -1
    cancel_on_disconnect: bool = False
    not_offered: list[str] = []


class ControlConfig(_Section, frozen=True):
    """The control server, for tests and the demo."""

    host: str = "127.0.0.1"
    port: int = 0


class CaptureConfig(_Section, frozen=True):
    """Captured markets to replay, from the first subscription to a book on. Speed 0 does not wait."""

    files: list[str] = []
    speed: float = 1.0


class SimConfig(_Section, frozen=True):
    """The whole venue. `state_path` holds its blotter, its order log and the FIX store.

    Captured files replace `markets` and `liquidity`. With neither captures nor liquidity the books start empty.
    """

    markets: str
    state_path: str
    fix: FixConfig
    feed: FeedConfig = FeedConfig()
    control: ControlConfig = ControlConfig()
    liquidity: LiquiditySettings | None = None
    capture: CaptureConfig = CaptureConfig()
    faults: list[InjectedFault] = []
    mode: Literal["event", "busy"] = "event"
    step_ms: int = 5
    cpu: int = -1  # core to run on alone, -1 for any


def load_config(path: Path) -> SimConfig:
    """Read `sim.toml`; its paths become absolute."""
    return resolve(convert(read_document(path), SimConfig, path), path.parent)


def resolve(config: SimConfig, base: Path) -> SimConfig:
    """Return `config` with its paths taken from `base`."""
    replace = msgspec.structs.replace
    keys = {name: str(base / file) for name, file in config.feed.keys.items()}
    return replace(
        config,
        markets=str(base / config.markets),
        state_path=str(base / config.state_path),
        fix=replace(config.fix, session_file=str(base / config.fix.session_file)),
        feed=replace(
            config.feed,
            keys=keys,
            certificate=str(base / config.feed.certificate) if config.feed.certificate else "",
            private_key=str(base / config.feed.private_key) if config.feed.private_key else "",
        ),
        capture=replace(config.capture, files=[str(base / file) for file in config.capture.files]),
    )


def with_captures(config: SimConfig, files: Sequence[Path], speed: float | None = None) -> SimConfig:
    """Return `config` with other captured files, or another speed, where they are given."""
    captures = config.capture
    if files:
        captures = msgspec.structs.replace(captures, files=[str(file.absolute()) for file in files])
    if speed is not None:
        captures = msgspec.structs.replace(captures, speed=speed)
    return msgspec.structs.replace(config, capture=captures)


def with_acceptor(config: SimConfig, kind: Literal["native", "quickfix"] | None) -> SimConfig:
    """Return `config` with another FIX acceptor, where one is given."""
    return msgspec.structs.replace(config, fix=msgspec.structs.replace(config.fix, acceptor=kind)) if kind else config


def load_instruments(path: Path) -> dict[str, Instrument]:
    """Read `markets.toml`, the engine's own file, by symbol."""
    return {instrument.symbol: instrument for instrument in markets.load_instruments(path)}


def public_keys(config: FeedConfig) -> KeyRing | None:
    """Return the keys that may connect, all of them nobody's; None if any key id may."""
    if config.auth == "none":
        return None
    return KeyRing(SimKey(name, "", load_public_key(Path(file))) for name, file in config.keys.items())


def feed_tls(config: FeedConfig) -> ssl.SSLContext | None:
    """Return what the feed speaks TLS with; None where it does not."""
    if not config.certificate and not config.private_key:
        return None
    if not config.certificate or not config.private_key:
        raise ConfigError("feed.certificate and feed.private_key: set both, for TLS, or neither")
    try:
        return server_context(TlsFiles(Path(config.certificate), Path(config.private_key), Path(config.certificate)))
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise ConfigError(f"feed.certificate: {config.certificate} cannot be used: {error}") from None


def read_document(path: Path) -> dict[str, Any]:
    """Return the tables of a file, TOML or, as a parent process writes it, JSON."""
    try:
        if path.suffix == ".json":
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def convert(document: dict[str, Any], into: type[T], path: Path) -> T:
    """Return the tables as a configuration."""
    try:
        return msgspec.convert(document, into, str_keys=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from None
