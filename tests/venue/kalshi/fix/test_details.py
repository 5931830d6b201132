"""What a report says beyond what orders need, and the terms that orders of a session have alike."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError, DecodeError, OrderError
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Order, restore_fields
from engine.venue import kalshi
from engine.venue.fill_details import NOWHERE, FillDetails
from engine.venue.kalshi.fix.details import cash_of_fill
from engine.venue.kalshi.fix.orders import KalshiOrders, ReduceOnlyOrders
from engine.venue.kalshi.fix.terms import KalshiTerms
from tests.venue.kalshi.fix.examples import EXAMPLES, wire

RAIN = Instrument("KXDEMORAIN-26DEC01-T2", 0, [PriceBand(0, 10000, 50)])
CASH = "1703=1|1704=-4.1500|1705=BALANCE|"
GROUP = "6d0f8b2c-41e7-49a3-bc58-9e27f1d60a84"


def details(*changes: tuple[str, str]) -> FillDetails | None:
    text = EXAMPLES["8 trade"]
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return KalshiOrders([RAIN]).details(Fields(text.replace("|", "\x01").encode()))


def shown(body: bytes) -> str:
    return body.decode().replace("\x01", "|")


def order(**terms: Any) -> Order:
    made = Order("A1", RAIN, fix.BUY, 4150, 2500)
    restore_fields(made, **{"pending_cl_ord_id": "A2", "pending_price": 4200, "pending_qty": 3000, **terms})
    return made


# Reports


def test_fill_of_the_example_is_read_field_by_field() -> None:
    assert details() == FillDetails(
        trade_id="5a0e6f3b-2d91-4c07-b6e8-17f4c0d2a935", symbol="KXDEMORAIN-26DEC01-T2", shard=0,
        net_after=1000, cash=-4_150_000, payout=None,
        returned=(0, 0), is_taker=False, business_date="20261123", subaccount=0,
    )  # fmt: skip


def test_taker_that_crosses_zero_is_short_after_it() -> None:
    found = KalshiOrders([RAIN]).details(Fields(wire("8 taker sell")))
    assert found is not None and (found.net_after, found.cash, found.is_taker) == (-200, 2_954_100, True)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        (("704=10.00|705=0.00|", ""), "net_after", None),
        (("704=10.00|", ""), "net_after", 0),
        (("30=0|", ""), "shard", NOWHERE),
        (("30=0|", "30=7|"), "shard", 7),
        ((CASH, ""), "cash", None),
        (("1057=N|", ""), "is_taker", None),
        (("715=20261123|", ""), "business_date", ""),
        (("880=5a0e6f3b-2d91-4c07-b6e8-17f4c0d2a935|", ""), "trade_id", ""),
        (("880=", "79=5|880="), "subaccount", 5),
        (("880=", "21030=1.50|21031=0.25|880="), "returned", (1_500_000, 250_000)),
        ((CASH, "1703=2|1704=-4.15|1705=BALANCE|1704=2|1705=PAYOUT|"), "payout", 2_000_000),
        ((CASH, "1703=1|1704=-4.15|1705=OTHER|"), "cash", None),
    ],
)  # fmt: skip
def test_field_that_is_missing_or_more_is_read(change: tuple[str, str], field: str, value: object) -> None:
    assert getattr(details(change), field) == value


def test_number_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DecodeError):
        details(("704=10.00|", "704=many|"))


@pytest.mark.parametrize("name", ["8 new", "8 canceled", "8 rejected", "9 on cancel", "r"])
def test_message_that_is_no_fill_has_no_details(name: str) -> None:
    assert KalshiOrders([RAIN]).details(Fields(wire(name))) is None


# What does not go together


@pytest.mark.parametrize(
    ("change", "contradiction"),
    [
        (("704=10.00|705=0.00|", "704=10.00|705=2.00|"), "LongQty(704) 1000 and ShortQty(705) 200 at once"),
        (("715=20261123|", "715=20261124|"), "ClearingBusinessDate(715) is 20261124, TransactTime(60) is of 20261123"),
        (("60=20261123-14:30:09.248|", "60=20261123-04:30:09.248|"), "TransactTime(60) is of 20261122 there"),
    ],
)
def test_fields_that_exclude_one_another_are_said(change: tuple[str, str], contradiction: str) -> None:
    found = details(change)
    assert found is not None
    assert len(found.contradictions) == 1
    assert contradiction in found.contradictions[0]


@pytest.mark.parametrize("at", ["60=20261123-14:30:09.248|", "715=20261123|"])
def test_what_is_not_told_contradicts_nothing(at: str) -> None:
    found = details((at, ""))
    assert found is not None and not found.contradictions and not found.cash_contradiction


@pytest.mark.parametrize(
    ("cash", "is_odd"),
    [("-4.15", False), ("-4.1550", False), ("-4.17", True), ("4.15", True), ("-5.85", True), ("0", True)],
)
def test_cash_is_what_price_size_and_position_make_to_a_cent(cash: str, is_odd: bool) -> None:
    found = details((CASH, f"1703=1|1704={cash}|1705=BALANCE|"))
    assert found is not None
    assert bool(found.cash_contradiction) == is_odd


def test_cash_may_have_the_fee_in_it_or_not_and_what_netting_gave_back() -> None:
    text = wire("8 taker sell").decode("latin-1")
    for cash, returned, is_odd in [
        ("2.9541", "", False),
        ("3.16", "", False),
        ("2.7482", "", True),
        ("4.16", "21031=1.00\x01", False),
        ("4.16", "", True),
    ]:
        told = text.replace("1704=2.9541", f"1704={cash}").replace("880=", f"{returned}880=")
        found = KalshiOrders([RAIN]).details(Fields(told.encode("latin-1")))
        assert found is not None
        assert bool(found.cash_contradiction) == is_odd, cash


@given(st.integers(-5_000, 5_000), st.integers(1, 9_999), st.integers(1, 5_000), st.sampled_from([fix.BUY, fix.SELL]))
def test_cash_of_a_fill_is_the_difference_of_two_accounts(before: int, price: int, qty: int, side: int) -> None:
    """Plainly: long contracts are bought and sold, each short one is a NO contract at a dollar less the price."""
    held, cash = before, 0
    for _ in range(qty):
        if side == fix.BUY:
            cash += 10_000 - price if held < 0 else -price
            held += 1
        else:
            cash += price if held > 0 else price - 10_000
            held -= 1
    assert cash_of_fill(side, price, qty, held) == cash


# Terms


@pytest.mark.parametrize(
    ("terms", "new", "replace", "cancel"),
    [
        ({}, "", "", ""),
        ({"subaccount": 0, "shard": -1}, "79=0|100=-1|", "79=0|100=-1|", "79=0|100=-1|"),
        ({"shard": 2}, "100=2|", "100=2|", "100=2|"),
        ({"order_group": GROUP}, f"526={GROUP}|", "", ""),
        ({"self_trade_prevention": 2}, "2964=2|", "", ""),
        ({"cancel_on_pause": True}, "21006=Y|", "", ""),
        ({"cancel_on_pause": False}, "21006=N|", "", ""),
        ({"most_cost": "12.50"}, "21009=12.50|", "", ""),
    ],
)
def test_terms_are_on_the_requests_that_take_them(terms: Any, new: str, replace: str, cancel: str) -> None:
    dialect = KalshiOrders([RAIN]).under(KalshiTerms(**terms))
    assert type(dialect) is KalshiOrders
    assert shown(dialect.new_order(order(), 0)).startswith(f"35=D|{new}11=A1|")
    assert shown(dialect.replace(order(), 0)).startswith(f"35=G|{replace}41=A1|")
    assert shown(dialect.cancel(order(), 0)).startswith(f"35=F|{cancel}41=A1|")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"time_in_force": fix.Tif.DAY}, "59=0|"),
        ({"time_in_force": fix.Tif.GTC}, "59=1|"),
        (
            {"time_in_force": fix.Tif.GTD, "expire_time_ns": 1_795_444_206_000_000_000},
            "59=6|126=20261123-14:30:06.000|",
        ),
    ],
)
def test_validity_is_said_alike_when_an_order_is_new_and_when_it_is_replaced(terms: Any, expected: str) -> None:
    dialect = KalshiOrders([RAIN])
    assert shown(dialect.new_order(order(**terms), 0)).endswith(f"|44=0.4150|{expected}")
    assert shown(dialect.replace(order(**terms), 0)).endswith(f"|44=0.4200|{expected}")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"subaccount": 64}, "subaccount: 64 is not from 0 to 63"),
        ({"subaccount": -1}, "subaccount: -1 is not from 0 to 63"),
        ({"shard": -2}, "shard: -2 is neither a shard, from 0 on, nor -1"),
        ({"self_trade_prevention": 3}, "self_trade_prevention: 3 is neither 1, taker, nor 2, maker"),
        ({"most_cost": "a lot"}, "most_cost: 'a lot' is no amount of dollars"),
        ({"most_cost": "0"}, "most_cost: '0' is not above 0"),
        ({"order_group": "a b"}, "order_group: 'a b' is no id of a group"),
        ({"shards": 1}, "session.terms: Object contains unknown field `shards`; there are subaccount, shard"),
        ({"shard": "two"}, "session.terms: Expected `int | null`, got `str` - at `$.shard`"),
    ],
)
def test_terms_that_the_venue_would_refuse_are_named(terms: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        kalshi.orders([RAIN], terms)


def test_reduce_only_is_said_of_an_immediate_order() -> None:
    dialect = kalshi.orders([RAIN], {"reduce_only": True})
    assert isinstance(dialect, ReduceOnlyOrders)
    text = shown(dialect.new_order(order(time_in_force=fix.Tif.IOC), 0))
    assert text == f"35=D|18=E|11=A1|55={RAIN.symbol}|54=1|38=25.00|40=2|44=0.4150|59=3|"
    assert "|18=E|" in shown(dialect.new_order(order(ord_type=fix.Type.MARKET), 0))
    assert "|18=" not in shown(dialect.cancel(order(), 0)) + shown(dialect.replace(order(), 0))


@pytest.mark.parametrize(
    "terms",
    [
        {"time_in_force": fix.Tif.GTC},
        {"time_in_force": fix.Tif.FOK},
        {"time_in_force": fix.Tif.IOC, "post_only": True},
        {"ord_type": fix.Type.MARKET, "time_in_force": fix.Tif.FOK},
    ],
)
def test_reduce_only_that_would_rest_is_not_written(terms: Any) -> None:
    dialect = KalshiOrders([RAIN]).under(KalshiTerms(reduce_only=True))
    with pytest.raises(OrderError, match="reduce-only is for TimeInForce"):
        dialect.new_order(order(**terms), 0)
