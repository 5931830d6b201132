"""Random lives of orders: against a venue that keeps its own books, and against reports that make no sense."""

import random
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.fix import Exec, Msg, Status
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.orders.table import Outcome
from engine.portfolio import Portfolio
from tests.support.order_chaos import Chaos, check
from tests.support.order_reports import INSTRUMENTS, RAIN, report

LIVES = settings(max_examples=300, deadline=None, derandomize=True)


@dataclass
class Resting:
    """An order as the venue has it."""

    cl_ord_id: str
    order_id: str
    price: int
    qty: int
    cum_qty: int = 0
    ended: str = ""
    fills: list[tuple[str, int, int]] = field(default_factory=list)
    exec_id: str = "E0"  # of what was said last
    said: set[tuple[str, int]] = field(default_factory=set)  # what nobody could tell from something new
    newest_id: str = ""  # the ClOrdID that a desk there would name

    @property
    def ord_status(self) -> str:
        if self.ended:
            return self.ended
        return Status.FILLED if self.cum_qty == self.qty else "1" if self.cum_qty else "0"

    @property
    def leaves_qty(self) -> int:
        return 0 if self.ended else self.qty - self.cum_qty


class Venue:
    """A venue that makes no mistake; what it says takes time and names any id of a chain.

    Fills may be said twice, an ExecID may name several executions of an order, and a desk there amends orders.
    """

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.orders: dict[str, Resting] = {}  # every id of a chain
        self.inbox: deque[tuple[str, ...]] = deque()
        self.outbox: deque[ExecutionReport] = deque()
        self.executions = 0

    def say(self, order: Resting, exec_type: str, cl_ord_id: str = "", **fields: object) -> None:
        if (order.exec_id, order.cum_qty) in order.said or self.random.random() < 0.8:
            self.executions += 1
            order.exec_id = f"E{self.executions}"
        order.said.add((order.exec_id, order.cum_qty))
        chain = [each for each, resting in self.orders.items() if resting is order]
        made = report(cl_ord_id or self.random.choice(chain), exec_type, order.ord_status, symbol=RAIN.symbol)
        made.exec_id, made.order_id = order.exec_id, order.order_id
        made.cum_qty, made.leaves_qty = order.cum_qty, order.leaves_qty
        for name, value in fields.items():
            setattr(made, name, value)
        self.outbox.extend([made] * (2 if exec_type == Exec.TRADE and self.random.random() < 0.2 else 1))

    def take_request(self) -> None:
        kind, cl_ord_id, *rest = self.inbox.popleft()
        if kind == "D":
            order = Resting(cl_ord_id, f"V{cl_ord_id}", int(rest[0]), int(rest[1]), newest_id=cl_ord_id)
            self.orders[cl_ord_id] = order
            if self.random.random() < 0.1:
                order.ended = Status.REJECTED
                self.say(order, Exec.REJECTED)
            else:
                self.say(order, Exec.NEW)
            return
        order = self.orders[rest[0]]
        if order.leaves_qty == 0 or self.random.random() < 0.2:
            self.say(order, "", cl_ord_id, msg_type="9", cxl_rej_response_to="1" if kind == "F" else "2")
            return
        self.orders[cl_ord_id] = order
        order.newest_id = cl_ord_id
        if kind == "F":
            order.ended = Status.CANCELED
            self.say(order, Exec.CANCELED, cl_ord_id)
        else:
            order.price, order.qty = int(rest[1]), max(int(rest[2]), order.cum_qty)
            self.say(order, Exec.REPLACED, cl_ord_id, price=order.price, order_qty=order.qty)

    def trade(self) -> None:
        working = [order for order in self.orders.values() if order.leaves_qty]
        if not working:
            return
        order = self.random.choice(working)
        draw = self.random.random()
        if draw < 0.7:
            qty = self.random.randint(1, order.leaves_qty)
            price = self.random.choice((order.price, order.price, max(order.price - 100, 100)))
            order.cum_qty += qty
            self.say(order, Exec.TRADE, last_qty=qty, last_px=price, fee=qty)
            order.fills.append((order.exec_id, qty, price))
        elif draw < 0.8 and order.fills:
            exec_ref_id, qty, price = order.fills.pop(self.random.randrange(len(order.fills)))
            order.cum_qty -= qty
            self.say(order, Exec.TRADE_CANCEL, exec_ref_id=exec_ref_id, last_qty=qty, last_px=price)
        elif draw < 0.9:
            order.qty = order.cum_qty + self.random.randint(1, 20)
            order.price = self.random.choice((order.price, self.random.randrange(100, 9_900, 100)))
            exec_type = self.random.choice((Exec.REPLACED, Exec.RESTATED))
            self.say(order, exec_type, order.newest_id, price=order.price, order_qty=order.qty)
        else:
            order.ended = self.random.choice((Status.CANCELED, Status.EXPIRED))
            self.say(order, order.ended)


class Client:
    """Orders under test, wired to the venue."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.venue = Venue(self.random)
        self.orders = Orders("R")
        self.portfolio = Portfolio(INSTRUMENTS)
        self.opened: list[Order] = []

    def step(self) -> None:
        self.random.choice((self.request, self.venue_turn, self.venue.trade, self.hear, self.hear))()

    def request(self) -> None:
        if self.random.random() < 0.4 or not self.opened:
            price, qty = self.random.randrange(100, 9_900, 100), self.random.randint(1, 20)
            order = self.orders.open(RAIN, fix.BUY, price, qty, "2", "1", False, 0, 1)
            self.opened.append(order)
            self.venue.inbox.append(("D", order.cl_ord_id, str(price), str(qty)))
            return
        order = self.random.choice(self.opened)
        price, qty = self.random.randrange(100, 9_900, 100), order.cum_qty + self.random.randint(1, 20)
        if order.can_replace and self.random.random() < 0.5:
            self.orders.request_replace(order, price, qty, 1)
            self.venue.inbox.append(("G", order.pending_cl_ord_id, order.cl_ord_id, str(price), str(qty)))
        elif order.can_cancel:
            self.orders.request_cancel(order, 1)
            self.venue.inbox.append(("F", order.pending_cl_ord_id, order.cl_ord_id))

    def venue_turn(self) -> None:
        if self.venue.inbox:
            self.venue.take_request()

    def hear(self) -> None:
        if not self.venue.outbox:
            return
        change = self.orders.apply(self.venue.outbox.popleft())
        assert change.kind != Outcome.UNKNOWN, change.text
        assert change.order is not None
        self.portfolio.book(change)
        check(change.order)

    def settle(self) -> None:
        while self.venue.inbox:
            self.venue.take_request()
        while self.venue.outbox:
            self.hear()


@LIVES
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 250))
def test_orders_agree_with_the_venue_when_all_is_said(seed: int, steps: int) -> None:
    client = Client(seed)
    for _ in range(steps):
        client.step()
    client.settle()
    for order in client.opened:
        resting = client.venue.orders[order.cl_ord_id]
        assert (order.ord_status, order.cum_qty, order.leaves_qty) == (
            resting.ord_status, resting.cum_qty, resting.leaves_qty,
        )  # fmt: skip
        if order.ord_status != Status.REJECTED:
            assert (order.price, order.order_qty, order.order_id) == (resting.price, resting.qty, resting.order_id)
    alive = [order for order in client.opened if client.venue.orders[order.cl_ord_id].leaves_qty]
    assert set(client.orders.live()) == set(alive)
    fills = [fill for order in client.opened for fill in client.venue.orders[order.cl_ord_id].fills]
    position = client.portfolio[RAIN]
    assert position.net == position.fees == sum(qty for _, qty, _ in fills)
    assert position.cash == -sum(qty * price for _, qty, price in fills)


@LIVES
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 300))
def test_nothing_a_venue_says_breaks_an_order(seed: int, steps: int) -> None:
    chaos = Chaos(
        seed, Orders("R", lambda instrument, price, qty, is_taker: qty), Portfolio(INSTRUMENTS), NullJournal()
    )
    for _ in range(steps):
        before = {order: (order.cum_qty, order.cum_cost, dict(order.executions)) for order in chaos.opened}
        change = chaos.step()
        for order in chaos.opened:
            check(order)
            if order not in before:
                continue
            cum_qty, cum_cost, executions = before[order]
            if change is None or change.order is not order:
                assert (order.cum_qty, order.cum_cost) == (cum_qty, cum_cost)
            else:
                assert order.cum_qty == cum_qty + change.last_qty - change.undo_qty
                assert order.cum_cost == (
                    cum_cost + change.last_qty * change.last_px - change.undo_qty * change.undo_px
                )
                if change.kind in (Outcome.UNKNOWN, Outcome.DUPLICATE):
                    assert order.executions == executions
        assert set(chaos.orders.live()) == {order for order in chaos.opened if not order.is_done}


def test_chaos_reaches_every_outcome() -> None:
    chaos = Chaos(1, Orders("R"), Portfolio(INSTRUMENTS), NullJournal())
    changes = (chaos.step() for _ in range(4_000))
    seen = {change.kind for change in changes if change is not None}
    assert seen == {value for name, value in vars(Outcome).items() if not name.startswith("_")}


@pytest.mark.parametrize("ref_msg_type", ["D", "F", "G"])
def test_refused_message_of_an_unknown_order_halts(ref_msg_type: str) -> None:
    refusal = report("R-9", "", msg_type=Msg.REJECT, ref_msg_type=ref_msg_type)
    assert Orders("R").apply(refusal).kind == Outcome.UNKNOWN
