from typing import Final, final

ABSENT: Final[int]

@final
class ExecutionReport:
    msg_type: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    exec_id: str
    exec_ref_id: str
    exec_type: str
    ord_status: str
    symbol: str
    side: int
    price: int
    order_qty: int
    cum_qty: int
    leaves_qty: int
    last_px: int
    last_qty: int
    fee: int
    is_taker: bool
    reason: int
    text: str
    cxl_rej_response_to: str
    ref_msg_type: str
    ref_seq_num: int
    poss_dup: bool
    poss_resend: bool

    def clear(self) -> None: ...
