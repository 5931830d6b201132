"""The one mark rule, clause by clause: what a position is valued at, and when its last mark stays."""

import pytest

from engine.book import BID, NO_ASK, NO_BID, make_book
from engine.fix import BUY, SELL
from engine.instrument import Instrument, PriceBand
from engine.portfolio import Portfolio, Position
from engine.portfolio.marks import mark_of_long, mark_of_short, middle

RAIN = Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)])
FREE = Instrument("FREE", 0, None)  # prices without a limit


def held(side: int, instrument: Instrument = RAIN) -> tuple[Portfolio, Position]:
    """A position of ten at 4 000 whose market stands at 3 900 to 4 100."""
    portfolio = Portfolio((instrument,))
    portfolio.fill(instrument, side, 10, 4_000, 7)
    portfolio.mark(instrument, 3_900, 4_100)
    return portfolio, portfolio[instrument]


def test_long_position_is_worth_the_bid() -> None:
    _, position = held(BUY)
    assert (position.mark, position.value, position.unrealised, position.pnl) == (3_900, 39_000, -1_000, -1_007)


def test_short_position_costs_the_ask() -> None:
    _, position = held(SELL)
    assert (position.mark, position.value, position.unrealised, position.pnl) == (4_100, -41_000, -1_000, -1_007)


def test_long_position_that_nobody_bids_for_is_worth_nothing() -> None:
    portfolio, position = held(BUY)
    portfolio.mark(RAIN, NO_BID, 100)
    assert (position.mark, position.pnl) == (0, -40_007)


def test_m13_short_position_that_nobody_offers_costs_the_payout() -> None:
    portfolio, position = held(SELL)
    portfolio.mark(RAIN, 3_900, NO_ASK)
    assert (position.mark, position.pnl) == (10_000, -60_007)


@pytest.mark.parametrize(("side", "mark"), [(BUY, 0), (SELL, 10_000)])
def test_lone_stub_on_the_other_side_lifts_nothing(side: int, mark: int) -> None:
    portfolio, position = held(side)
    portfolio.mark(RAIN, *((NO_BID, 9_900) if side == BUY else (100, NO_ASK)))
    assert position.mark == mark


@pytest.mark.parametrize(("side", "mark"), [(BUY, 0), (SELL, 10_000)])
def test_empty_book_is_the_worst_for_either_side(side: int, mark: int) -> None:
    portfolio, position = held(side)
    portfolio.mark(RAIN, NO_BID, NO_ASK)
    assert position.mark == mark


def test_short_position_without_a_payout_keeps_its_mark_where_nobody_offers() -> None:
    portfolio, position = held(SELL, FREE)
    portfolio.mark(FREE, 3_900, NO_ASK)
    assert position.mark == 4_100
    portfolio.mark(FREE, 3_900, 4_200)
    assert position.mark == 4_200


def test_long_position_without_a_payout_is_worth_nothing_where_nobody_bids() -> None:
    portfolio, position = held(BUY, FREE)
    portfolio.mark(FREE, NO_BID, 4_100)
    assert position.mark == 0


@pytest.mark.parametrize("side", [BUY, SELL])
def test_settled_market_pays_its_value_whatever_its_book_says(side: int) -> None:
    portfolio, position = held(side)
    portfolio.settle(RAIN, 10_000)
    portfolio.mark(RAIN, 100, 200)
    portfolio.fill(RAIN, BUY, 1, 4_000, 0)  # late
    assert (position.mark, position.value) == (10_000, 10_000)


@pytest.mark.parametrize(("side", "mark"), [(BUY, 3_900), (SELL, 4_100)])
def test_o25_closed_market_keeps_its_last_mark_until_it_opens_again(side: int, mark: int) -> None:
    portfolio, position = held(side)
    portfolio.set_open(RAIN, False)
    portfolio.mark(RAIN, NO_BID, NO_ASK)
    assert position.mark == mark
    portfolio.set_open(RAIN, True)
    portfolio.mark(RAIN, 3_000, 5_000)
    assert position.mark == (3_000 if side == BUY else 5_000)


def test_closed_market_settles() -> None:
    portfolio, position = held(BUY)
    portfolio.set_open(RAIN, False)
    portfolio.settle(RAIN, 10_000)
    assert position.pnl == 10 * 6_000 - 7


@pytest.mark.parametrize(("bid", "ask"), [(4_500, 4_500), (4_600, 4_500)])
@pytest.mark.parametrize(("side", "mark"), [(BUY, 3_900), (SELL, 4_100)])
def test_prices_that_cross_are_not_believed(side: int, mark: int, bid: int, ask: int) -> None:
    portfolio, position = held(side)
    portfolio.mark(RAIN, bid, ask)
    assert position.mark == mark


def test_position_that_turns_round_is_valued_at_the_other_side_at_once() -> None:
    portfolio, position = held(BUY)
    portfolio.fill(RAIN, SELL, 20, 3_900, 0)
    assert (position.net, position.mark) == (-10, 4_100)
    portfolio._check()


def test_position_opened_after_its_market_was_seen_is_valued_by_it() -> None:
    portfolio = Portfolio((RAIN,))
    portfolio.mark(RAIN, 3_900, 4_100)
    portfolio.fill(RAIN, BUY, 10, 4_100, 0)
    assert (portfolio[RAIN].mark, portfolio.pnl) == (3_900, -2_000)


def test_until_a_book_is_seen_the_last_fill_says_the_price() -> None:
    portfolio = Portfolio((RAIN,))
    portfolio.fill(RAIN, BUY, 10, 4_000, 0)
    portfolio.fill(RAIN, BUY, 10, 5_000, 0)
    assert (portfolio[RAIN].mark, portfolio.pnl) == (5_000, 10_000)
    portfolio.fill(RAIN, BUY, -10, 4_000, 0)  # what is taken back says nothing
    assert (portfolio[RAIN].mark, portfolio.pnl) == (5_000, 0)
    portfolio.mark(RAIN, 4_900, 5_100)
    portfolio.fill(RAIN, BUY, 10, 5_500, 0)
    assert portfolio[RAIN].mark == 4_900


def test_mark_of_an_earlier_run_holds_until_a_fill_or_a_book() -> None:
    portfolio = Portfolio((RAIN,))
    portfolio.fill(RAIN, SELL, 10, 4_000, 0)
    portfolio.restore_mark(RAIN, 3_000)
    assert (portfolio[RAIN].mark, portfolio.pnl) == (3_000, 10_000)
    portfolio.fill(RAIN, SELL, 10, 6_000, 0)
    assert portfolio[RAIN].mark == 6_000
    portfolio.restore_mark(RAIN, 5_000)
    portfolio.mark(RAIN, 1_000, 2_000)
    portfolio.restore_mark(RAIN, 5_000)
    assert portfolio[RAIN].mark == 2_000
    portfolio._check()


# By a book


@pytest.mark.parametrize("instrument", [RAIN, FREE], ids=["grid", "no grid"])
def test_book_that_is_stale_leaves_the_last_mark(instrument: Instrument) -> None:
    portfolio, position = held(BUY, instrument)
    book = make_book(instrument)
    portfolio.mark_book(book)
    assert position.mark == 3_900  # no snapshot yet
    book.snapshot([(3_000, 5)], [(3_100, 5)])
    portfolio.mark_book(book)
    assert position.mark == 3_000
    book.apply(BID, 3_000, -5)
    book.mark_stale()
    portfolio.mark_book(book)
    assert position.mark == 3_000
    book.snapshot([], [(3_100, 5)])
    portfolio.mark_book(book)
    assert position.mark == 0


@pytest.mark.parametrize("instrument", [RAIN, FREE], ids=["grid", "no grid"])
def test_book_gives_its_ask_to_a_short_position(instrument: Instrument) -> None:
    portfolio, position = held(SELL, instrument)
    book = make_book(instrument)
    book.snapshot([(3_000, 5)], [(3_100, 5)])
    portfolio.mark_book(book)
    assert position.mark == 3_100


# The rule by itself


def test_rule_of_a_long_and_of_a_short_contract() -> None:
    assert [mark_of_long(bid) for bid in (NO_BID, 1, 4_500)] == [0, 1, 4_500]
    assert [mark_of_short(ask, 10_000, 7) for ask in (NO_ASK, 1, 4_500)] == [10_000, 1, 4_500]
    assert [mark_of_short(ask, 0, 7) for ask in (NO_ASK, 1)] == [7, 1]


@pytest.mark.parametrize(
    ("bids", "asks", "price"),
    [([(4_500, 1)], [(4_700, 1)], 4_600), ([(4_500, 1)], [], None), ([], [(4_600, 1)], None), ([], [], None)],
)
def test_middle_is_of_two_sides(bids: list[tuple[int, int]], asks: list[tuple[int, int]], price: int | None) -> None:
    book = make_book(RAIN)
    book.snapshot(bids, asks)
    assert middle(book) == price
