"""Every fault of the venue, one after another, while the sample quoter trades busy markets: the truth at the end."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.modes import BUSY, EVENT
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.config import engine_config
from tests.support.engine.in_process import Rig
from tests.support.sim.process import Start

LIQUIDITY = "[liquidity]\nseed = 3\nrate = 400\ntaker_share = 0.2\n[feed]\nping_seconds = 0.1\n"
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop_feed", {}),
    ("silent_feed", {"duration_ms": 700}),
    ("delay_feed", {"delay_ms": 50, "duration_ms": 200}),
    ("skip_seq", {"count": 3}),
    ("repeat_seq", {"count": 3}),
    ("unknown_level", {}),
    ("reject_order", {"count": 3}),
    ("cancel_orders", {}),
    ("late_cancel", {"delay_ms": 50, "fill_qty": 50, "count": 3}),
    ("drop_fix", {}),
    ("logout_fix", {}),
    ("silent_fix", {"duration_ms": 200}),
    ("delay_fix", {"delay_ms": 80, "duration_ms": 200}),
    ("pause_market", {"symbol": "SNOW"}),
    ("close_market", {"symbol": "RAIN"}),
]


@pytest.fixture
def quoting(simulator: Start, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    mode, session = request.param
    venue = simulator(sections=LIQUIDITY)
    config = engine_config(venue, tmp_path, "CLIENT", strategy=None, mode=mode, session=session)
    quoting = Rig(venue, config, "CLIENT")
    quoting.start()
    yield quoting
    quoting.close()


@pytest.mark.parametrize(
    ("quoting", "acceptor", "seed"),
    [
        ((EVENT, "quickfix"), "quickfix", 1),
        ((BUSY, "quickfix"), "native", 2),
        ((EVENT, "native"), "quickfix", 3),
        ((BUSY, "native"), "native", 4),
    ],
    indirect=["quoting", "acceptor"],
)
def test_every_fault_in_a_row_ends_with_the_truth(quoting: Rig, seed: int) -> None:
    r = quoting
    rng = random.Random(seed)
    r.until_trading()
    for word, arguments in rng.sample(FAULTS, len(FAULTS)):
        r.turn(rng.uniform(0.05, 0.25))
        r.venue(word, **arguments)
        r.turn(0.05)
        for symbol in ("RAIN", "SNOW"):
            r.venue("open_market", symbol=symbol)
    r.venue("clear")
    r.until_trading()
    fills = r.counters.fills
    r.until(lambda: r.counters.fills > fills, "a fill after the storm")
    r.supervisor.halt("by test")
    r.until(lambda: r.reports.has("HALT confirmed"), "the confirmation")
    assert [line for line in r.reports.lines if line.startswith("HALT")] == [
        "HALT: by test", "HALT confirmed: no order is alive",
    ]  # fmt: skip
    assert r.supervisor.state is DeskState.HALTED
    r.assert_agrees()
