"""Kalshi's order dialect: what differs from the plain one.

Units   prices in dollars of the YES contract on both sides, which is what UseDollars(21005)=Y makes them.
Errors  as in `fix44`; OrderError for an order that its terms do not allow.
Cost    as in `fix44`: terms are rendered once, so that an order with them costs nothing more.
Source  Kalshi FIX (FIXT.1.1, FIX 5.0 SP2): order entry, texts on execution reports, message matrix.
"""

from collections.abc import Iterable, Mapping

import msgspec

from engine import fix
from engine.codec import Fields
from engine.errors import OrderError
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.consequences import CLOSED_TEXTS, CONSEQUENCES, OUTCOME_UNKNOWN
from engine.venue.kalshi.fix.details import FillDetails, fill_details

_ORDERS_OF_THIS_SESSION = "6"  # MassCancelRequestType(530)
_REDUCE_ONLY = "E"  # ExecInst(18)
_NEW, _REPLACE, _CANCEL = (
    fix.Msg.NEW_ORDER_SINGLE,
    fix.Msg.ORDER_CANCEL_REPLACE_REQUEST,
    fix.Msg.ORDER_CANCEL_REQUEST,
)
_OMITTED = {
    _NEW: (fix.TransactTime,),
    _REPLACE: (fix.ExecInst, fix.TransactTime),
    _CANCEL: (fix.OrderQty, fix.TransactTime),
    fix.Msg.ORDER_MASS_CANCEL_REQUEST: (fix.TransactTime,),
}
_MOST_SUBACCOUNT = 63
AT_CROSS, MAKER = 1, 2  # SelfTradePreventionType(2964): the taker stops, or the resting order is cancelled


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every order of a session has alike; what is not said here is left to the venue.

    `shard` sends orders to one shard, where -1 leaves the way to the venue, which is slower. `most_cost` is in
    dollars, as text.
    """

    subaccount: int | None = None
    shard: int | None = None
    order_group: str = ""
    self_trade_prevention: int | None = None
    cancel_on_pause: bool | None = None
    most_cost: str = ""
    reduce_only: bool = False

    def problems(self) -> list[str]:
        """Return what the venue would refuse."""
        found = []
        if self.subaccount is not None and not 0 <= self.subaccount <= _MOST_SUBACCOUNT:
            found.append(f"subaccount: {self.subaccount} is not from 0 to {_MOST_SUBACCOUNT}")
        if self.shard is not None and self.shard < -1:
            found.append(f"shard: {self.shard} is neither a shard, from 0 on, nor -1 for the venue's own choice")
        if self.self_trade_prevention not in (None, AT_CROSS, MAKER):
            found.append(f"self_trade_prevention: {self.self_trade_prevention} is neither 1, taker, nor 2, maker")
        return found

    def fields(self) -> dict[str, list[tuple[int, str]]]:
        """Return the fields by MsgType that `Fix44` adds: where an order lives goes with every request about it."""
        place = [(tags.AllocAccount, self.subaccount), (tags.ExDestination, self.shard)]
        where = [(tag, str(value)) for tag, value in place if value is not None]
        return {_NEW: [*where, *self._of_new()], _REPLACE: where, _CANCEL: where}

    def _of_new(self) -> list[tuple[int, str]]:
        on_pause = {None: "", True: "Y", False: "N"}[self.cancel_on_pause]
        terms = (
            (fix.ExecInst, _REDUCE_ONLY if self.reduce_only else ""),
            (tags.SecondaryClOrdID, self.order_group),
            (tags.SelfTradePreventionType, str(self.self_trade_prevention or "")),
            (tags.CancelOrderOnPause, on_pause),
            (tags.MaxExecutionCost, self.most_cost),
        )
        return [(tag, text) for tag, text in terms if text]


class KalshiOrders(Fix44):
    """The order dialect; `fixed` adds fields by MsgType, `terms` those that the venue has beside the standard.

    Another set of terms is another dialect, made by `under`: which one encodes an order is the only difference.
    """

    closed_texts = CLOSED_TEXTS
    consequences = CONSEQUENCES

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        fixed: Mapping[str, Iterable[tuple[int, str]]] | None = None,
        terms: OrderTerms | None = None,
    ) -> None:
        self._instruments = tuple(instruments)
        added = {msg_type: list(fields) for msg_type, fields in (fixed or {}).items()}
        for msg_type, fields in (terms or OrderTerms()).fields().items():
            added.setdefault(msg_type, []).extend(fields)
        super().__init__(
            self._instruments, fixed=added, omit=_OMITTED, mass_cancel_request_type=_ORDERS_OF_THIS_SESSION
        )

    def under(self, terms: OrderTerms) -> "KalshiOrders":
        """Return the dialect of the same instruments with other terms."""
        kind = ReduceOnlyOrders if terms.reduce_only else KalshiOrders
        return kind(self._instruments, terms=terms)

    def order_status(self, order: Order, now_ns: int) -> None:  # type: ignore[override]
        """Return nothing: the venue answers no OrderStatusRequest(H)."""

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report of the plain dialect; UNKNOWN where the venue does not know the outcome."""
        report = super().decode(fields)
        if report is not None and report.text.startswith(OUTCOME_UNKNOWN):
            report.exec_type = report.ord_status = fix.Status.UNKNOWN
        return report

    def details(self, fields: Fields) -> FillDetails | None:
        """Return what an ExecutionReport says of a fill beyond the report; None for one that is no fill."""
        return fill_details(fields)


class ReduceOnlyOrders(KalshiOrders):
    """The dialect of orders that can only make a position smaller, which the venue takes as immediate ones alone."""

    def new_order(self, order: Order, now_ns: int) -> bytes:
        """Return the body; OrderError for one that would rest."""
        is_market = order.ord_type == fix.Type.MARKET and order.time_in_force != fix.Tif.FOK
        if order.post_only or not (is_market or order.time_in_force == fix.Tif.IOC):
            raise OrderError(
                f"ClOrdID(11) {order.cl_ord_id}: reduce-only is for TimeInForce(59) 3 alone, it has"
                f" {order.time_in_force}{', post-only' if order.post_only else ''}: submit it as immediate-or-cancel"
            )
        return super().new_order(order, now_ns)
