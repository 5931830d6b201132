"""Pre-trade risk: every limit at, below and above its bound, every code, the kill switch, and what counts."""

import pytest
from risks import NO_LIMITS, NOW, Desk, FakeBook, markets

from engine.book import NO_ASK, NO_BID, Book
from engine.errors import ConfigError, OrderError
from engine.fix import BUY, SELL, Msg, Status, Type
from engine.instrument import Instrument, PriceBand
from engine.limits import NO_LIMIT, DuplicateLimit, RateLimit
from engine.position import Position
from engine.risk import Exposure, Risk, RiskReject, TradingState

NONE = RiskReject.NONE
RATE = RateLimit(per_second=100, burst=60, new=10, amend=10, cancel=2, cancel_reserve=20)


def stopped_out():
    desk = Desk(max_daily_loss=99)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "so that the loss does not halt")
    desk.fill(BUY, 1, fee=100)
    desk.risk.set_state(TradingState.ACTIVE, "again")
    return desk.new(BUY, 4_500, 1)


def with_state(state, *order):
    desk = Desk()
    desk.risk.set_state(state, "test")
    return desk.new(*order)


def with_book(book, **limits):
    desk = Desk(**limits)
    desk.book = book
    return desk.new(BUY, 4_500, 1)


def with_stranger():
    return Desk().new(BUY, 4_500, 1, Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)]))


def with_closed_market():
    desk = Desk()
    desk.risk.set_open(desk.rain, False)
    return desk.new(BUY, 4_500, 1)


def with_open(side, price, qty, *order, **limits):
    desk = Desk(**limits)
    desk.open(side, price, qty)
    return desk.new(*order)


def twice(**limits):
    desk = Desk(**limits)
    assert desk.new(BUY, 4_500, 1) is NONE
    return desk.new(BUY, 4_500, 1)


DENIALS = {
    RiskReject.HALTED: lambda: with_state(TradingState.HALT, BUY, 4_500, 1),
    RiskReject.REDUCE_ONLY: lambda: with_state(TradingState.REDUCE_ONLY, BUY, 4_500, 1),
    RiskReject.DAILY_LOSS: stopped_out,
    RiskReject.UNKNOWN_MARKET: with_stranger,
    RiskReject.RESTRICTED: lambda: Desk(restricted=("RAIN",)).new(BUY, 4_500, 1),
    RiskReject.MARKET_CLOSED: with_closed_market,
    RiskReject.SIDE: lambda: Desk().new(3, 4_500, 1),
    RiskReject.ORD_TYPE: lambda: Desk().new(BUY, 4_500, 1, ord_type="3"),
    RiskReject.QTY: lambda: Desk().new(BUY, 4_500, 0),
    RiskReject.PRICE_BAND: lambda: Desk().new(BUY, 0, 1),
    RiskReject.PRICE_GRID: lambda: Desk().new(BUY, 4_550, 1),
    RiskReject.MAX_ORDER_QTY: lambda: Desk(max_order_qty=1).new(BUY, 4_500, 2),
    RiskReject.MAX_ORDER_NOTIONAL: lambda: Desk(max_order_notional=4_499).new(SELL, 4_500, 1),
    RiskReject.MAX_ORDER_COST: lambda: Desk(max_order_cost=5_499).new(SELL, 4_500, 1),
    RiskReject.BOOK_MISSING: lambda: with_book(None),
    RiskReject.BOOK_STALE: lambda: with_book(FakeBook(is_stale=True)),
    RiskReject.BOOK_CROSSED: lambda: with_book(FakeBook(4_600, 4_500)),
    RiskReject.BOOK_OLD: lambda: with_book(FakeBook(updated_ns=NOW - 2), max_book_age_ns=1),
    RiskReject.BOOK_EMPTY: lambda: with_book(FakeBook(NO_BID, NO_ASK), collar_own=1),
    RiskReject.PRICE_COLLAR: lambda: with_book(FakeBook(4_300, 4_400), collar_opposite=99),
    RiskReject.SELF_MATCH: lambda: with_open(SELL, 4_500, 1, BUY, 4_500, 1),
    RiskReject.MAX_OPEN_ORDERS: lambda: with_open(BUY, 4_500, 1, BUY, 4_400, 1, max_open_orders=1),
    RiskReject.MAX_OPEN_COST: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_open_cost=8_999),
    RiskReject.MAX_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_position=1),
    RiskReject.MAX_EVENT_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_event_position=1),
    RiskReject.MAX_GROSS_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_gross_position=1),
    RiskReject.DUPLICATE: lambda: twice(duplicates=DuplicateLimit(max_orders=1, window_ns=1)),
    RiskReject.RATE: lambda: twice(
        rate=RateLimit(per_second=1, burst=1, new=1, amend=1, cancel=1, cancel_reserve=0),
    ),
}


@pytest.mark.parametrize("code", [code for code in RiskReject if code], ids=lambda code: code.name)
def test_every_code_has_a_request_that_it_denies(code):
    assert DENIALS[code]() is code


def test_every_code_says_something_to_a_person():
    assert len({code.text for code in RiskReject}) == len(RiskReject)


def test_order_within_no_limits_passes():
    assert Desk().new(BUY, 4_500, 1) is NONE
    assert Desk().new(SELL, 9_900, 10**12) is NONE
    assert Desk().new(BUY, 4_500, 1, ord_type=Type.MARKET) is NONE


# One order


def bound(limit, value, side, price, qty, code):
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
def test_limit_holds_at_its_bound(limit, value, side, price, qty, code):
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
def test_price_outside_band_or_grid_is_denied(price, code):
    assert Desk().new(BUY, price, 1) is code
    assert Desk().new(SELL, price, 1) is code


def test_grid_is_the_one_that_the_market_has_now():
    desk = Desk()
    assert desk.new(BUY, 960, 1, desk.coin) is NONE
    assert desk.new(BUY, 1_050, 1, desk.coin) is RiskReject.PRICE_GRID
    desk.coin.grid = desk.rain.grid
    assert desk.new(BUY, 960, 1, desk.coin) is RiskReject.PRICE_GRID


def test_market_without_payout_takes_any_price_above_zero():
    desk = Desk((Instrument("TOKEN", 0, None), *markets()[1:]), max_order_cost=4_551)
    assert desk.new(SELL, 4_551, 1) is NONE
    assert desk.new(SELL, 4_552, 1) is RiskReject.MAX_ORDER_COST
    assert desk.new(BUY, 0, 1) is RiskReject.PRICE_BAND


@pytest.mark.parametrize("qty", [-1, 0, -(2**63)])
def test_quantity_that_is_none_is_denied(qty):
    assert Desk().new(BUY, 4_500, qty) is RiskReject.QTY


@pytest.mark.parametrize("qty", [NO_LIMIT // 4_500 + 1, NO_LIMIT, 2**63 - 1])
def test_product_that_cannot_be_counted_is_denied_without_limits(qty):
    assert Desk().new(BUY, 4_500, qty) in (RiskReject.MAX_ORDER_QTY, RiskReject.MAX_ORDER_NOTIONAL)


# The book


@pytest.mark.parametrize(("age_ns", "code"), [(999, NONE), (1_000, NONE), (1_001, RiskReject.BOOK_OLD)])
def test_book_age_holds_at_its_bound(age_ns, code):
    assert with_book(FakeBook(updated_ns=NOW - age_ns), max_book_age_ns=1_000) is code


def test_crossed_book_passes_where_it_is_allowed():
    assert with_book(FakeBook(4_600, 4_500), allow_crossed_book=True) is NONE


def test_empty_book_passes_without_collar():
    assert with_book(FakeBook(NO_BID, NO_ASK)) is NONE


def test_book_before_its_first_snapshot_is_stale():
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
def test_best_of_the_side_that_is_there_stands_in_for_the_other(book, side, price, code):
    desk = Desk(collar_opposite=100)
    desk.book = book
    assert desk.new(side, price, 1) is code


@pytest.mark.parametrize(("side", "price"), [(BUY, 100), (SELL, 9_900)])
def test_collar_lets_prices_away_from_the_book_pass(side, price):
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
def test_order_that_would_meet_ours_is_denied(ours, side, price, code):
    assert with_open(ours, 4_700, 1, side, price, 1) is code


def test_order_in_another_market_is_not_met():
    desk = Desk()
    desk.open(SELL, 4_700, 1)
    assert desk.new(BUY, 4_800, 1, desk.snow) is NONE


@pytest.mark.parametrize("status", [Status.PENDING_NEW, Status.NEW, Status.UNKNOWN, Status.SUSPENDED])
def test_order_that_may_be_at_the_venue_is_met(status):
    desk = Desk()
    desk.told(desk.open(SELL, 4_700, 1, status=status), pending=Msg.ORDER_CANCEL_REQUEST)
    assert desk.new(BUY, 4_700, 1) is RiskReject.SELF_MATCH


def test_next_of_ours_is_met_when_the_best_has_left():
    desk = Desk()
    best = desk.open(SELL, 4_700, 1)
    desk.open(SELL, 4_900, 1)
    desk.told(best, ord_status=Status.CANCELED, leaves_qty=0)
    assert desk.new(BUY, 4_800, 1) is NONE
    assert desk.new(BUY, 4_900, 1) is RiskReject.SELF_MATCH


@pytest.mark.parametrize("pending_price", [4_700, 5_000])
def test_order_is_met_at_both_prices_of_a_replace(pending_price):
    desk = Desk()
    order = desk.open(SELL, 9_700 - pending_price, 1)  # 4_700 and 5_000, either way round
    desk.told(order, pending=Msg.ORDER_CANCEL_REPLACE_REQUEST, pending_price=pending_price, pending_qty=1)
    assert desk.new(BUY, 4_600, 1) is NONE
    assert desk.new(BUY, 4_700, 1) is RiskReject.SELF_MATCH


# Sums


@pytest.mark.parametrize(
    ("fill", "open_order", "order", "worst"),
    [
        ((BUY, 30), (BUY, 4_500, 20), (BUY, 4_500, 10), 60),  # long, longer
        ((SELL, 30), (SELL, 4_700, 20), (SELL, 4_700, 10), 60),
        ((BUY, 30), (SELL, 4_700, 20), (BUY, 4_500, 10), 40),  # our sale may never trade
        ((BUY, 30), (SELL, 4_700, 80), (SELL, 4_700, 10), 60),  # through zero
        ((SELL, 30), (BUY, 4_500, 80), (BUY, 4_500, 10), 60),
    ],
)
@pytest.mark.parametrize("limit", ["max_position", "max_event_position", "max_gross_position"])
def test_position_counts_fills_and_open_orders_at_their_worst(limit, fill, open_order, order, worst):
    for value, passes in (worst + 1, True), (worst, True), (worst - 1, False):
        desk = Desk(**{limit: value})
        desk.fill(*fill)
        desk.open(*open_order)
        assert (desk.new(*order) is NONE) is passes


def test_event_position_adds_its_markets_and_no_others():
    desk = Desk(max_event_position=100)
    desk.fill(BUY, 60, instrument=desk.rain)
    desk.fill(SELL, 60, instrument=desk.coin)
    assert desk.risk.exposure.event_position("WEATHER") == 60
    assert desk.new(SELL, 4_700, 40, desk.snow) is NONE
    assert desk.new(SELL, 4_700, 41, desk.snow) is RiskReject.MAX_EVENT_POSITION
    assert desk.new(SELL, 4_700, 40, desk.coin) is NONE


def test_gross_position_adds_all_markets():
    desk = Desk(max_gross_position=100)
    desk.fill(BUY, 60, instrument=desk.rain)
    desk.fill(SELL, 30, instrument=desk.coin)
    assert desk.risk.exposure.gross_position == 90
    assert desk.new(BUY, 4_500, 10, desk.snow) is NONE
    assert desk.new(BUY, 4_500, 11, desk.snow) is RiskReject.MAX_GROSS_POSITION


@pytest.mark.parametrize("limit", ["max_position", "max_event_position", "max_gross_position"])
def test_position_beyond_its_limit_may_shrink(limit):
    desk = Desk(**{limit: 50})
    desk.fill(BUY, 100)
    assert desk.new(SELL, 4_700, 100) is NONE
    assert desk.new(BUY, 4_500, 1) is not NONE


def test_sent_order_counts_at_once():
    desk = Desk(max_open_cost=10_000)
    assert desk.new(BUY, 4_500, 2) is NONE
    desk.open(BUY, 4_500, 2, status=Status.PENDING_NEW)
    assert (desk.risk.exposure.open_orders, desk.risk.exposure.open_cost) == (1, 9_000)
    assert desk.new(BUY, 1_000, 1) is NONE
    assert desk.new(BUY, 1_100, 1) is RiskReject.MAX_OPEN_COST


@pytest.mark.parametrize(
    "status", [Status.FILLED, Status.CANCELED, Status.REJECTED, Status.EXPIRED, Status.DONE_FOR_DAY]
)
def test_order_that_is_over_counts_for_nothing(status):
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=status, leaves_qty=0)
    desk.told(order)
    exposure = desk.risk.exposure
    assert (exposure.open_orders, exposure.open_cost, exposure.worst_position(desk.rain)) == (0, 0, 0)


def test_partial_fill_moves_from_open_to_position():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.PARTIALLY_FILLED, cum_qty=4, leaves_qty=6)
    desk.fill(BUY, 4, 4_500)
    exposure = desk.risk.exposure
    assert (exposure.position(desk.rain), exposure.worst_position(desk.rain)) == (4, 10)
    assert exposure.open_cost == 6 * 4_500


def test_unknown_order_counts_all_that_is_not_known_to_have_traded():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.UNKNOWN, cum_qty=4, leaves_qty=0)
    assert desk.risk.exposure.open_cost == 6 * 4_500


@pytest.mark.parametrize(("price", "qty", "worst"), [(4_600, 10, 46_000), (4_400, 10, 45_000), (4_400, 20, 88_000)])
def test_pending_replace_counts_the_worse_of_old_and_new(price, qty, worst):
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, pending=Msg.ORDER_CANCEL_REPLACE_REQUEST, pending_price=price, pending_qty=qty)
    assert desk.risk.exposure.open_cost == worst
    assert desk.risk.exposure.worst_position(desk.rain) == max(10, qty)
    desk.told(order, pending="", pending_price=0, pending_qty=0)
    assert desk.risk.exposure.open_cost == 45_000


def test_filled_order_with_an_open_replace_counts_what_the_replace_adds():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.FILLED, cum_qty=10, leaves_qty=0, pending_price=4_600, pending_qty=15)
    assert desk.risk.exposure.open_cost == 5 * 4_600
    assert desk.new(SELL, 4_600, 1) is RiskReject.SELF_MATCH


def test_filled_order_with_an_open_replace_stands_at_the_new_price_only():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.FILLED, cum_qty=10, leaves_qty=0, pending_price=4_400, pending_qty=15)
    assert desk.new(SELL, 4_500, 1) is NONE
    assert desk.new(SELL, 4_400, 1) is RiskReject.SELF_MATCH


def test_replace_down_to_what_has_filled_adds_nothing():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, cum_qty=6, leaves_qty=4, pending_price=4_900, pending_qty=6)
    assert desk.risk.exposure.open_cost == 4 * 4_500
    assert desk.new(SELL, 4_600, 1) is NONE


def test_order_of_an_unknown_market_is_an_error():
    desk, other = Desk(), Desk()
    order = other.open(BUY, 4_500, 1)
    with pytest.raises(OrderError, match="RAIN"):
        desk.risk.update(order)


def test_earlier_run_is_restored_without_profit_or_loss():
    desk = Desk()
    order = Desk(desk.instruments).open(SELL, 4_700, 7, status=Status.UNKNOWN)
    position = Position(desk.snow)
    position.fill(SELL, 3, 4_000, 12)
    position.fill(SELL, 4, 4_001, 12)
    desk.risk.restore([order], [Position(desk.rain), position])
    exposure = desk.risk.exposure
    exposure._check()
    assert (exposure.position(desk.snow), exposure.event_position("WEATHER"), exposure.pnl) == (-7, 14, 0)
    desk.risk.mark(desk.snow, 4_000, 4_100)
    assert exposure.pnl == -7 * 100


# Replace and cancel


@pytest.mark.parametrize(
    ("limit", "value", "price", "qty", "code"),
    [
        ("max_order_qty", 20, 4_500, 20, RiskReject.MAX_ORDER_QTY),
        ("max_order_notional", 90_000, 4_500, 20, RiskReject.MAX_ORDER_NOTIONAL),
        ("max_order_cost", 90_000, 4_500, 20, RiskReject.MAX_ORDER_COST),
        ("max_position", 20, 4_500, 20, RiskReject.MAX_POSITION),
        ("max_event_position", 20, 4_500, 20, RiskReject.MAX_EVENT_POSITION),
        ("max_gross_position", 20, 4_500, 20, RiskReject.MAX_GROSS_POSITION),
        ("max_open_cost", 90_000, 4_500, 20, RiskReject.MAX_OPEN_COST),
        ("max_open_cost", 46_000, 4_600, 10, RiskReject.MAX_OPEN_COST),
        ("collar_own", 100, 4_600, 10, RiskReject.PRICE_COLLAR),
    ],
)
def test_replace_is_held_by_what_it_grows_to(limit, value, price, qty, code):
    for spare, expected in (1, NONE), (0, NONE), (-1, code):
        desk = Desk(**{limit: value + spare})
        assert desk.replace(desk.open(BUY, 4_500, 10), price, qty) is expected


def test_replace_does_not_count_as_one_more_order():
    desk = Desk(max_open_orders=1)
    assert desk.replace(desk.open(BUY, 4_500, 10), 4_600, 20) is NONE


def test_replace_counts_only_what_is_left_to_trade():
    desk = Desk(max_position=20)
    order = desk.told(desk.open(BUY, 4_500, 10), cum_qty=4, leaves_qty=6, ord_status=Status.PARTIALLY_FILLED)
    desk.fill(BUY, 4, 4_500)
    assert desk.replace(order, 4_500, 20) is NONE
    assert desk.replace(order, 4_500, 21) is RiskReject.MAX_POSITION
    assert desk.replace(order, 4_600, 4) is RiskReject.QTY
    assert desk.replace(order, 4_500, 4) is RiskReject.QTY


def test_replace_while_limits_are_exceeded_may_only_shrink():
    desk = Desk(max_position=5, max_open_cost=5, max_order_qty=5)
    order = desk.open(BUY, 4_500, 10)
    assert desk.replace(order, 4_500, 9) is NONE
    assert desk.replace(order, 4_500, 11) is RiskReject.MAX_ORDER_QTY


@pytest.mark.parametrize("limit", ["max_open_cost", "max_position", "max_event_position", "max_gross_position"])
def test_replace_to_a_cheaper_price_passes_beyond_a_limit(limit):
    desk = Desk(**{limit: 5})
    order = desk.open(BUY, 4_500, 10)
    assert desk.replace(order, 4_400, 10) is NONE
    assert desk.replace(order, 4_600, 11) is not NONE


def test_taking_quantity_off_needs_no_book():
    desk = Desk(collar_own=0)
    order = desk.open(BUY, 4_500, 10)
    desk.book = None
    assert desk.replace(order, 4_500, 9) is NONE
    assert desk.replace(order, 4_400, 9) is RiskReject.BOOK_MISSING


def test_replace_into_one_of_ours_is_denied():
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.open(SELL, 4_700, 10)
    assert desk.replace(order, 4_600, 10) is NONE
    assert desk.replace(order, 4_700, 10) is RiskReject.SELF_MATCH


def test_replace_in_a_market_of_others_is_denied():
    assert Desk().replace(Desk().open(BUY, 4_500, 10), 4_500, 9) is RiskReject.UNKNOWN_MARKET


@pytest.mark.parametrize("state", TradingState)
def test_cancel_passes_in_every_state(state):
    desk = Desk(rate=RATE, restricted=("RAIN",), max_daily_loss=0)
    order = desk.open(BUY, 4_500, 10)
    desk.fill(BUY, 10, fee=1)
    desk.risk.set_open(desk.rain, False)
    desk.risk.set_state(state, "test")
    for _ in range(100):
        assert desk.risk.check_cancel(order, NOW) == NONE


# Rate


def test_new_orders_leave_the_reserve_to_cancels():
    desk = Desk(rate=RATE)
    codes = [desk.new(BUY, 4_500, 1) for _ in range(5)]
    assert codes == [NONE, NONE, NONE, NONE, RiskReject.RATE]
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + 99_999_999) is RiskReject.RATE
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + 100_000_000) is NONE


def test_amends_and_cancels_take_their_own_tokens():
    desk = Desk(rate=RATE)
    order = desk.open(BUY, 4_500, 10)
    for _ in range(10):
        desk.risk.check_cancel(order, NOW)
    codes = [desk.replace(order, 4_500, 9) for _ in range(3)]
    assert codes == [NONE, NONE, RiskReject.RATE]


def test_denied_order_takes_no_tokens_and_is_no_duplicate():
    desk = Desk(rate=RATE, duplicates=DuplicateLimit(max_orders=4, window_ns=10**9), max_order_qty=1)
    for _ in range(10):
        assert desk.new(BUY, 4_500, 2) is RiskReject.MAX_ORDER_QTY
    codes = [desk.new(BUY, 4_500, 1) for _ in range(5)]
    assert codes == [NONE, NONE, NONE, NONE, RiskReject.DUPLICATE]


@pytest.mark.parametrize(("wait_ns", "code"), [(999, RiskReject.DUPLICATE), (1_000, NONE), (1_001, NONE)])
def test_duplicate_window_holds_at_its_bound(wait_ns, code):
    desk = Desk(duplicates=DuplicateLimit(max_orders=1, window_ns=1_000))
    assert desk.new(BUY, 4_500, 1) is NONE
    assert desk.new(SELL, 4_500, 1) is NONE
    assert desk.new(BUY, 4_500, 1, desk.snow) is NONE
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + wait_ns) is code


# Kill switch


@pytest.mark.parametrize(
    ("fill", "order", "code"),
    [
        ((BUY, 10), (SELL, 4_700, 9), NONE),
        ((BUY, 10), (SELL, 4_700, 10), NONE),
        ((BUY, 10), (SELL, 4_700, 11), RiskReject.REDUCE_ONLY),
        ((BUY, 10), (BUY, 4_500, 1), RiskReject.REDUCE_ONLY),
        ((SELL, 10), (BUY, 4_500, 9), NONE),
        ((SELL, 10), (BUY, 4_500, 10), NONE),
        ((SELL, 10), (BUY, 4_500, 11), RiskReject.REDUCE_ONLY),
        ((SELL, 10), (SELL, 4_700, 1), RiskReject.REDUCE_ONLY),
    ],
)
def test_reduce_only_passes_what_ends_nearer_to_zero(fill, order, code):
    desk = Desk()
    desk.fill(*fill)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.new(*order) is code


def test_reduce_only_counts_orders_that_reduce_already():
    desk = Desk()
    desk.fill(BUY, 10)
    desk.open(SELL, 4_700, 6)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.new(SELL, 4_700, 4) is NONE
    assert desk.new(SELL, 4_700, 5) is RiskReject.REDUCE_ONLY


def test_reduce_only_lets_orders_shrink_and_reducing_ones_move():
    desk = Desk()
    desk.fill(BUY, 10)
    adding, reducing = desk.open(BUY, 4_500, 10), desk.open(SELL, 4_700, 10)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.replace(adding, 4_500, 5) is NONE
    assert desk.replace(adding, 4_400, 5) is RiskReject.REDUCE_ONLY
    assert desk.replace(reducing, 4_800, 10) is NONE
    assert desk.replace(reducing, 4_800, 11) is RiskReject.REDUCE_ONLY


def test_reduce_only_counts_a_moving_order_until_the_venue_answers():
    desk = Desk()
    desk.fill(SELL, 10)
    order = desk.open(BUY, 4_500, 15)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.replace(order, 4_400, 10) is RiskReject.REDUCE_ONLY  # the 15 may still trade
    assert desk.replace(order, 4_500, 10) is NONE


def test_halt_denies_every_order_and_replace():
    desk = Desk()
    desk.fill(BUY, 10)
    order = desk.open(BUY, 4_500, 10)
    desk.risk.set_state(TradingState.HALT, "test")
    assert (desk.risk.state, desk.risk.reason) == (TradingState.HALT, "test")
    assert desk.new(SELL, 4_700, 1) is RiskReject.HALTED
    assert desk.replace(order, 4_500, 5) is RiskReject.HALTED
    desk.risk.set_state(TradingState.ACTIVE, "a person said so")
    assert desk.new(SELL, 4_700, 1) is NONE


def test_market_that_opens_again_is_traded():
    desk = Desk()
    desk.risk.set_open(desk.rain, False)
    assert desk.replace(desk.open(BUY, 4_500, 10), 4_500, 5) is RiskReject.MARKET_CLOSED
    assert desk.new(BUY, 4_500, 1, desk.snow) is NONE
    desk.risk.set_open(desk.rain, True)
    assert desk.new(BUY, 4_500, 1) is NONE


# The day


@pytest.mark.parametrize(("limit", "within"), [(1_001, True), (1_000, True), (999, False)])
def test_loss_of_a_fill_halts_beyond_its_limit(limit, within):
    desk = Desk(max_daily_loss=limit)
    assert desk.fill(BUY, 10, 5_000)
    assert desk.fill(SELL, 10, 4_910, fee=100) is within
    assert desk.risk.exposure.pnl == -1_000
    assert desk.risk.state is (TradingState.ACTIVE if within else TradingState.HALT)


@pytest.mark.parametrize(("limit", "within"), [(1_001, True), (1_000, True), (999, False)])
@pytest.mark.parametrize(("side", "best_bid", "best_ask"), [(BUY, 4_900, 5_000), (SELL, 5_000, 5_100)])
def test_loss_of_a_position_halts_beyond_its_limit(limit, within, side, best_bid, best_ask):
    desk = Desk(max_daily_loss=limit)
    assert desk.fill(side, 10, 5_000)
    assert desk.risk.mark(desk.rain, best_bid, best_ask) is within
    assert desk.risk.state is (TradingState.ACTIVE if within else TradingState.HALT)
    assert desk.risk.mark(desk.rain, best_bid, best_ask)  # it halts once
    desk.risk.exposure._check()


def test_halt_by_loss_says_how_much():
    desk = Desk(max_daily_loss=1_000_000)
    desk.fill(BUY, 1, fee=1_250_000)
    assert desk.risk.reason == "lost 1.250000 today, allowed 1.000000"


def test_day_starts_again_where_the_last_one_ended():
    desk = Desk(max_daily_loss=1_000)
    desk.fill(BUY, 10, 5_000)
    desk.risk.mark(desk.rain, 4_899, 5_000)
    desk.risk.exposure.start_day()
    desk.risk.set_state(TradingState.ACTIVE, "new day")
    assert desk.risk.mark(desk.rain, 4_799, 5_000)
    assert desk.new(BUY, 4_500, 1) is NONE
    assert not desk.risk.mark(desk.rain, 4_798, 5_000)
    desk.risk.exposure._check()


def test_mark_without_position_or_price_changes_nothing():
    desk = Desk()
    desk.risk.mark(desk.rain, 100, 200)
    desk.fill(BUY, 10, 5_000)
    desk.risk.mark(desk.rain, NO_BID, 200)
    assert desk.risk.exposure.pnl == 0
    desk.risk.mark(desk.rain, 5_100, 5_200)
    desk.fill(SELL, 10, 5_200)
    desk.fill(BUY, 10, 1_000)  # flat in between: the old mark is not this position's
    assert desk.risk.exposure.pnl == 2_000


def test_bust_takes_a_fill_back():
    desk = Desk()
    desk.fill(BUY, 10, 5_000, fee=7)
    desk.fill(BUY, -10, 5_000, fee=-7)
    assert (desk.risk.exposure.position(desk.rain), desk.risk.exposure.pnl) == (0, 0)


# What cannot be built


def test_restricted_stranger_is_an_error():
    with pytest.raises(ConfigError, match="restricted names no market of ours: SUN"):
        Desk(restricted=("RAIN", "SUN"))


def test_markets_out_of_order_are_an_error():
    with pytest.raises(ConfigError, match="order of their index"):
        Risk(NO_LIMITS, markets()[::-1])


def test_markets_of_different_units_are_an_error():
    with pytest.raises(ConfigError, match="must share price_decimals"):
        Exposure([Instrument("A", 0, None), Instrument("B", 1, None, price_decimals=2)])


def test_burst_without_room_for_one_order_is_an_error():
    RateLimit(per_second=1, burst=30, new=10, amend=10, cancel=2, cancel_reserve=20)
    with pytest.raises(ConfigError, match="nothing would ever pass"):
        RateLimit(per_second=1, burst=29, new=10, amend=10, cancel=2, cancel_reserve=20)
