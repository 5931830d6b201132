"""What the demo reads of an engine, made up: two markets, RAIN and SNOW, ten bought in the first."""

from types import SimpleNamespace
from typing import Any

from engine.trading.controls.desk_state import DeskState
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill


def demo_engine() -> Any:
    """Return an engine that has bought ten of RAIN, still quotes both sides of it, and bids twice for SNOW."""
    scene = Scene()
    for book in scene.books:
        scene.portfolio.mark_book(book)
    order = scene.buy(4_600)
    scene.now_ns += 12_000
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, 10, "E1", 4_600))
    scene.loop.tick_to_order.record(7_500)
    scene.buy(4_400)
    scene.sell(4_700)
    for price in (4_300, 4_400):
        scene.desk.buy(scene.snow, price, 20)
    return SimpleNamespace(
        trading=scene.loop,
        counters=scene.loop.counters,
        books=scene.books,
        portfolio=scene.portfolio,
        supervisor=SimpleNamespace(state=DeskState.TRADING, reason=""),
        reconnects=lambda: 0,
        config=SimpleNamespace(
            engine=SimpleNamespace(mode="event", session="quickfix"),
            strategy=SimpleNamespace(path="engine.strategies.quoter:TwoSidedQuoter"),
        ),
    )
