"""Orders and reports that are out of the ordinary, end to end: market orders, impossible fills, amended orders."""

from engine import fix
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from tests.support.engine.in_process import Rig, Start

CENT = 100
LOT = 100


def fill_of(cl_ord_id: str, last_px: str, exec_id: str = "odd", cum_qty: int = 2, last_qty: int = 2) -> str:
    return (
        f"35=8|11={cl_ord_id}|37=v|17={exec_id}|150=F|39=1|55=RAIN|54=1|38=5|14={cum_qty}|151={5 - cum_qty}"
        f"|31={last_px}|32={last_qty}|6=0.4|"
    )


def stopped(rig: Rig) -> list[Stop]:
    return [rig.trading.markets.causes(each) for each in (rig.rain, rig.snow)]


def test_o14_market_order_trades_at_its_bound_and_not_beyond(rig: Start) -> None:
    r = rig()
    r.other_enters("2", "4", "0.51")
    r.other_enters("2", "9", "0.52")
    order = r.desk.buy(r.rain, 51 * CENT, 100 * LOT, ord_type=fix.Type.MARKET)
    assert order is not None
    r.until(lambda: order.is_done, "its end")
    assert order.ord_status == fix.Status.CANCELED
    assert 4 * LOT <= order.cum_qty < 100 * LOT
    assert order.cum_cost <= order.cum_qty * 51 * CENT
    r.assert_agrees()


def test_o13_fill_at_a_price_that_cannot_be_stops_its_market_alone(rig: Start) -> None:
    r = rig()
    for number, last_px in enumerate(("5.00", "-0.50", "0.41", "0.42333333")):
        order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
        r.hear(fill_of(order.cl_ord_id, last_px, f"odd{number}"))
        assert (order.cum_qty, r.engine.portfolio[r.rain].net) == (0, 0)
        assert stopped(r) == [Stop.DOUBT, Stop(0)]
        r.until(lambda: stopped(r) == [Stop(0)] * 2, "the market to open")
        assert order.ord_status in (fix.Status.NEW, fix.Status.CANCELED)
        assert r.trading.is_trading
    r.supervisor.halt("to end it")
    r.until(lambda: not r.trading.orders.live_count, "every cancel")
    r.assert_agrees()


def test_s12_order_that_a_desk_amends_goes_on_at_its_terms(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 10 * LOT)
    r.hear(f"35=8|11={order.cl_ord_id}|37=v|17=desk|150=5|39=5|55=RAIN|54=1|38=8|44=0.30|14=0|151=8|6=0|")
    assert (order.price, order.leaves_qty, order.ord_status) == (30 * CENT, 8 * LOT, fix.Status.NEW)
    assert r.strategy.seen[-1] == ("on_order", fix.Status.NEW)
    exposure = r.trading.risk.exposure  # a lot costs 7 % of 0.30 * 0.70 at most, the order one rounding
    assert (exposure.worst_position(r.rain), exposure.open_cost) == (8 * LOT, 8 * LOT * (30 * CENT + 147) + 99)
    assert stopped(r) == [Stop(0)] * 2
    assert r.trading.notices.count(NoticeKind.CHANGED_BY_VENUE) == 1


def test_s5_second_fill_under_one_exec_id_reaches_the_position(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    for _ in range(2):
        r.hear(fill_of(order.cl_ord_id, "0.40", "E1"))
        r.hear(fill_of(order.cl_ord_id, "0.40", "E1", cum_qty=5, last_qty=3))
    assert (order.ord_status, r.engine.portfolio[r.rain].net) == (fix.Status.FILLED, 5 * LOT)
    assert r.trading.notices.count(NoticeKind.EXEC_ID_REPEATED) == 1
    assert r.counters.duplicates == 2
