"""What the venue takes back, corrects, answers twice or forgets: both sides agree to the unit, also after a start."""

from engine import fix
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.runtime.notices import NoticeKind
from tests.support.engine.in_process import Rig, Start

CENT = LOT = 100


def agrees(r: Rig) -> bool:
    """Return whether what is held is the venue's, by the portfolio and by the journal."""
    replayed = Portfolio(r.trading.instruments)
    recover(journal_paths(r.directory / "journal"), r.trading.instruments, Orders("again"), replayed)
    theirs = r.venue("summary", account=r.account)
    expected = theirs["cash"], theirs["fees"], {symbol: net for symbol, net in theirs["positions"].items() if net}
    return all(
        (held.cash - held.fees, held.fees, {each.instrument.symbol: each.net for each in held if each.net}) == expected
        for held in (r.engine.portfolio, replayed)
    )


def rested(r: Rig, side: int, price: int, qty: int) -> Order:
    """Enter an order once the feed, which a slow test may have kept waiting, is in time."""
    r.until_trading()
    return r.rest(side, price, qty)


def bought(r: Rig, price: int, lots: int) -> Order:
    """Buy of the counterparty at a limit; return the order once it is full."""
    order = rested(r, fix.BUY, price * CENT, lots * LOT)
    r.other_enters("2", str(lots), f"0.{price}")
    r.until_status(order, fix.Status.FILLED)
    return order


def test_busted_fills_are_out_of_position_and_cash_at_both_sides(rig: Start) -> None:
    r = rig()
    position = r.engine.portfolio[r.rain]
    bought(r, 40, 5)
    bought(r, 38, 2)
    assert (position.net, position.realised) == (7 * LOT, 0) and agrees(r)
    r.venue("bust_fill", account=r.account)
    r.until(lambda: position.net == 5 * LOT, "the bust")
    assert (position.cash, position.cost, position.realised) == (-200 * CENT * LOT, 200 * CENT * LOT, 0)
    assert agrees(r)
    r.venue("bust_fill", account=r.account)
    r.until(lambda: position.net == 0, "the other bust")
    assert (position.cash, position.fees, position.realised) == (0, 0, 0)
    assert agrees(r)
    assert r.trading.notices.count(NoticeKind.CHANGED_BY_VENUE) == 2
    r.until_trading()
    assert r.wrong == []


def test_bust_of_what_closed_a_position_opens_it_again(rig: Start) -> None:
    r = rig()
    position = r.engine.portfolio[r.rain]
    bought(r, 40, 5)
    sold = rested(r, fix.SELL, 45 * CENT, 5 * LOT)
    r.other_enters("1", "5", "0.45")
    r.until_status(sold, fix.Status.FILLED)
    assert (position.net, position.realised) == (0, 25 * CENT * LOT)
    r.venue("bust_fill", account=r.account)
    r.until(lambda: position.net == 5 * LOT, "the bust")
    assert agrees(r)
    assert position.cash == -200 * CENT * LOT
    again = rested(r, fix.SELL, 45 * CENT, 5 * LOT)
    r.other_enters("1", "5", "0.45")
    r.until_status(again, fix.Status.FILLED)
    assert (position.net, position.cash, position.realised) == (0, 25 * CENT * LOT, 25 * CENT * LOT)
    assert agrees(r)


def test_bust_leaves_of_a_working_order_what_had_not_traded(rig: Start) -> None:
    r = rig()
    order = rested(r, fix.BUY, 40 * CENT, 9 * LOT)
    r.other_enters("2", "4", "0.40")
    r.until_status(order, fix.Status.PARTIALLY_FILLED)
    r.venue("bust_fill", account=r.account)
    r.until_status(order, fix.Status.NEW)
    assert (order.order_qty, order.cum_qty, order.leaves_qty) == (5 * LOT, 0, 5 * LOT)
    assert r.our_orders() == r.venue_orders()
    r.other_enters("2", "5", "0.40")
    r.until_status(order, fix.Status.FILLED)
    assert agrees(r)


def test_corrected_fill_counts_at_its_other_price_and_can_be_corrected_again(rig: Start) -> None:
    r = rig()
    position = r.engine.portfolio[r.rain]
    order = rested(r, fix.BUY, 40 * CENT, 5 * LOT)
    r.venue("late_cancel", account=r.account, fill_qty=3 * LOT)
    r.desk.cancel(order)
    r.until(lambda: order.is_done, "its end")
    assert (position.net, position.cost) == (3 * LOT, 120 * CENT * LOT)
    for price in (39, 38):
        r.venue("correct_fill", account=r.account)
        r.until(lambda: order.cum_cost == 3 * price * CENT * LOT, "the correction")  # noqa: B023
        assert (position.net, position.cost, position.realised) == (3 * LOT, 3 * price * CENT * LOT, 0)
        assert agrees(r)
    r.venue("bust_fill", account=r.account)
    r.until(lambda: position.net == 0, "the bust")
    assert agrees(r)
    assert r.trading.notices.count(NoticeKind.CHANGED_BY_VENUE) == 3


def test_cancel_that_is_answered_twice_ends_its_order_once(rig: Start) -> None:
    r = rig()
    for code in (0, 1):
        order = rested(r, fix.BUY, 40 * CENT, 5 * LOT)
        r.venue("cancel_twice", account=r.account, code=code)
        seen = len(r.strategy.seen)
        r.desk.cancel(order)
        r.until(lambda: order.is_done, "its end")  # noqa: B023
        rested(r, fix.BUY, 30 * CENT, LOT)  # whatever was told before it has been heard
        ends = [event for event in r.strategy.seen[seen:] if event == ("on_order", fix.Status.CANCELED)]
        assert len(ends) == 1
    r.until_trading()
    assert r.our_orders() == r.venue_orders()


def test_order_that_the_venue_has_lost_is_over_once_it_was_asked(rig: Start) -> None:
    r = rig()
    order = rested(r, fix.BUY, 40 * CENT, 5 * LOT)
    r.venue("lose_orders", account=r.account)
    r.venue("drop_fix", account=r.account)
    r.until(lambda: order.is_done, "what the venue does not know to be over")
    r.until_trading()
    assert r.our_orders() == r.venue_orders() == set()
    assert agrees(r)
