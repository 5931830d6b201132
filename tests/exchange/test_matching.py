"""The venue's exchange: new orders, their refusals and self-trades, by the events they lead to."""

import pytest

from engine import fix
from engine.exchange.events import Accepted, NewOrder, Stp, Traded
from tests.support.sim.venue import NOON_NS, B, S, Venue

MARKET = {"ord_type": fix.Type.MARKET}


# New orders


def test_order_that_does_not_cross_rests(venue: Venue) -> None:
    assert venue.new("a", "1", B, 500, 4500) == [("accepted", "a", "1", 500), ("level", B, 4500, 500)]
    assert (venue.bids(), venue.asks()) == ([(4500, 500)], [])


def test_crossing_order_trades_at_the_resting_prices_best_first(venue: Venue) -> None:
    venue.new("a", "1", S, 300, 4700)
    venue.new("a", "2", S, 200, 4600)
    assert venue.new("b", "1", B, 600, 4700) == [
        ("accepted", "b", "1", 600),
        ("traded", "b", "1", 4600, 200, 400),
        ("traded", "a", "2", 4600, 200, 0),
        ("level", S, 4600, -200),
        ("trade", B, 4600, 200),
        ("traded", "b", "1", 4700, 300, 100),
        ("traded", "a", "1", 4700, 300, 0),
        ("level", S, 4700, -300),
        ("trade", B, 4700, 300),
        ("level", B, 4700, 100),
    ]
    assert (venue.bids(), venue.asks()) == ([(4700, 100)], [])


def test_orders_at_one_price_trade_oldest_first(venue: Venue) -> None:
    for account in "abc":
        venue.new(account, "1", B, 100, 4500)
    assert [event[1:5] for event in venue.new("d", "1", S, 250, 4500) if event[0] == "traded"] == [
        ("d", "1", 4500, 100),
        ("a", "1", 4500, 100),
        ("d", "1", 4500, 100),
        ("b", "1", 4500, 100),
        ("d", "1", 4500, 50),
        ("c", "1", 4500, 50),
    ]
    assert venue.bids() == [(4500, 50)]


def test_taker_pays_the_quadratic_fee_and_the_maker_nothing(venue: Venue) -> None:
    venue.new("a", "1", S, 1200, 4300)
    request = NewOrder(account="b", cl_ord_id="1", symbol="A", side=B, order_qty=1200, price=9900)
    traded = [event for event in venue.exchange.new(request, NOON_NS) if isinstance(event, Traded)]
    assert [(event.account, event.is_taker, event.fee) for event in traded] == [("b", True, 205_884), ("a", False, 0)]


def test_reports_describe_the_order_after_the_event(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4300)
    request = NewOrder(account="b", cl_ord_id="1", symbol="A", side=B, order_qty=300, price=4400)
    accepted, traded = venue.exchange.new(request, NOON_NS)[:2]
    assert isinstance(accepted, Accepted) and isinstance(traded, Traded)
    assert (accepted.ord_status, accepted.exec_type, accepted.order_id) == (fix.Status.NEW, fix.Exec.NEW, "O2")
    assert (traded.ord_status, traded.cum_qty, traded.leaves_qty, traded.cum_cost) == ("1", 100, 200, 430_000)
    assert (traded.order_id, traded.exec_id, traded.trade_id, traded.now_ns) == ("O2", "E3", "T1", NOON_NS)


def test_ioc_rest_is_cancelled(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500)
    assert venue.new("b", "1", B, 300, 4500, fix.Tif.IOC) == [
        ("accepted", "b", "1", 300),
        ("traded", "b", "1", 4500, 100, 200),
        ("traded", "a", "1", 4500, 100, 0),
        ("level", S, 4500, -100),
        ("trade", B, 4500, 100),
        ("canceled", "b", "1", "", 100, "IMMEDIATE_OR_CANCELLED"),
    ]
    assert venue.bids() == []


def test_fok_without_volume_trades_nothing(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500)
    venue.new("a", "2", S, 100, 4600)
    assert venue.new("b", "1", B, 200, 4500, fix.Tif.FOK) == [
        ("accepted", "b", "1", 200),
        ("canceled", "b", "1", "", 0, "FOK_INSUFFICIENT_VOLUME"),
    ]
    assert venue.asks() == [(4500, 100), (4600, 100)]


def test_fok_with_just_enough_volume_fills(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500)
    venue.new("a", "2", S, 100, 4600)
    assert venue.new("b", "1", B, 200, 4600, fix.Tif.FOK)[-4][:3] == ("traded", "b", "1")
    assert venue.asks() == []


def test_post_only_that_crosses_is_cancelled(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500)
    assert venue.new("b", "1", B, 100, 4500, post_only=True) == [
        ("accepted", "b", "1", 100),
        ("canceled", "b", "1", "", 0, "POST_ONLY_CROSS"),
    ]
    assert venue.new("b", "2", B, 100, 4400, post_only=True)[-1] == ("level", B, 4400, 100)


def test_market_order_sweeps_and_never_rests(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("a", "2", B, 100, 100)
    events = venue.new("b", "1", S, 300, 0, fix.Tif.DAY, **MARKET)
    assert [event for event in events if event[0] in ("trade", "canceled")] == [
        ("trade", S, 4500, 100),
        ("trade", S, 100, 100),
        ("canceled", "b", "1", "", 200, "IMMEDIATE_OR_CANCELLED"),
    ]
    assert (venue.bids(), venue.asks()) == ([], [])


def test_one_market_does_not_touch_another(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500, symbol="B")
    assert venue.new("b", "1", B, 100, 4500) == [("accepted", "b", "1", 100), ("level", B, 4500, 100)]


# Refusals of new orders


@pytest.mark.parametrize(
    ("changes", "reason", "text"),
    [
        ({"symbol": "Z"}, 1, "MARKET_NOT_FOUND"),
        ({"qty": 0}, 13, "INVALID_ORDER"),
        ({"qty": -100}, 13, "INVALID_ORDER"),
        ({"price": 4510}, 99, "INVALID_PRICE"),
        ({"price": 0}, 99, "INVALID_PRICE"),
        ({"price": 10_000}, 99, "INVALID_PRICE"),
        ({"price": -100}, 99, "INVALID_PRICE"),
        ({"price": 990, "symbol": "B", "qty": 0}, 13, "INVALID_ORDER"),
        ({"price": 1_010, "symbol": "B"}, 99, "INVALID_PRICE"),
        ({"side": 5}, 11, "INVALID_ORDER"),
        ({"tif": "2"}, 11, "INVALID_ORDER"),
        ({"ord_type": "3"}, 11, "INVALID_ORDER"),
        ({"tif": fix.Tif.GTD}, 11, "INVALID_ORDER"),
        ({"expire_time_ns": NOON_NS}, 11, "INVALID_ORDER"),
        ({"stp": 3}, 11, "INVALID_ORDER"),
        ({"post_only": True, "tif": fix.Tif.IOC}, 11, "INVALID_ORDER"),
        ({"post_only": True, "ord_type": fix.Type.MARKET}, 11, "INVALID_ORDER"),
        ({"cl_ord_id": ""}, 11, "INVALID_ORDER"),
        ({"cl_ord_id": "x" * 65}, 11, "INVALID_ORDER"),
        ({"cl_ord_id": "a b"}, 11, "INVALID_ORDER"),
    ],
)
def test_wrong_order_is_rejected(venue: Venue, changes: dict[str, object], reason: int, text: str) -> None:
    order = {"account": "a", "cl_ord_id": "1", "side": B, "qty": 100, "price": 4500} | changes
    assert venue.new(**order) == [("rejected", "a", order["cl_ord_id"], reason, text)]  # type: ignore[arg-type]
    assert venue.status("a") == []


def test_tapered_grid_takes_tenths_of_a_cent_at_its_ends(venue: Venue) -> None:
    assert venue.new("a", "1", B, 100, 990, symbol="B")[0][0] == "accepted"
    assert venue.new("a", "2", B, 100, 1_000, symbol="B")[0][0] == "accepted"


@pytest.mark.parametrize("finished", [False, True])
def test_cl_ord_id_is_never_accepted_twice(venue: Venue, finished: bool) -> None:
    venue.new("a", "1", B, 100, 4500)
    if finished:
        venue.cancel("a", "2", "1")
    assert venue.new("a", "1", B, 100, 4400) == [("rejected", "a", "1", 6, "ORDER_ALREADY_EXISTS")]
    assert venue.new("b", "1", B, 100, 4400)[0][0] == "accepted"


def test_cl_ord_id_of_a_cancel_is_used_up_too(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.cancel("a", "2", "1")
    assert venue.new("a", "2", B, 100, 4500) == [("rejected", "a", "2", 6, "ORDER_ALREADY_EXISTS")]


def test_cl_ord_id_of_a_refused_request_is_not_used_up(venue: Venue) -> None:
    venue.new("a", "1", B, 0, 4500)
    assert venue.new("a", "1", B, 100, 4500)[0][0] == "accepted"


# Self-trade prevention


def test_stp_taker_at_cross_stops_the_incoming_order(venue: Venue) -> None:
    venue.new("b", "1", S, 100, 4500)
    venue.new("a", "1", S, 100, 4500)
    venue.new("b", "2", S, 100, 4500)
    assert venue.new("a", "2", B, 300, 4500)[1:] == [
        ("traded", "a", "2", 4500, 100, 200),
        ("traded", "b", "1", 4500, 100, 0),
        ("level", S, 4500, -100),
        ("trade", B, 4500, 100),
        ("canceled", "a", "2", "", 100, "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"),
    ]
    assert venue.asks() == [(4500, 200)]


def test_stp_maker_cancels_the_resting_order_and_goes_on(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.new("a", "2", B, 150, 4500, stp=Stp.MAKER)[1:] == [
        ("canceled", "a", "1", "", 0, "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"),
        ("level", S, 4500, -100),
        ("traded", "a", "2", 4500, 100, 50),
        ("traded", "b", "1", 4500, 100, 0),
        ("level", S, 4500, -100),
        ("trade", B, 4500, 100),
        ("level", B, 4500, 50),
    ]


def test_fok_that_meets_its_own_order_keeps_its_fills(venue: Venue) -> None:
    venue.new("b", "1", S, 100, 4500)
    venue.new("a", "1", S, 100, 4600)
    events = venue.new("a", "2", B, 200, 4600, fix.Tif.FOK)
    assert events[1] == ("traded", "a", "2", 4500, 100, 100)
    assert events[-1] == ("canceled", "a", "2", "", 100, "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION")
