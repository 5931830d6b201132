"""Cancels, replaces, mass cancels and status requests at the venue, by the events they lead to."""

import pytest

from engine import fix
from tests.support.sim.venue import NOON_NS, B, S, Venue

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
