"""Kalshi's fee formula and rounding, against the venue's published examples."""

import pytest

from engine import fix
from engine.instrument import Instrument, PriceBand
from engine.orders.orders import Orders
from engine.orders.report import ABSENT
from engine.venue.kalshi.fees import MEMBER, RETAIL, OrderFees, QuadraticFee
from tests.support.order_reports import fill

RAIN = Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)])

# contracts * 100, price * 10 000, then $0.000001: trade fee, net at $0.0001, net at $0.01
TABLE = [
    (100, 5000, 17_500, 17_500, 20_000),
    (1000, 5000, 175_000, 175_000, 180_000),
    (10000, 5000, 1_750_000, 1_750_000, 1_750_000),
    (100, 1000, 6_300, 6_300, 10_000),
    (10000, 500, 332_500, 332_500, 340_000),
    (2500, 4150, 424_857, 424_900, 425_000),
    (1200, 4300, 205_884, 205_900, 210_000),
    (300, 550, 10_915, 11_000, 15_000),
    (30, 5000, 5_250, 5_300, 10_000),
]


@pytest.mark.parametrize(("qty", "price", "trade_fee", "member", "retail"), TABLE)
def test_taker_fill_costs_what_the_venue_says(qty: int, price: int, trade_fee: int, member: int, retail: int) -> None:
    rule = QuadraticFee()
    assert rule.fee(RAIN, price, qty, True) == trade_fee
    assert OrderFees(rule, RAIN, MEMBER).fee(fix.BUY, price, qty, True) == member
    assert OrderFees(rule, RAIN, RETAIL).fee(fix.BUY, price, qty, True) == retail


def test_fee_is_the_same_for_yes_and_no() -> None:
    rule = QuadraticFee()
    assert [rule.fee(RAIN, price, 137, True) for price in range(1, 10_000)] == [
        rule.fee(RAIN, 10_000 - price, 137, True) for price in range(1, 10_000)
    ]


def test_maker_pays_nothing_unless_the_fee_type_says_so() -> None:
    assert QuadraticFee().fee(RAIN, 5000, 100, False) == 0
    assert QuadraticFee(maker_percent=25).fee(RAIN, 5000, 100, False) == 4_375
    assert QuadraticFee(maker_percent=50).fee(RAIN, 5000, 100, False) == 8_750


def test_multiplier_scales_and_rounds_up_once() -> None:
    assert QuadraticFee(500).fee(RAIN, 5000, 100, True) == 8_750
    assert QuadraticFee(500).fee(RAIN, 4150, 1, True) == 85  # 84.97125


def test_rounding_of_many_fills_is_paid_back_in_whole_units() -> None:
    fees = OrderFees(QuadraticFee(), RAIN, RETAIL)
    assert [fees.fee(fix.BUY, 5000, 100, True) for _ in range(4)] == [20_000, 20_000, 20_000, 10_000]


def test_rebate_never_makes_a_fee_negative() -> None:
    fees = OrderFees(QuadraticFee(), RAIN, RETAIL)
    charged = [fees.fee(fix.BUY, price, qty, taker) for price, qty, taker in [(3300, 1, True), (100, 1, False)] * 50]
    assert min(charged) >= 0


def market(price_decimals: int, size_decimals: int) -> Instrument:
    bands = [PriceBand(0, 10**price_decimals, 1)]
    return Instrument("RAIN", 0, bands, price_decimals=price_decimals, size_decimals=size_decimals)


@pytest.mark.parametrize(
    ("price_decimals", "size_decimals", "fee"),
    [(2, 2, 175), (2, 0, 2), (4, 2, 17_500), (4, 4, 1_750_000), (2, 4, 17_500), (3, 0, 18), (6, 3, 17_500_000)],
)
def test_contract_at_fifty_cents_costs_the_same_dollars_in_every_unit(
    price_decimals: int, size_decimals: int, fee: int
) -> None:
    instrument = market(price_decimals, size_decimals)
    price, qty = instrument.parse_price("0.5"), instrument.parse_size("1")
    assert QuadraticFee().fee(instrument, price, qty, True) == fee


def test_finer_money_is_still_rounded_up_to_the_millionth() -> None:
    fine = market(4, 4)  # 0.01 contract at 0.4150 is 0.0001699425 dollars
    assert QuadraticFee().fee(fine, 4150, 100, True) == 17_000
    assert QuadraticFee().fee(RAIN, 4150, 1, True) == 170


@pytest.mark.parametrize(("decimals", "charged"), [(MEMBER, 175), (RETAIL, 200)])
def test_order_of_two_decimals_is_charged_at_the_precision_of_its_account(decimals: int, charged: int) -> None:
    cents = market(2, 2)
    assert OrderFees(QuadraticFee(), cents, decimals).fee(fix.BUY, 50, 100, True) == charged


def test_account_finer_than_the_money_pays_whole_units() -> None:
    fees = OrderFees(QuadraticFee(), market(2, 0), MEMBER)
    assert [fees.fee(fix.BUY, 50, 1, True) for _ in range(3)] == [2, 2, 2]


def test_engine_charges_a_fill_without_a_fee_by_its_market() -> None:
    orders = Orders("F", QuadraticFee().fee)
    order = orders.open(market(2, 2), fix.BUY, 50, 100, "2", "1", False, 0, 1)
    change = orders.apply(fill(order, 100, "E1", 50, fee=ABSENT, is_taker=True))
    assert (change.last_qty, change.fee) == (100, 175)


def test_one_rule_serves_markets_of_other_units_in_turn() -> None:
    rule = QuadraticFee()
    fine = Instrument("FINE", 0, [PriceBand(0, 10_000, 1)], price_decimals=4)
    coarse = Instrument("COARSE", 0, [PriceBand(0, 100, 1)], price_decimals=2)
    half = [(fine, 5_000), (coarse, 50), (fine, 5_000)]
    assert [rule.fee(instrument, price, 100, True) for instrument, price in half] == [17_500, 175, 17_500]
