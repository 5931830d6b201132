"""Orders in doubt: what contradicts about one order stops one market until the venue has answered."""

import pytest

from engine import fix
from engine.codec import Fields
from engine.fix import Exec, Status
from engine.orders.order import Order, restore_fields
from engine.orders.report import ExecutionReport
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from engine.trading.supervisor import TICK_NS
from tests.support.order_reports import ack, canceled, fill, report
from tests.trading.test_supervisor import Stage, trading


def contradiction(order: Order) -> ExecutionReport:
    return fill(order, 4, "E1", cum_qty=9)


def status(order: Order, cum_qty: int = 0) -> ExecutionReport:
    state = Status.PARTIALLY_FILLED if cum_qty else Status.NEW
    return report(order.cl_ord_id, Exec.ORDER_STATUS, state, cum_qty=cum_qty, leaves_qty=10 - cum_qty)


def rest_in(stage: Stage, price: int = 4_400) -> tuple[Order, Order]:
    """One order that rests in each market."""
    orders = []
    for instrument in (stage.rain, stage.snow):
        order = stage.desk.buy(instrument, price, 10)
        assert order is not None
        stage.loop.on_report(ack(order))
        orders.append(order)
    stage.taken()
    return orders[0], orders[1]


def test_s1_suspected_order_is_asked_for_at_the_next_tick_and_its_market_alone_stops() -> None:
    stage = trading()
    order, other = rest_in(stage)
    stage.loop.suspect(order, "35=8 refused: tag 1057 is not defined")
    assert (order.ord_status, stage.loop.markets.causes(stage.rain)) == (Status.UNKNOWN, Stop.DOUBT)
    assert [step for step in stage.taken() if step[0].startswith(("strategy", "risk", "journal"))] == [
        ("journal.append_doubt", order.cl_ord_id, 10**18 + stage.now_ns),
        ("risk.update", order.cl_ord_id),
        ("strategy.on_market", "RAIN", "RAIN: 35=8 refused: tag 1057 is not defined"),
        ("strategy.on_order", order.cl_ord_id),
    ]
    assert stage.tick() == [f"H {order.cl_ord_id}".encode()]
    assert (stage.state, other.ord_status) == (DeskState.TRADING, Status.NEW)
    assert stage.buy() is None
    assert stage.desk.buy(stage.snow, 4_500, 1) is not None
    [doubt] = stage.loop.doubts.all()
    assert (doubt.order, doubt.text) == (order, "35=8 refused: tag 1057 is not defined")
    assert stage.loop.notices.count(NoticeKind.ORDER_IN_DOUBT) == 1


@pytest.mark.parametrize("answer", [status, canceled, lambda order: report(order.cl_ord_id, Exec.REJECTED, "8")])
def test_market_in_doubt_opens_when_the_venue_has_answered(answer: object) -> None:
    stage = trading()
    order = stage.resting()
    stage.loop.on_report(contradiction(order))
    stage.tick()
    assert stage.loop.markets.causes(stage.rain) == Stop.DOUBT
    assert callable(answer)
    stage.loop.on_report(answer(order))
    stage.tick()
    assert (stage.loop.markets.causes(stage.rain), stage.loop.doubts.all()) == (Stop(0), [])
    assert stage.buy() is not None


def test_market_in_doubt_waits_for_each_of_its_orders() -> None:
    stage = trading()
    orders = [stage.resting(), stage.resting(price=4_400)]
    for order in orders:
        stage.loop.on_report(contradiction(order))
    stage.tick()
    for order, causes in zip(orders, (Stop.DOUBT, Stop(0)), strict=True):
        stage.loop.on_report(status(order))
        stage.tick()
        assert stage.loop.markets.causes(stage.rain) == causes


def test_doubt_that_no_answer_settles_lasts_until_a_person_resumes() -> None:
    stage = trading()
    order = stage.resting()
    for _ in range(3):
        stage.loop.on_report(status(order, cum_qty=4))  # a fill that we never got
        stage.tick()
        assert stage.loop.markets.causes(stage.rain) == Stop.DOUBT
    stage.supervisor.resume("booked by hand")
    assert stage.buy(4_400) is not None
    stage.loop.on_report(status(order, cum_qty=4))
    assert stage.loop.markets.causes(stage.rain) == Stop(0)  # borne: said again, it is no news
    stage.loop.on_report(status(order))
    stage.tick()
    stage.loop.on_report(contradiction(order))
    assert stage.loop.markets.causes(stage.rain) == Stop.DOUBT  # known in between: this is a new one


def test_resting_orders_of_a_market_in_doubt_are_pulled() -> None:
    stage = trading()
    order, other = rest_in(stage)
    quote = stage.resting(price=4_300)
    stage.loop.on_report(contradiction(order))
    sent = stage.tick()
    assert f"H {order.cl_ord_id}".encode() in sent
    assert [body for body in sent if body.startswith(b"F")] == [
        f"F {quote.pending_cl_ord_id} {quote.cl_ord_id}".encode()
    ]
    assert not other.pending


def test_contradictions_in_two_markets_halt() -> None:
    stage = trading()
    order, other = rest_in(stage)
    stage.loop.on_report(contradiction(order))
    assert stage.state is DeskState.TRADING
    stage.loop.on_report(contradiction(other))
    assert stage.state is DeskState.HALTED
    assert stage.supervisor.reason.startswith("contradictions in SNOW and in RAIN: ClOrdID(11) ")


def test_orders_unanswered_at_a_logout_stop_their_markets_and_halt_nothing() -> None:
    stage = trading()
    for instrument in (stage.rain, stage.snow):
        stage.desk.buy(instrument, 4_500, 10)
    stage.log_out()
    stage.log_on()
    stage.tick()
    assert stage.state is DeskState.TRADING
    assert [stage.loop.markets.causes(each) for each in (stage.rain, stage.snow)] == [Stop.DOUBT] * 2


def test_report_about_a_strangers_order_in_a_market_of_ours_stops_that_market() -> None:
    stage = trading()
    stage.loop.on_report(report("X9", Exec.TRADE, Status.FILLED, symbol="SNOW", side=fix.BUY))
    assert stage.state is DeskState.TRADING
    assert stage.loop.markets.causes(stage.snow) == Stop.DOUBT
    stage.tick(60 * TICK_NS)
    assert stage.loop.markets.causes(stage.snow) == Stop.DOUBT  # nothing that we can ask for settles it
    stage.supervisor.resume("seen to")
    assert stage.loop.markets.causes(stage.snow) == Stop(0)


@pytest.mark.parametrize("symbol", ["", "HAIL"])
def test_report_about_nothing_of_ours_halts(symbol: str) -> None:
    stage = trading()
    stage.loop.on_report(report("X9", Exec.NEW, Status.NEW, symbol=symbol))
    assert stage.supervisor.reason.startswith("a report contradicts what we know: ClOrdID(11) unknown: 'X9'")


def test_resume_opens_markets_whose_requests_were_refused_in_a_row() -> None:
    stage = trading()
    stage.loop.markets.stop(stage.rain, Stop.REJECTS, "5 rejects in a row")
    stage.loop.markets.stop(stage.snow, Stop.CLOSED, "closed")
    stage.supervisor.resume("mended")
    assert [stage.loop.markets.causes(each) for each in (stage.rain, stage.snow)] == [Stop(0), Stop.CLOSED]


def test_late_report_that_contradicts_an_order_that_is_over_brings_it_back_into_doubt() -> None:
    stage = trading()
    order = stage.resting()
    stage.loop.on_report(fill(order, 10, "E1"))
    stage.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, Status.REJECTED))
    assert order in stage.orders.live()
    assert stage.tick() == [f"H {order.cl_ord_id}".encode()]


@pytest.mark.parametrize("naming", ["11={id}", "11=DESK-1|41={id}", "11=DESK-1|37=V-9"])
def test_s15_unreadable_report_puts_the_order_that_it_names_in_doubt(naming: str) -> None:
    stage = trading()
    order, other = rest_in(stage)
    restore_fields(order, order_id="V-9")
    stage.loop.on_report(Fields(f"35=8|{naming.format(id=order.cl_ord_id)}|".replace("|", "\x01")))
    assert (order.ord_status, other.ord_status, stage.state) == (Status.UNKNOWN, Status.NEW, DeskState.TRADING)
    assert stage.tick() == [f"H {order.cl_ord_id}".encode()]
    [doubt] = stage.loop.doubts.all()
    assert doubt.text == f"ClOrdID(11) {order.cl_ord_id!r}: unreadable report: OrderQty(38) is no number"


def test_s15_unreadable_report_about_a_market_of_ours_stops_that_market() -> None:
    stage = trading()
    stage.loop.on_report(Fields("35=8|11=X9|55=SNOW|".replace("|", "\x01")))
    assert stage.state is DeskState.TRADING
    assert (stage.loop.markets.causes(stage.rain), stage.loop.markets.causes(stage.snow)) == (Stop(0), Stop.DOUBT)


def test_what_is_odd_about_a_report_that_counts_is_told() -> None:
    stage = trading()
    order = stage.resting()
    odd = fill(order, 4, "E1", price=4_500)
    odd.oddity = "tag 137 rounded up: 0.0000001"
    stage.loop.on_report(odd)
    stage.loop.on_report(fill(order, 6, "E1", price=4_500))
    counts = [stage.loop.notices.count(kind) for kind in (NoticeKind.REPORT_ROUNDED, NoticeKind.EXEC_ID_REPEATED)]
    assert (order.ord_status, counts) == (Status.FILLED, [1, 1])
