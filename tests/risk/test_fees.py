"""Fees in what an order costs at most."""

import pytest
from msgspec import structs

from engine import fix
from engine.orders.order import Order, restore_fields
from engine.portfolio import Portfolio
from engine.risk import Risk, RiskReject
from engine.risk.fee_bound import NO_FEE, FeeBound
from engine.risk.fee_terms import FeeTerms
from engine.venue.kalshi.fees import KalshiFees
from tests.support.risks import NO_LIMITS, NOW, FakeBook, markets

LOT = 100
CENT = 10_000  # in money
FEES = KalshiFees(FeeTerms(account_decimals=2))


def code_of(price: int, side: int = fix.BUY, **limits: int) -> RiskReject:
    """What becomes of an order for one contract."""
    instruments = markets()
    risk = Risk(
        structs.replace(NO_LIMITS, **limits),
        instruments,
        Portfolio(instruments),
        [FEES.bound(each) for each in instruments],
    )
    risk.heard_ns = NOW
    return RiskReject(risk.check_new(instruments[0], side, price, LOT, fix.Type.LIMIT, FakeBook(), NOW))  # type: ignore[call-arg]


def test_m14_fee_and_rounding_count_against_the_cost_of_an_order_and_of_all() -> None:
    # 0.50 and 7 % of 0.50 * 0.50, then what the rounding of the account can add: less than a cent
    most = 50 * CENT + 17_500 + CENT - 1
    for name, code in (("max_order_cost", RiskReject.MAX_ORDER_COST), ("max_open_cost", RiskReject.MAX_OPEN_COST)):
        assert code_of(5_000, **{name: most}) == RiskReject.NONE
        assert code_of(5_000, **{name: most - 1}) == code
        assert code_of(5_000, side=fix.SELL, **{name: most - 1}) == code


def test_m14_fee_is_that_of_the_price() -> None:
    # 7 % of 0.01 * 0.99 rounded up for each hundredth of a contract, however they are split
    assert code_of(100, max_order_cost=CENT + 700 + CENT - 1) == RiskReject.NONE
    assert code_of(100, max_order_cost=CENT + 700 + CENT - 2) == RiskReject.MAX_ORDER_COST


def test_notional_has_no_fee() -> None:
    assert code_of(5_000, max_order_notional=50 * CENT) == RiskReject.NONE


def test_m14_open_order_counts_with_its_fee_until_it_is_over() -> None:
    instruments = markets()
    bounds = [FeeBound(per_lot=2, per_order=5), NO_FEE, NO_FEE]
    risk = Risk(NO_LIMITS, instruments, Portfolio(instruments), bounds)
    order = Order("A1", instruments[0], fix.BUY, 4_500, 10)
    restore_fields(order, ord_status=fix.Status.NEW)
    risk.update(order)
    assert risk.exposure.open_cost == 10 * 4_502 + 5
    restore_fields(order, ord_status=fix.Status.CANCELED, leaves_qty=0)
    risk.update(order)
    assert risk.exposure.open_cost == 0


@pytest.mark.parametrize("limit", [10, 10_000, 10**9, 10**10, 10**15])
@pytest.mark.parametrize("bound", [
    FeeBound(0, 7 * 10**5, 10**11), FeeBound(3, 1, 3, 9_999), FeeBound(0, 10**18, 7), FeeBound(0, 2**70, 1),
    FeeBound(2**70, 0, 1, 2**70), FeeBound(0, 2**90, 3**50),
])  # fmt: skip
def test_m14_bound_of_any_fee_fits_and_is_no_lower(bound: FeeBound, limit: int) -> None:
    fitted = bound.fitted(limit)
    assert fitted.rate * (limit // 2 + 1) ** 2 + fitted.unit < 2**63 and max(fitted) < 2**63
    for price in (1, limit // 3, limit // 2, limit - 1):
        product = price * (limit - price)
        was, now = (each.per_lot + -(-each.rate * product // each.unit) for each in (bound, fitted))
        assert now >= min(was, 2**61)
