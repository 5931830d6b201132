"""A strategy that traded on a generated exchange, run again on the recording of it, has the same fills."""

from pathlib import Path

import pytest

from engine.backtest.clock import START_NS
from engine.backtest.own.again import fill_for_fill
from tests.backtest.own.trading import again, fifo, fills, quoter, traded, venue_of
from tests.support.recorded import MS

pytest.importorskip("zstandard")
SECONDS = 20
END_NS = START_NS + SECONDS * 1_000 * MS - 100 * MS  # before what the last frames leave open


@pytest.mark.parametrize("seed", range(1, 41))
def test_fill_for_fill_where_the_queue_is_known(tmp_path: Path, seed: int) -> None:
    venue = venue_of(seed, SECONDS)
    live = fills(traded(venue, quoter()), END_NS)
    recording = venue.record(tmp_path)
    ran = fills(again(recording, quoter(), fifo()), END_NS)
    assert len(live) > 10
    assert ran == live
    found = fill_for_fill(live, ran, 0)
    assert (found.share, found.only_live, found.only_again) == (1.0, {}, {})
