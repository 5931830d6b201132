"""Configuration of the simulated Kalshi.

Units   as the names say; money in dollars as text.
Errors  ConfigError names the file, the key and the problem.
"""

from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import ConfigError
from engine.exchange.liquidity import LiquiditySettings
from engine.exchange.listing.rolling import RollingSettings
from engine.sim.config import ControlConfig, FeedConfig, SimConfig, convert, load_config, read_document
from engine.sim.rest.settings import RestServerSettings
from engine.sim.rest.tokens import TIERS


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are errors."""


class MemberConfig(_Section, frozen=True):
    """One member: its keys are made when the venue starts, `keys` of each kind."""

    name: str
    tier: str = "premier"
    deposits: dict[int, str] = msgspec.field(default_factory=lambda: {0: "10000"})  # dollars by shard
    keys: tuple[Literal["ed25519", "rsa"], ...] = ("ed25519",)
    precision: int = 100  # of its balance, in $0.000001: 100 for a direct member, 10000 for others

    def __post_init__(self) -> None:
        if self.tier not in TIERS:
            raise ConfigError(f'tier: "{self.tier}" is none of {", ".join(TIERS)}')


class FixPortsConfig(_Section, frozen=True):
    """Where the six FIX ports are: `first` is KalshiNR's, the others follow; 0 takes any free ones."""

    host: str = "127.0.0.1"
    first: int = 0


class KalshiSimConfig(_Section, frozen=True):
    """The whole venue. `state_path` gets the authority's certificate, and the API keys that are made."""

    venue: Literal["kalshi"]
    state_path: str
    members: tuple[MemberConfig, ...]
    series: tuple[RollingSettings, ...]
    liquidity: LiquiditySettings | None = LiquiditySettings()
    rest: RestServerSettings = RestServerSettings()
    feed: FeedConfig = FeedConfig()
    fix: FixPortsConfig = FixPortsConfig()
    control: ControlConfig = ControlConfig()
    sweep_ms: int = 1_000  # after its close a market's orders are expired
    keep_s: int = 600  # after it was paid a market is put aside
    mode: Literal["event", "busy"] = "event"
    step_ms: int = 5
    cpu: int = -1  # core to run on alone, -1 for any

    def __post_init__(self) -> None:
        if not self.members or not self.series:
            raise ConfigError("members and series: name at least one each")


def load_any(path: Path) -> SimConfig | KalshiSimConfig:
    """Read a venue's file, of whichever venue it is; its paths become absolute."""
    document = read_document(path)
    if "venue" not in document:
        return load_config(path)
    return resolve(convert(document, KalshiSimConfig, path), path.parent)


def resolve(config: KalshiSimConfig, base: Path) -> KalshiSimConfig:
    """Return `config` with its paths taken from `base`."""
    return msgspec.structs.replace(config, state_path=str(base / config.state_path))
