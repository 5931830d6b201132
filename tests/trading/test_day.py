"""The trading day of a desk: it turns while the engine runs, and a restart goes on with it."""

from engine.fix import BUY
from engine.journal.writer import NullJournal
from engine.portfolio import Portfolio
from engine.portfolio.day import DayRule
from engine.trading.day import TradingDay
from tests.support.desks import spied
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW

DAY_NS = 86_400 * 10**9
NOON = 20_000 * DAY_NS + DAY_NS // 2
MIDNIGHT, NEXT = NOON - DAY_NS // 2, NOON + DAY_NS // 2
UTC = DayRule(0, "UTC")


class Records(list[tuple[object, ...]]):
    """What was journalled."""


def day_over(portfolio: Portfolio) -> tuple[TradingDay, Records]:
    records = Records()
    return TradingDay(UTC, portfolio, spied(NullJournal, "journal", records)), records


def held() -> Portfolio:
    portfolio = Portfolio(INSTRUMENTS)
    portfolio.fill(RAIN, BUY, 10, 5_000, 7)
    portfolio.mark(RAIN, 4_900, 5_100)
    portfolio.mark(SNOW, 100, 200)
    return portfolio


def test_first_start_of_all_begins_the_day_with_what_is_known() -> None:
    portfolio = held()
    day, records = day_over(portfolio)
    day.begin(NOON)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (MIDNIGHT, 0)
    assert records == [
        ("journal.append_mark", RAIN.symbol, NOON),
        ("journal.append_day", MIDNIGHT, 0, NOON),
    ]


def test_restart_goes_on_with_the_day() -> None:
    portfolio = held()
    portfolio.resume_day(MIDNIGHT, -300)
    day, records = day_over(portfolio)
    day.begin(NOON)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (MIDNIGHT, -300)
    assert records[-1] == ("journal.append_day", MIDNIGHT, -300, NOON)


def test_start_after_a_turn_that_nobody_saw_begins_the_day() -> None:
    portfolio = held()
    portfolio.resume_day(MIDNIGHT, -300)
    day, records = day_over(portfolio)
    day.begin(NEXT)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (NEXT, 0)
    assert records[-1] == ("journal.append_day", NEXT, 0, NEXT)


def test_day_turns_at_its_moment_and_once() -> None:
    portfolio = held()
    day, records = day_over(portfolio)
    day.begin(NOON)
    records.clear()
    portfolio.mark(RAIN, 4_800, 5_100)
    day.tick(NEXT - 1)
    assert (portfolio.day_pnl, records) == (-1_000, [])
    day.tick(NEXT)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (NEXT, 0)
    assert records == [
        ("journal.append_mark", RAIN.symbol, NEXT),
        ("journal.append_day", NEXT, 0, NEXT),
    ]
    portfolio.mark(RAIN, 4_700, 5_100)
    day.tick(NEXT + 1)
    assert (portfolio.day_pnl, len(records)) == (-1_000, 2)
    day.tick(NEXT + DAY_NS)
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (NEXT + DAY_NS, 0)


def test_clock_that_is_set_back_turns_no_day_twice() -> None:
    portfolio = held()
    day, records = day_over(portfolio)
    day.begin(NOON)
    day.tick(NEXT)
    portfolio.mark(RAIN, 4_000, 5_100)
    records.clear()
    for wall_ns in (NOON, NEXT, NEXT + 1):
        day.tick(wall_ns)
    assert (portfolio.day_start_ns, portfolio.day_pnl, records) == (NEXT, -9_000, [])


def test_days_that_were_slept_through_are_one_turn() -> None:
    portfolio = held()
    day, records = day_over(portfolio)
    day.begin(NOON)
    records.clear()
    day.tick(NOON + 3 * DAY_NS)
    assert portfolio.day_start_ns == MIDNIGHT + 3 * DAY_NS
    assert [name for name, *_ in records] == ["journal.append_mark", "journal.append_day"]


def test_orderly_end_records_the_marks_of_what_is_held() -> None:
    day, records = day_over(held())
    day.close(NOON)
    assert records == [("journal.append_mark", RAIN.symbol, NOON)]
