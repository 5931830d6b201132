"""Every order of this process: their ids, their requests, and the reports that move them.

Units   price, size and money as in `instrument`; times in ns of the clock that the caller passes in.
Shapes  every order that may still trade is kept, and those that are over until their market is forgotten or
        `MOST_REMEMBERED` ids were given out since; each with the ExecID(17) of up to `MOST_EXECUTIONS` reports.
Errors  OrderError for a request that contradicts its order; a report that fits no row is a value, not an error.
Cost    O(1); a report that names its order by OrderID(37) alone is looked for among all of them.
Thread  the loop thread only.
Source  FIX 4.4 volume 4, appendix D: order state change matrices.
"""

import re
from collections.abc import Iterable

from engine.errors import ConfigError, OrderError
from engine.fix import Msg, Status
from engine.instrument import Instrument
from engine.orders._ids import OrderIds
from engine.orders.event import PLAIN, ends_order, event_of
from engine.orders.options import OrderOptions
from engine.orders.order import Change, Order
from engine.orders.repeats import MOST_EXECUTIONS, is_told_before, repeat_fault
from engine.orders.report import ExecutionReport
from engine.orders.steps import STEPS, Fee, close_request, fill, move
from engine.orders.strangers import REFUSALS, judge_stranger
from engine.orders.table import SAME, TABLE, TERMINAL, Event, Outcome
from engine.orders.words import describe, describe_report, refusal, repeated

EXECUTION_REPORT = Msg.EXECUTION_REPORT
MOST_REMEMBERED = 65_536  # ids of our own making: some 30 MB
_CANCEL, _REPLACE = Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST
_TRADES = (Event.TRADE, "1", "2", Event.BUST, Event.CORRECT)
_OTHER = {_CANCEL: "2", _REPLACE: "1"}  # CxlRejResponseTo(434) of what refuses another kind of request
_TRADE, _LAST_TRADE = Event.TRADE, Event.LAST_TRADE
_NAMES_ORDER = frozenset((Event.NEW, Event.TRADE, Event.LAST_TRADE, Event.REPLACED, Event.STATUS))
_REPLACED = _REMEMBERED = Outcome.REPLACED  # outcomes from here on count once by ExecID(17)
_CANCEL_REJECTED, _FILLED, _BUSTED = Outcome.CANCEL_REJECTED, Outcome.FILLED, Outcome.BUSTED


def no_fee(order: Order, price: int, qty: int, is_taker: bool) -> int:
    """Charge nothing: the fee rule of a venue without fees."""
    return 0


class Orders:
    """Every order by its ClOrdIDs, `nonce`-1 and so on: unique for ever where no nonce is used twice or it goes on."""

    __slots__ = ("_change", "_fee", "_live", "ids", "nonce", "opened")

    def __init__(self, nonce: str, fee: Fee = no_fee) -> None:
        if not re.fullmatch("[A-Za-z0-9-]{1,20}", nonce):
            raise ConfigError(f"ClOrdID(11) nonce {nonce!r} must be 1 to 20 of A-Z a-z 0-9 -")
        self.nonce = nonce
        self.ids = OrderIds(nonce + "-")  # every id of every chain
        self.opened = 0
        self._fee = fee
        self._live: dict[Order, None] = {}
        self._change = Change()

    def by_id(self, cl_ord_id: str) -> Order | None:
        """Return the order that has `cl_ord_id` among the ids of its chain."""
        return self.ids.get(cl_ord_id)

    def live(self) -> list[Order]:
        """Return every order that may still trade, oldest first."""
        return list(self._live)

    @property
    def live_count(self) -> int:
        """Return how many orders may still trade."""
        return len(self._live)

    # Requests; `cl_ord_id` is given only where a journal is replayed

    def next_cl_ord_id(self) -> str:
        """Return a ClOrdID(11) that was never given out, for a message about no single order."""
        return self.ids.take()

    def restore_cl_ord_id(self, cl_ord_id: str) -> None:
        """Never give out this id again."""
        self.ids.restore(cl_ord_id)

    @property
    def last_cl_ord_id(self) -> str:
        """Return the id that was given out last."""
        return f"{self.nonce}-{self.ids.last}"

    def resume(self, last_cl_ord_id: str, opened: int) -> None:
        """Go on counting where an earlier start was."""
        self.ids.restore(last_cl_ord_id)
        self.opened += opened

    def restore(self, order: Order, cl_ord_ids: Iterable[str] = ()) -> None:
        """Take an order as it stood, under these ids, its own and that of the request in flight."""
        for cl_ord_id in (*cl_ord_ids, order.cl_ord_id, order.pending_cl_ord_id):
            if cl_ord_id:
                self.ids.restore(cl_ord_id)
                self.ids.keep(cl_ord_id, order)
        if not order.is_done:
            self._live[order] = None

    def open(
        self,
        instrument: Instrument,
        side: int,
        price: int,
        qty: int,
        ord_type: str,
        time_in_force: str,
        post_only: bool,
        expire_time_ns: int,
        now_ns: int,
        cl_ord_id: str = "",
        options: OrderOptions | None = None,
    ) -> Order:
        """Count a new order at once, as PENDING_NEW."""
        if qty <= 0:
            raise OrderError(f"OrderQty(38) {qty} must be positive")
        cl_ord_id = cl_ord_id or self.ids.take()
        order = Order.__new__(Order)
        order.begin(cl_ord_id, instrument, side, price, qty, ord_type, time_in_force, post_only, expire_time_ns, now_ns)
        if options is not None:
            order.take_options(options)
        self.ids.keep(cl_ord_id, order)
        self._live[order] = None
        self.opened += 1
        return order

    def request_cancel(self, order: Order, now_ns: int, cl_ord_id: str = "") -> None:
        """Note that a cancel is being sent; OrderError if the order cannot take one now."""
        if not order.can_cancel:
            raise OrderError(
                describe(order, "nothing is left to cancel, or a request is in flight: wait for its answer")
            )
        self._request(order, _CANCEL, cl_ord_id, now_ns)

    def request_replace(self, order: Order, price: int, qty: int, now_ns: int, cl_ord_id: str = "") -> None:
        """Note that a replace to a total of `qty` is being sent; OrderError if the order cannot take one now."""
        if not order.can_replace:
            raise OrderError(describe(order, "only a working order with no request in flight can be replaced"))
        if qty <= order.cum_qty:
            raise OrderError(describe(order, f"OrderQty(38) {qty} leaves nothing: cancel it instead"))
        order.pending_price = price
        order.pending_qty = qty
        self._request(order, _REPLACE, cl_ord_id, now_ns)

    def _request(self, order: Order, msg_type: str, cl_ord_id: str, now_ns: int) -> None:
        order.pending = msg_type
        order.pending_cl_ord_id = cl_ord_id = cl_ord_id or self.ids.take()
        order.is_lost = False
        order.sent_ns = now_ns
        self.ids.keep(cl_ord_id, order)

    def doubt(self, order: Order) -> None:
        """Take an order for UNKNOWN, at its worst, until the venue says what became of it."""
        order.ord_status = Status.UNKNOWN
        order.is_lost = True  # so that it can be cancelled whatever was in flight
        order.leaves_qty = max(order.order_qty - order.cum_qty, 0)
        self._live[order] = None

    def expire(self, order: Order, state: str = Status.EXPIRED) -> None:
        """Take an order for over without a report: its market is, or it was never sent."""
        move(order, state)
        self._live.pop(order, None)

    def on_disconnect(self) -> list[Order]:
        """Take every unanswered request for lost, and return their orders, which are UNKNOWN now."""
        doubtful = [
            order
            for order in self._live
            if order.ord_status == Status.PENDING_NEW or (order.pending and not order.is_lost)
        ]
        for order in doubtful:
            order.ord_status = Status.UNKNOWN
            order.is_lost = True
        return doubtful

    def forget(self, instruments: Iterable[Instrument]) -> None:
        """Forget the orders of markets that are over; OrderError if one of them may still trade."""
        gone = set(instruments)
        for order in self._live:
            if order.instrument in gone:
                raise OrderError(describe(order, "it may still trade: its market cannot be forgotten"))
        self.ids.forget(gone)

    def tidy(self) -> None:
        """Forget orders that have been over for long, so that memory does not grow with them; the journal has them."""
        self.ids.trim(MOST_REMEMBERED)

    # Reports

    def apply(self, report: ExecutionReport) -> Change:
        """Move the order that a report is about; the Change is valid until the next report."""
        change = self._change
        if change.last_qty or change.undo_qty:
            change.clear_fill()
        change.is_terminal = False
        if change.notice is not None:
            change.notice = None
        change.reason = report.reason
        change.text = report.text
        order = self.ids.get(report.cl_ord_id)
        if order is None:
            order = self.find("", report.orig_cl_ord_id, report.order_id)
        change.order = order
        if order is None:
            judge_stranger(change, report)
            return change
        if (report.symbol != order.instrument.symbol and report.symbol) or (report.side != order.side and report.side):
            return self._contradict(order, report, "Symbol(55) or Side(54) is not the order's")

        event = PLAIN.get(report.exec_type) if report.msg_type == EXECUTION_REPORT else None
        if event is None:
            event = event_of(order, report)
            change.notice = refusal(report) if report.msg_type in REFUSALS else None
        elif event is _TRADE and report.leaves_qty == 0 and ends_order(order, report):
            event = _LAST_TRADE
        rows = TABLE[order.ord_status]
        row = rows.get(event)
        if row is None:
            return self._impossible(order, report)
        state, kind = row
        is_answer = kind == _REPLACED and report.cl_ord_id == order.pending_cl_ord_id
        if kind >= _REMEMBERED and order.has_counted(report.exec_id) and not is_answer:
            repeat = repeat_fault(order, report, kind)
            if repeat is None:
                change.kind = Outcome.DUPLICATE
                return change
            if repeat:
                return self._contradict(order, report, repeat)
            change.notice = repeated(report)
        if kind >= _REMEMBERED and order._more is not None and len(order._more) >= MOST_EXECUTIONS:
            return self._contradict(order, report, f"more than {MOST_EXECUTIONS} executions")
        if kind == _FILLED:
            fault = fill(order, report, state, change, self._fee)
            if fault and is_told_before(order, report):
                change.kind = Outcome.DUPLICATE
                return change
        else:
            fault = STEPS[kind](order, report, state, change, self._fee)
        if fault:
            return self._contradict(order, report, fault)
        if kind == _CANCEL_REJECTED:
            self._refuse_request(order, report)
        if report.order_id and report.order_id != order.order_id and event in _NAMES_ORDER:
            order.order_id = report.order_id
        if state is not SAME:
            move(order, state)
        if order.ord_status in TERMINAL and not order.pending_qty:
            change.is_terminal = True
            self._live.pop(order, None)
        elif kind >= _BUSTED or kind == _REPLACED:
            self._live[order] = None  # it may work again
        change.kind = kind
        return change

    def find(self, cl_ord_id: str, orig_cl_ord_id: str, order_id: str) -> Order | None:
        """Return the order of a report, whose ClOrdID(11) may be the venue's own, as of an unsolicited cancel."""
        order = self.ids.get(cl_ord_id) or self.ids.get(orig_cl_ord_id)
        if order is not None or not order_id:
            return order
        for orders in (self._live, self.ids.newest_first()):
            for order in orders:
                if order.order_id == order_id:
                    return order
        return None

    def _refuse_request(self, order: Order, report: ExecutionReport) -> None:
        cl_ord_id = report.cl_ord_id
        may_be_ours = self.ids.get(cl_ord_id) is None and report.cxl_rej_response_to != _OTHER.get(order.pending)
        if cl_ord_id in (order.pending_cl_ord_id, order.cl_ord_id) or may_be_ours:
            is_last = order.pending == Msg.ORDER_CANCEL_REQUEST and cl_ord_id == order.pending_cl_ord_id
            close_request(order)
            if is_last and report.ord_status == Status.FILLED and order.ord_status == Status.UNKNOWN:
                self._settle_filled(order)
        elif report.cxl_rej_response_to == "2":  # late, of a replace that was lost and a cancel sent after it
            order.pending_qty = order.pending_price = 0

    def _settle_filled(self, order: Order) -> None:
        """Take the venue's word that an order is filled: the replace sent before its cancel then never arrived."""
        if order.cum_qty == order.order_qty:
            order.pending_qty = order.pending_price = 0
            order.ord_status = Status.FILLED

    def _impossible(self, order: Order, report: ExecutionReport) -> Change:
        is_known = report.exec_type not in _TRADES or order.has_counted(report.exec_id)  # else resent, and news to us
        if is_known and (report.poss_dup or report.poss_resend):
            self._change.kind = Outcome.DUPLICATE
            return self._change
        return self._contradict(order, report, "cannot follow")

    def _contradict(self, order: Order, report: ExecutionReport, fault: str) -> Change:
        """Change nothing except that the order is in doubt now."""
        change = self._change
        change.kind = Outcome.UNKNOWN
        change.notice = None
        change.text = describe(order, f"{describe_report(report)}: {fault}")
        self.doubt(order)
        return change
