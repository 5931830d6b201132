"""What goes wrong at the venue's market data and exchange, end to end: the engine notices, and ends with the truth.

Every test closes with `assert_agrees`: books, orders, fills, positions and cash are the venue's, by the engine's record
and by what its journal brings back, and no order left while it should not.
"""

from engine import fix
from engine.orders.order import Order
from engine.risk import RiskReject
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import CANCEL, MASS_CANCEL, NEW, REPLACE, Rig, Start

CENT = 100
LOT = 100


def stale(rig: Rig) -> list[str]:
    return [book.instrument.symbol for book in rig.trading.books if book.is_stale]


def quoted(rig: Rig) -> Order:
    """Return our resting bid in a market where OTHER offers."""
    rig.other_enters("2", "7", "0.60")
    return rig.rest(fix.BUY, 40 * CENT, 5 * LOT)


# Market data


def test_dropped_feed_stops_trading_until_every_book_is_fresh(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.venue("drop_feed")
    r.until(lambda: stale(r) == ["RAIN", "SNOW"], "stale books")
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert not r.desk.replace(order, 42 * CENT, 5 * LOT)
    r.other_enters("2", "2", "0.40")  # trades with us, unseen by the feed
    r.until(lambda: order.cum_qty == 2 * LOT, "the fill")
    r.until_trading()
    assert r.counters.denials_by_code == {RiskReject.HALTED: 2}
    assert r.engine.reconnects() == 1
    assert r.reports.has("market data of ws://")
    assert r.types_sent() == [MASS_CANCEL, NEW]
    r.assert_agrees()


def test_silent_feed_is_given_up_within_its_heartbeat_time(rig: Start) -> None:
    r = rig()
    quoted(r)
    r.venue("silent_feed")
    r.other_enters("2", "1", "0.55")  # a change that we are not told
    r.until(lambda: stale(r) == ["RAIN", "SNOW"], "stale books")
    assert r.reports.lines[-1].endswith("silent for 0.6 s")
    assert r.supervisor.state is DeskState.WAITING
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    r.venue("clear")
    r.until_trading()
    assert r.types_sent() == [MASS_CANCEL, NEW]
    r.assert_agrees()


def test_delayed_feed_loses_nothing(rig: Start) -> None:
    r = rig()
    quoted(r)
    r.venue("delay_feed", delay_ms=150, duration_ms=300)
    for price in ("0.55", "0.54", "0.53"):
        r.other_enters("2", "1", price)
    r.turn(0.01)
    assert not r.has_venue_books()
    r.assert_agrees()
    assert (r.counters.gaps, r.counters.stale_updates, r.engine.reconnects()) == (0, 0, 0)


def test_lost_frame_makes_the_book_stale_until_its_snapshot(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.until(r.has_venue_books, "the venue's books")
    r.venue("delay_feed", delay_ms=100, duration_ms=300)
    r.venue("skip_seq", symbol="RAIN")
    r.other_enters("2", "1", "0.55")  # lost
    r.other_enters("2", "1", "0.54")  # shows that one is missing
    r.until(lambda: stale(r), "a stale book")
    assert r.counters.gaps == 1
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert not r.desk.replace(order, 42 * CENT, 5 * LOT)
    assert r.counters.denials_by_code == {RiskReject.BOOK_STALE: 2}
    r.assert_agrees()
    assert (r.counters.gaps, r.engine.reconnects()) == (1, 0)
    assert r.types_sent() == [MASS_CANCEL, NEW]


def test_repeated_frame_is_applied_once(rig: Start) -> None:
    r = rig()
    quoted(r)
    r.until(r.has_venue_books, "the venue's books")
    r.venue("repeat_seq", symbol="RAIN")
    r.other_enters("2", "1", "0.55")
    r.until(lambda: r.engine.feeds[0].dialect.counts.duplicates == 1, "the repetition")
    r.assert_agrees()
    assert (r.counters.gaps, r.counters.stale_updates) == (0, 0)


def test_change_of_a_level_that_is_not_there_makes_the_book_stale_until_its_snapshot(rig: Start) -> None:
    r = rig()
    quoted(r)
    r.until(r.has_venue_books, "the venue's books")
    r.venue("delay_feed", delay_ms=100, duration_ms=300)
    r.venue("unknown_level", symbol="RAIN")
    r.until(lambda: stale(r) == ["RAIN"], "a stale book")
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert r.counters.denials_by_code == {RiskReject.BOOK_STALE: 1}
    assert r.rest(fix.BUY, 41 * CENT, LOT, r.snow)  # the other market is sound
    r.assert_agrees()
    assert (r.counters.stale_updates, r.counters.gaps) == (1, 0)


# The exchange


def test_rejected_order_is_counted_by_its_code_and_told(rig: Start) -> None:
    r = rig()
    quoted(r)
    r.venue("reject_order", account=r.account)
    refused = r.desk.buy(r.rain, 41 * CENT, LOT)
    assert refused is not None
    r.until_status(refused, fix.Status.REJECTED)
    assert r.counters.rejects_by_reason == {99: 1}
    assert r.strategy.seen[-1] == ("on_reject", 99, "INTERNAL_ERROR")
    assert r.rest(fix.BUY, 41 * CENT, LOT)
    r.assert_agrees()


def test_unsolicited_cancels_end_orders_and_free_their_limits(rig: Start) -> None:
    r = rig()
    ours = [quoted(r), r.rest(fix.SELL, 70 * CENT, LOT), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)]
    r.venue("cancel_orders", account=r.account)
    r.until(lambda: all(order.ord_status == fix.Status.CANCELED for order in ours), "the cancels")
    assert r.counters.cancels == 3
    assert r.trading.risk.exposure.open_orders == 0
    assert r.types_sent() == [MASS_CANCEL, NEW, NEW, NEW]
    assert r.supervisor.state is DeskState.TRADING
    r.assert_agrees()


def test_unsolicited_cancel_that_crosses_our_cancel_is_no_contradiction(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.venue("late_cancel", delay_ms=100, account=r.account)
    assert r.desk.cancel(order)
    r.turn(0.02)
    r.venue("cancel_orders", account=r.account)
    r.until_status(order, fix.Status.CANCELED)
    r.until(lambda: r.counters.cancel_rejects == 1, "the refusal of our cancel")
    assert r.supervisor.state is DeskState.TRADING
    r.assert_agrees()


def test_fill_between_cancel_request_and_answer_counts(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.venue("late_cancel", delay_ms=50, fill_qty=2 * LOT, account=r.account)
    assert r.desk.cancel(order)
    r.until_status(order, fix.Status.CANCELED)
    assert (order.cum_qty, r.counters.fills, r.counters.cancels) == (2 * LOT, 1, 1)
    r.assert_agrees()


def test_cancel_that_comes_too_late_is_refused_and_the_fill_counts(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.venue("late_cancel", delay_ms=50, fill_qty=-1, account=r.account)
    assert r.desk.cancel(order)
    r.until(lambda: r.counters.cancel_rejects == 1, "the refusal")
    assert order.ord_status == fix.Status.FILLED
    assert r.counters.rejects_by_reason == {0: 1}
    assert r.supervisor.state is DeskState.TRADING
    r.assert_agrees()


def test_closed_market_expires_orders_and_refuses_new_ones(rig: Start) -> None:
    r = rig()
    order, elsewhere = quoted(r), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)
    r.venue("delay_feed", delay_ms=100, duration_ms=300)  # no event tells us before we ask
    r.venue("close_market", symbol="RAIN")
    r.until_status(order, fix.Status.EXPIRED)
    refused = r.desk.buy(r.rain, 41 * CENT, LOT)
    assert refused is not None
    r.until_status(refused, fix.Status.REJECTED)
    assert r.strategy.seen[-1] == ("on_reject", 2, "MARKET_INACTIVE")
    assert r.counters.rejects_by_reason == {2: 1}
    assert elsewhere.ord_status == fix.Status.NEW
    r.assert_agrees()


def test_paused_market_refuses_replaces_and_takes_cancels(rig: Start) -> None:
    r = rig()
    order = quoted(r)
    r.venue("pause_market", symbol="RAIN")
    assert r.desk.replace(order, 42 * CENT, 5 * LOT)
    r.until(lambda: r.counters.cancel_rejects == 1, "the refusal")
    assert r.strategy.seen[-1] == ("on_reject", 99, "TRADING_PAUSED")
    assert (order.price, order.ord_status) == (40 * CENT, fix.Status.NEW)
    assert r.desk.cancel(order)
    r.until_status(order, fix.Status.CANCELED)
    assert r.types_sent() == [MASS_CANCEL, NEW, REPLACE, CANCEL]
    r.assert_agrees()
