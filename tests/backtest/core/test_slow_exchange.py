"""The compiled pass against the slow exchange: the same answers, fill for fill, whatever queue model both have."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.settings import FREE, UNLIMITED, ParameterSet, QueueModel, Ways
from tests.support.captures import DIRECTORY, FILES
from tests.support.rows import BANDS, MadeRows, SlowVenue, Wild, grids, merged

NOW = Ways()
LATE = Ways(new=5_000_000, cancel=2_000_000, replace=9_000_000, answer=4_000_000, think_ns=1_000, venue_delay_ns=500)
QUEUES = ("risk-averse", "optimistic", "power:0.5", "power2:1", "power3:3", "log", "log2", "biased:1:-1", "matched/log")


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 3), st.sampled_from((NOW, LATE)), st.sampled_from(QUEUES))
def test_made_rows_give_the_answers_of_the_slow_exchange(seed: int, markets: int, ways: Ways, queue: str) -> None:
    made, model = MadeRows(seed, markets), QueueModel.parse(queue)
    for _ in range(150):
        made.step()
    columns = made.columns()
    wild = Wild(seed)
    run = CompiledPass(
        columns,
        grids(markets),
        [ParameterSet(strategy=wild, limits=UNLIMITED, ways=ways, queue=model)],
        wakes_on_size=True,
    )
    run.run_all()
    slow = SlowVenue(columns, [f"M{place}" for place in range(markets)], [BANDS] * markets, model)
    assert merged(wild.told()) == merged(slow.run(wild.sent, ways))


@pytest.mark.skipif(not FILES, reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES")
@pytest.mark.parametrize(
    ("ways", "queue"),
    [(NOW, "risk-averse"), (LATE, "risk-averse"), (LATE, "matched/power")],
    ids=["now", "late", "queue"],
)
def test_captures_give_the_answers_of_the_slow_exchange(tmp_path: Path, ways: Ways, queue: str) -> None:
    pytest.importorskip("pyarrow")
    from engine.backtest.core.loading import load
    from engine.backtest.rows.convert import convert

    fills = 0
    for day in convert(FILES[:2], tmp_path, False, lambda *told: None):
        rows = load(day.path)
        wild = Wild(7, rate=0.1)
        one = ParameterSet(strategy=wild, limits=UNLIMITED, ways=ways, fees=FREE, queue=QueueModel.parse(queue))
        run = CompiledPass(rows.columns, rows.markets, [one])
        run.run_all()
        slow = SlowVenue(rows.columns, rows.symbols, [each.bands for each in rows.known], one.queue)
        assert merged(wild.told()) == merged(slow.run(wild.sent, ways))
        fills += run.result(0).fills
    assert fills > 50
