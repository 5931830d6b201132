"""A whole configuration as text, table by table, and the strategies that it may name."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.config.engine import read_draft
from engine.strategy import Strategy
from engine.units import Size

ENGINE = """
[engine]
mode = "event"
core = "none"
session = "quickfix"
state_dir = "state"
"""
SESSION = """
[session]
settings = "fix/initiator.cfg"
dialect = "fix44"
"""
FEED = """
[feed]
url = "ws://127.0.0.1:1/trade-api/ws/v2"
dialect = "kalshi"
watch_depth = 1
heartbeat_timeout = "30s"
backoff_min = "100ms"
backoff_max = "10s"
"""
RISK = """
[risk]
max_order_qty = "100"
max_order_notional = "99.000001"
max_order_cost = "0.5"
collar_opposite = "0.05"
collar_own = "none"
max_position = "0.01"
max_event_position = "1000"
max_gross_position = "none"
max_open_orders = 64
max_open_cost = "none"
max_market_loss = "40"
max_event_loss = "none"
max_daily_loss = "250"
max_drawdown = "none"
day_start = "17:30"
day_zone = "America/Chicago"
max_rejects_in_a_row = 7
max_book_age = "1.5s"
allow_crossed_book = false
restricted = []
executions = "none"
rejects = "none"
ratios = "none"
"""
RATE = """
[risk.rate]
per_second = 480
burst = 1440
new = 10
amend = 10
cancel = 2
cancel_reserve = 100
"""
DUPLICATES = """
[risk.duplicates]
max_orders = 3
window = "250us"
"""
STRATEGY = """
[strategy]
class = "tests.support.configs:Quoter"
"""
MARKETS = """
[[market]]
symbol = "RAIN"
event = "WEATHER"
bands = [{ start = "0", end = "1", step = "0.01" }]

[[market]]
symbol = "COIN"
bands = [{ start = "0", end = "0.1", step = "0.001" }, { start = "0.1", end = "1", step = "0.01" }]
"""
WHOLE = ENGINE + SESSION + FEED + RISK + RATE + DUPLICATES + STRATEGY + MARKETS


class Quoter(Strategy):
    """A strategy with parameters of each kind."""

    class Parameters(msgspec.Struct, frozen=True):
        qty: Size
        weight: float
        levels: int = 1

        def __post_init__(self) -> None:
            if self.levels < 1:
                raise ValueError("levels must be positive")


class Watcher(Strategy):
    """A strategy without parameters."""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "engine.toml") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def wrong(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    return read_draft(path, environ or {}).problems


def edited(old: str, new: str) -> str:
    """Return the whole configuration with one thing changed."""
    assert old in WHOLE
    return WHOLE.replace(old, new, 1)
