"""Events about orders, and the ids that the venue gives them.

Units   as in `instrument`; times in ns.
Source  FIX 4.4 volume 4: ExecutionReport(8), OrderCancelReject(9); volume 5: OrderMassCancelReport(r).
"""

import uuid
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeVar

from engine import fix
from engine.exchange.events import (
    Cancel,
    CancelRejected,
    MassCancel,
    MassCanceled,
    NewOrder,
    OrderState,
    Refusal,
    Rejected,
    Replace,
    Report,
)
from engine.exchange.market import RestingOrder

R = TypeVar("R", bound=Report)


def uuid_of(text: str) -> str:
    """Return the UUID that stands for an id, always the same one for the same text."""
    return str(uuid.UUID(bytes=blake2b(text.encode(), digest_size=16).digest(), version=4))


class Reporter:
    """Builds events; `nonce` begins every id, so that a restarted venue repeats none.

    `naming` makes the public form of an order's or a trade's id, as it is unless told.
    """

    def __init__(self, nonce: str = "", naming: Callable[[str], str] = str) -> None:
        self._nonce = nonce
        self._naming = naming
        self._execs = 0
        self._trades = 0

    def next_exec_id(self) -> str:
        """Return an ExecID(17) that no event has had."""
        self._execs += 1
        return f"{self._nonce}E{self._execs}"

    def next_trade_id(self) -> str:
        """Return the id of a match, the same for both of its sides."""
        self._trades += 1
        return self._naming(f"{self._nonce}T{self._trades}")

    def order_id(self, number: int) -> str:
        """Return the OrderID(37) of order `number`."""
        return self._naming(f"{self._nonce}O{number}")

    def report(self, kind: type[R], order: RestingOrder, now_ns: int, **details: Any) -> R:
        """Describe `order` as it stands now."""
        return kind(
            account=order.account,
            cl_ord_id=order.cl_ord_id,
            order_id=order.order_id,
            exec_id=self.next_exec_id(),
            symbol=order.symbol,
            side=order.side,
            price=order.price,
            order_qty=order.order_qty,
            cum_qty=order.cum_qty,
            leaves_qty=order.leaves_qty,
            cum_cost=order.cum_cost,
            ord_status=order.ord_status,
            ord_type=order.ord_type,
            time_in_force=order.time_in_force,
            expire_time_ns=order.expire_time_ns,
            now_ns=now_ns,
            terms=order.terms,
            **details,
        )

    def rejected(self, request: NewOrder, refusal: Refusal, now_ns: int) -> Rejected:
        """Return the refusal of a new order."""
        order = RestingOrder.from_request(request, 0, "")
        order.end(fix.Status.REJECTED)
        return self.report(Rejected, order, now_ns, reason=refusal.reason, text=refusal.text)

    def state(self, order: RestingOrder, now_ns: int) -> OrderState:
        """Return the answer to a status request."""
        return self.report(OrderState, order, now_ns)

    def unknown_state(self, account: str, cl_ord_id: str, order_id: str, refusal: Refusal, now_ns: int) -> OrderState:
        """Describe an order that the venue does not know."""
        order = RestingOrder(0, account, "", 0, 0, 0)
        order.cl_ord_id, order.order_id, order.ord_status = cl_ord_id, order_id, fix.Status.REJECTED
        return self.report(OrderState, order, now_ns, reason=refusal.reason, text=refusal.text)

    def cancel_rejected(
        self, request: Cancel | Replace, order: RestingOrder | None, refusal: Refusal, now_ns: int
    ) -> CancelRejected:
        """Return the refusal of a cancel or replace; `order` is None if it is unknown."""
        return CancelRejected(
            account=request.account,
            cl_ord_id=request.cl_ord_id,
            orig_cl_ord_id=request.orig_cl_ord_id,
            order_id=order.order_id if order else request.order_id,
            ord_status=order.ord_status if order else fix.Status.REJECTED,
            response_to="1" if isinstance(request, Cancel) else "2",
            reason=refusal.reason,
            text=refusal.text,
            now_ns=now_ns,
        )

    def mass_canceled(
        self, request: MassCancel, affected: int, now_ns: int, refusal: Refusal | None = None
    ) -> MassCanceled:
        """Return how many orders a mass cancel ends, or why it was refused."""
        return MassCanceled(
            account=request.account,
            cl_ord_id=request.cl_ord_id,
            exec_id=self.next_exec_id(),
            symbol=request.symbol,
            affected=affected,
            reason=refusal.reason if refusal else -1,
            text=refusal.text if refusal else "",
            now_ns=now_ns,
        )
