"""Orders with options: denied where the venue takes none, bounded where they only reduce, kept by the journal."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.snapshot import Snapshots
from engine.orders.options import OrderOptions
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk.codes import RiskReject
from engine.runtime.notices import NoticeKind
from tests.support.desks import Scene
from tests.support.journals import journal_in, written
from tests.support.order_reports import INSTRUMENTS, RAIN


def denials(scene: Scene) -> list[int]:
    return [step[2] for step in scene.taken() if step[0] == "strategy.on_reject"]


def test_order_with_options_leaves_by_their_encoder() -> None:
    scene = Scene()
    order = scene.buy(order_group="G1")
    assert order.options == OrderOptions(order_group="G1")
    assert scene.sent == [f"D {order.cl_ord_id} order_group G1".encode()]
    plain = scene.buy()
    assert plain.options is None and scene.sent[1:] == [f"D {plain.cl_ord_id}".encode()]


def test_options_that_the_venue_does_not_take_deny_the_order_and_are_told() -> None:
    scene = Scene()
    assert scene.buy(order_group="NONE") is None
    assert denials(scene) == [RiskReject.NOT_OFFERED] and scene.sent == []
    (notice,) = [each for each in scene.loop.notices.all() if each.kind == NoticeKind.OPTION_REFUSED]
    assert notice.text == "RAIN: no such group"


def test_reduce_only_needs_what_it_can_reduce() -> None:
    scene = Scene()
    assert scene.sell(reduce_only=True) is None and denials(scene) == [RiskReject.REDUCE_ONLY]
    scene.portfolio.fill(scene.rain, BUY, 10, 4_500, 0)
    assert scene.sell(qty=11, reduce_only=True) is None
    assert scene.buy(reduce_only=True) is None
    assert scene.sell(qty=6, reduce_only=True) is not None
    assert scene.sell(qty=5, reduce_only=True) is None  # six of the ten are on their way
    assert scene.sell(qty=4, reduce_only=True) is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_reduce_only_orders_never_pass_zero_whatever_fills(seed: int) -> None:
    rng, scene = random.Random(seed), Scene()
    for _ in range(20):
        held = scene.portfolio[scene.rain].net
        if rng.random() < 0.4:
            scene.portfolio.fill(scene.rain, rng.choice((BUY, SELL)), rng.randrange(1, 9), 4_500, 0)
            for order in scene.orders.live():
                scene.orders.expire(order)
                scene.risk.update(order)
            continue
        side, qty = rng.choice((BUY, SELL)), rng.randrange(1, 12)
        going = sum(each.leaves_qty for each in scene.orders.live() if each.side == side)
        send = scene.buy if side == BUY else scene.sell
        order = send(4_500 if side == BUY else 4_600, qty, reduce_only=True)
        assert (order is not None) == (going + qty <= (-held if side == BUY else held))


def test_options_come_back_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    orders, portfolio = Orders("J"), Portfolio(INSTRUMENTS)
    asked = OrderOptions(reduce_only=True, order_group="G-1")
    with_options = orders.open(RAIN, BUY, 4_200, 10, "2", "3", False, 0, 1, options=asked)
    plain = orders.open(RAIN, BUY, 4_200, 10, "2", "1", False, 0, 1)
    journal = journal_in(tmp_path / "a")
    for order in (with_options, plain):
        journal.append_new(order, 7)
    journal.close()
    kinds = [record.kind for record in written(journal_paths(tmp_path / "a")[0])]
    assert kinds[:3] == [RecordKind.NEW, RecordKind.OPTIONS, RecordKind.NEW]
    snapshot = journal_in(tmp_path / "b")
    Snapshots(snapshot, orders, portfolio).take()
    snapshot.close()
    for directory in ("a", "b"):
        found = Orders("next")
        recover(journal_paths(tmp_path / directory), INSTRUMENTS, found, Portfolio(INSTRUMENTS), 0)
        first, second = found.by_id(with_options.cl_ord_id), found.by_id(plain.cl_ord_id)
        assert first is not None and second is not None
        assert (first.options, second.options) == (asked, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [(OrderOptions(True, "G"), "reduce_only, order_group G"), (OrderOptions(True), "reduce_only")],
)
def test_options_are_words(options: OrderOptions, words: str) -> None:
    assert str(options) == words
