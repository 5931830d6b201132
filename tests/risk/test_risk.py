"""What one order may be: quantity, price, the book, our own orders; every limit at, below and above its bound."""

from typing import Any

import pytest

from engine.book import NO_ASK, NO_BID, Book
from engine.errors import ConfigError
from engine.fix import BUY, SELL, Msg, Status
from engine.instrument import Instrument
from engine.portfolio import Portfolio
from engine.risk import Exposure, Risk, RiskReject
from engine.risk.limits import RateLimit
from engine.units import NO_LIMIT
from tests.support.risks import NO_LIMITS, NOW, Desk, FakeBook, markets, with_book, with_open

NONE = RiskReject.NONE


# One order


def bound(limit: str, value: int, side: int, price: int, qty: int, code: RiskReject) -> Any:
    """An order at its limit, and what the same order answers where the limit is one higher and one lower."""
    return pytest.param(limit, value, side, price, qty, code, id=f"{limit} {'buy' if side == BUY else 'sell'}")


@pytest.mark.parametrize(
    ("limit", "value", "side", "price", "qty", "code"),
    [
        bound("max_order_qty", 100, BUY, 4_500, 100, RiskReject.MAX_ORDER_QTY),
        bound("max_order_notional", 450_000, BUY, 4_500, 100, RiskReject.MAX_ORDER_NOTIONAL),
        bound("max_order_notional", 450_000, SELL, 4_500, 100, RiskReject.MAX_ORDER_NOTIONAL),
        bound("max_order_cost", 450_000, BUY, 4_500, 100, RiskReject.MAX_ORDER_COST),
        bound("max_order_cost", 550_000, SELL, 4_500, 100, RiskReject.MAX_ORDER_COST),
        bound("collar_opposite", 300, BUY, 4_900, 1, RiskReject.PRICE_COLLAR),
        bound("collar_opposite", 300, SELL, 4_200, 1, RiskReject.PRICE_COLLAR),
        bound("collar_own", 400, BUY, 4_900, 1, RiskReject.PRICE_COLLAR),
        bound("collar_own", 400, SELL, 4_200, 1, RiskReject.PRICE_COLLAR),
        bound("max_position", 100, BUY, 4_500, 100, RiskReject.MAX_POSITION),
        bound("max_position", 100, SELL, 4_500, 100, RiskReject.MAX_POSITION),
        bound("max_event_position", 100, BUY, 4_500, 100, RiskReject.MAX_EVENT_POSITION),
        bound("max_gross_position", 100, SELL, 4_500, 100, RiskReject.MAX_GROSS_POSITION),
        bound("max_open_orders", 1, BUY, 4_500, 1, RiskReject.MAX_OPEN_ORDERS),
        bound("max_open_cost", 450_000, BUY, 4_500, 100, RiskReject.MAX_OPEN_COST),
        bound("max_open_cost", 550_000, SELL, 4_500, 100, RiskReject.MAX_OPEN_COST),
    ],
)
def test_limit_holds_at_its_bound(limit: str, value: int, side: int, price: int, qty: int, code: RiskReject) -> None:
    assert Desk(**{limit: value + 1}).new(side, price, qty) is NONE
    assert Desk(**{limit: value}).new(side, price, qty) is NONE
    assert Desk(**{limit: value - 1}).new(side, price, qty) is code


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (-100, RiskReject.PRICE_BAND),
        (0, RiskReject.PRICE_BAND),
        (99, RiskReject.PRICE_GRID),
        (100, NONE),
        (101, RiskReject.PRICE_GRID),
        (9_899, RiskReject.PRICE_GRID),
        (9_900, NONE),
        (9_901, RiskReject.PRICE_GRID),
        (10_000, RiskReject.PRICE_BAND),
        (10_100, RiskReject.PRICE_BAND),
        (2**63 - 1, RiskReject.PRICE_BAND),
        (-(2**63), RiskReject.PRICE_BAND),
    ],
)
def test_price_outside_band_or_grid_is_denied(price: int, code: RiskReject) -> None:
    assert Desk().new(BUY, price, 1) is code
    assert Desk().new(SELL, price, 1) is code


def test_grid_is_the_one_that_the_market_has_now() -> None:
    desk = Desk()
    assert desk.new(BUY, 960, 1, desk.coin) is NONE
    assert desk.new(BUY, 1_050, 1, desk.coin) is RiskReject.PRICE_GRID
    desk.coin.grid = desk.rain.grid
    assert desk.new(BUY, 960, 1, desk.coin) is RiskReject.PRICE_GRID


def test_market_without_payout_takes_any_price_above_zero() -> None:
    desk = Desk((Instrument("TOKEN", 0, None), *markets()[1:]), max_order_cost=4_551)
    assert desk.new(SELL, 4_551, 1) is NONE
    assert desk.new(SELL, 4_552, 1) is RiskReject.MAX_ORDER_COST
    assert desk.new(BUY, 0, 1) is RiskReject.PRICE_BAND


@pytest.mark.parametrize("qty", [-1, 0, -(2**63)])
def test_quantity_that_is_none_is_denied(qty: int) -> None:
    assert Desk().new(BUY, 4_500, qty) is RiskReject.QTY


@pytest.mark.parametrize("qty", [NO_LIMIT // 4_500 + 1, NO_LIMIT, 2**63 - 1])
def test_product_that_cannot_be_counted_is_denied_without_limits(qty: int) -> None:
    assert Desk().new(BUY, 4_500, qty) in (RiskReject.MAX_ORDER_QTY, RiskReject.MAX_ORDER_NOTIONAL)


# The book


@pytest.mark.parametrize(("age_ns", "code"), [(999, NONE), (1_000, NONE), (1_001, RiskReject.BOOK_OLD)])
def test_book_age_holds_at_its_bound(age_ns: int, code: RiskReject) -> None:
    assert with_book(FakeBook(), NOW - age_ns, max_book_age_ns=1_000) is code


def test_m3_a_book_that_has_not_moved_is_as_old_as_its_feed() -> None:
    desk = Desk(max_book_age_ns=1_000)
    desk.book = book = Book(desk.rain)
    book.snapshot([(4_500, 1)], [(4_600, 1)])
    book.updated_ns = 0
    assert desk.new(BUY, 4_500, 1) is NONE
    book.updated_ns, desk.risk.heard_ns = NOW, NOW - 1_001  # a stamp does not make a silent feed any younger
    assert desk.new(BUY, 4_500, 1) is RiskReject.BOOK_OLD


def test_crossed_book_passes_where_it_is_allowed() -> None:
    assert with_book(FakeBook(4_600, 4_500), allow_crossed_book=True) is NONE


def test_empty_book_passes_without_collar() -> None:
    assert with_book(FakeBook(NO_BID, NO_ASK)) is NONE


def test_book_before_its_first_snapshot_is_stale() -> None:
    assert with_book(Book(markets()[0])) is RiskReject.BOOK_STALE


@pytest.mark.parametrize(
    ("book", "side", "price", "code"),
    [
        (FakeBook(best_ask=NO_ASK), BUY, 4_600, NONE),
        (FakeBook(best_ask=NO_ASK), BUY, 4_700, RiskReject.PRICE_COLLAR),
        (FakeBook(best_bid=NO_BID), BUY, 4_700, NONE),
        (FakeBook(best_bid=NO_BID), BUY, 4_800, RiskReject.PRICE_COLLAR),
        (FakeBook(best_bid=NO_BID), SELL, 4_500, NONE),
        (FakeBook(best_bid=NO_BID), SELL, 4_400, RiskReject.PRICE_COLLAR),
        (FakeBook(best_ask=NO_ASK), SELL, 4_400, NONE),
        (FakeBook(best_ask=NO_ASK), SELL, 4_300, RiskReject.PRICE_COLLAR),
    ],
)
def test_best_of_the_side_that_is_there_stands_in_for_the_other(
    book: FakeBook, side: int, price: int, code: RiskReject
) -> None:
    desk = Desk(collar_opposite=100)
    desk.book = book
    assert desk.new(side, price, 1) is code


@pytest.mark.parametrize(("side", "price"), [(BUY, 100), (SELL, 9_900)])
def test_collar_lets_prices_away_from_the_book_pass(side: int, price: int) -> None:
    assert Desk(collar_opposite=0, collar_own=0).new(side, price, 1) is NONE


# Self-match


@pytest.mark.parametrize(
    ("ours", "side", "price", "code"),
    [
        (SELL, BUY, 4_600, NONE),
        (SELL, BUY, 4_700, RiskReject.SELF_MATCH),
        (SELL, BUY, 4_800, RiskReject.SELF_MATCH),
        (SELL, SELL, 4_700, NONE),
        (BUY, SELL, 4_800, NONE),
        (BUY, SELL, 4_700, RiskReject.SELF_MATCH),
        (BUY, SELL, 4_600, RiskReject.SELF_MATCH),
        (BUY, BUY, 4_700, NONE),
    ],
)
def test_order_that_would_meet_ours_is_denied(ours: int, side: int, price: int, code: RiskReject) -> None:
    assert with_open(ours, 4_700, 1, side, price, 1) is code


def test_order_in_another_market_is_not_met() -> None:
    desk = Desk()
    desk.open(SELL, 4_700, 1)
    assert desk.new(BUY, 4_800, 1, desk.snow) is NONE


@pytest.mark.parametrize("status", [Status.PENDING_NEW, Status.NEW, Status.UNKNOWN, Status.SUSPENDED])
def test_order_that_may_be_at_the_venue_is_met(status: str) -> None:
    desk = Desk()
    desk.told(desk.open(SELL, 4_700, 1, status=status), pending=Msg.ORDER_CANCEL_REQUEST)
    assert desk.new(BUY, 4_700, 1) is RiskReject.SELF_MATCH


def test_next_of_ours_is_met_when_the_best_has_left() -> None:
    desk = Desk()
    best = desk.open(SELL, 4_700, 1)
    desk.open(SELL, 4_900, 1)
    desk.told(best, ord_status=Status.CANCELED, leaves_qty=0)
    assert desk.new(BUY, 4_800, 1) is NONE
    assert desk.new(BUY, 4_900, 1) is RiskReject.SELF_MATCH


@pytest.mark.parametrize("pending_price", [4_700, 5_000])
def test_order_is_met_at_both_prices_of_a_replace(pending_price: int) -> None:
    desk = Desk()
    order = desk.open(SELL, 9_700 - pending_price, 1)  # 4_700 and 5_000, either way round
    desk.told(order, pending=Msg.ORDER_CANCEL_REPLACE_REQUEST, pending_price=pending_price, pending_qty=1)
    assert desk.new(BUY, 4_600, 1) is NONE
    assert desk.new(BUY, 4_700, 1) is RiskReject.SELF_MATCH


# What cannot be built


def test_restricted_stranger_is_an_error() -> None:
    with pytest.raises(ConfigError, match="restricted names no market of ours: SUN"):
        Desk(restricted=("RAIN", "SUN"))


def test_markets_out_of_order_are_an_error() -> None:
    with pytest.raises(ConfigError, match="order of their index"):
        Risk(NO_LIMITS, markets()[::-1], Portfolio(markets()))


def test_markets_of_different_units_are_an_error() -> None:
    with pytest.raises(ConfigError, match="must share price_decimals"):
        Exposure([Instrument("A", 0, None), Instrument("B", 1, None, price_decimals=2)], Portfolio([]))


def test_burst_without_room_for_one_order_is_an_error() -> None:
    RateLimit(per_second=1, burst=30, new=10, amend=10, cancel=2, cancel_reserve=20)
    with pytest.raises(ConfigError, match="nothing would ever pass"):
        RateLimit(per_second=1, burst=29, new=10, amend=10, cancel=2, cancel_reserve=20)


def test_reserve_leaves_a_smaller_bucket_room_for_one_request() -> None:
    rate = RateLimit(per_second=100, burst=300, new=10, amend=12, cancel=2, cancel_reserve=256)
    desk = Desk(rate=rate)
    risk, bucket = desk.risk, desk.risk.rate
    assert bucket is not None

    def sent() -> int:
        """Send orders until none passes."""
        count = 0
        while desk.new(BUY, 4_500, 1) is NONE:
            count += 1
        return count

    assert sent() == 4  # 256 of 300 are kept
    bucket.change(100, 40, NOW)
    bucket.change(100, 100, NOW)
    risk.leave_room(100)
    assert (sent(), bucket.available(NOW)) == (0, 60)  # what was spent stays spent, and 88 are kept
    risk.leave_room(300)
    bucket.change(100, 300, NOW)
    assert sent() == 0 and bucket.available(NOW) == 260
    risk.leave_room(5)  # not even room for one: nothing is kept
    assert sent() == 26
