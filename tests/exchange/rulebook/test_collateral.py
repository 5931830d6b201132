"""Cash bounds what may be entered: full collateral per shard, with the fee; reduce-only and the bound of a cost."""

import pytest

from engine import fix
from engine.exchange.events import Canceled
from tests.support.sim.accounts import DOLLAR, cash, free
from tests.support.sim.marketplace import Bazaar

B, S = fix.BUY, fix.SELL
IOC = fix.Tif.IOC


def is_taken(events: list[tuple[object, ...]]) -> bool:
    return events[0][0] == "accepted"


def test_post_only_order_needs_its_cost_exactly() -> None:
    bazaar = Bazaar()
    assert not is_taken(bazaar.new("x", B, 25_001, 4000, post_only=True))
    assert is_taken(bazaar.new("x", B, 25_000, 4000, post_only=True))
    assert not is_taken(bazaar.new("x", B, 1, 100, post_only=True))
    assert is_taken(bazaar.new("x", B, 25_000, 4000, symbol="C", post_only=True))  # the cash of another shard


def test_order_that_may_take_needs_its_fee_too() -> None:
    bazaar = Bazaar()
    # 240 contracts at 0.40 cost 96, the fee is 0.07 * 240 * 0.24 = 4.032
    assert not is_taken(bazaar.new("x", B, 24_000, 4000))
    assert is_taken(bazaar.new("x", B, 23_980, 4000))


def test_sale_of_what_is_not_held_needs_the_other_part() -> None:
    bazaar = Bazaar()
    assert not is_taken(bazaar.new("x", S, 16_667, 4000, post_only=True))
    assert is_taken(bazaar.new("x", S, 16_666, 4000, post_only=True))


def test_what_is_held_may_be_sold_without_cash() -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 10_000, 9000)
    bazaar.new("x", B, 10_000, 9000)
    assert free(bazaar.place.ledger, "x") < 10 * DOLLAR
    assert is_taken(bazaar.new("x", S, 10_000, 5000))
    assert not is_taken(bazaar.new("x", S, 10_000, 5000))


def test_two_sides_of_an_order_book_both_bind() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 10_000, 4000, post_only=True)
    assert free(bazaar.place.ledger, "x") == 60 * DOLLAR
    bazaar.new("x", S, 10_000, 6000, post_only=True)
    assert free(bazaar.place.ledger, "x") == 20 * DOLLAR


def test_replace_needs_only_the_difference() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 20_000, 4000, post_only=True, cl_ord_id="o")
    assert bazaar.replace("x", "o", 25_001, 4000)[0][-1] == "INSUFFICIENT_BALANCE"
    assert bazaar.replace("x", "o", 25_000, 4000)[0][0] == "replaced"
    assert free(bazaar.place.ledger, "x") == 0


def test_cash_is_never_below_0_whatever_trades() -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 9_000, 4000)
    for qty in range(1000, 0, -7):
        bazaar.new("x", B, qty, 4000, IOC)
    assert 0 <= cash(bazaar.place.ledger, "x") == free(bazaar.place.ledger, "x")


def test_reduce_only_closes_what_is_held_and_no_more() -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 300, 4000)
    bazaar.new("x", B, 300, 4000)
    bazaar.new("y", B, 1000, 3900)
    events = bazaar.new("x", S, 500, 3900, IOC, reduce_only=True)
    assert [event[0] for event in events] == ["accepted", "traded", "traded", "canceled"]
    assert events[-1][-1] == "REDUCE_ONLY"
    assert bazaar.place.ledger.open("x").net("A") == 0
    events = bazaar.new("x", B, 100, 9000, IOC, reduce_only=True)
    assert [event[-1] for event in events if event[0] == "canceled"] == ["REDUCE_ONLY"]


def test_reduce_only_that_finds_too_little_ends_as_ioc() -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 300, 4000)
    bazaar.new("x", B, 300, 4000)
    bazaar.new("y", B, 100, 3900)
    events = bazaar.new("x", S, 200, 3900, IOC, reduce_only=True)
    assert events[-1][-1] == "IMMEDIATE_OR_CANCELLED"
    assert bazaar.place.ledger.open("x").net("A") == 200


@pytest.mark.parametrize(("max_cost", "is_canceled"), [(1_249_999, True), (1_250_000, False)])
def test_cost_bound_counts_what_trades_and_what_would_rest(max_cost: int, is_canceled: bool) -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 100, 4000)
    bazaar.new("y", S, 100, 4200)
    bazaar.new("x", B, 300, 4300, max_cost=max_cost)  # 0.40 + 0.42 + 0.43
    assert any(isinstance(event, Canceled) for event in bazaar.told) is is_canceled
    assert bool(bazaar.fills()) is not is_canceled


def test_cost_bound_of_a_sale_counts_the_other_part() -> None:
    bazaar = Bazaar()
    bazaar.new("y", B, 100, 4000)
    assert bazaar.new("x", S, 100, 4000, max_cost=599_999)[-1][-1] == "MAX_EXECUTION_COST"
    assert bazaar.new("x", S, 100, 4000, max_cost=600_000)[0][0] == "accepted"
    assert len(bazaar.fills()) == 2
