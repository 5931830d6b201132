"""Stopped markets: one market's fault stops one market, and each cause is lifted by itself."""

from engine import fix
from engine.orders.order import restore_fields
from engine.risk import RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.supervisor import TICK_NS
from tests.support.desks import Scene
from tests.trading.test_supervisor import Stage


def test_stopped_market_denies_orders_and_the_others_go_on() -> None:
    scene = Scene()
    scene.loop.markets.stop(scene.rain, Stop.PAUSED, "paused by the venue")
    assert scene.buy() is None
    assert ("strategy.on_reject", None, RiskReject.MARKET_STOPPED, RiskReject.MARKET_STOPPED.text) in scene.taken()
    assert scene.desk.buy(scene.snow, 4_500, 10) is not None


def test_stop_tells_the_strategy_and_people_once_a_cause() -> None:
    scene = Scene()
    for _ in range(3):
        scene.loop.markets.stop(scene.rain, Stop.PAUSED, "paused by the venue")
    assert [step for step in scene.taken() if step[0] == "strategy.on_market"] == [
        ("strategy.on_market", "RAIN", "RAIN: paused by the venue")
    ]
    assert scene.loop.notices.count(NoticeKind.MARKET_STOPPED) == 1
    [stopped] = scene.loop.markets.all()
    assert (stopped.instrument, stopped.cause, stopped.text) == (scene.rain, Stop.PAUSED, "paused by the venue")


def test_market_opens_when_its_last_cause_is_lifted() -> None:
    scene = Scene()
    markets = scene.loop.markets
    markets.stop(scene.rain, Stop.PAUSED, "paused")
    markets.stop(scene.rain, Stop.DOUBT, "a fill that cannot be")
    markets.lift(scene.rain, Stop.PAUSED)
    assert markets.causes(scene.rain) == Stop.DOUBT
    assert scene.buy() is None
    scene.taken()
    markets.lift(scene.rain, Stop.DOUBT)
    markets.lift(scene.rain, Stop.DOUBT)
    assert [step for step in scene.taken() if step[0] == "strategy.on_market"] == [("strategy.on_market", "RAIN", "")]
    assert (markets.all(), markets.pulled()) == ([], [])
    assert scene.buy() is not None


def test_orders_of_a_pulled_market_are_cancelled_and_those_of_a_paused_one_rest() -> None:
    stage = Stage()
    stage.log_on()
    stage.tick()
    rain, snow = stage.buy(), stage.desk.buy(stage.snow, 4_500, 10)
    assert snow is not None
    for order in (rain, snow):
        restore_fields(order, ord_status=fix.Status.NEW)
    stage.taken()
    stage.loop.markets.stop(stage.rain, Stop.NO_BOOK, "no snapshot for 10 s")
    stage.loop.markets.stop(stage.snow, Stop.PAUSED, "paused")
    assert stage.tick(TICK_NS) == [f"F {rain.pending_cl_ord_id} {rain.cl_ord_id}".encode()]


def test_no_two_causes_are_one() -> None:
    assert len(Stop) == len(Stop.__members__)
    scene = Scene()
    scene.loop.markets.stop(scene.rain, Stop.ACCOUNT, "positions differ")
    scene.loop.markets.stop(scene.rain, Stop.THROTTLED, "no new orders for 1 s")
    scene.loop.markets.lift(scene.rain, Stop.THROTTLED)
    assert scene.loop.markets.causes(scene.rain) == Stop.ACCOUNT
