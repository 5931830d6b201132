"""A report, and what an order asks of its venue, as the numbers and texts of a record, and back.

Errors  ValueError for a record that holds no whole report or options.
"""

from engine.fix import SOH
from engine.journal.framing import Record
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.report import ExecutionReport

# Of a report, in the order of `append_report`
_NUMBERS = (
    "side", "price", "order_qty", "cum_qty", "leaves_qty", "last_px", "last_qty", "fee", "reason", "ref_seq_num",
)  # fmt: skip
_FLAGS = ("is_taker", "poss_dup", "poss_resend")
_TEXTS = (
    "msg_type", "cl_ord_id", "orig_cl_ord_id", "order_id", "exec_id", "exec_ref_id", "exec_type", "ord_status",
    "symbol", "cxl_rej_response_to", "ref_msg_type", "text",
)  # fmt: skip
REPORT_NAMES = (*_NUMBERS, *_FLAGS, *_TEXTS)


def report_of(record: Record) -> ExecutionReport:
    """Return what `append_report` was given."""
    report = ExecutionReport()
    numbers = [*record.numbers[: len(_NUMBERS)], *map(bool, record.numbers[len(_NUMBERS) :])]
    values = [*numbers, *record.text.split(SOH, len(_TEXTS) - 1)]
    if len(values) != len(REPORT_NAMES):
        raise ValueError(f"a report of {len(values)} values, {len(REPORT_NAMES)} expected")
    for name, value in zip(REPORT_NAMES, values, strict=True):
        setattr(report, name, value)
    return report


def options_record(order: Order) -> tuple[tuple[int, ...], str]:
    """Return the numbers and the text that stand for an order's options."""
    options = order.options or OrderOptions()
    texts = [order.cl_ord_id, options.order_group, options.tag, *[options.owner] * bool(options.owner)]
    return (options.reduce_only,), SOH.join(texts)


def options_of(record: Record) -> tuple[str, OrderOptions]:
    """Return the ClOrdID(11) of an order and what it asks for."""
    (reduce_only,), (cl_ord_id, group, *more) = record.numbers, record.text.split(SOH)
    return cl_ord_id, OrderOptions(bool(reduce_only), group, *more)  # tag and owner, if they were known then
