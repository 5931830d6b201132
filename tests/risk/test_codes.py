"""Every code of RiskReject has a request that it denies."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.book import NO_ASK, NO_BID
from engine.fix import BUY, SELL, Tif, Type
from engine.instrument import Instrument, PriceBand
from engine.orders.options import OrderOptions, none_offered
from engine.risk import RiskReject, TradingState
from engine.risk.limits import DuplicateLimit, RateLimit
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.controls.options import OptionRules
from tests.support.risks import NOW, Desk, FakeBook, with_book, with_open

NONE = RiskReject.NONE


def stopped_out() -> RiskReject:
    desk = Desk(max_daily_loss=99)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "so that the loss does not halt")
    desk.fill(BUY, 1, fee=100)
    desk.risk.set_state(TradingState.ACTIVE, "again")
    return desk.new(BUY, 4_500, 1)


def with_state(state: TradingState, *order: Any) -> RiskReject:
    desk = Desk()
    desk.risk.set_state(state, "test")
    return desk.new(*order)


def with_stranger() -> RiskReject:
    return Desk().new(BUY, 4_500, 1, Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)]))


def with_closed_market() -> RiskReject:
    desk = Desk()
    desk.risk.set_stops(desk.rain, 1)
    return desk.new(BUY, 4_500, 1)


def twice(**limits: Any) -> RiskReject:
    desk = Desk(**limits)
    assert desk.new(BUY, 4_500, 1) is NONE
    return desk.new(BUY, 4_500, 1)


def not_offered() -> RiskReject:
    notices = Notices(lambda: 1, lambda line: None)
    desk = Desk()
    rules = OptionRules(desk.risk, notices, none_offered)
    code = rules.check(OrderOptions(order_group="G1"), desk.rain, BUY, 1, Tif.GTC, False, "2")
    assert notices.count(NoticeKind.OPTION_REFUSED) == 1
    return RiskReject(code)  # type: ignore[call-arg]


def after_a_drawdown() -> RiskReject:
    desk = Desk(max_drawdown=99)
    desk.risk.set_state(TradingState.REDUCE_ONLY, "so that the loss does not halt")
    desk.fill(BUY, 1, price=5_000)
    desk.mark(5_050, 5_150)
    desk.risk.set_state(TradingState.ACTIVE, "again")
    desk.portfolio.mark(desk.rain, 4_950, 5_150)  # the loop has not judged it yet
    return desk.new(BUY, 4_500, 1)


DENIALS: dict[RiskReject, Callable[[], RiskReject]] = {
    RiskReject.HALTED: lambda: with_state(TradingState.HALT, BUY, 4_500, 1),
    RiskReject.REDUCE_ONLY: lambda: with_state(TradingState.REDUCE_ONLY, BUY, 4_500, 1),
    RiskReject.DAILY_LOSS: stopped_out,
    RiskReject.UNKNOWN_MARKET: with_stranger,
    RiskReject.RESTRICTED: lambda: Desk(restricted=("RAIN",)).new(BUY, 4_500, 1),
    RiskReject.MARKET_STOPPED: with_closed_market,
    RiskReject.SIDE: lambda: Desk().new(3, 4_500, 1),
    RiskReject.ORD_TYPE: lambda: Desk().new(BUY, 4_500, 1, ord_type="3"),
    RiskReject.TIME_IN_FORCE: lambda: RiskReject(Desk().risk.check_time_in_force("7", 0)),  # type: ignore[call-arg]
    RiskReject.NOT_OFFERED: not_offered,
    RiskReject.QTY: lambda: Desk().new(BUY, 4_500, 0),
    RiskReject.PRICE_BAND: lambda: Desk().new(BUY, 0, 1),
    RiskReject.PRICE_GRID: lambda: Desk().new(BUY, 4_550, 1),
    RiskReject.MAX_ORDER_QTY: lambda: Desk(max_order_qty=1).new(BUY, 4_500, 2),
    RiskReject.MAX_ORDER_NOTIONAL: lambda: Desk(max_order_notional=4_499).new(SELL, 4_500, 1),
    RiskReject.MAX_ORDER_COST: lambda: Desk(max_order_cost=5_499).new(SELL, 4_500, 1),
    RiskReject.BOOK_MISSING: lambda: with_book(None),
    RiskReject.BOOK_STALE: lambda: with_book(FakeBook(is_stale=True)),
    RiskReject.BOOK_CROSSED: lambda: with_book(FakeBook(4_600, 4_500)),
    RiskReject.BOOK_OLD: lambda: with_book(FakeBook(), NOW - 2, max_book_age_ns=1),
    RiskReject.BOOK_EMPTY: lambda: with_book(FakeBook(NO_BID, NO_ASK), collar_own=1),
    RiskReject.PRICE_COLLAR: lambda: with_book(FakeBook(4_300, 4_400), collar_opposite=99),
    RiskReject.SELF_MATCH: lambda: with_open(SELL, 4_500, 1, BUY, 4_500, 1),
    RiskReject.MAX_OPEN_ORDERS: lambda: with_open(BUY, 4_500, 1, BUY, 4_400, 1, max_open_orders=1),
    RiskReject.MAX_OPEN_COST: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_open_cost=8_999),
    RiskReject.MAX_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_position=1),
    RiskReject.MAX_EVENT_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_event_position=1),
    RiskReject.MAX_GROSS_POSITION: lambda: with_open(BUY, 4_500, 1, BUY, 4_500, 1, max_gross_position=1),
    RiskReject.DRAWDOWN: after_a_drawdown,
    RiskReject.MAX_MARKET_LOSS: lambda: Desk(max_market_loss=4_499).new(BUY, 4_500, 1),
    RiskReject.MAX_EVENT_LOSS: lambda: Desk(max_event_loss=4_499).new(BUY, 4_500, 1),
    RiskReject.DUPLICATE: lambda: twice(duplicates=DuplicateLimit(max_orders=1, window_ns=1)),
    RiskReject.RATE: lambda: twice(
        rate=RateLimit(per_second=1, burst=1, new=1, amend=1, cancel=1, cancel_reserve=0),
    ),
}


@pytest.mark.parametrize("code", [code for code in RiskReject if code], ids=lambda code: code.name)
def test_every_code_has_a_request_that_it_denies(code: RiskReject) -> None:
    assert DENIALS[code]() is code


def test_every_code_says_something_to_a_person() -> None:
    assert len({code.text for code in RiskReject}) == len(RiskReject)


@pytest.mark.parametrize(
    ("time_in_force", "expire_time_ns", "is_known"),
    [
        *((known, 0, True) for known in (Tif.DAY, Tif.GTC, Tif.IOC, Tif.FOK)),
        (Tif.GTD, 1, True),
        (Tif.GTD, 0, False),
        (Tif.GTD, -1, False),
        ("", 0, False),
        ("1\x0158=x", 0, False),
        ("11", 0, False),
    ],
)
def test_time_in_force_is_one_of_fix_and_a_date_where_it_needs_one(
    time_in_force: str, expire_time_ns: int, is_known: bool
) -> None:
    code = Desk().risk.check_time_in_force(time_in_force, expire_time_ns)
    assert code == (RiskReject.NONE if is_known else RiskReject.TIME_IN_FORCE)


def test_order_within_no_limits_passes() -> None:
    assert Desk().new(BUY, 4_500, 1) is NONE
    assert Desk().new(SELL, 9_900, 10**12) is NONE
    assert Desk().new(BUY, 4_500, 1, ord_type=Type.MARKET) is NONE
