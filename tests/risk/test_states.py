"""Over time: request rates, the kill switch, and the day's loss."""

import pytest
from msgspec import structs

from engine.fix import BUY, SELL
from engine.instrument import Instrument, PriceBand
from engine.portfolio import Portfolio
from engine.risk import Risk, RiskReject, TradingState
from engine.risk.limits import DuplicateLimit, RateLimit
from tests.support.risks import NO_LIMITS, NOW, Desk

NONE = RiskReject.NONE
RATE = RateLimit(per_second=100, burst=60, new=10, amend=10, cancel=2, cancel_reserve=20)


# Rate


def test_new_orders_leave_the_reserve_to_cancels() -> None:
    desk = Desk(rate=RATE)
    codes = [desk.new(BUY, 4_500, 1) for _ in range(5)]
    assert codes == [NONE, NONE, NONE, NONE, RiskReject.RATE]
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + 99_999_999) is RiskReject.RATE
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + 100_000_000) is NONE


def test_amends_and_cancels_take_their_own_tokens() -> None:
    desk = Desk(rate=RATE)
    order = desk.open(BUY, 4_500, 10)
    for _ in range(10):
        desk.risk.check_cancel(order, NOW)
    codes = [desk.replace(order, 4_500, 9) for _ in range(3)]
    assert codes == [NONE, NONE, RiskReject.RATE]


def test_denied_order_takes_no_tokens_and_is_no_duplicate() -> None:
    desk = Desk(rate=RATE, duplicates=DuplicateLimit(max_orders=4, window_ns=10**9), max_order_qty=1)
    for _ in range(10):
        assert desk.new(BUY, 4_500, 2) is RiskReject.MAX_ORDER_QTY
    codes = [desk.new(BUY, 4_500, 1) for _ in range(5)]
    assert codes == [NONE, NONE, NONE, NONE, RiskReject.DUPLICATE]


@pytest.mark.parametrize(("wait_ns", "code"), [(999, RiskReject.DUPLICATE), (1_000, NONE), (1_001, NONE)])
def test_duplicate_window_holds_at_its_bound(wait_ns: int, code: RiskReject) -> None:
    desk = Desk(duplicates=DuplicateLimit(max_orders=1, window_ns=1_000))
    assert desk.new(BUY, 4_500, 1) is NONE
    assert desk.new(SELL, 4_500, 1) is NONE
    assert desk.new(BUY, 4_500, 1, desk.snow) is NONE
    assert desk.new(BUY, 4_500, 1, now_ns=NOW + wait_ns) is code


# Kill switch


@pytest.mark.parametrize("state", TradingState)
def test_cancel_passes_in_every_state(state: TradingState) -> None:
    desk = Desk(rate=RATE, restricted=("RAIN",), max_daily_loss=0)
    order = desk.open(BUY, 4_500, 10)
    desk.fill(BUY, 10, fee=1)
    desk.risk.set_stops(desk.rain, 1)
    desk.risk.set_state(state, "test")
    for _ in range(100):
        assert desk.risk.check_cancel(order, NOW) == NONE


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
def test_reduce_only_passes_what_ends_nearer_to_zero(
    fill: tuple[int, int], order: tuple[int, int, int], code: RiskReject
) -> None:
    desk = Desk()
    desk.fill(*fill)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.new(*order) is code


def test_reduce_only_counts_orders_that_reduce_already() -> None:
    desk = Desk()
    desk.fill(BUY, 10)
    desk.open(SELL, 4_700, 6)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.new(SELL, 4_700, 4) is NONE
    assert desk.new(SELL, 4_700, 5) is RiskReject.REDUCE_ONLY


def test_reduce_only_lets_orders_shrink_and_reducing_ones_move() -> None:
    desk = Desk()
    desk.fill(BUY, 10)
    adding, reducing = desk.open(BUY, 4_500, 10), desk.open(SELL, 4_700, 10)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.replace(adding, 4_500, 5) is NONE
    assert desk.replace(adding, 4_400, 5) is RiskReject.REDUCE_ONLY
    assert desk.replace(reducing, 4_800, 10) is NONE
    assert desk.replace(reducing, 4_800, 11) is RiskReject.REDUCE_ONLY


def test_reduce_only_counts_a_moving_order_until_the_venue_answers() -> None:
    desk = Desk()
    desk.fill(SELL, 10)
    order = desk.open(BUY, 4_500, 15)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "test")
    assert desk.replace(order, 4_400, 10) is RiskReject.REDUCE_ONLY  # the 15 may still trade
    assert desk.replace(order, 4_500, 10) is NONE


def test_halt_denies_every_order_and_replace() -> None:
    desk = Desk()
    desk.fill(BUY, 10)
    order = desk.open(BUY, 4_500, 10)
    desk.risk.set_state(TradingState.HALT, "test")
    assert (desk.risk.state, desk.risk.reason) == (TradingState.HALT, "test")
    assert desk.new(SELL, 4_700, 1) is RiskReject.HALTED
    assert desk.replace(order, 4_500, 5) is RiskReject.HALTED
    desk.risk.set_state(TradingState.ACTIVE, "a person said so")
    assert desk.new(SELL, 4_700, 1) is NONE


def test_market_that_opens_again_is_traded() -> None:
    desk = Desk()
    desk.risk.set_stops(desk.rain, 1)
    assert desk.replace(desk.open(BUY, 4_500, 10), 4_500, 5) is RiskReject.MARKET_STOPPED
    assert desk.new(BUY, 4_500, 1, desk.snow) is NONE
    desk.risk.set_stops(desk.rain, 0)
    assert desk.new(BUY, 4_500, 1) is NONE


# The day


@pytest.mark.parametrize(("limit", "within"), [(1_001, True), (1_000, True), (999, False)])
def test_loss_of_a_fill_halts_beyond_its_limit(limit: int, within: bool) -> None:
    desk = Desk(max_daily_loss=limit)
    assert desk.fill(BUY, 10, 5_000)
    assert desk.fill(SELL, 10, 4_910, fee=100) is within
    assert desk.portfolio.day_pnl == -1_000
    assert desk.risk.state is (TradingState.ACTIVE if within else TradingState.HALT)


@pytest.mark.parametrize(("limit", "within"), [(1_001, True), (1_000, True), (999, False)])
@pytest.mark.parametrize(("side", "best_bid", "best_ask"), [(BUY, 4_900, 5_000), (SELL, 5_000, 5_100)])
def test_loss_of_a_position_halts_beyond_its_limit(
    limit: int, within: bool, side: int, best_bid: int, best_ask: int
) -> None:
    desk = Desk(max_daily_loss=limit)
    assert desk.fill(side, 10, 5_000)
    assert desk.mark(best_bid, best_ask) is within
    assert desk.risk.state is (TradingState.ACTIVE if within else TradingState.HALT)
    assert desk.mark(best_bid, best_ask)  # it halts once


def test_halt_by_loss_says_how_much() -> None:
    desk = Desk(max_daily_loss=1_000_000)
    desk.fill(BUY, 1, fee=1_250_000)
    assert desk.risk.reason == "lost 1.250000 today, allowed 1.000000"


def test_denial_by_loss_says_how_much_and_others_what_they_mean() -> None:
    desk = Desk(max_daily_loss=1_000_000)
    desk.fill(BUY, 1, fee=1_250_000)
    assert desk.risk.explain(RiskReject.DAILY_LOSS) == "lost 1.250000 today, allowed 1.000000"
    assert desk.risk.explain(int(RiskReject.RATE)) == RiskReject.RATE.text


def test_amounts_have_the_decimals_of_the_market() -> None:
    cents = [Instrument("RAIN", 0, [PriceBand(0, 100, 1)], price_decimals=2, size_decimals=0)]
    portfolio = Portfolio(cents)
    risk = Risk(structs.replace(NO_LIMITS, max_daily_loss=1_000), cents, portfolio)
    portfolio.fill(cents[0], BUY, 100, 40, 0)
    portfolio.mark(cents[0], 27, 30)
    assert not risk.is_within_loss()
    assert risk.reason == "lost 13.00 today, allowed 10.00"


def test_day_starts_again_where_the_last_one_ended() -> None:
    desk = Desk(max_daily_loss=1_000)
    desk.fill(BUY, 10, 5_000)
    assert not desk.mark(4_899, 5_000)
    desk.portfolio.start_day(NOW)
    desk.risk.set_state(TradingState.ACTIVE, "new day")
    assert desk.mark(4_799, 5_000)
    assert desk.new(BUY, 4_500, 1) is NONE
    assert not desk.mark(4_798, 5_000)


def test_day_that_has_lost_too_much_denies_whatever_a_person_resumes() -> None:
    desk = Desk(max_daily_loss=999)
    desk.fill(BUY, 10, 5_000)
    assert not desk.mark(4_900, 5_000)
    desk.risk.set_state(TradingState.ACTIVE, "resumed")
    assert desk.new(SELL, 4_900, 10) is RiskReject.DAILY_LOSS
    assert desk.replace(desk.open(SELL, 5_500, 10), 5_600, 5) is RiskReject.DAILY_LOSS


@pytest.mark.parametrize("side", [BUY, SELL])
def test_reduce_only_lets_a_position_be_closed_that_has_lost_too_much(side: int) -> None:
    desk = Desk(max_daily_loss=999)
    other = BUY + SELL - side
    desk.fill(side, 10, 4_750)
    assert not desk.mark(*(4_600, 4_650) if side == BUY else (4_850, 4_900))
    desk.risk.set_state(TradingState.REDUCE_ONLY, "close it")
    close = 4_600 if side == BUY else 4_900
    assert desk.new(side, close, 1) is RiskReject.REDUCE_ONLY
    assert desk.new(other, close, 11) is RiskReject.REDUCE_ONLY
    assert desk.new(other, close, 10) is NONE
    order = desk.open(other, 4_700, 10)
    assert desk.replace(order, 4_800, 9) is NONE
    assert desk.risk.is_within_loss()  # what is closed at a loss does not halt again
    assert desk.risk.state is TradingState.REDUCE_ONLY


def test_bust_takes_a_fill_back() -> None:
    desk = Desk()
    desk.fill(BUY, 10, 5_000, fee=7)
    desk.fill(BUY, -10, 5_000, fee=-7)
    assert (desk.risk.exposure.position(desk.rain), desk.portfolio.pnl) == (0, 0)
