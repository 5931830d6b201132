"""What the journal says of an order's time adds up to what the harness measures of it."""

from pathlib import Path
from typing import Any

from engine.journal.view.entries import Question
from engine.journal.view.export import entries
from engine.journal.writer import Journal
from engine.orders.order import Order
from engine.strategy import Strategy
from tests.support.desks import Scene
from tests.support.order_reports import INSTRUMENTS, ack

WALL_NS = 10**18


class Timed(Scene):
    """A desk whose clock moves whenever somebody looks at it, and that notes when a request left."""

    def __init__(self, strategy: Strategy, journal: Journal) -> None:
        self.sent_ns: list[int] = []
        super().__init__(strategy, journal)

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)["_now_ns" if name == "now_ns" else name] = value

    def __getattribute__(self, name: str) -> Any:
        if name != "now_ns":
            return super().__getattribute__(name)
        held = vars(self)
        held["_now_ns"] += 7
        return held["_now_ns"]

    def send(self, body: bytes) -> None:
        self.sent_ns.append(self.now_ns)


class Handled(Strategy):
    """Notes when the report of an order has been acted on, as the harness does."""

    def __init__(self) -> None:
        super().__init__()
        self.scene: Any = None
        self.handled_ns: list[int] = []

    def on_order(self, order: Order) -> None:
        self.handled_ns.append(self.scene.now_ns)


def test_decision_journal_sent_acknowledged_and_handled_add_up(tmp_path: Path) -> None:
    strategy = Handled()
    journal = Journal(tmp_path, "T", INSTRUMENTS, 1)
    scene = strategy.scene = Timed(strategy, journal)
    lives = []
    for _ in range(5):
        decided_ns = scene.now_ns
        order = scene.buy()
        scene.now_ns += 50_000  # to the venue and back
        arrived_ns = scene.now_ns
        scene.loop.on_report(ack(order, order_id=f"V{order.cl_ord_id}", leaves_qty=10, cum_qty=0))
        lives.append((order.cl_ord_id, decided_ns, arrived_ns))
    journal.close()
    assert len(scene.sent_ns) == len(strategy.handled_ns) == 5
    for (name, decided_ns, arrived_ns), sent_ns, handled_ns in zip(
        lives, scene.sent_ns, strategy.handled_ns, strict=True
    ):
        new, report = entries(tmp_path, Question(order=name))
        journalled_ns, answered_ns = (int(str(each["time_ns"])) - WALL_NS for each in (new, report))
        assert decided_ns < journalled_ns < sent_ns < arrived_ns < answered_ns < handled_ns
        after_ns = int(str(report["after_ns"]))
        before_ns, behind_ns = journalled_ns - decided_ns, handled_ns - answered_ns
        assert before_ns + after_ns + behind_ns == handled_ns - decided_ns  # what the harness measures
        assert after_ns - (sent_ns - journalled_ns) == answered_ns - sent_ns  # the wire, and what is read off it
