"""How orders end without being asked to, and what the states of a market allow."""

from engine import fix
from engine.exchange.exchange import end_of_day_ns
from engine.venue import MarketState
from tests.support.sim.venue import NOON_NS, SECOND_NS, B, S, Venue, brief

HOUR_NS = 3600 * SECOND_NS


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


# States of a market


def test_paused_market_takes_cancels_only(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    assert venue.exchange.set_state("A", MarketState.PAUSED, venue.now_ns) == []
    assert venue.new("a", "2", B, 100, 4500) == [("rejected", "a", "2", 2, "TRADING_PAUSED")]
    assert venue.replace("a", "2", "1", 50, 4500) == [("cancel rejected", "a", "2", "0", "2", 99, "TRADING_PAUSED")]
    assert venue.cancel("a", "2", "1")[0] == ("canceled", "a", "2", "1", 0, "")


def test_closed_market_takes_nothing_and_its_orders_expire(venue: Venue) -> None:
    venue.new("a", "1", B, 100, 4500)
    closed = venue.exchange.set_state("A", MarketState.CLOSED, venue.now_ns)
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
    assert len(venue.exchange.orders) == 1
    assert venue.status("h", "2") == [("state", "h", "2", "8", 0, 0, 5)]
    assert venue.status("a", "1")[0][3] == fix.Status.FILLED
