"""What follows from the texts of a venue: a market is closed, or waits a while, longer each time in a row."""

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.trading.markets import Stop
from engine.trading.rejects import FIRST_WAIT_NS, LONGEST_WAIT_NS
from engine.venue import Verdict
from engine.venue.kalshi.fix.consequences import CONSEQUENCES
from tests.support.desks import Scene
from tests.support.order_reports import ack, cancel_reject, report

SHORT = "INSUFFICIENT_BALANCE"


class Judging(Scene):
    verdicts = CONSEQUENCES

    def refuse_one(self, text: str) -> None:
        order = self.buy()
        assert order is not None
        self.loop.on_report(rejected(order, text))

    def wait(self) -> int:
        """Let the next timer run out; return how long it was."""
        delay_ns, due = self.timers.pop(0)
        due()
        return delay_ns


def rejected(order: Order, text: str) -> ExecutionReport:
    return report(order.cl_ord_id, Exec.REJECTED, Status.REJECTED, reason=99, text=text)


@pytest.mark.parametrize("text", [text for text, what in CONSEQUENCES.items() if what is Verdict.CLOSES_MARKET])
def test_text_that_closes_a_market_stops_it_at_once(text: str) -> None:
    scene = Judging()
    scene.refuse_one(text)
    assert scene.loop.markets.causes(scene.rain) == Stop.INACTIVE


@pytest.mark.parametrize("text", [SHORT, "RATE_LIMITED: too many requests of you"])
def test_text_that_throttles_stops_new_orders_of_its_market_for_a_while(text: str) -> None:
    scene = Judging()
    resting = scene.buy()
    scene.loop.on_report(ack(resting))
    scene.refuse_one(text)
    assert scene.loop.markets.causes(scene.rain) == Stop.THROTTLED
    assert scene.loop.markets.all()[0].text == f"no new orders for 1 s: {text}"
    assert scene.buy() is None
    assert scene.desk.buy(scene.snow, 4_500, 10) is not None
    assert scene.desk.cancel(resting)  # what takes risk away always passes
    assert scene.wait() == FIRST_WAIT_NS
    assert scene.loop.markets.causes(scene.rain) == 0
    assert scene.buy() is not None


def test_waits_in_a_row_double_up_to_a_minute_and_begin_anew_after_an_order_that_is_taken() -> None:
    scene = Judging()
    waits = []
    for _ in range(8):
        scene.refuse_one(SHORT)
        waits.append(scene.wait() // FIRST_WAIT_NS)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60] and LONGEST_WAIT_NS == 60 * FIRST_WAIT_NS
    scene.loop.on_report(ack(scene.buy()))
    scene.refuse_one(SHORT)
    assert scene.wait() == FIRST_WAIT_NS


def test_orders_that_had_left_before_do_not_make_it_longer() -> None:
    scene = Judging()
    orders = [scene.buy() for _ in range(5)]
    for order in orders:
        scene.loop.on_report(rejected(order, SHORT))
    assert len(scene.timers) == 1 and scene.wait() == FIRST_WAIT_NS


def test_refused_change_throttles_too() -> None:
    scene = Judging()
    order = scene.buy()
    scene.loop.on_report(ack(order))
    scene.desk.replace(order, 4_400, 10)
    scene.loop.on_report(cancel_reject(order, Status.NEW, reason=8, text="RATE_LIMITED: slower"))
    assert scene.loop.markets.causes(scene.rain) == Stop.THROTTLED


@pytest.mark.parametrize("text", ["INTERNAL_ERROR", "INVALID_ORDER", "A_TEXT_OF_TOMORROW", ""])
def test_text_that_refuses_its_order_alone_stops_nothing(text: str) -> None:
    scene = Judging()
    scene.refuse_one(text)
    assert scene.loop.markets.causes(scene.rain) == 0 and scene.timers == []
