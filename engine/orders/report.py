"""What a venue says about an order, in one form for every venue and session; C fields in `report.pxd`.

Units   prices, sizes and money as in `instrument`; `ABSENT` where the message has no such field.
Shapes  one object is reused: it is valid until the next message is decoded.
Source  FIX 4.4 volume 4: ExecutionReport(8), OrderCancelReject(9); volume 2: Reject(3), BusinessMessageReject(j).
"""

ABSENT = -(2**63)  # below every price, size and fee, a rebate included


class ExecutionReport:
    """One ExecutionReport, OrderCancelReject, mass cancel report or reject, told apart by `msg_type`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget the last message: every field is absent."""
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
        self.price = ABSENT
        self.order_qty = ABSENT
        self.cum_qty = ABSENT
        self.leaves_qty = ABSENT
        self.last_px = ABSENT
        self.last_qty = ABSENT
        self.fee = ABSENT  # money; negative for a rebate
        self.is_taker = False
        self.reason = ABSENT  # OrdRejReason(103), CxlRejReason(102), 373, 380 or 532, by msg_type
        self.text = ""
        self.oddity = ""  # what of the message was rounded or left out, none of it decides what is held
        self.cxl_rej_response_to = ""
        self.ref_msg_type = ""
        self.ref_seq_num = ABSENT
        self.poss_dup = False
        self.poss_resend = False
