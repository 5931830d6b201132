"""The venue's matcher: each request and each rule, by the events it leads to."""

import pytest

from engine import fix
from engine.exchange.events import Accepted, MarketState, NewOrder, Stp, Traded
from engine.exchange.exchange import end_of_day_ns
from engine.exchange.faults import FaultKind, Faults, InjectedFault
from tests.support.sim_venue import NOON_NS, SECOND_NS, B, S, Venue, brief

HOUR_NS = 3600 * SECOND_NS
MARKET = {"ord_type": fix.Type.MARKET}


@pytest.fixture
def venue() -> Venue:
    return Venue()


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
    traded = [event for event in venue.matcher.new(request, NOON_NS) if isinstance(event, Traded)]
    assert [(event.account, event.is_taker, event.fee) for event in traded] == [("b", True, 205_884), ("a", False, 0)]


def test_reports_describe_the_order_after_the_event(venue: Venue) -> None:
    venue.new("a", "1", S, 100, 4300)
    request = NewOrder(account="b", cl_ord_id="1", symbol="A", side=B, order_qty=300, price=4400)
    accepted, traded = venue.matcher.new(request, NOON_NS)[:2]
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


# Cancel


def test_cancel_takes_the_rest_out(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.cancel("a", "2", "1") == [("canceled", "a", "2", "1", 100, ""), ("level", B, 4500, -200)]
    assert venue.bids() == []


def test_cancel_finds_its_order_by_order_id_alone(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    assert venue.cancel("a", "2", order_id="O1")[0] == ("canceled", "a", "2", "1", 0, "")


def test_cancel_of_an_unknown_order_is_rejected(venue: Venue) -> None:
    venue.new("b", "1", B, 300, 4500)
    expected = [("cancel rejected", "a", "2", "8", "1", 1, "UNKNOWN_ORDER")]
    assert venue.cancel("a", "2", "1") == expected
    assert venue.cancel("a", "2", order_id="O1") == expected


def test_cancel_of_a_filled_order_is_too_late(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.cancel("a", "2", "1") == [("cancel rejected", "a", "2", "2", "1", 0, "CANNOT_UPDATE_FILLED_ORDER")]


def test_cancel_of_a_cancelled_order_is_rejected(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.cancel("a", "2", "1")
    assert venue.cancel("a", "3", "2") == [("cancel rejected", "a", "3", "4", "1", 1, "UNKNOWN_ORDER")]


@pytest.mark.parametrize(
    ("more", "reason", "text"),
    [
        ({"symbol": "B"}, 1, "ORDER_ATTRIBUTES_MISMATCH"),
        ({"side": S}, 1, "ORDER_ATTRIBUTES_MISMATCH"),
        ({"order_id": "O9"}, 1, "ORDER_ATTRIBUTES_MISMATCH"),
        ({"symbol": "Z"}, 99, "MARKET_NOT_FOUND"),
    ],
)
def test_cancel_that_does_not_match_is_rejected(venue: Venue, more: dict[str, object], reason: int, text: str) -> None:
    venue.new("a", "1", B, 100, 4500)
    assert venue.cancel("a", "2", "1", **more) == [("cancel rejected", "a", "2", "0", "1", reason, text)]
    assert venue.bids() == [(4500, 100)]


def test_cancel_with_a_used_id_is_rejected(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    assert venue.cancel("a", "1", "1") == [("cancel rejected", "a", "1", "0", "1", 6, "ORDER_ALREADY_EXISTS")]


# Replace


def test_size_decrease_keeps_priority(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", B, 300, 4500)
    assert venue.replace("a", "2", "1", 200, 4500) == [
        ("replaced", "a", "2", "1", 4500, 200, 200),
        ("level", B, 4500, -100),
    ]
    assert venue.new("c", "1", S, 100, 4500)[2] == ("traded", "a", "2", 4500, 100, 100)


@pytest.mark.parametrize(("qty", "price"), [(400, 4500), (300, 4400)])
def test_size_increase_and_price_change_lose_priority(venue: Venue, qty: int, price: int) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", B, 300, price)
    assert venue.replace("a", "2", "1", qty, price) == [
        ("replaced", "a", "2", "1", price, qty, qty),
        ("level", B, 4500, -300),
        ("level", B, price, qty),
    ]
    assert venue.new("c", "1", S, 100, price)[2][1] == "b"


def test_replace_that_crosses_trades(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4700)
    assert venue.replace("a", "2", "1", 300, 4700) == [
        ("replaced", "a", "2", "1", 4700, 300, 300),
        ("level", B, 4500, -300),
        ("traded", "a", "2", 4700, 100, 200),
        ("traded", "b", "1", 4700, 100, 0),
        ("level", S, 4700, -100),
        ("trade", B, 4700, 100),
        ("level", B, 4700, 200),
    ]


def test_replace_counts_what_is_filled(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.replace("a", "2", "1", 250, 4500)[0] == ("replaced", "a", "2", "1", 4500, 250, 150)
    assert venue.status("a", "2") == [("state", "a", "2", "1", 100, 150, 0)]


def test_replace_to_the_filled_quantity_cancels(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.replace("a", "2", "1", 100, 4500)[0] == ("canceled", "a", "2", "1", 100, "")


@pytest.mark.parametrize(
    ("qty", "price", "more", "reason", "text"),
    [
        (99, 4500, {}, 2, "INVALID_AMEND_QTY_FOR_ORDER"),
        (0, 4500, {}, 2, "INVALID_AMEND_QTY_FOR_ORDER"),
        (300, 4550, {}, 99, "INVALID_PRICE"),
        (300, 4500, {"side": S}, 1, "ORDER_ATTRIBUTES_MISMATCH"),
        (300, 4500, {"symbol": "Z"}, 99, "MARKET_NOT_FOUND"),
        (300, 4500, {"time_in_force": fix.Tif.IOC}, 99, "INVALID_ORDER"),
        (300, 4500, {"time_in_force": fix.Tif.GTD, "expire_time_ns": NOON_NS}, 99, "INVALID_ORDER"),
        (300, 4500, {"expire_time_ns": NOON_NS + 1}, 99, "INVALID_ORDER"),
    ],
)
def test_wrong_replace_leaves_the_order_as_it_was(
    venue: Venue, qty: int, price: int, more: dict[str, object], reason: int, text: str
) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4500)
    expected = [("cancel rejected", "a", "2", "1", "2", reason, text)]
    assert venue.replace("a", "2", "1", qty, price, **more) == expected
    assert venue.status("a", "1") == [("state", "a", "1", "1", 100, 200, 0)]


def test_replace_of_finished_and_unknown_orders_is_rejected(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("b", "1", S, 100, 4500)
    filled = [("cancel rejected", "a", "2", "2", "2", 2, "CANNOT_UPDATE_FILLED_ORDER")]
    assert venue.replace("a", "2", "1", 200, 4500) == filled
    assert venue.replace("a", "2", "9", 200, 4500) == [("cancel rejected", "a", "2", "8", "2", 1, "UNKNOWN_ORDER")]


def test_replace_chain_works_with_every_id_it_ever_had(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.replace("a", "2", "1", 300, 4400)
    assert venue.replace("a", "3", "1", 300, 4300)[0] == ("replaced", "a", "3", "2", 4300, 300, 300)
    assert venue.cancel("a", "4", "2")[0] == ("canceled", "a", "4", "3", 0, "")


def test_post_only_stays_post_only_when_replaced(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500, post_only=True)
    venue.new("b", "1", S, 100, 4700)
    assert venue.replace("a", "2", "1", 100, 4700) == [
        ("replaced", "a", "2", "1", 4700, 100, 100),
        ("level", B, 4500, -100),
        ("canceled", "a", "2", "", 0, "POST_ONLY_CROSS"),
    ]


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


# Time


def test_gtd_order_expires_at_its_time(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500, fix.Tif.GTD, expire_time_ns=NOON_NS + SECOND_NS)
    assert venue.advance(SECOND_NS - 1) == []
    assert venue.advance(1) == [("expired", "a", "1", 0), ("level", B, 4500, -100)]


def test_gtd_time_that_is_past_makes_the_order_ioc(venue: Venue) -> None:
    assert venue.new("a", "1", B, 100, 4500, fix.Tif.GTD, expire_time_ns=NOON_NS) == [
        ("accepted", "a", "1", 100),
        ("canceled", "a", "1", "", 0, "IMMEDIATE_OR_CANCELLED"),
    ]


def test_day_order_ends_with_the_eastern_day(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500, fix.Tif.DAY)
    venue.new("a", "2", B, 100, 4500, fix.Tif.GTC)
    assert end_of_day_ns(NOON_NS) - NOON_NS == 12 * HOUR_NS - 1_000_000
    assert venue.advance(12 * HOUR_NS) == [("expired", "a", "1", 0), ("level", B, 4500, -100)]


def test_replaced_validity_holds_and_keeps_priority(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500, fix.Tif.GTD, expire_time_ns=NOON_NS + SECOND_NS)
    venue.new("b", "1", B, 100, 4500)
    later = {"time_in_force": fix.Tif.GTD, "expire_time_ns": NOON_NS + 3 * SECOND_NS}
    assert venue.replace("a", "2", "1", 100, 4500, **later) == [("replaced", "a", "2", "1", 4500, 100, 100)]
    assert venue.advance(2 * SECOND_NS) == []
    assert venue.new("c", "1", S, 50, 4500)[2][1] == "a"
    assert venue.advance(SECOND_NS) == [("expired", "a", "2", 50), ("level", B, 4500, -50)]


def test_validity_replaced_by_gtc_never_ends(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500, fix.Tif.DAY)
    venue.replace("a", "2", "1", 100, 4500, time_in_force=fix.Tif.GTC)
    assert venue.advance(48 * HOUR_NS) == []


# Mass cancel and status


def test_mass_cancel_ends_every_order_of_the_account(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("b", "1", B, 100, 4500)
    venue.new("a", "2", S, 100, 4600, symbol="B")
    assert venue.mass_cancel("a", "3") == [
        ("mass canceled", "a", "3", 2, -1),
        ("canceled", "a", "1", "", 0, ""),
        ("level", B, 4500, -100),
        ("canceled", "a", "2", "", 0, ""),
        ("level", S, 4600, -100),
    ]
    assert venue.bids() == [(4500, 100)]


def test_mass_cancel_of_one_symbol_or_side_spares_the_rest(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("a", "2", S, 100, 4600)
    venue.new("a", "3", S, 100, 4600, symbol="B")
    assert [event[2] for event in venue.mass_cancel("a", "4", symbol="A", side=S) if event[0] == "canceled"] == ["2"]
    assert venue.mass_cancel("a", "5", symbol="Z") == [("mass canceled", "a", "5", 0, 1)]


def test_status_describes_orders_in_every_state(venue: Venue) -> None:
    venue.new("a", "1", B, 300, 4500)
    venue.new("b", "1", S, 100, 4500)
    assert venue.status("a", "1") == [("state", "a", "1", "1", 100, 200, 0)]
    assert venue.status("a", order_id="O1") == [("state", "a", "1", "1", 100, 200, 0)]
    assert venue.status("b", "1") == [("state", "b", "1", "2", 100, 0, 0)]
    venue.cancel("a", "2", "1")
    assert venue.status("a", "1") == [("state", "a", "2", "4", 100, 0, 0)]
    assert venue.status("a", "9") == [("state", "a", "9", "8", 0, 0, 5)]


def test_mass_status_lists_open_orders(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    venue.new("a", "2", B, 100, 4400, symbol="B")
    venue.cancel("a", "3", "1")
    assert venue.status("a") == [("state", "a", "2", "0", 0, 100, 0)]


# States of a market


def test_paused_market_takes_cancels_only(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    assert venue.matcher.set_state("A", MarketState.PAUSED, venue.now_ns) == []
    assert venue.new("a", "2", B, 100, 4500) == [("rejected", "a", "2", 2, "TRADING_PAUSED")]
    assert venue.replace("a", "2", "1", 50, 4500) == [("cancel rejected", "a", "2", "0", "2", 99, "TRADING_PAUSED")]
    assert venue.cancel("a", "2", "1")[0] == ("canceled", "a", "2", "1", 0, "")


def test_closed_market_takes_nothing_and_its_orders_expire(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    closed = venue.matcher.set_state("A", MarketState.CLOSED, venue.now_ns)
    assert [brief(event) for event in closed] == [("expired", "a", "1", 0), ("level", B, 4500, -100)]
    assert venue.new("a", "2", B, 100, 4500) == [("rejected", "a", "2", 2, "MARKET_INACTIVE")]
    assert venue.cancel("a", "2", "1") == [("cancel rejected", "a", "2", "C", "1", 99, "MARKET_INACTIVE")]


# The house


def test_finished_orders_of_the_house_are_forgotten() -> None:
    venue = Venue(house=["h"])
    venue.new("h", "1", S, 100, 4500)
    venue.replace("h", "2", "1", 100, 4600)
    venue.new("h", "3", S, 100, 4700)
    venue.new("a", "1", B, 100, 4600)
    venue.cancel("h", "4", "3")
    assert len(venue.matcher.orders) == 1
    assert venue.status("h", "2") == [("state", "h", "2", "8", 0, 0, 5)]
    assert venue.status("a", "1")[0][3] == fix.Status.FILLED


# Faults


def test_reject_order_fault_refuses_one_order_and_spares_the_house() -> None:
    venue = Venue(house=["h"], faults=Faults([InjectedFault(kind=FaultKind.REJECT_ORDER)]))
    assert venue.new("h", "1", B, 100, 4500)[0][0] == "accepted"
    assert venue.new("a", "1", B, 100, 4500) == [("rejected", "a", "1", 99, "INTERNAL_ERROR")]
    assert venue.new("a", "1", B, 100, 4500)[0][0] == "accepted"


def test_cancel_orders_fault_cancels_unasked() -> None:
    venue = Venue(house=["h"])
    venue.new("h", "1", B, 100, 4400)
    venue.new("a", "1", B, 100, 4500)
    venue.new("b", "1", B, 100, 4500)
    venue.matcher.faults.arm(InjectedFault(kind=FaultKind.CANCEL_ORDERS, account="a", at_ms=5), venue.now_ns)
    assert venue.advance(4_999_999) == []
    assert venue.advance(1) == [("canceled", "a", "1", "", 0, "ORDER_GROUP_CANCEL"), ("level", B, 4500, -100)]
    assert venue.advance(SECOND_NS) == []


def test_late_cancel_fault_lets_a_fill_in_first() -> None:
    venue = Venue(faults=Faults([InjectedFault(kind=FaultKind.LATE_CANCEL, delay_ms=10, fill_qty=40)]))
    venue.new("a", "1", B, 100, 4500)
    assert venue.cancel("a", "2", "1") == []
    assert venue.advance(10_000_000) == [
        ("traded", "a", "1", 4500, 40, 60),
        ("level", B, 4500, -40),
        ("trade", S, 4500, 40),
        ("canceled", "a", "2", "1", 40, ""),
        ("level", B, 4500, -60),
    ]


def test_late_cancel_fault_that_fills_all_makes_the_cancel_too_late() -> None:
    venue = Venue(faults=Faults([InjectedFault(kind=FaultKind.LATE_CANCEL, fill_qty=-1)]))
    venue.new("a", "1", B, 100, 4500)
    assert venue.cancel("a", "2", "1") == []
    assert venue.advance(0) == [
        ("traded", "a", "1", 4500, 100, 0),
        ("level", B, 4500, -100),
        ("trade", S, 4500, 100),
        ("cancel rejected", "a", "2", "2", "1", 0, "CANNOT_UPDATE_FILLED_ORDER"),
    ]


def test_late_cancel_without_a_fill_lets_the_market_trade_meanwhile() -> None:
    venue = Venue(faults=Faults([InjectedFault(kind=FaultKind.LATE_CANCEL, delay_ms=10)]))
    venue.new("a", "1", B, 100, 4500)
    venue.cancel("a", "2", "1")
    venue.new("b", "1", S, 100, 4500)
    assert venue.advance(10_000_000)[0][0] == "cancel rejected"
