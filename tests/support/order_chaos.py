"""Requests and reports of any kind in any order, drawn from one random source, each journaled as the engine does."""

import random
from itertools import count

from engine import fix
from engine.errors import OrderError
from engine.fix import Msg, Status
from engine.journal.writer import NullJournal
from engine.orders.order import Change, Order
from engine.orders.orders import Orders
from engine.orders.report import ABSENT, ExecutionReport
from engine.portfolio import Portfolio
from tests.support.order_reports import INSTRUMENTS, report

EXEC_TYPES = [*"0123456789ABCDEFGHI", *"FFFFF", "u"]
STATUSES = [*"0123456789ACE", "u", ""]
OTHER_TYPES = [Msg.ORDER_CANCEL_REJECT] * 3 + [Msg.REJECT, Msg.BUSINESS_MESSAGE_REJECT, Msg.ORDER_MASS_CANCEL_REPORT]


class Chaos:
    """Drives `orders` and `portfolio`; a report makes sense by chance only, but its sums fit more often than not."""

    def __init__(self, seed: int, orders: Orders, portfolio: Portfolio, journal: NullJournal) -> None:
        self.random = random.Random(seed)
        self.orders = orders
        self.portfolio = portfolio
        self.journal = journal
        self.opened: list[Order] = []
        self._time = count(1_000)

    def step(self) -> Change | None:
        """Do one thing; return what a report changed."""
        draw = self.random.random()
        if draw < 0.15 or not self.opened:
            self._open()
        elif draw < 0.27:
            self._request()
        elif draw < 0.29:
            self.orders.on_disconnect()
            self.journal.append_disconnect(next(self._time))
        elif draw < 0.30:
            instrument = self.random.choice(INSTRUMENTS)
            self.portfolio.settle(instrument, 10_000, 3)
            self.journal.append_settle(instrument, 10_000, 3, next(self._time))
        elif draw < 0.31:
            self.journal.append_request(self.orders.next_cl_ord_id(), next(self._time))
            self.journal.append_note("halt: tried", next(self._time))
        else:
            return self._report(self._any_report(self.random.choice(self.opened)))
        return None

    def _open(self) -> None:
        r = self.random
        order = self.orders.open(
            r.choice(INSTRUMENTS), r.choice((fix.BUY, fix.SELL)), r.randrange(100, 9_900, 100), r.randint(1, 20),
            r.choice("12"), r.choice("0134"), r.random() < 0.3, r.choice((0, 10**18)), next(self._time),
        )  # fmt: skip
        self.opened.append(order)
        self.journal.append_new(order, next(self._time))

    def _request(self) -> None:
        order = self.random.choice(self.opened)
        try:
            if self.random.random() < 0.5:
                self.orders.request_cancel(order, next(self._time))
                self.journal.append_cancel(order, next(self._time))
            else:
                price, qty = self.random.randrange(100, 9_900, 100), self.random.randint(1, 20)
                self.orders.request_replace(order, price, qty, next(self._time))
                self.journal.append_replace(order, next(self._time))
        except OrderError:
            pass

    def _report(self, made: ExecutionReport) -> Change:
        change = self.orders.apply(made)
        self.journal.append_report(made, next(self._time))
        self.portfolio.book(change)
        return change

    def _any_report(self, order: Order) -> ExecutionReport:
        r = self.random
        made = report(r.choice((order.cl_ord_id, order.pending_cl_ord_id, "stranger")), r.choice(EXEC_TYPES))
        made.orig_cl_ord_id = r.choice((order.cl_ord_id, order.cl_ord_id, ""))
        made.ord_status = r.choice(STATUSES)
        made.exec_id = f"E{r.randint(1, 30)}"
        made.exec_ref_id = r.choice(("", *order.executions))
        made.order_id = r.choice(("", f"V-{order.cl_ord_id}"))
        if r.random() < 0.15:
            made.msg_type = r.choice(OTHER_TYPES)
            made.ref_msg_type = r.choice(("D", "F", "G", "H", "q", ""))
            made.cxl_rej_response_to = r.choice(("1", "2", ""))
        made.last_qty = r.randint(0, 6)
        made.last_px = r.choice((order.price, order.price, ABSENT))
        made.fee = r.choice((ABSENT, 5, -2))
        made.price = r.choice((ABSENT, ABSENT, order.price, order.pending_price or order.price))
        made.is_taker, made.poss_dup = r.random() < 0.5, r.random() < 0.1
        if r.random() < 0.4:
            made.cum_qty = order.cum_qty + r.choice((0, made.last_qty, made.last_qty, -1))
            made.leaves_qty = r.choice((0, max(order.order_qty - made.cum_qty, 0), order.pending_qty))
        return made


def snapshot(orders: Orders, portfolio: Portfolio) -> object:
    """Everything of orders and positions that must survive."""
    skipped = {"sent_ns", "tag", "instrument"}
    names = [name for name in Order.__slots__ if name not in skipped and not name.startswith("_")]
    ids = sorted(orders.ids.items(), key=lambda item: item[0])
    each = [
        (order.instrument.symbol, order.executions, *(getattr(order, name) for name in names))
        for order in dict.fromkeys(order for _, order in ids)
    ]
    held = [(p.net, p.cash, p.cost, p.fees) for p in portfolio]
    live = [order.cl_ord_id for order in orders.live()]
    return each, held, live, [(cl_ord_id, order.cl_ord_id) for cl_ord_id, order in ids], orders.opened


def check(order: Order) -> None:
    """What holds for an order whatever came in."""
    fills = [execution for execution in order.executions.values() if execution is not None]
    assert order.ord_status in "p012348Cu"
    assert order.cum_qty >= 0
    assert 0 <= order.leaves_qty <= order.order_qty
    if order.ord_status in "p01":
        assert order.leaves_qty == order.order_qty - order.cum_qty > 0
    if order.is_done:
        assert (order.leaves_qty, order.pending, order.worst_leaves_qty) == (0, "", 0)
    if order.ord_status in "348C":
        assert (order.pending_qty, order.pending_cl_ord_id) == (0, "")
    assert order.ord_status != Status.PENDING_NEW or order.cum_qty == 0
    assert (order.pending in ("F", "G")) == bool(order.pending_cl_ord_id)
    assert order.pending != "G" or order.pending_qty > 0
    assert sum(qty for qty, _, _ in fills) >= order.cum_qty  # above it after a bust that does not say of which fill
