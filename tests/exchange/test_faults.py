"""Faults inside the exchange: what is refused, cancelled or late on purpose."""

from engine.exchange.faults import FaultKind, Faults, InjectedFault
from tests.support.sim.venue import SECOND_NS, B, S, Venue


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
    venue.exchange.faults.arm(InjectedFault(kind=FaultKind.CANCEL_ORDERS, account="a", at_ms=5), venue.now_ns)
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
