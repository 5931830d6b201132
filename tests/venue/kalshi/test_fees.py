"""Kalshi's fee formula and rounding, against the venue's published examples."""

import pytest

from engine import fix
from engine.venue.kalshi.fees import MEMBER, RETAIL, OrderFees, QuadraticFee

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
    assert rule.fee(price, qty, True) == trade_fee
    assert OrderFees(rule, MEMBER).fee(fix.BUY, price, qty, True) == member
    assert OrderFees(rule, RETAIL).fee(fix.BUY, price, qty, True) == retail


def test_fee_is_the_same_for_yes_and_no() -> None:
    rule = QuadraticFee()
    assert [rule.fee(price, 137, True) for price in range(1, 10_000)] == [
        rule.fee(10_000 - price, 137, True) for price in range(1, 10_000)
    ]


def test_maker_pays_nothing_unless_the_fee_type_says_so() -> None:
    assert QuadraticFee().fee(5000, 100, False) == 0
    assert QuadraticFee(maker_percent=25).fee(5000, 100, False) == 4_375
    assert QuadraticFee(maker_percent=50).fee(5000, 100, False) == 8_750


def test_multiplier_scales_and_rounds_up_once() -> None:
    assert QuadraticFee(500).fee(5000, 100, True) == 8_750
    assert QuadraticFee(500).fee(4150, 1, True) == 85  # 84.97125


def test_rounding_of_many_fills_is_paid_back_in_whole_units() -> None:
    fees = OrderFees(QuadraticFee(), RETAIL)
    assert [fees.fee(fix.BUY, 5000, 100, True) for _ in range(4)] == [20_000, 20_000, 20_000, 10_000]


def test_rebate_never_makes_a_fee_negative() -> None:
    fees = OrderFees(QuadraticFee(), RETAIL)
    charged = [fees.fee(fix.BUY, price, qty, taker) for price, qty, taker in [(3300, 1, True), (100, 1, False)] * 50]
    assert min(charged) >= 0
