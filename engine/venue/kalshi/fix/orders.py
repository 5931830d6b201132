"""Kalshi's order dialect: what differs from the plain one.

Units   prices in dollars of the YES contract on both sides, which is what UseDollars(21005)=Y makes them.
Errors  as in `fix44`; OrderError for an order that its terms do not allow.
Cost    as in `fix44`: terms are rendered once, so that an order with them costs nothing more.
Source  Kalshi FIX (FIXT.1.1, FIX 5.0 SP2): order entry, texts on execution reports, message matrix.
"""

from collections.abc import Iterable, Mapping

from msgspec import structs

from engine import fix
from engine.codec import Fields
from engine.errors import OrderError
from engine.instrument import Instrument
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue.fill_details import FillDetails
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fix.consequences import (
    CLOSED_TEXTS,
    CONSEQUENCES,
    OUTCOME_UNKNOWN,
    RATE_LIMIT_EXCEEDED,
    RATE_LIMITED,
)
from engine.venue.kalshi.fix.details import fill_details
from engine.venue.kalshi.fix.terms import KalshiTerms

_MOST_ENCODERS = 64  # one for each set of options, such as each order group
_ORDERS_OF_THIS_SESSION = "6"  # MassCancelRequestType(530)
_BUSINESS_REJECT = fix.Msg.BUSINESS_MESSAGE_REJECT
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
_plain = Fix44.decode  # called so for every report: super() costs as much again as what it leads to


def _is_immediate(time_in_force: str, ord_type: str) -> bool:
    """Return whether an order leaves as immediate-or-cancel, as a market order does that is not fill-or-kill."""
    return time_in_force == fix.Tif.IOC or (ord_type == fix.Type.MARKET and time_in_force != fix.Tif.FOK)


def _judge(report: ExecutionReport) -> None:
    """Put into the report what a text of the venue means beyond its codes."""
    if report.text.startswith(OUTCOME_UNKNOWN):
        report.exec_type = report.ord_status = fix.Status.UNKNOWN
    elif report.msg_type == _BUSINESS_REJECT and report.reason == RATE_LIMIT_EXCEEDED:
        report.text = f"{RATE_LIMITED}: {report.text or 'no text'}"


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
        terms: KalshiTerms | None = None,
    ) -> None:
        self._instruments = dict.fromkeys(instruments)
        self._terms = terms or KalshiTerms()
        self._optional: dict[OrderOptions, KalshiOrders] = {}  # what encodes orders with options
        added = {msg_type: list(fields) for msg_type, fields in (fixed or {}).items()}
        for msg_type, fields in self._terms.fields().items():
            added.setdefault(msg_type, []).extend(fields)
        super().__init__(
            self._instruments, fixed=added, omit=_OMITTED, mass_cancel_request_type=_ORDERS_OF_THIS_SESSION
        )

    def under(self, terms: KalshiTerms) -> "KalshiOrders":
        """Return the dialect of the same instruments with other terms."""
        kind = ReduceOnlyOrders if terms.reduce_only else KalshiOrders
        return kind(self._instruments, terms=terms)

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too."""
        instruments = tuple(instruments)
        super().add(instruments)
        self._instruments |= dict.fromkeys(instruments)
        self._optional.clear()

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        instruments = tuple(instruments)
        super().remove(instruments)
        self._instruments = dict.fromkeys(each for each in self._instruments if each not in set(instruments))
        self._optional.clear()

    def judge_options(self, options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
        """Return why the venue would refuse these: reduce-only is for immediate orders, a group has an id."""
        if options.reduce_only and (post_only or not _is_immediate(time_in_force, ord_type)):
            return "reduce_only: the venue takes it of immediate-or-cancel orders alone, without post-only"
        return "; ".join(self._under(options).problems())

    def new_order_with(self, order: Order, now_ns: int) -> bytes:
        """Return the body of an order that has options: one encoder for each set of them."""
        options = (order.options or OrderOptions())._replace(tag="")  # it has no field for a tag
        if not options.asks_venue:
            return self.new_order(order, now_ns)
        if options not in self._optional:
            if len(self._optional) >= _MOST_ENCODERS:
                self._optional.clear()
            self._optional[options] = self.under(self._under(options))
        return self._optional[options].new_order(order, now_ns)

    def _under(self, options: OrderOptions) -> KalshiTerms:
        """Return our terms with what an order asks for beside them."""
        group = options.order_group or self._terms.order_group
        reduce_only = options.reduce_only or self._terms.reduce_only
        return structs.replace(self._terms, reduce_only=reduce_only, order_group=group)

    def order_status(self, order: Order, now_ns: int) -> None:  # type: ignore[override]
        """Return nothing: the venue answers no OrderStatusRequest(H)."""

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report of the plain dialect; UNKNOWN where the venue does not know the outcome.

        A request beyond the rate has RATE_LIMITED before the venue's text, which may be any.
        """
        report = _plain(self, fields)
        if report is not None and (report.text or report.msg_type == _BUSINESS_REJECT):
            _judge(report)
        return report

    def details(self, fields: Fields) -> FillDetails | None:
        """Return what an ExecutionReport says of a fill beyond the report; None for one that is no fill."""
        return fill_details(fields)


class ReduceOnlyOrders(KalshiOrders):
    """The dialect of orders that can only make a position smaller, which the venue takes as immediate ones alone."""

    def new_order(self, order: Order, now_ns: int) -> bytes:
        """Return the body; OrderError for one that would rest."""
        if order.post_only or not _is_immediate(order.time_in_force, order.ord_type):
            raise OrderError(
                f"ClOrdID(11) {order.cl_ord_id}: reduce-only is for TimeInForce(59) 3 alone, it has"
                f" {order.time_in_force}{', post-only' if order.post_only else ''}: submit it as immediate-or-cancel"
            )
        return super().new_order(order, now_ns)
