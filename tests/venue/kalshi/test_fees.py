"""Kalshi's fee formula and rounding, against the venue's published examples."""

import random
from collections.abc import Callable

import pytest

from engine import fix
from engine.errors import ConfigError
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ABSENT
from engine.risk.fee_bound import FeeBound
from engine.risk.fee_terms import FeeTerms, SeriesFees
from engine.venue.kalshi.fees import KalshiFees, QuadraticFee
from tests.support.order_reports import fill

RAIN = Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)])
MEMBER, RETAIL = 4, 2  # decimals of an account


class OrderFees:
    """What one order of an account is charged, fill by fill."""

    def __init__(self, instrument: Instrument, decimals: int, side: int = fix.BUY) -> None:
        self.rule = KalshiFees(FeeTerms(account_decimals=decimals))
        self.order = Order("A-1", instrument, side, 1, 1)

    def fee(self, price: int, qty: int, is_taker: bool) -> int:
        return self.rule.charge(self.order, price, qty, is_taker)


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
    assert OrderFees(RAIN, MEMBER).fee(price, qty, True) == member
    assert OrderFees(RAIN, RETAIL).fee(price, qty, True) == retail


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
    fees = OrderFees(RAIN, RETAIL)
    assert [fees.fee(5000, 100, True) for _ in range(4)] == [20_000, 20_000, 20_000, 10_000]


def test_rebate_never_makes_a_fee_negative() -> None:
    fees = OrderFees(RAIN, RETAIL)
    charged = [fees.fee(price, qty, taker) for price, qty, taker in [(3300, 1, True), (100, 1, False)] * 50]
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
    assert OrderFees(cents, decimals).fee(50, 100, True) == charged


def test_account_finer_than_the_money_pays_whole_units() -> None:
    fees = OrderFees(market(2, 0), MEMBER)
    assert [fees.fee(50, 1, True) for _ in range(3)] == [2, 2, 2]


def test_engine_charges_a_fill_without_a_fee_by_its_market() -> None:
    orders = Orders("F", KalshiFees(FeeTerms()).charge)
    order = orders.open(market(2, 2), fix.BUY, 50, 100, "2", "1", False, 0, 1)
    change = orders.apply(fill(order, 100, "E1", 50, fee=ABSENT, is_taker=True))
    assert (change.last_qty, change.fee) == (100, 175)


def test_one_rule_serves_markets_of_other_units_in_turn() -> None:
    rule = QuadraticFee()
    fine = Instrument("FINE", 0, [PriceBand(0, 10_000, 1)], price_decimals=4)
    coarse = Instrument("COARSE", 0, [PriceBand(0, 100, 1)], price_decimals=2)
    half = [(fine, 5_000), (coarse, 50), (fine, 5_000)]
    assert [rule.fee(instrument, price, 100, True) for instrument, price in half] == [17_500, 175, 17_500]


# M14: what the configuration says, and the bound that risk adds


def test_m14_series_has_its_own_maker_fee_and_multiplier() -> None:
    terms = FeeTerms(
        maker_percent=50,
        series=(
            SeriesFees(prefix="KXBTC", maker_percent=25),
            SeriesFees(prefix="KXBTCD", multiplier_milli=500),
        ),
    )
    rule = KalshiFees(terms)
    named = {name: Instrument(name, 0, [PriceBand(0, 10_000, 100)]) for name in ("KXBTC-1", "KXBTCD-1", "KXRAIN-1")}
    fees = {name: [rule.fee(each, 5_000, 100, is_taker) for is_taker in (True, False)] for name, each in named.items()}
    assert fees == {"KXBTC-1": [17_500, 4_375], "KXBTCD-1": [8_750, 0], "KXRAIN-1": [17_500, 8_750]}
    other = Instrument("T-1", 0, [PriceBand(0, 10_000, 100)], event="KXBTC-26")
    assert rule.fee(other, 5_000, 100, False) == 4_375


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: FeeTerms(maker_percent=101), "maker_percent must be 0 to 100"),
        (lambda: SeriesFees(prefix="A", maker_percent=101), "maker_percent must be 0 to 100"),
        (lambda: SeriesFees(prefix=""), "prefix must not be empty"),
        (lambda: FeeTerms(account_decimals=10), "account_decimals must be 0 to 9"),
        (lambda: FeeTerms(series=(SeriesFees(prefix="A"), SeriesFees(prefix="A"))), "series has A twice"),
    ],
)
def test_terms_that_cannot_be_are_refused(wrong: Callable[[], object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        wrong()


@pytest.mark.parametrize("account_decimals", [MEMBER, RETAIL])
@pytest.mark.parametrize(("price_decimals", "size_decimals"), [(2, 0), (2, 2), (4, 2), (4, 4), (6, 3)])
def test_m14_no_split_of_an_order_costs_more_than_the_bound(
    price_decimals: int, size_decimals: int, account_decimals: int
) -> None:
    instrument = market(price_decimals, size_decimals)
    limit, contract = instrument.limit, 10**size_decimals
    rule = KalshiFees(FeeTerms(account_decimals=account_decimals, multiplier_milli=1_300, maker_percent=25))
    per_lot, rate, unit, per_order = rule.bound(instrument).fitted(limit)
    source = random.Random(price_decimals * 10 + size_decimals)
    for _ in range(200):
        price = source.randrange(1, 100) * (limit // 100)
        order = Order("A-1", instrument, source.choice((fix.BUY, fix.SELL)), price, 1)
        fills = [source.randint(1, 9) * contract for _ in range(source.randint(1, 6))]
        charged = sum(rule.charge(order, price, qty, source.random() < 0.8) for qty in fills)
        most = sum(fills) * (per_lot - (-rate * price * (limit - price) // unit)) + per_order
        assert charged <= most <= charged * 100 + sum(fills) + per_order + 10**6 * contract


def test_bound_of_a_whole_order_is_near_its_fee() -> None:
    rule = KalshiFees(FeeTerms())
    per_lot, rate, unit, per_order = rule.bound(RAIN).fitted(RAIN.limit)
    assert (per_lot, per_order) == (0, 99)
    for price in range(100, 10_000, 100):
        bound = 10_000 * -(-rate * price * (10_000 - price) // unit)
        assert 0 <= bound - rule.fee(RAIN, price, 10_000, True) < 10_000


def test_bound_of_fine_prices_stays_in_64_bits_and_no_lower() -> None:
    whole = FeeBound(0, 7 * 10**12, 10**20)
    fitted = whole.fitted(10**9)
    assert fitted.rate * (10**9 // 2) ** 2 < 2**62
    assert fitted.rate * whole.unit >= whole.rate * fitted.unit
    assert fitted.rate * whole.unit < 1.1 * whole.rate * fitted.unit
    assert FeeBound(3, 7, 10, 5).fitted(0) == FeeBound(3, 0, 10, 5)
