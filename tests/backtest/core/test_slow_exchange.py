"""The compiled pass against the slow exchange: the same answers, fill for fill, where cancels come from the back."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.settings import FREE, UNLIMITED, ParameterSet, Ways
from tests.support.captures import DIRECTORY, FILES
from tests.support.rows import BANDS, MadeRows, SlowVenue, Wild, grids, merged

NOW = Ways()
LATE = Ways(new=5_000_000, cancel=2_000_000, replace=9_000_000, answer=4_000_000, think_ns=1_000, venue_delay_ns=500)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 3), st.sampled_from((NOW, LATE)))
def test_made_rows_give_the_answers_of_the_slow_exchange(seed: int, markets: int, ways: Ways) -> None:
    made = MadeRows(seed, markets)
    for _ in range(150):
        made.step()
    columns = made.columns()
    wild = Wild(seed)
    run = CompiledPass(
        columns, grids(markets), [ParameterSet(strategy=wild, limits=UNLIMITED, ways=ways)], wakes_on_size=True
    )
    run.run_all()
    slow = SlowVenue(columns, [f"M{place}" for place in range(markets)], [BANDS] * markets)
    assert merged(wild.told()) == merged(slow.run(wild.sent, ways))


@pytest.mark.skipif(not FILES, reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES")
@pytest.mark.parametrize("ways", [NOW, LATE], ids=["now", "late"])
def test_captures_give_the_answers_of_the_slow_exchange(tmp_path: Path, ways: Ways) -> None:
    pytest.importorskip("pyarrow")
    from engine.backtest.core.loading import load
    from engine.backtest.rows.convert import convert

    fills = 0
    for day in convert(FILES[:2], tmp_path, False, lambda *told: None):
        rows = load(day.path)
        wild = Wild(7, rate=0.1)
        one = ParameterSet(strategy=wild, limits=UNLIMITED, ways=ways, fees=FREE)
        run = CompiledPass(rows.columns, rows.markets, [one])
        run.run_all()
        slow = SlowVenue(rows.columns, rows.symbols, [each.bands for each in rows.known])
        assert merged(wild.told()) == merged(slow.run(wild.sent, ways))
        fills += run.result(0).fills
    assert fills > 50
