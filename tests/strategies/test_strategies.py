"""The sample strategies over a whole desk: what they send for which book, and what they leave alone."""

from typing import Any

import pytest

from engine import fix
from engine.strategies.quoter import QuoterParameters, TwoSidedQuoter
from engine.strategies.taker import Taker, TakerParameters
from engine.venue import EventKind
from tests.support.desks import ASK, BID, Scene
from tests.support.order_reports import ack, canceled, fill, replaced
from tests.support.rosters import RollingScene, market

BUY, SELL = fix.BUY, fix.SELL


def quoting(**parameters: int) -> Scene:
    """A quoter whose book is 0.45 to 0.46 with nothing of its own in it."""
    return Scene(TwoSidedQuoter(QuoterParameters(**{"qty": 10, "max_position": 30} | parameters)))


def quotes(scene: Scene) -> list[tuple[int, int, int]]:
    """Return (side, price, pending price) of every live order."""
    return [(order.side, order.price, order.pending_price) for order in scene.orders.live()]


def nudge(scene: Scene) -> None:
    """Move the depth without moving a price."""
    scene.delta(4_400, 1)


def started(**parameters: int) -> Scene:
    scene = quoting(**parameters)
    nudge(scene)
    acknowledge(scene)
    return scene


def acknowledge(scene: Scene) -> None:
    for order in scene.orders.live():
        if order.ord_status == fix.Status.PENDING_NEW:
            scene.loop.on_report(ack(order))
        elif order.pending == fix.Msg.ORDER_CANCEL_REPLACE_REQUEST:
            scene.loop.on_report(replaced(order))
        elif order.pending:
            scene.loop.on_report(canceled(order))


def hold(scene: Scene, qty: int) -> None:
    """Come to a position."""
    side = BUY if qty > 0 else SELL
    scene.portfolio.fill(scene.rain, side, abs(qty), 4_500, 0)


def test_quoter_quotes_both_sides_of_the_middle_post_only() -> None:
    scene = quoting()
    nudge(scene)
    assert quotes(scene) == [(BUY, 4_400, 0), (SELL, 4_700, 0)]
    assert [(order.order_qty, order.post_only) for order in scene.orders.live()] == [(10, True), (10, True)]


@pytest.mark.parametrize(
    ("asks", "expected"),
    [(4_600, [4_400, 4_700]), (4_700, [4_500, 4_700]), (4_800, [4_500, 4_800])],
    ids=["one step", "two steps", "three steps"],
)
def test_quotes_stand_as_far_below_the_middle_as_above(asks: int, expected: list[int]) -> None:
    scene = quoting()
    scene.books[0].snapshot([(4_500, 10)], [(asks, 10)])
    nudge(scene)
    assert [price for _, price, _ in quotes(scene)] == expected
    assert sum(expected) == 4_500 + asks


@pytest.mark.parametrize(
    ("held", "moves"), [(9, 0), (-9, 0), (10, -100), (-10, 100), (19, -100), (-19, 100), (20, -200), (-20, 200)]
)
def test_quotes_lean_against_the_position_alike_on_both_sides(held: int, moves: int) -> None:
    scene = quoting(half_spread=3)
    hold(scene, held)
    nudge(scene)
    assert quotes(scene) == [(BUY, 4_200 + moves, 0), (SELL, 4_900 + moves, 0)]


@pytest.mark.parametrize(("held", "prices"), [(10, [2_400, 4_600]), (-10, [4_500, 6_700])])
def test_quotes_never_cross_the_book_however_hard_they_lean(held: int, prices: list[int]) -> None:
    scene = quoting(skew=20)
    hold(scene, held)
    nudge(scene)
    assert [price for _, price, _ in quotes(scene)] == prices


@pytest.mark.parametrize(("held", "left"), [(29, [BUY, SELL]), (30, [SELL]), (-29, [BUY, SELL]), (-30, [BUY])])
def test_side_that_would_add_is_withdrawn_at_the_limit(held: int, left: list[int]) -> None:
    scene = started(skew=0)
    hold(scene, held)
    nudge(scene)
    acknowledge(scene)
    assert [side for side, _, _ in quotes(scene)] == left
    assert scene.loop.counters.cancels == 2 - len(left)


def test_withdrawn_side_comes_back_below_the_limit() -> None:
    scene = started(skew=0)
    hold(scene, 30)
    nudge(scene)
    acknowledge(scene)
    hold(scene, -1)
    nudge(scene)
    assert [side for side, _, _ in quotes(scene)] == [SELL, BUY]


def test_one_request_is_in_flight_for_each_quote() -> None:
    scene = quoting()
    for _ in range(3):
        nudge(scene)
    assert scene.sent == [b"D T-1", b"D T-2"]
    acknowledge(scene)
    scene.books[0].snapshot([(4_700, 10)], [(4_800, 10)])
    for _ in range(3):
        nudge(scene)
    assert scene.sent[2:] == [b"G T-3 T-1", b"G T-4 T-2"]


@pytest.mark.parametrize(("tolerance", "moved"), [(1, 2), (2, 0)])
def test_quote_is_moved_only_when_it_is_off_by_the_tolerance(tolerance: int, moved: int) -> None:
    scene = started(tolerance=tolerance)
    scene.books[0].snapshot([(4_600, 10)], [(4_700, 10)])  # everything one step up
    nudge(scene)
    assert len(scene.sent) - 2 == moved
    scene.books[0].snapshot([(4_700, 10)], [(4_800, 10)])
    acknowledge(scene)
    nudge(scene)
    acknowledge(scene)
    assert [price for _, price, _ in quotes(scene)] == [4_600, 4_900]


def test_filled_quote_is_quoted_anew() -> None:
    scene = started()
    bid = scene.orders.live()[0]
    scene.loop.on_report(fill(bid, 10, "E1", 4_400))
    nudge(scene)
    assert [(side, price) for side, price, _ in quotes(scene)] == [(SELL, 4_700), (BUY, 4_300)]


def test_quoter_leaves_a_one_sided_book_alone() -> None:
    scene = quoting()
    scene.books[0].snapshot([(4_500, 10)], [])
    nudge(scene)
    assert scene.sent == []


def test_quotes_off_the_grid_are_not_sent() -> None:
    scene = quoting(half_spread=3)
    scene.books[0].snapshot([(100, 10)], [(200, 10)])
    scene.delta(100, 5)
    assert quotes(scene) == [(SELL, 500, 0)]


def taking() -> Scene:
    scene = Scene(Taker(TakerParameters(size=5)))
    nudge(scene)
    return scene


def taken(scene: Scene) -> list[tuple[int, int, int, str]]:
    """Return (side, price, qty, time in force) of what is live, and end it."""
    found = [(order.side, order.price, order.order_qty, order.time_in_force) for order in scene.orders.live()]
    for order in scene.orders.live():
        scene.loop.on_report(canceled(order))
    return found


def test_taker_buys_an_ask_that_moved_once() -> None:
    scene = taking()
    scene.delta(4_600, -100, side=ASK)
    assert taken(scene) == [(BUY, 4_700, 5, "3")]
    scene.delta(4_700, 50, side=ASK)
    nudge(scene)
    assert taken(scene) == []


def test_taker_sells_a_bid_that_moved_once() -> None:
    scene = taking()
    scene.delta(4_500, -100, side=BID)
    assert taken(scene) == [(SELL, 4_400, 5, "3")]
    scene.delta(4_400, 50)
    assert taken(scene) == []


def test_taker_buys_when_both_moved() -> None:
    scene = taking()
    scene.delta(4_500, -100, is_last=False)
    scene.delta(4_600, -100, side=ASK)
    assert taken(scene) == [(BUY, 4_700, 5, "3")]


def test_taker_needs_two_books_with_two_sides_to_see_a_move() -> None:
    scene = Scene(Taker(TakerParameters(size=5)))
    nudge(scene)
    assert scene.sent == []
    scene.books[0].snapshot([(4_500, 10)], [])
    nudge(scene)
    scene.books[0].snapshot([(4_500, 10)], [(4_900, 10)])
    nudge(scene)
    assert scene.sent == []
    scene.delta(4_900, -5, side=ASK)
    scene.delta(4_800, 5, side=ASK)
    assert taken(scene) == [(BUY, 4_800, 5, "3")]


def test_taker_keeps_its_markets_apart() -> None:
    scene = taking()
    scene.delta(4_400, 1, instrument=scene.snow)
    assert scene.sent == []
    scene.delta(4_500, -100, instrument=scene.snow)
    assert [order.instrument.symbol for order in scene.orders.live()] == ["SNOW"]


@pytest.mark.parametrize(
    "strategy", [Taker(TakerParameters(size=5)), TwoSidedQuoter(QuoterParameters(qty=5, max_position=50))]
)
def test_market_in_the_place_of_one_that_is_over_is_a_new_one(strategy: Any) -> None:
    scene = RollingScene(strategy)
    for name, bid in (("FOG", 4_000), ("HAIL", 5_000)):
        new = market(name)
        assert scene.roster.add([new]) == {}
        scene.sent.clear()
        scene.frame(EventKind.SNAPSHOT, instrument=new, bids=[(bid, 10)], asks=[(bid + 400, 10)])
        assert [order.instrument for order in scene.orders.live()] == [new] * len(scene.sent)
        assert len(scene.sent) == (0 if isinstance(strategy, Taker) else 2)
        for order in scene.orders.live():
            scene.loop.apply(ack(order))
            scene.desk.cancel(order)
            scene.loop.apply(canceled(order))
        scene.loop.settlements.pay(new, 0, "the venue")
        scene.roster.remove([new])
    assert new.index == -1 and not getattr(strategy, "_last", None) and not getattr(strategy, "_quotes", None)
