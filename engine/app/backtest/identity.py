"""Which configuration a run tried: two runs with one digest would do the same on the same data.

Shapes  the strategy's class with the file that it is in, its parameters, the limits of risk, fees, what of the feed
        decides when the strategy is called, the latency, the queue model, and on quotes what they are good for.
"""

import importlib
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.backtest.core.settings import RISK_AVERSE, QueueModel
from engine.backtest.latency import Latency
from engine.backtest.sweeps.ledger import TriedData, tried_data
from engine.config.sections import EngineConfig
from engine.config.strategies import MemberSection


class RunOptions(NamedTuple):
    """What of a run's options makes it another one; what is worth the same is said in the same words."""

    queue: QueueModel = RISK_AVERSE
    quote_size: int = 0  # 0 on frames
    max_age_ns: int = 0
    own_in_book: bool = True  # whether the strategy sees its own orders in the book


ON_FRAMES = RunOptions()


def configuration_of(config: EngineConfig, latency: Latency, options: RunOptions = ON_FRAMES) -> str:
    """Return the digest of what a run tries."""
    told: list[object] = [
        config.strategy.path,
        code_of(config.strategy.path) if config.strategy.path else "",
        config.strategy.parameters,
        repr(config.risk),
        latency,
        repr(config.fees),
        config.feed.watch_depth,
        config.feed.limits(),
        options,
    ]
    if config.strategies:
        told = [each for one in sorted(config.strategies.items()) for each in _told(*one)] + told[3:]
    return sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _told(name: str, section: MemberSection) -> list[object]:
    return [name, code_of(section.path), repr(section)]


def code_of(path: str) -> str:
    """Return the digest of the file of a strategy; "" where it has none that can be read."""
    file = getattr(importlib.import_module(path.partition(":")[0]), "__file__", None)
    return sha256(Path(file).read_bytes()).hexdigest() if file else ""


def digest_of(path: Path) -> str:
    """Return the digest of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def data_of(from_ns: int, to_ns: int, symbols: list[str]) -> TriedData:
    """Return what a run is on, for the ledger of trials."""
    return tried_data(from_ns, to_ns, symbols)
