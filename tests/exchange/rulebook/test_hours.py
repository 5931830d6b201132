"""Pauses and shards that do not answer."""

import pytest

from engine import fix
from engine.exchange.rulebook.hours import Hours, PlannedPause
from tests.support.sim.accounts import DOLLAR, free
from tests.support.sim.marketplace import Bazaar
from tests.support.sim.venue import SECOND_NS

B, S = fix.BUY, fix.SELL


def test_planned_pause_begins_and_ends() -> None:
    bazaar = Bazaar()
    start = bazaar.now_ns
    bazaar.place.hours.plan(PlannedPause(start + 2 * SECOND_NS, start + 4 * SECOND_NS))
    bazaar.new("x", B, 100, 4000, cancel_on_pause=True)
    assert bazaar.advance(SECOND_NS) == []
    assert bazaar.advance(SECOND_NS) == [
        ("hours", -1, True, False),
        ("canceled", "x", "x1", "", 0, "TRADING_PAUSED"),
    ]
    assert bazaar.place.hours.resumes_ns == start + 4 * SECOND_NS
    assert bazaar.advance(2 * SECOND_NS) == [("hours", -1, True, True)]
    assert bazaar.new("x", B, 100, 4000)[0][0] == "accepted"


def test_pause_of_a_shard_leaves_the_others() -> None:
    bazaar = Bazaar()
    bazaar.place.set_hours(bazaar.now_ns, is_trading=False, shard=2)
    assert bazaar.new("x", B, 100, 4000, symbol="C")[0][-1] == "TRADING_PAUSED"
    assert bazaar.new("x", B, 100, 4000)[0][0] == "accepted"
    assert (bazaar.place.hours.is_trading(0), bazaar.place.hours.is_trading(2)) == (True, False)


def test_planned_exchange_pause_takes_nothing() -> None:
    hours = Hours()
    hours.plan(PlannedPause(10, 20, is_exchange=True, shard=1))
    (begun,) = hours.advance(10)
    assert (begun.is_open, begun.is_trading, hours.is_open(1), hours.is_open(0)) == (False, False, False, True)
    (ended,) = hours.advance(25)
    assert (ended.is_open, ended.is_trading, hours.pauses) == (True, True, [])


def test_pause_that_is_over_before_anybody_looked_is_left_out() -> None:
    hours = Hours()
    hours.plan(PlannedPause(10, 20))
    assert hours.advance(30) == []
    assert hours.is_trading()


@pytest.mark.parametrize("is_applied", [False, True])
def test_lost_shard_refuses_and_perhaps_applies(is_applied: bool) -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 100, 4000)
    bazaar.place.hours.lose(0, is_applied=is_applied)
    events = bazaar.new("x", B, 300, 4000, cl_ord_id="o")
    assert events[0] == ("rejected", "x", "o", 99, "EXCHANGE_UNAVAILABLE")
    assert [event[:2] for event in events[1:]] == ([("traded", "y")] if is_applied else [])
    orders = bazaar.place.ledger.orders("x")
    assert [order.leaves_qty for order in orders] == ([200] if is_applied else [])
    bazaar.place.hours.find(0)
    again = bazaar.new("x", B, 300, 4000, cl_ord_id="o")
    assert again[0][-1] == ("ORDER_ALREADY_EXISTS" if is_applied else 300)


def test_cancel_on_a_lost_shard_may_be_applied() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 300, 4000, cl_ord_id="o")
    bazaar.place.hours.lose(0, is_applied=True)
    assert bazaar.cancel("x", "o", symbol="A")[0][-1] == "EXCHANGE_UNAVAILABLE"
    assert free(bazaar.place.ledger, "x") == 100 * DOLLAR
    assert bazaar.mass_cancel("x")[0][-2:] == (0, -1)
    bazaar.place.hours.lose(-1, is_applied=False)
    assert bazaar.mass_cancel("x")[0][-2:] == (0, 99)
