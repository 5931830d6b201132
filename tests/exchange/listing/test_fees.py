"""Fees as the fact page tabulates them: types, multipliers, overrides, waivers, and both account precisions."""

import pytest

from engine import fix
from engine.exchange.ledger.terms import charged
from engine.exchange.listing.grids import bands_of
from engine.exchange.listing.records import SeriesRecord
from engine.exchange.market import RestingOrder
from tests.support.sim.marketplace import Bazaar
from tests.support.sim.venue import SECOND_NS

B, S = fix.BUY, fix.SELL

TABLE = [  # contracts in hundredths, price, net fee of a direct member and of another in 10^-6 dollars
    (100, 5000, 17_500, 20_000),
    (1000, 5000, 175_000, 180_000),
    (10_000, 5000, 1_750_000, 1_750_000),
    (100, 1000, 6_300, 10_000),
    (10_000, 500, 332_500, 340_000),
    (2500, 4150, 424_900, 425_000),
    (1200, 4300, 205_900, 210_000),
    (300, 550, 11_000, 15_000),
    (30, 5000, 5_300, 10_000),
]


@pytest.mark.parametrize(("qty", "price", "direct", "other"), TABLE)
def test_net_fee_of_one_fill(qty: int, price: int, direct: int, other: int) -> None:
    bazaar = Bazaar()
    bazaar.add("D", label="deci_cent", bands=bands_of("deci_cent"))
    bazaar.place.ledger.open("w", precision=10_000)
    for account in "wy":
        bazaar.place.ledger.deposit(account, 0, 10**9, bazaar.now_ns)
    for account, fee in (("x", direct), ("w", other)):
        bazaar.new("y", S, qty, price, symbol="D")
        bazaar.new(account, B, qty, price, symbol="D")
        taker, maker = bazaar.fills()
        assert (taker.fee, maker.fee) == (fee, 0)


FEES = [
    ("quadratic", 1000, 168_000, 0),
    ("quadratic", 500, 84_000, 0),
    ("quadratic_with_maker_fees", 1000, 168_000, 42_000),
    ("quadratic_with_combo_maker_fees", 1000, 168_000, 84_000),
    ("flat", 1000, 84_000, 0),
    ("something_new", 1000, 168_000, 42_000),
]


@pytest.mark.parametrize(("fee_type", "milli", "taker", "maker"), FEES)
def test_fee_type_and_multiplier(fee_type: str, milli: int, taker: int, maker: int) -> None:
    bazaar = Bazaar(SeriesRecord(ticker="S", fee_type=fee_type, multiplier_milli=milli))
    bazaar.new("y", S, 1000, 4000)
    bazaar.new("x", B, 1000, 4000)
    assert [fill.fee for fill in bazaar.fills()] == [taker, maker]
    record = bazaar.place.ledger.orders("x")[0]
    assert (record.taker_fees, record.maker_fees, record.taker_cost) == (taker, 0, 4_000_000)


def test_event_overrides_its_series() -> None:
    bazaar = Bazaar()
    event = bazaar.place.listing.events["E"]
    event.fee_type, event.multiplier_milli = "quadratic_with_maker_fees", 2000
    bazaar.new("y", S, 1000, 4000)
    bazaar.new("x", B, 1000, 4000)
    assert [fill.fee for fill in bazaar.fills()] == [336_000, 84_000]


def test_waiver_holds_until_its_time() -> None:
    bazaar = Bazaar()
    bazaar.place.listing.markets["A"].fee_waiver_ns = bazaar.now_ns + SECOND_NS
    bazaar.new("y", S, 1000, 4000)
    bazaar.new("x", B, 500, 4000)
    assert [fill.fee for fill in bazaar.fills()] == [0, 0]
    bazaar.now_ns += SECOND_NS
    bazaar.new("x", B, 500, 4000)
    assert [fill.fee for fill in bazaar.fills()] == [84_000, 0]


def test_rounding_comes_back_once_it_adds_up_to_a_unit() -> None:
    order = RestingOrder(1, "x", "A", B, 5000, 300)
    # three fills of one contract at 0.50: 0.017512 each, which 0.000088 rounds up to 0.0176
    assert [charged(order, 17_512, -500_000, 100) for _ in range(3)] == [17_600, 17_500, 17_500]
    assert order.fee_rest == 3 * 88 - 200


def test_rebate_never_makes_a_fee_negative() -> None:
    order = RestingOrder(1, "x", "A", B, 4150, 300)
    assert [charged(order, 0, -4_150, 10_000) for _ in range(3)] == [5_850] * 3
