"""A strategy that traded on a generated exchange, run again on the recording of it, has the same fills."""

from pathlib import Path

import pytest

from engine.backtest.clock import START_NS
from engine.backtest.core.settings import QueueModel
from engine.backtest.generated.queues import KnownQueues
from engine.backtest.own.again import ELSEWHERE, QUEUE, SPLIT, OwnFill, Stood, fill_for_fill
from tests.backtest.own.trading import again, fills, quoter, traded, venue_of
from tests.support.recorded import MS

pytest.importorskip("zstandard")
SECONDS = 20
END_NS = START_NS + SECONDS * 1_000 * MS - 100 * MS  # before what the last frames leave open


@pytest.mark.parametrize("seed", range(1, 9))
def test_fill_for_fill_where_the_queue_is_known(tmp_path: Path, seed: int) -> None:
    venue = venue_of(seed, SECONDS)
    live = fills(traded(venue, quoter()), END_NS)
    recording = venue.record(tmp_path)
    ran = fills(again(recording, quoter(), KnownQueues()), END_NS)
    assert len(live) > 10
    assert ran == live
    found = fill_for_fill(live, ran, 0)
    assert (found.share, found.only_live, found.only_again) == (1.0, {}, {})


def test_without_its_orders_in_the_book_it_trades_otherwise(tmp_path: Path) -> None:
    venue = venue_of(2, SECONDS)
    live = fills(traded(venue, quoter()), END_NS)
    recording = venue.record(tmp_path)
    assert fills(again(recording, quoter(), KnownQueues(), own_in_book=False), END_NS) != live


def test_what_differs_has_a_cause() -> None:
    live = [OwnFill(100, "A", 1, 40, 5), OwnFill(200, "A", 1, 41, 5)]
    live += [OwnFill(300, "A", 2, 50, 5), OwnFill(400, "B", 1, 9, 2)]
    ran = [OwnFill(103, "A", 1, 40, 5), OwnFill(300, "A", 2, 50, 3), OwnFill(900, "B", 2, 70, 1)]
    found = fill_for_fill(live, ran, 5, again_stood=[Stood("A", 1, 41, 150, 250)])
    assert (found.live, found.again, found.equal) == (4, 3, 1)
    assert found.only_live == {QUEUE: 1, SPLIT: 1, ELSEWHERE: 1}
    assert found.only_again == {SPLIT: 1, ELSEWHERE: 1}
    assert found.share == pytest.approx(1 / 6)


def test_models_of_the_queue_are_held_against_the_truth(tmp_path: Path) -> None:
    venue = venue_of(1, SECONDS)
    traded(venue, quoter())
    queues = KnownQueues({name: QueueModel.parse(name) for name in ("risk-averse", "power", "optimistic")})
    again(venue.record(tmp_path), quoter(), queues)
    careful, middle, bold = (queues.errors[name] for name in ("risk-averse", "power", "optimistic"))
    assert len(careful.lots) > 50
    assert careful.mean >= middle.mean >= bold.mean
    assert min(careful.lots) >= 0  # never less ahead than there is
    assert max(bold.lots) <= 0
    assert careful.absolute >= middle.percentile(50)
