"""What a venue says about an order, in one form for every venue and session.

Units   prices, sizes and money as in `instrument`; `ABSENT` where the message has no such field.
Shapes  one object is reused: it is valid until the next message is decoded.
Source  FIX 4.4 volume 4: ExecutionReport(8), OrderCancelReject(9); volume 2: Reject(3), BusinessMessageReject(j).
"""

cimport cython
from libc.stdint cimport INT64_MIN

ABSENT = INT64_MIN  # below every price, size and fee, a rebate included


@cython.final
cdef class ExecutionReport:
    """One ExecutionReport, OrderCancelReject, mass cancel report or reject, told apart by `msg_type`."""

    def __cinit__(self):
        self.clear()

    def clear(self):
        self.msg_type = ""
        self.cl_ord_id = ""  # ClOrdID(11); of a BusinessMessageReject its BusinessRejectRefID(379)
        self.orig_cl_ord_id = ""
        self.order_id = ""
        self.exec_id = ""
        self.exec_ref_id = ""  # ExecRefID(19): the fill that a bust or correct is about
        self.exec_type = ""
        self.ord_status = ""
        self.symbol = ""
        self.side = 0
        self.price = INT64_MIN
        self.order_qty = INT64_MIN
        self.cum_qty = INT64_MIN
        self.leaves_qty = INT64_MIN
        self.last_px = INT64_MIN
        self.last_qty = INT64_MIN
        self.fee = INT64_MIN  # money; negative for a rebate
        self.is_taker = False
        self.reason = INT64_MIN  # OrdRejReason(103), CxlRejReason(102), 373, 380 or 532, by msg_type
        self.text = ""
        self.cxl_rej_response_to = ""
        self.ref_msg_type = ""
        self.ref_seq_num = INT64_MIN
        self.poss_dup = False
        self.poss_resend = False
