"""Reported positions of a generated exchange are its truth, so errors by them are those by the truth."""

from pathlib import Path

import pytest

from engine.backtest.core.settings import QueueModel
from engine.backtest.generated.queues import KnownQueues
from engine.backtest.generated.venue import FEED_NS
from engine.backtest.history import TimedFrame, timed
from engine.backtest.queues.calibration import calibrate
from engine.backtest.queues.following import Followed, follow
from engine.exchange.market import RestingOrder
from tests.backtest.own.trading import again, listed, quoter
from tests.backtest.queues.reporting import Asked, recorded
from tests.support.recorded import MS

pytest.importorskip("zstandard")
NAMES = ("risk-averse", "power", "log", "optimistic")
SECONDS = 20
Left = tuple[int, ...]


class Noting(KnownQueues):
    """Notes what a cancel left ahead of an order, and how much more each model had there."""

    def __init__(self, path: Path) -> None:
        frames = [each.frame for each in timed([path])]
        super().__init__({name: QueueModel.parse(name) for name in NAMES}, frames, listed(2))
        self.noted: list[tuple[int, str, Left]] = []
        self._now_ns = 0

    def before(self, timed: TimedFrame) -> None:
        self._now_ns = timed.venue_ns
        super().before(timed)

    def __call__(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        left = super().__call__(order, ahead, shown, gone)
        if not self._is_trade:
            self.noted.append((self._now_ns, order.cl_ord_id, (left, *(self.errors[name].lots[-1] for name in NAMES))))
        return left


def followed(path: Path) -> Followed:
    found = Followed()
    assert follow([path], [QueueModel.parse(name) for name in NAMES], 0, found)
    return found


def by_order(venue: Asked, truth: Noting) -> dict[str, list[tuple[int, Left]]]:
    order_ids = {report.cl_ord_id: report.order_id for _, report in venue.reports}
    found: dict[str, list[tuple[int, Left]]] = {}
    for now_ns, cl_ord_id, left in truth.noted:
        found.setdefault(order_ids[cl_ord_id], []).append((now_ns, left))
    return found


@pytest.mark.parametrize("seed", range(1, 4))
def test_errors_by_reports_are_those_by_the_truth(tmp_path: Path, seed: int) -> None:
    path, venue = recorded(tmp_path, seed, SECONDS, 100 * MS)
    alone = venue.record(tmp_path / "alone")
    truth = Noting(alone)
    again(alone, quoter(), truth)  # without reports beside: frames name what is ours
    known = by_order(venue, truth)
    found = followed(path)
    assert (found.reported, found.dropped.total()) == (len(venue.places), 0)
    off = 0
    for each in found.judged:
        asked_ns = each.reported.asked_ns - FEED_NS
        since_ns = asked_ns - each.age_ns
        past = [left for at, left in known.get(each.reported.order_id, []) if since_ns - MS <= at <= asked_ns]
        left, *errors = past[-1] if past else (each.ahead, *[0] * len(NAMES))
        traded = left - each.ahead  # since the last cancel; each model knows of it
        expected = tuple(min(max(left + error - traded, 0), each.shown) for error in errors)
        assert each.believed == expected
        off += any(errors)
    assert off > 50  # else all would be right by chance


def test_bounds_are_on_their_sides_of_the_truth(tmp_path: Path) -> None:
    recorded(tmp_path, 1, SECONDS, 100 * MS)
    found = calibrate([tmp_path], within_ns=0)
    assert found.judged == found.reported > 500
    careful, bold = found.models["risk-averse"].all.contracts, found.models["optimistic"].all.contracts
    assert careful.mean == careful.absolute > 0
    assert -bold.mean == bold.absolute > 0
    assert found.models["power"].all.contracts.absolute < careful.absolute
