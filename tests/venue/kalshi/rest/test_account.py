"""What an account has, as values that know no venue."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DecodeError
from engine.fix import BUY, SELL, Status
from engine.venue import kalshi
from engine.venue.account import VenueBalance, VenueFill, VenueOrder, VenuePosition, VenueSettlement
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.kalshi.rest.numbers import RequestError
from engine.venue.rest import Call, PagedCall

EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text())
ORDER: dict[str, Any] = EXAMPLES["get_order"]["answer"]["order"]
FILL: dict[str, Any] = EXAMPLES["get_fills"]["answer"]["fills"][0]
SETTLEMENT: dict[str, Any] = EXAMPLES["get_settlements"]["answer"]["settlements"][0]
MARKET = "KXDEMORAIN-26DEC01-T2"
S = 10**9


def items(call: PagedCall[Any], name: str, *told: dict[str, Any]) -> list[Any]:
    return call.read(json.dumps({name: told, "cursor": ""}).encode()).items


def order(**changed: Any) -> VenueOrder:
    (found,) = items(KalshiAccount().open_orders(), "orders", ORDER | changed)
    assert isinstance(found, VenueOrder)
    return found


def fill(**changed: Any) -> VenueFill:
    (found,) = items(KalshiAccount().fills(0), "fills", FILL | changed)
    assert isinstance(found, VenueFill)
    return found


def test_each_question_is_about_one_subaccount() -> None:
    account = kalshi.account(3)
    calls: list[Call[Any] | PagedCall[Any]] = [
        account.balance(), account.positions(), account.open_orders(), account.orders_of("M", 5 * S),
        account.fills(5 * S + 1), account.settlements(5 * S),
    ]  # fmt: skip
    requests = [call.request if isinstance(call, Call) else call.following("") for call in calls]
    assert [(each.operation, dict(each.query)) for each in requests] == [
        ("get_balance", {"subaccount": "3"}),
        ("get_positions", {"limit": "1000", "settlement_status": "unsettled", "subaccount": "3"}),
        ("get_orders", {"limit": "1000", "status": "resting", "subaccount": "3"}),
        ("get_orders", {"limit": "1000", "ticker": "M", "subaccount": "3", "min_ts": "5"}),
        ("get_fills", {"limit": "1000", "subaccount": "3", "min_ts": "5"}),
        ("get_settlements", {"limit": "1000", "subaccount": "3", "min_ts": "5"}),
    ]
    assert dict(KalshiAccount().balance().request.query) == {"subaccount": "0"}
    with pytest.raises(RequestError, match="subaccount 64 must be 0 to 63"):
        kalshi.account(64)


def test_balance_is_exact_and_by_shard() -> None:
    body = json.dumps(EXAMPLES["get_balance"]["answer"]).encode()
    assert KalshiAccount().balance().read(body) == VenueBalance(
        cash=2_503_174_100, shards={0: 2_403_174_100, 2: 100_000_000}, updated_ns=1_795_444_100 * S
    )


def test_position_is_signed() -> None:
    told = EXAMPLES["get_positions"]["answer"]["market_positions"][0]
    assert items(KalshiAccount().positions(), "market_positions", told) == [
        VenuePosition(symbol=MARKET, net=-200, fees=205_900, realized=150_000)
    ]


def test_resting_order_is_read_without_its_deprecated_words() -> None:
    told = ORDER | {"side": "no", "action": "sell"}  # contradict: nobody reads them
    assert items(KalshiAccount().open_orders(), "orders", told) == [
        VenueOrder(
            order_id="b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4",
            cl_ord_id="eng-0101",
            symbol=MARKET,
            side=BUY,
            price=4_150,
            order_qty=2_500,
            cum_qty=500,
            leaves_qty=2_000,
            status=Status.PARTIALLY_FILLED,
            updated_ns=1_795_444_260_120_000_000,
        )
    ]


@pytest.mark.parametrize(
    ("status", "filled", "left", "expected"),
    [
        ("resting", "0.00", "25.00", (Status.NEW, 2_500, 0, 2_500)),
        ("resting", "5.00", "10.00", (Status.PARTIALLY_FILLED, 1_500, 500, 1_000)),  # it was decreased
        ("executed", "25.00", "0.00", (Status.FILLED, 2_500, 2_500, 0)),
        ("executed", "5.00", "0.00", (Status.CANCELED, 2_500, 500, 0)),  # the rest of an IOC
        ("canceled", "5.00", "0.00", (Status.CANCELED, 2_500, 500, 0)),
        ("canceled", "5.00", "20.00", (Status.CANCELED, 2_500, 500, 0)),
        ("held", "5.00", "20.00", (Status.UNKNOWN, 2_500, 500, 0)),
    ],
)
def test_every_status_is_one_of_fix(status: str, filled: str, left: str, expected: tuple[Any, ...]) -> None:
    found = order(status=status, fill_count_fp=filled, remaining_count_fp=left)
    assert (found.status, found.order_qty, found.cum_qty, found.leaves_qty) == expected


def test_unknown_status_is_told() -> None:
    account = KalshiAccount()
    items(account.open_orders(), "orders", ORDER | {"status": "held"})
    assert account.oddities.take() == ["order.status 'held': unknown, so is what becomes of the order"]


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ({"book_side": "bid", "outcome_side": "yes"}, BUY),
        ({"book_side": "ask", "outcome_side": "no"}, SELL),
        ({"book_side": None, "outcome_side": "no"}, SELL),
        ({"book_side": "bid", "outcome_side": "maybe"}, BUY),
    ],
)
def test_side_is_told_by_book_and_outcome(words: dict[str, Any], side: int) -> None:
    assert order(**words).side == side
    assert fill(**words).side == side


@pytest.mark.parametrize(
    "words", [{"book_side": None, "outcome_side": None}, {"book_side": "bid", "outcome_side": "no"}]
)
def test_order_or_fill_without_a_side_costs_the_answer(words: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="tell no side"):
        order(**words)
    with pytest.raises(DecodeError, match="9a7e0000.*tell no side"):
        fill(**words)


def test_fill_has_its_fee_to_the_millionth_and_the_yes_price() -> None:
    assert fill(fee_cost="0.021337", book_side="ask", outcome_side="no", is_taker=True) == VenueFill(
        trade_id="9a7e0000-0000-4000-8000-0000000000f1",
        order_id="b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4",
        cl_ord_id="",
        symbol=MARKET,
        side=SELL,
        price=4_150,
        qty=500,
        fee=21_337,
        is_taker=True,
        time_ns=1_795_444_260_120_000_000,
    )
    assert fill(created_time=None, ts=1_795_444_260).time_ns == 1_795_444_260 * S


@pytest.mark.parametrize(
    "wrong",
    [{"count_fp": "5.005"}, {"yes_price_dollars": "0.41505"}, {"fee_cost": "0.0000001"}, {"created_time": "now"}],
)
def test_fill_that_cannot_be_read_is_never_left_out(wrong: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        items(KalshiAccount().fills(0), "fills", FILL, FILL | wrong)


@pytest.mark.parametrize(
    ("told", "payout"),
    [
        ({"market_result": "yes", "value": 100}, 10_000),
        ({"market_result": "yes", "value": None}, 10_000),
        ({"market_result": "no"}, 0),
        ({"market_result": "scalar", "value": 42}, 4_200),
        ({"market_result": "scalar", "value": None}, -1),
        ({"market_result": "void", "value": 50}, 5_000),
    ],
)
def test_settlement_tells_what_a_contract_got(told: dict[str, Any], payout: int) -> None:
    account = KalshiAccount()
    assert items(account.settlements(0), "settlements", SETTLEMENT | told) == [
        VenueSettlement(
            symbol="KXDEMORAIN-26NOV22-T2",
            payout=payout,
            revenue=10_000_000,
            fee=40_000,
            time_ns=1_795_446_000 * S,
            yes_qty=1_000,
            no_qty=0,
        )
    ]
    assert account.oddities.counts == ({"market_result": 1} if payout < 0 else {})


FLOW = {"id": "D1", "status": "applied", "type": "wire", "amount_cents": 2_500, "fee_cents": 30, "created_ts": 7}
MOVED = {"transfer_id": "T1", "from_subaccount": 0, "to_subaccount": 3, "amount_cents": 500, "created_ts": 9}


def told_flows(name: str, told: dict[str, Any], subaccount: int = 0) -> list[tuple[str, str, int]]:
    for call in KalshiAccount(subaccount).flows():
        if name in call.following("").path:
            return [(each.flow_id, each.kind, each.amount) for each in items(call, name, told)]
    return []


def test_cash_from_outside_is_what_was_carried_out() -> None:
    assert told_flows("deposits", FLOW) == [("D1", "deposit", 24_700_000)]
    assert told_flows("withdrawals", FLOW) == [("D1", "withdrawal", -25_300_000)]
    assert told_flows("deposits", FLOW | {"status": "pending"}) == []
    assert told_flows("deposits", FLOW | {"status": "failed"}) == []


def test_deposit_that_came_back_came_and_went() -> None:
    told = told_flows("deposits", FLOW | {"status": "returned"})
    assert told == [("D1", "deposit", 24_700_000), ("D1:returned", "deposit returned", -24_700_000)]


def test_transfer_counts_for_the_subaccounts_that_it_is_between() -> None:
    assert told_flows("transfers", MOVED) == [("T1", "transfer", -5_000_000)]
    assert told_flows("transfers", MOVED, 3) == [("T1", "transfer", 5_000_000)]
    assert told_flows("transfers", MOVED, 4) == []
    assert told_flows("deposits", FLOW, 3) == []  # they are those of the primary one
