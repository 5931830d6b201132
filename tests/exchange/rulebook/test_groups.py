"""Order groups: what may trade in 15 seconds, and what happens beyond it."""

import pytest

from engine import fix
from engine.exchange.account_events import GroupChanged
from engine.exchange.events import Canceled, Refusal
from engine.exchange.rulebook.groups import WINDOW_NS, OrderGroups
from tests.support.sim.marketplace import Bazaar
from tests.support.sim.venue import SECOND_NS

B, S = fix.BUY, fix.SELL


def grouped(limit: int = 500) -> tuple[Bazaar, str]:
    """Return a bazaar where x has a group with two resting orders of 4 contracts, and one order beside it."""
    bazaar = Bazaar()
    created = bazaar.place.create_group("x", limit, bazaar.now_ns)
    assert not isinstance(created, Refusal)
    group = bazaar.place.groups.of_account("x")[0].id
    bazaar.new("x", B, 400, 4000, group=group, cl_ord_id="one")
    bazaar.new("x", B, 400, 3900, group=group, cl_ord_id="two")
    bazaar.new("x", B, 400, 3800, cl_ord_id="beside")
    return bazaar, group


def resting(bazaar: Bazaar) -> list[str]:
    return [record.cl_ord_id for record in bazaar.place.ledger.orders("x", status="resting")]


def test_limit_reached_cancels_the_group_and_refuses_new_orders() -> None:
    bazaar, group = grouped()
    assert bazaar.new("y", S, 400, 4000)[-1][0] == "traded"
    events = bazaar.new("y", S, 100, 3900)
    assert events[-2:] == [
        ("group", "x", "triggered"),
        ("canceled", "x", "two", "", 100, "ORDER_GROUP_CANCEL"),
    ]
    assert resting(bazaar) == ["beside"]
    assert bazaar.place.groups.find("x", group).orders == {}  # type: ignore[union-attr]
    refused = bazaar.new("x", B, 100, 3000, group=group)
    assert refused[0][-2:] == (3, "EXCEEDED_ORDER_GROUP_RISK_LIMIT")


def test_trades_older_than_15_seconds_do_not_count() -> None:
    bazaar, group = grouped()
    bazaar.new("y", S, 400, 4000)
    bazaar.now_ns += WINDOW_NS
    bazaar.new("y", S, 100, 3900)
    assert resting(bazaar) == ["beside", "two"]
    bazaar.now_ns += WINDOW_NS - 1
    bazaar.new("y", S, 300, 3900)  # one contract is still inside the window
    assert bazaar.place.groups.find("x", group).matched(bazaar.now_ns) == 400  # type: ignore[union-attr]


def test_reset_takes_orders_again() -> None:
    bazaar, group = grouped()
    bazaar.new("y", S, 500, 3900)
    bazaar.short(bazaar.place.reset_group("x", group, bazaar.now_ns))
    (reset,) = bazaar.told
    assert isinstance(reset, GroupChanged) and reset.step == "reset"
    assert bazaar.new("x", B, 100, 3000, group=group)[0][0] == "accepted"


def test_trigger_cancels_at_once_and_delete_forgets() -> None:
    bazaar, group = grouped()
    events = bazaar.short(bazaar.place.trigger_group("x", group, bazaar.now_ns))
    assert [event[:3] for event in events] == [
        ("group", "x", "triggered"),
        ("canceled", "x", "one"),
        ("canceled", "x", "two"),
    ]
    bazaar.place.reset_group("x", group, bazaar.now_ns)
    bazaar.new("x", B, 100, 3000, group=group, cl_ord_id="three")
    events = bazaar.short(bazaar.place.delete_group("x", group, bazaar.now_ns))
    assert [event[:3] for event in events] == [("group", "x", "deleted"), ("canceled", "x", "three")]
    assert bazaar.new("x", B, 100, 3000, group=group)[0][-1] == "ORDER_GROUP_NOT_FOUND"


def test_lower_limit_triggers_what_has_traded_more() -> None:
    bazaar, group = grouped()
    bazaar.new("y", S, 300, 4000)
    events = bazaar.short(bazaar.place.limit_group("x", group, 300, bazaar.now_ns))
    assert [event[2] for event in events[:2]] == ["limit_updated", "triggered"]
    assert resting(bazaar) == ["beside"]


def test_taker_in_a_group_loses_its_rest() -> None:
    bazaar, group = grouped(limit=300)
    bazaar.new("y", S, 300, 4100)
    bazaar.new("x", B, 500, 4100, group=group)
    assert [event.text for event in bazaar.told if isinstance(event, Canceled)] == ["ORDER_GROUP_CANCEL"] * 3


@pytest.mark.parametrize("limit", [0, 99, 100_000_001])
def test_limit_outside_the_bounds_is_refused(limit: int) -> None:
    groups = OrderGroups()
    assert isinstance(groups.create("g", "x", 0, limit, 0), Refusal)
    groups.create("g", "x", 0, 100, 0)
    assert isinstance(groups.set_limit("x", "g", limit, 0), Refusal)


def test_group_of_another_account_is_not_found() -> None:
    bazaar, group = grouped()
    place, now_ns = bazaar.place, bazaar.now_ns
    answers = [
        place.limit_group("y", group, 300, now_ns),
        place.reset_group("y", group, now_ns),
        place.trigger_group("y", group, now_ns),
        place.delete_group("y", group, now_ns),
    ]
    assert {answer.text for answer in answers if isinstance(answer, Refusal)} == {"ORDER_GROUP_NOT_FOUND"}
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert resting(bazaar) == ["beside", "two", "one"]


def test_orders_that_end_leave_their_group() -> None:
    bazaar, group = grouped()
    bazaar.cancel("x", "one")
    bazaar.now_ns += SECOND_NS
    bazaar.place.lifecycle.move_close("A", bazaar.now_ns, bazaar.now_ns)
    assert bazaar.place.groups.find("x", group).orders == {}  # type: ignore[union-attr]
