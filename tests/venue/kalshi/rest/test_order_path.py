"""An order's life over REST: one step after another, then random lives against a venue that loses and hides things."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL, Status, Tif, Type
from engine.orders.order import Order
from engine.orders.table import Outcome
from engine.venue.kalshi.rest.numbers import RequestError
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from engine.venue.rest import Call
from engine.venue.rest_orders import RestOrderAnswer
from tests.support.order_reports import RAIN, open_order, report
from tests.venue.kalshi.rest.lives import CANCEL, NEW, NOW_NS, Life
from tests.venue.kalshi.rest.matching_venue import MatchingVenue


@pytest.fixture
def life() -> Life[MatchingVenue]:
    return Life(MatchingVenue())


def body(call: Call[Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call.request.body)
    return found


def test_order_is_written_as_the_venue_takes_it(life: Life[MatchingVenue]) -> None:
    order = open_order(life.orders, 2_550, 4_150, SELL)
    call = KalshiRestOrders({RAIN.symbol: 2}, subaccount=3, cancel_on_pause=True).new_order(order, NOW_NS)
    assert body(call) == {
        "ticker": "KXRAIN-1", "client_order_id": "r-1", "side": "ask", "count": "25.50", "price": "0.4150",
        "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
        "cancel_order_on_pause": True, "subaccount": 3, "exchange_index": 2,
    }  # fmt: skip
    assert (call.request.shard, call.request.tokens, call.request.is_write) == (2, 10, True)


def test_order_of_a_market_without_a_shard_is_routed_by_its_ticker(life: Life[MatchingVenue]) -> None:
    call = KalshiRestOrders().new_order(open_order(life.orders), NOW_NS)
    assert "exchange_index" not in body(call) and call.request.shard == 0


def test_expiry_is_in_seconds_and_never_late(life: Life[MatchingVenue]) -> None:
    order = life.orders.open(RAIN, BUY, 4_200, 10, Type.LIMIT, Tif.GTD, True, NOW_NS + 1_999_999_999, 1)
    written = body(life.path.new_order(order, NOW_NS))
    assert (written["time_in_force"], written["expiration_time"]) == ("good_till_canceled", 1_795_444_201)
    assert written["post_only"] is True
    with pytest.raises(RequestError, match="r-1: its expiry has passed"):
        life.path.new_order(order, NOW_NS + 2 * 10**9)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-23T04:59", "2026-11-23T04:59:59"),
        ("2026-11-23T05:00", "2026-11-24T04:59:59"),
        ("2026-07-01T12:00", "2026-07-02T03:59:59"),
    ],
)
def test_day_order_ends_with_the_day_in_new_york(life: Life[MatchingVenue], now: str, end: str) -> None:
    order = open_order(life.orders, tif=Tif.DAY)
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    written = body(life.path.new_order(order, int(moment.timestamp()) * 10**9))
    assert datetime.fromtimestamp(written["expiration_time"], UTC).isoformat().startswith(end)


def test_market_order_is_refused(life: Life[MatchingVenue]) -> None:
    order = open_order(life.orders, ord_type=Type.MARKET)
    with pytest.raises(RequestError, match="r-1: Kalshi takes limit orders alone"):
        life.path.new_order(order, NOW_NS)


def test_order_that_the_venue_has_not_named_cannot_be_cancelled_yet(life: Life[MatchingVenue]) -> None:
    order = open_order(life.orders)
    life.orders.request_cancel(order, 2)
    with pytest.raises(RequestError, match="r-1 has no OrderID"):
        life.path.cancel(order, NOW_NS)


def test_order_rests_is_replaced_and_cancelled(life: Life[MatchingVenue]) -> None:
    order = life.open()
    assert (order.order_id, order.ord_status) == ("v1", Status.NEW)
    life.replace(order, 4_300, 2_000)
    assert (order.cl_ord_id, order.price, order.order_qty, order.leaves_qty) == ("r-2", 4_300, 2_000, 2_000)
    life.cancel(order)
    assert (order.ord_status, order.is_done) == (Status.CANCELED, True)
    assert life.kinds == [Outcome.ACCEPTED, Outcome.REPLACED, Outcome.CANCELED]


def test_fills_in_the_answer_are_counted_by_their_trades(life: Life[MatchingVenue]) -> None:
    life.venue.liquidity = 400
    order = life.open()
    assert (order.ord_status, order.cum_qty, order.leaves_qty) == (Status.PARTIALLY_FILLED, 400, 600)
    assert order.has_counted("trade:t1") and order.executions == {"trade:t1": (400, 4_200, 10_000)}


def test_owed_fills_keep_the_order_at_its_worst_until_they_are_told(life: Life[MatchingVenue]) -> None:
    life.venue.liquidity, life.venue.hidden = 400, 1
    order = life.open()
    assert (order.cum_qty, order.leaves_qty) == (0, 1_000)
    life.collect(order)
    assert order.cum_qty == 0
    life.venue.hidden = 0
    life.collect(order)
    assert (order.cum_qty, order.leaves_qty) == (400, 600)
    assert life.owed == {}


@pytest.mark.parametrize(("tif", "liquidity", "cum"), [(Tif.IOC, 0, 0), (Tif.IOC, 300, 300), (Tif.FOK, 300, 0)])
def test_rest_of_an_immediate_order_is_over(life: Life[MatchingVenue], tif: str, liquidity: int, cum: int) -> None:
    life.venue.liquidity = liquidity
    order = life.open(tif=tif)
    assert (order.ord_status, order.cum_qty, order.is_done) == (Status.CANCELED, cum, True)


def test_immediate_order_that_fills_is_filled(life: Life[MatchingVenue]) -> None:
    life.venue.liquidity = 2_000
    assert life.open(tif=Tif.FOK).ord_status == Status.FILLED


def test_cancel_counts_what_had_filled_before_it(life: Life[MatchingVenue]) -> None:
    order = life.open()
    life.venue.fill(life.venue.orders["v1"], 250)
    life.cancel(order)
    assert (order.ord_status, order.cum_qty) == (Status.CANCELED, 250)
    assert life.kinds == [Outcome.ACCEPTED, Outcome.FILLED]


def test_cancel_of_an_order_that_filled_asks_for_it(life: Life[MatchingVenue]) -> None:
    order = life.open()
    life.venue.fill(life.venue.orders["v1"], 1_000)
    life.cancel(order)
    assert order.ord_status == Status.UNKNOWN
    life.look(order)
    assert (order.ord_status, order.cum_qty) == (Status.FILLED, 1_000)


def test_cancel_while_a_replace_is_in_doubt_asks_what_had_filled(life: Life[MatchingVenue]) -> None:
    order = life.open(500)
    life.fault, life.venue.liquidity = "answer lost", 100
    life.replace(order, 4_300, 600)
    life.cancel(order)
    assert (order.ord_status, order.cum_qty) == (Status.UNKNOWN, 0)
    life.look(order)
    assert (order.ord_status, order.cum_qty) == (Status.CANCELED, 100)


def test_replace_to_a_worse_price_counts_what_had_filled_at_the_old_one_first(life: Life[MatchingVenue]) -> None:
    order = life.open(500, side=SELL)
    life.venue.fill(life.venue.orders["v1"], 100)
    life.replace(order, 4_400, 600)
    assert (order.price, order.order_qty, order.cum_qty, order.pending) == (4_400, 600, 100, "")
    assert life.kinds == [Outcome.ACCEPTED, Outcome.FILLED, Outcome.REPLACED]


def test_replace_that_the_venue_ended_halfway_asks_what_had_filled(life: Life[MatchingVenue]) -> None:
    order = life.open(500)
    life.orders.request_replace(order, 4_300, 600, 2)
    held = life.venue.orders["v1"]
    life.venue.fill(held, 200)
    held.is_open = False  # of self-trade prevention, say
    call = life.path.replace(order, NOW_NS)
    told = {"order_id": "v1", "fill_count": "2.00", "remaining_count": "0.00"}
    life.take(order, call.read(json.dumps(told).encode()))
    assert (order.ord_status, order.cum_qty) == (Status.UNKNOWN, 0)
    life.look(order)
    assert (order.ord_status, order.cum_qty) == (Status.CANCELED, 200)


def test_replace_counts_what_it_crosses(life: Life[MatchingVenue]) -> None:
    order = life.open()
    life.venue.liquidity = 700
    life.replace(order, 4_300, 1_200)
    assert (order.order_qty, order.cum_qty, order.leaves_qty, order.pending) == (1_200, 700, 500, "")


@pytest.mark.parametrize("fault", ["answer lost", "never left", "503"])
@pytest.mark.parametrize("filled", [0, 300, 1_000])
def test_create_in_doubt_is_looked_up(life: Life[MatchingVenue], fault: str, filled: int) -> None:
    life.fault, life.venue.liquidity = fault, filled
    order = life.open()
    assert order.ord_status == Status.UNKNOWN
    life.look(order)
    if fault != "answer lost":
        assert order.ord_status == Status.REJECTED
        return
    assert (order.order_id, order.cum_qty) == ("v1", filled)
    assert order.leaves_qty == 1_000 - filled


def test_create_that_arrived_is_not_doubled_by_sending_it_again(life: Life[MatchingVenue]) -> None:
    life.fault = "answer lost"
    order = life.open()
    life.write(order, NEW, life.path.new_order(order, NOW_NS))
    assert (len(life.venue.orders), order.ord_status) == (1, Status.UNKNOWN)


def test_request_that_never_left_is_over_and_its_order_what_it_was(life: Life[MatchingVenue]) -> None:
    order = open_order(life.orders)
    life.apply(life.path.never_sent(order, NEW, "queue is full"))
    assert order.ord_status == Status.REJECTED
    order = life.open()
    life.orders.request_cancel(order, 2)
    life.apply(life.path.never_sent(order, CANCEL, "queue is full"))
    assert (order.ord_status, order.pending) == (Status.NEW, "")


def test_state_older_than_our_fills_says_nothing(life: Life[MatchingVenue]) -> None:
    order = life.open()
    told = life.page(life.path.lookup(order, 0))[0]
    life.apply(report(order.cl_ord_id, "F", exec_id="trade:t9", last_qty=10, last_px=4_200))
    assert life.path.found(order, told) == RestOrderAnswer((), "v1", is_stale=True)


def test_fills_that_were_counted_over_fix_are_not_counted_again(life: Life[MatchingVenue]) -> None:
    order = life.open()
    held = life.venue.orders["v1"]
    for qty in (100, 200, 300):
        life.venue.fill(held, qty)
    life.apply(report(order.cl_ord_id, "F", exec_id="90490;1", last_qty=100, last_px=4_200))
    life.apply(report(order.cl_ord_id, "F", exec_id="trade:t2", last_qty=200, last_px=4_200))
    life.cancel(order)
    assert (order.cum_qty, order.ord_status) == (600, Status.CANCELED)
    assert sorted(order.executions) == ["90490;1", "trade:t2", "trade:t3"]


def test_fills_that_do_not_match_ours_leave_the_order_in_doubt(life: Life[MatchingVenue]) -> None:
    order = life.open()
    life.venue.fill(life.venue.orders["v1"], 300)
    life.apply(report(order.cl_ord_id, "F", exec_id="90490;1", last_qty=100, last_px=4_200))
    life.cancel(order)
    assert order.ord_status == Status.UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        {"fill_count": "6.00", "remaining_count": "5.00"},
        {"fill_count": "1.00", "remaining_count": "5.00"},
        {"fill_count": "-1.00", "remaining_count": "11.00"},
        {"fill_count": "0.00", "remaining_count": "10.00", "client_order_id": "other"},
    ],
)
def test_answer_that_contradicts_the_order_puts_it_in_doubt(life: Life[MatchingVenue], answer: dict[str, str]) -> None:
    order = open_order(life.orders, 1_000)
    call = life.path.new_order(order, NOW_NS)
    life.take(order, call.read(json.dumps({"order_id": "v1"} | answer).encode()))
    assert order.ord_status == Status.UNKNOWN


@pytest.mark.parametrize("reduced", ["11.00", "-1.00"])
def test_cancel_of_more_than_there_was_puts_the_order_in_doubt(life: Life[MatchingVenue], reduced: str) -> None:
    order = life.open()
    life.orders.request_cancel(order, 2)
    call = life.path.cancel(order, NOW_NS)
    life.take(order, call.read(json.dumps({"order_id": "v1", "reduced_by": reduced}).encode()))
    assert order.ord_status == Status.UNKNOWN


FAULTS = st.sampled_from(["", "", "", "answer lost", "never left", "429", "503"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "fill", "fill", "cancel", "replace", "look", "collect"]),
        FAULTS,
        st.integers(1, 12),  # of hundreds
        st.integers(0, 2),  # fills that reads do not tell yet
        st.sampled_from([Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK]),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_every_life_ends_on_both_sides_alike(steps: list[tuple[str, str, int, int, str]]) -> None:
    life = Life(MatchingVenue())
    opened: list[Order] = []
    for step, fault, number, hidden, tif in steps:
        life.fault, life.venue.hidden, life.venue.liquidity = fault, hidden, 100 * (number % 5)
        live = [order for order in opened if order in life.orders.live()]
        order = live[number % len(live)] if live else None
        if step == "open":
            opened.append(life.open(100 * number, tif))
        elif step == "fill" and life.venue.orders:
            held = list(life.venue.orders.values())
            life.venue.fill(held[number % len(held)], 50 * number)
        elif order is not None:
            _act(life, step, order, number)
    life.fault, life.venue.hidden, life.venue.liquidity = "", 0, 0
    for order in opened:
        _settle(life, order)
        _compare(life, order)
    assert sorted(life.trades) == sorted((q, p) for held in life.venue.orders.values() for _, q, p in held.fills)


def _act(life: Life[MatchingVenue], step: str, order: Order, number: int) -> None:
    acts: dict[str, Callable[[], None]] = {
        "collect": lambda: life.collect(order) if order in life.owed else None,
        "look": lambda: life.look(order) if order.ord_status == Status.UNKNOWN and order not in life.owed else None,
        "cancel": lambda: life.cancel(order) if order.can_cancel and order.order_id else None,
        "replace": lambda: (
            life.replace(order, 4_000 + number * 100, order.cum_qty + 100 * number)
            if order.can_replace and order not in life.owed
            else None
        ),
    }
    acts.get(step, lambda: None)()


def _settle(life: Life[MatchingVenue], order: Order) -> None:
    """Ask until nothing is owed and nothing is in doubt."""
    for _ in range(4):
        if order in life.owed:
            life.collect(order)
        elif not order.is_done:
            life.look(order)


def _compare(life: Life[MatchingVenue], order: Order) -> None:
    ours = [held for held in life.venue.orders.values() if life.orders.by_id(held.cl_ord_id) is order]
    if not ours:
        assert order.ord_status == Status.REJECTED
        return
    (held,) = ours
    assert (order.cum_qty, order.is_done) == (held.cum, not held.is_open)
    if held.is_open:
        assert (order.price, order.order_qty) == (held.price, held.qty)
