"""Busts and corrections of a venue's trades: whatever is undone, the record adds up to what is left."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.exchange.blotter import Blotter, Summary
from engine.exchange.corrections import Corrections
from engine.exchange.events import Busted, Corrected, Event, NewOrder, Traded
from engine.exchange.faults import FaultKind, InjectedFault
from tests.support.sim.venue import NOON_NS, B, S, Venue

Step = tuple[str, int, int, int]  # what, whose, price in cents, lots
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("buy", "sell", "bust", "correct", "take")),
        st.integers(0, 1),
        st.integers(40, 44),
        st.integers(1, 9),
    ),
    max_size=40,
)
KINDS = {"bust": FaultKind.BUST_FILL, "correct": FaultKind.CORRECT_FILL}


def order_of(account: str, number: int, side: int, cents: int, lots: int) -> NewOrder:
    return NewOrder(
        account=account, cl_ord_id=str(number), symbol="A", side=side, order_qty=lots * 100, price=cents * 100
    )


class Desk:
    """A venue with two members, its blotter, and the fills that count by a plain list."""

    def __init__(self, blotter: Blotter) -> None:
        self.venue, self.blotter = Venue(), blotter
        self.corrections = Corrections(self.venue.exchange)
        self.counted: dict[str, tuple[str, int, int, int, int]] = {}
        self.number = 0

    def take(self, step: Step) -> None:
        what, whose, price, lots = step
        exchange = self.venue.exchange
        account = "ab"[whose]
        events: list[Event]
        if what in KINDS:
            exchange.faults.arm(InjectedFault(kind=KINDS[what], account=account), NOON_NS)
            events = self.corrections.advance(NOON_NS)
            exchange.faults.clear()
        elif what == "take":
            resting = exchange.orders.open_orders(account)
            events = (
                exchange.fill_without_taker(resting[0], min(lots * 100, resting[0].leaves_qty), NOON_NS)
                if resting
                else []
            )
        else:
            self.number += 1
            side = B if what == "buy" else S
            events = exchange.new(order_of(account, self.number, side, price, lots), NOON_NS)
        self.blotter.record(events)
        for event in events:
            self.corrections.note(event)
            self.count(event)

    def count(self, event: Event) -> None:
        if isinstance(event, Busted | Corrected):
            account, side, *_ = self.counted.pop(event.exec_ref_id)
            assert (account, side) == (event.account, event.side)
        if isinstance(event, Traded | Corrected):
            self.counted[event.exec_id] = event.account, event.side, event.last_px, event.last_qty, event.fee

    def summary(self, account: str) -> tuple[int, int, dict[str, int]]:
        parts = [part for part in self.counted.values() if part[0] == account]
        cash = -sum((qty if side == B else -qty) * price + fee for _, side, price, qty, fee in parts)
        return (
            cash,
            sum(part[4] for part in parts),
            {"A": sum(qty if side == B else -qty for _, side, _, qty, _ in parts)},
        )


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_record_is_the_fills_that_were_not_undone(steps: list[Step]) -> None:
    with TemporaryDirectory() as directory, Blotter(Path(directory, "blotter")) as blotter:
        desk = Desk(blotter)
        for step in steps:
            desk.take(step)
            orders = desk.venue.exchange.orders
            for account in "ab":
                said = blotter.summary(account)
                cash, fees, positions = desk.summary(account)
                assert (said.cash, said.fees) == (cash, fees)
                assert {symbol: net for symbol, net in said.positions.items() if net} == {
                    symbol: net for symbol, net in positions.items() if net
                }
                for order in orders.open_orders(account):
                    assert order.cum_qty + order.leaves_qty == order.order_qty and order.cum_qty >= 0
        with Blotter(Path(directory, "blotter")) as again:  # and after a start
            assert [_plain(again.summary(each)) for each in "ab"] == [_plain(blotter.summary(each)) for each in "ab"]


def _plain(said: Summary) -> tuple[int, int, int, dict[str, int]]:
    return said.fills, said.cash, said.fees, {symbol: net for symbol, net in said.positions.items() if net}


def test_filled_order_whose_fill_is_busted_is_over_and_a_live_one_smaller(tmp_path: Path) -> None:
    with Blotter(tmp_path / "blotter") as blotter:
        desk = Desk(blotter)
        for step in (("buy", 0, 40, 5), ("sell", 1, 40, 5), ("bust", 0, 0, 0)):
            desk.take(step)
        order = desk.venue.exchange.orders.find("a", "1")
        assert order is not None
        assert (order.ord_status, order.cum_qty, order.leaves_qty) == (fix.Status.CANCELED, 0, 0)
        for step in (("buy", 0, 40, 5), ("sell", 1, 40, 3), ("bust", 1, 0, 0)):
            desk.take(step)
        order = desk.venue.exchange.orders.find("a", "3")
        assert order is not None
        assert (order.ord_status, order.order_qty, order.leaves_qty) == (fix.Status.NEW, 200, 200)
        assert desk.counted == {}
