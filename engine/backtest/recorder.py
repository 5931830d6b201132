"""What a run did, written down as it happens: requests, executions, and what the account was worth.

Units   prices, sizes and money as in `instrument`; times in ns since 1970.
Cost    two comparisons a step; a row for each change of worth.
"""

from typing import NamedTuple

import msgspec

from engine import fix
from engine.exchange.events import Cancel, MassCancel, NewOrder, Replace, Request
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio

_KINDS = {NewOrder: "new", Replace: "replace", Cancel: "cancel", MassCancel: "mass cancel"}


class HeardFill(NamedTuple):
    """One execution: the venue made it at `acted_ns`, the desk heard of it at `heard_ns`."""

    heard_ns: int
    symbol: str
    side: int
    price: int
    qty: int
    fee: int
    is_taker: bool
    cl_ord_id: str
    exec_id: str
    acted_ns: int
    tag: str = ""  # of its order
    owner: str = ""  # the strategy that sent it, where there are several


class SentRequest(msgspec.Struct, gc=False):
    """One request and its first answer; `answered_ns` is 0 where none came. `filled` is what its order has filled."""

    kind: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str
    side: int
    price: int
    qty: int
    post_only: bool
    sent_ns: int
    arrived_ns: int
    acted_ns: int = 0
    answered_ns: int = 0
    is_refused: bool = False
    text: str = ""
    filled: int = 0
    tag: str = ""
    owner: str = ""


class Worth(NamedTuple):
    """The account at one time, in the money of the portfolio: `pnl` is cash and marks, `settled` what is realised."""

    now_ns: int
    cash: int
    pnl: int
    settled: int


class Recorder:
    """Notes what goes out, what comes back, and each change of worth."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._by_id: dict[str, SentRequest] = {}
        self._last = (0, 0)
        self.requests: list[SentRequest] = []
        self.fills: list[HeardFill] = []
        self.worth: list[Worth] = []

    def sent(self, request: Request, sent_ns: int, arrived_ns: int, order: Order | None = None) -> None:
        """Note a request, and whose order it is about; what only asks is none."""
        kind = _KINDS.get(type(request), "")
        if not kind:
            return
        row = SentRequest(
            kind,
            request.cl_ord_id,
            getattr(request, "orig_cl_ord_id", ""),
            getattr(request, "symbol", ""),
            getattr(request, "side", 0),
            getattr(request, "price", 0),
            getattr(request, "order_qty", 0),
            getattr(request, "post_only", False),
            sent_ns,
            arrived_ns,
        )
        if order is not None:
            row.tag, row.owner = order.tag, order.owner
        self.note(row)

    def note(self, row: SentRequest) -> None:
        """Note a request as it is."""
        self.requests.append(row)
        self._by_id[row.cl_ord_id] = row

    def heard(self, report: ExecutionReport, acted_ns: int, heard_ns: int) -> None:
        """Note an answer or an execution."""
        row = self._by_id.get(report.cl_ord_id)
        if row is not None and not row.answered_ns:
            row.acted_ns, row.answered_ns = acted_ns, heard_ns
            row.is_refused = report.msg_type == "9" or report.exec_type == fix.Exec.REJECTED
            row.text = report.text if row.is_refused else ""
        if report.exec_type == fix.Exec.TRADE:
            if row is not None:
                row.filled += report.last_qty
            told = report.symbol, report.side, report.last_px, report.last_qty, report.fee, report.is_taker
            whose = (row.tag, row.owner) if row is not None else ()
            self.fills.append(HeardFill(heard_ns, *told, report.cl_ord_id, report.exec_id, acted_ns, *whose))

    def look(self, now_ns: int) -> None:
        """Note what the account is worth, if that has changed."""
        cash, pnl = self._portfolio.cash, self._portfolio.pnl
        if (cash, pnl) == self._last:
            return
        self._last = (cash, pnl)
        row = Worth(now_ns, cash, pnl, self._portfolio.realised)
        if self.worth and self.worth[-1].now_ns == now_ns:
            self.worth[-1] = row
        else:
            self.worth.append(row)
