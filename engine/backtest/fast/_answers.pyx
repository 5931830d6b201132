# cython: overflowcheck=False
"""Answers of the compiled exchange as reports: what a dialect would have read of the messages that a desk is spared.

Units   prices, sizes and money as in `instrument`; times in ns since 1970.
Shapes  one report is filled again and again.
"""
cimport cython

from engine.backtest.core._state cimport (
    ACCEPTED, ASKED, BELOW_FILLED, CANCEL, CANCELED, CANCEL_REJECTED, FILLED, FOK_SHORT, IOC_REST, NO_BOOK,
    POST_ONLY_CROSS, REPLACED, SELF_TRADE, TOO_LATE, WRONG_PRICE, Answer,
)
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport

from engine.exchange import refusals
from engine.fix import Exec, Status

cdef dict _ENDS = {
    ASKED: "", IOC_REST: refusals.IOC_REST, FOK_SHORT: refusals.FOK_SHORT,
    POST_ONLY_CROSS: refusals.POST_ONLY_CROSS, SELF_TRADE: refusals.TAKER_STP,
}
cdef dict _REFUSED_NEW = {NO_BOOK: refusals.UNAVAILABLE, WRONG_PRICE: refusals.WRONG_PRICE}
cdef dict _REFUSED_CHANGE = {
    NO_BOOK: refusals.CHANGE_EXCHANGE_PAUSED, WRONG_PRICE: refusals.WRONG_PRICE,
    BELOW_FILLED: refusals.QTY_BELOW_FILLED,
}


@cython.final
cdef class PassOrder:
    """An order as the venue's answers have shown it; `asked` are requests without an answer, the first one first."""

    def __init__(self, Order order):
        """Take an order that was never sent."""
        self.order, self.cl_ord_id, self.order_id = order, order.cl_ord_id, ""
        self.price, self.qty, self.status, self.asked = order.price, order.order_qty, Status.PENDING_NEW, []


@cython.final
cdef class AnswerWriter:
    """Fills in `report`; `fee` says what a trade costs."""

    def __init__(self, fee):
        """Have said nothing."""
        self._fee, self.report = fee, ExecutionReport()

    cdef int write(self, PassOrder one, Answer* told) except -1:
        """Write down what became of an order."""
        cdef ExecutionReport report = self.report
        cdef tuple asked = None
        report.clear()
        if told.kind != FILLED and not (told.kind == CANCELED and told.reason != ASKED):
            asked = one.asked.pop(0)
        if told.kind == CANCEL_REJECTED:
            self._refuse_change(one, asked, told.reason)
            return 0
        self._execs += 1
        report.msg_type, report.exec_id = "8", f"E{self._execs}"
        self._change(one, asked, told)
        report.cl_ord_id, report.order_id, report.ord_status = one.cl_ord_id, one.order_id, one.status
        report.symbol, report.side = one.order.instrument.symbol, one.order.side
        report.price, report.order_qty, report.cum_qty = one.price, one.qty, one.cum
        report.leaves_qty = 0 if one.is_over else one.qty - one.cum
        return 0

    cdef int _refuse_change(self, PassOrder one, tuple asked, int reason) except -1:
        """Write down that a cancel or a replace was refused."""
        cdef ExecutionReport report = self.report
        cdef bint is_cancel = asked[0] == CANCEL
        if reason != TOO_LATE:
            refusal = _REFUSED_CHANGE[reason]
        elif one.status == Status.FILLED:
            refusal = refusals.TOO_LATE if is_cancel else refusals.FILLED
        else:
            refusal = refusals.UNKNOWN_ORDER
        report.msg_type, report.cl_ord_id, report.orig_cl_ord_id = "9", asked[1], one.cl_ord_id
        report.order_id, report.ord_status = one.order_id, one.status
        report.cxl_rej_response_to = "1" if is_cancel else "2"
        report.reason, report.text = refusal.reason, refusal.text
        return 0

    cdef int _change(self, PassOrder one, tuple asked, Answer* told) except -1:
        """Change an order as the answer says, and write down what only that answer has."""
        cdef ExecutionReport report = self.report
        report.orig_cl_ord_id = ""
        if told.kind == ACCEPTED:
            self._numbers += 1
            one.order_id, one.status, report.exec_type = f"O{self._numbers}", Status.NEW, Exec.NEW
        elif told.kind == FILLED:
            one.cum += told.qty
            one.is_over = one.cum == one.qty
            one.status = Status.FILLED if one.is_over else Status.PARTIALLY_FILLED
            report.exec_type, report.last_px, report.last_qty = Exec.TRADE, told.price, told.qty
            report.is_taker = told.is_taker
            report.fee = self._fee(one.order.instrument, told.price, told.qty, report.is_taker)
        elif told.kind == REPLACED:
            report.orig_cl_ord_id, one.cl_ord_id, one.price, one.qty = one.cl_ord_id, asked[1], asked[2], asked[3]
            report.exec_type = Exec.REPLACED
        elif told.kind == CANCELED:
            if asked is not None:
                report.orig_cl_ord_id, one.cl_ord_id = one.cl_ord_id, asked[1]
            one.is_over, one.status, report.exec_type = True, Status.CANCELED, Exec.CANCELED
            report.text = _ENDS[told.reason]
        else:
            refusal = _REFUSED_NEW[told.reason]
            one.is_over, one.status, report.exec_type = True, Status.REJECTED, Exec.REJECTED
            report.reason, report.text = refusal.reason, refusal.text
        return 0
