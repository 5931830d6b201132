"""Every Text(58) of the venue with its code, and for each that orders can cause, the request that does."""

from collections.abc import Callable

import pytest

from engine import fix
from engine.exchange import refusals
from engine.exchange.events import Canceled, CancelRejected, Rejected, Stp
from engine.exchange.faults import FaultKind, Faults, InjectedFault
from tests.support.sim.marketplace import HOUR_NS, Bazaar
from tests.support.sim.venue import SECOND_NS

B, S = fix.BUY, fix.SELL
IOC, FOK, GTD = fix.Tif.IOC, fix.Tif.FOK, fix.Tif.GTD

REASONS = {  # OrdRejReason(103) of a new order
    "MARKET_NOT_FOUND": 1,
    "MARKET_ALREADY_CLOSED": 2,
    "MARKET_INACTIVE": 2,
    "EXCHANGE_PAUSED": 2,
    "TRADING_PAUSED": 2,
    "INSUFFICIENT_BALANCE": 3,
    "EXCEEDED_PER_MARKET_RISK_LIMIT": 3,
    "EXCEEDED_ORDER_GROUP_RISK_LIMIT": 3,
    "EXCEEDED_SELL_POSITION_FLOOR": 3,
    "EVENT_CONTRACT_DAILY_CAP_EXCEEDED": 3,
    "ORDER_ALREADY_EXISTS": 6,
    "EXPIRED": 8,
    "INVALID_ORDER": 11,
    "ORDER_GROUP_NOT_FOUND": 11,
    "CUSTOMER_ACCOUNT_NOT_FOUND": 15,
    "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT": 15,
    "EVENT_CONTRACT_DAILY_CAP_NOT_FOUND": 15,
    "EXCHANGE_UNAVAILABLE": 99,
    "INTERNAL_ERROR": 99,
    "INVALID_PRICE": 99,
}


def pause(bazaar: Bazaar, **what: bool) -> None:
    bazaar.place.set_hours(bazaar.now_ns, **what)


def determine(bazaar: Bazaar) -> None:
    bazaar.place.lifecycle.determine("A", "yes", -1, bazaar.now_ns)


def lose(bazaar: Bazaar) -> None:
    bazaar.place.hours.lose(0, is_applied=False)


def trigger(bazaar: Bazaar) -> None:
    group = new_group(bazaar)
    bazaar.place.trigger_group("x", group, bazaar.now_ns)


def new_group(bazaar: Bazaar) -> str:
    bazaar.place.create_group("x", 1000, bazaar.now_ns)
    return bazaar.place.groups.of_account("x")[-1].id


def group_of(bazaar: Bazaar) -> str:
    groups = bazaar.place.groups.of_account("x")
    return groups[-1].id if groups else "none"


def nothing(bazaar: Bazaar) -> None:
    pass


REFUSED: list[tuple[str, Callable[[Bazaar], object], dict[str, object]]] = [
    ("MARKET_NOT_FOUND", nothing, {"symbol": "Z"}),
    ("MARKET_NOT_FOUND", nothing, {"shard": 2}),
    ("MARKET_ALREADY_CLOSED", determine, {}),
    ("MARKET_INACTIVE", lambda bazaar: bazaar.advance(HOUR_NS), {}),
    ("MARKET_INACTIVE", lambda bazaar: bazaar.place.lifecycle.pause("A", bazaar.now_ns), {}),
    ("MARKET_INACTIVE", lambda bazaar: bazaar.add("N", opens_ns=bazaar.now_ns + 1), {"symbol": "N"}),
    ("EXCHANGE_PAUSED", lambda bazaar: pause(bazaar, is_open=False), {}),
    ("TRADING_PAUSED", lambda bazaar: pause(bazaar, is_trading=False), {}),
    ("INSUFFICIENT_BALANCE", nothing, {"order_qty": 100_000}),
    ("EXCEEDED_ORDER_GROUP_RISK_LIMIT", trigger, {"group": True}),
    ("ORDER_GROUP_NOT_FOUND", nothing, {"group": True}),
    ("ORDER_GROUP_NOT_FOUND", new_group, {"group": True, "symbol": "C"}),
    ("ORDER_ALREADY_EXISTS", lambda bazaar: bazaar.new("x", B, 100, 100, cl_ord_id="again"), {"cl_ord_id": "again"}),
    ("INVALID_ORDER", nothing, {"ord_type": fix.Type.MARKET, "price": 0}),
    ("INVALID_ORDER", nothing, {"reduce_only": True}),
    ("INVALID_ORDER", nothing, {"post_only": True, "tif": IOC}),
    ("INVALID_PRICE", nothing, {"price": 4050}),
    ("EXCHANGE_UNAVAILABLE", lose, {}),
]


@pytest.mark.parametrize(("text", "reason"), REASONS.items())
def test_text_of_a_refusal_has_its_reason(text: str, reason: int) -> None:
    assert refusals.by_text(text) == (reason, text)


def test_text_that_is_unknown_has_reason_99() -> None:
    assert refusals.by_text("SOMETHING_NEW") == (99, "SOMETHING_NEW")


@pytest.mark.parametrize(("text", "reason"), REASONS.items())
def test_fault_refuses_an_order_with_any_text(text: str, reason: int) -> None:
    faults = Faults([InjectedFault(kind=FaultKind.REJECT_ORDER, text=text)])
    bazaar = Bazaar(faults=faults)
    assert bazaar.new("x", B, 100, 4000) == [("rejected", "x", "x1", reason, text)]
    assert bazaar.new("x", B, 100, 4000)[0][0] == "accepted"


@pytest.mark.parametrize(("text", "before", "fields"), REFUSED)
def test_new_order_is_refused(text: str, before: Callable[[Bazaar], object], fields: dict[str, object]) -> None:
    bazaar = Bazaar()
    before(bazaar)
    order: dict[str, object] = {"order_qty": 100, "price": 4000, "tif": fix.Tif.GTC, **fields}
    if "group" in fields:
        order["group"] = group_of(bazaar)
    qty, price, tif = order.pop("order_qty"), order.pop("price"), order.pop("tif")
    bazaar.new("x", B, qty, price, tif, **order)  # type: ignore[arg-type]
    (report,) = bazaar.told
    assert isinstance(report, Rejected)
    assert (report.text, report.reason, report.ord_status) == (text, REASONS[text], fix.Status.REJECTED)
    assert bazaar.place.ledger.orders("x", status="resting", symbol="A") == [] or text == "ORDER_ALREADY_EXISTS"


def test_wrong_quantity_is_refused_with_13() -> None:
    bazaar = Bazaar()
    assert bazaar.new("x", B, 0, 4000) == [("rejected", "x", "x1", 13, "INVALID_ORDER")]


def test_position_limit_counts_what_is_held_and_what_is_open() -> None:
    bazaar = Bazaar(position_limit=1000)
    bazaar.new("x", B, 600, 4000)
    bazaar.new("y", S, 300, 4000)
    assert bazaar.new("x", B, 401, 3900) == [("rejected", "x", "x3", 3, "EXCEEDED_PER_MARKET_RISK_LIMIT")]
    assert bazaar.new("x", B, 400, 3900)[0][0] == "accepted"
    assert bazaar.new("x", S, 1301, 6000)[0][0] == "rejected"


CANCELED: list[tuple[str, Callable[[Bazaar], object]]] = [
    ("IMMEDIATE_OR_CANCELLED", lambda bazaar: bazaar.new("x", B, 100, 4000, IOC)),
    ("FOK_INSUFFICIENT_VOLUME", lambda bazaar: bazaar.new("x", B, 100, 4000, FOK)),
    ("POST_ONLY_CROSS", lambda bazaar: bazaar.new("x", B, 100, 6000, post_only=True)),
    ("REDUCE_ONLY", lambda bazaar: bazaar.new("x", B, 100, 6000, IOC, reduce_only=True)),
    ("MAX_EXECUTION_COST", lambda bazaar: bazaar.new("x", B, 100, 6000, max_cost=599_999)),
    ("TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION", lambda bazaar: bazaar.new("y", B, 100, 6000)),
    ("MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION", lambda bazaar: bazaar.new("y", B, 100, 6000, stp=Stp.MAKER)),
    ("ORDER_GROUP_CANCEL", lambda bazaar: group_cancel(bazaar)),
    ("SETTLEMENT_BOUNDS_CANCEL", lambda bazaar: floor(bazaar)),
    ("TRADING_PAUSED", lambda bazaar: flagged(bazaar, is_trading=False)),
    ("EXCHANGE_PAUSED", lambda bazaar: flagged(bazaar, is_open=False)),
    ("MARKET_ACTIVATED", lambda bazaar: reactivate(bazaar)),
]


def group_cancel(bazaar: Bazaar) -> None:
    group = new_group(bazaar)
    bazaar.new("x", B, 100, 4000, group=group)
    events = bazaar.place.trigger_group("x", group, bazaar.now_ns)
    bazaar.short(events)


def floor(bazaar: Bazaar) -> None:
    bazaar.new("x", B, 100, 4000)
    bazaar.short(bazaar.place.lifecycle.raise_floor("A", 4000, bazaar.now_ns))


def flagged(bazaar: Bazaar, **what: bool) -> None:
    bazaar.new("x", B, 100, 4000, cancel_on_pause=True)
    bazaar.new("x", B, 100, 4000)
    bazaar.short(bazaar.place.set_hours(bazaar.now_ns, **what))


def reactivate(bazaar: Bazaar) -> None:
    bazaar.new("x", B, 100, 4000)
    bazaar.place.lifecycle.pause("A", bazaar.now_ns)
    bazaar.short(bazaar.place.lifecycle.resume("A", bazaar.now_ns))


@pytest.mark.parametrize(("text", "act"), CANCELED)
def test_order_is_canceled_with_a_text(text: str, act: Callable[[Bazaar], object]) -> None:
    bazaar = Bazaar()
    bazaar.new("y", S, 100, 6000)
    act(bazaar)
    reports = [event for event in bazaar.told if isinstance(event, Canceled)]
    assert reports[0].text == text
    assert {(report.ord_status, report.leaves_qty) for report in reports} == {(fix.Status.CANCELED, 0)}
    record = bazaar.place.ledger.order(reports[0].account, reports[0].order_id)
    assert record is not None and (record.text, record.rest_status) == (text, "canceled")


CHANGES: list[tuple[str, int, str, Callable[[Bazaar], object], Callable[[Bazaar], object]]] = [
    ("UNKNOWN_ORDER", 1, "8", nothing, lambda bazaar: bazaar.cancel("x", "nobody")),
    ("UNKNOWN_ORDER", 1, "4", lambda bazaar: bazaar.cancel("x", "o"), lambda bazaar: bazaar.cancel("x", "o")),
    ("ORDER_ATTRIBUTES_MISMATCH", 1, "0", nothing, lambda bazaar: bazaar.cancel("x", "o", side=S)),
    ("UNKNOWN_ORDER", 1, "0", nothing, lambda bazaar: bazaar.cancel("x", "o", shard=2)),
    ("ORDER_ALREADY_EXISTS", 6, "0", nothing, lambda bazaar: bazaar.cancel("x", "o", cl_ord_id="o")),
    ("MARKET_NOT_FOUND", 99, "0", nothing, lambda bazaar: bazaar.cancel("x", "o", symbol="Z")),
    (
        *("CANNOT_UPDATE_FILLED_ORDER", 2, "2"),
        lambda bazaar: bazaar.new("y", S, 400, 4000),
        lambda bazaar: bazaar.cancel("x", "o"),
    ),
    (
        *("CANNOT_UPDATE_FILLED_ORDER", 2, "2"),
        lambda bazaar: bazaar.new("y", S, 400, 4000),
        lambda bazaar: bazaar.replace("x", "o", 500, 4000),
    ),
    (
        *("INVALID_AMEND_QTY_FOR_ORDER", 2, "1"),
        lambda bazaar: bazaar.new("y", S, 200, 4000),
        lambda bazaar: bazaar.replace("x", "o", 100, 4000),
    ),
    ("INVALID_PRICE", 99, "0", nothing, lambda bazaar: bazaar.replace("x", "o", 400, 4050)),
    ("INVALID_PRICE", 99, "0", nothing, lambda bazaar: bazaar.replace("x", "o", 400, 10_000)),
    ("INSUFFICIENT_BALANCE", 99, "0", nothing, lambda bazaar: bazaar.replace("x", "o", 30_000, 4000)),
    (
        *("SELF_CROSS_ATTEMPT", 18, "0"),
        lambda bazaar: bazaar.new("x", S, 100, 5000),
        lambda bazaar: bazaar.replace("x", "o", 400, 5000),
    ),
    (
        *("TRADING_PAUSED", 99, "0"),
        lambda bazaar: pause(bazaar, is_trading=False),
        lambda bazaar: bazaar.replace("x", "o", 300, 4000),
    ),
    (
        *("EXCHANGE_PAUSED", 99, "0"),
        lambda bazaar: pause(bazaar, is_open=False),
        lambda bazaar: bazaar.replace("x", "o", 300, 4000),
    ),
    (
        *("EXCHANGE_PAUSED", 99, "0"),
        lambda bazaar: pause(bazaar, is_open=False),
        lambda bazaar: bazaar.cancel("x", "o"),
    ),
    ("MARKET_INACTIVE", 99, "0", lambda bazaar: bazaar.advance(HOUR_NS), lambda bazaar: bazaar.cancel("x", "o")),
    (
        *("MARKET_INACTIVE", 99, "0"),
        lambda bazaar: bazaar.advance(HOUR_NS),
        lambda bazaar: bazaar.replace("x", "o", 300, 4000),
    ),
    ("EXCHANGE_UNAVAILABLE", 99, "0", lose, lambda bazaar: bazaar.cancel("x", "o", symbol="A")),
]


@pytest.mark.parametrize(("text", "reason", "ord_status", "before", "act"), CHANGES)
def test_change_is_refused_and_the_order_stays(
    text: str, reason: int, ord_status: str, before: Callable[[Bazaar], object], act: Callable[[Bazaar], object]
) -> None:
    bazaar = Bazaar(sweep_ns=SECOND_NS)
    bazaar.new("x", B, 400, 4000, cl_ord_id="o")
    before(bazaar)
    order_before = bazaar.place.ledger.orders("x", symbol="A")[-1]
    leaves = order_before.leaves_qty
    act(bazaar)
    (report,) = bazaar.told
    assert isinstance(report, CancelRejected)
    assert (report.text, report.reason, report.ord_status) == (text, reason, ord_status)
    assert bazaar.place.ledger.orders("x", symbol="A")[-1].leaves_qty == leaves


def test_cancel_is_taken_in_a_trading_pause() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4000, cl_ord_id="o")
    pause(bazaar, is_trading=False)
    assert bazaar.cancel("x", "o")[0][0] == "canceled"


def test_mass_cancel_is_refused_in_an_exchange_pause_and_by_session() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4000, session="one")
    bazaar.new("x", B, 100, 4000, symbol="C", session="two")
    pause(bazaar, is_open=False)
    assert bazaar.mass_cancel("x") == [("mass canceled", "x", "m3", 0, 99)]
    pause(bazaar, is_open=True)
    assert [event[0] for event in bazaar.mass_cancel("x", session="two")] == ["mass canceled", "canceled"]
    assert [order.symbol for order in bazaar.place.ledger.orders("x", status="resting")] == ["A"]


def test_gtd_time_that_is_past_makes_an_ioc() -> None:
    bazaar = Bazaar()
    events = bazaar.new("x", B, 100, 4000, GTD, expire_time_ns=bazaar.now_ns)
    assert [event[0] for event in events] == ["accepted", "canceled"]
    assert events[1][-1] == "IMMEDIATE_OR_CANCELLED"
