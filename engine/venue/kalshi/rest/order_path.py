"""An order's life over Kalshi's REST, while FIX is down: the same order, the same reports, the same ids.

A fill is counted under its trade id, as from every other channel. An answer tells how much was filled, not in
which trades; what it tells beyond our fills is *owed*: ask for the order's fills, hand them to `trades`, and apply what
it returns. Until then the order counts at its worst.

Units   prices and sizes as in the order's instrument; `now_ns` since 1970.
Errors  RequestError for a request that cannot be sent, DecodeError for an answer that cannot be read: the outcome of
        its request is then unknown, as that of one that was never answered.
Source  Kalshi REST, order writes, errors, reconciliation rules.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from operator import attrgetter

from engine import fix
from engine.fix import Exec, Msg, Status, Tif
from engine.instrument import Instrument
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue import Verdict
from engine.venue.account import VenueFill, VenueOrder
from engine.venue.kalshi.fix.consequences import CONSEQUENCES, RATE_LIMITED
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.rest import refusals
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.kalshi.rest.numbers import NS, RequestError
from engine.venue.kalshi.rest.operations import entry, orders
from engine.venue.kalshi.rest.order_answers import (
    canceled,
    created,
    name_of,
    of_request,
    replaced,
    status_report,
    trades_of,
)
from engine.venue.kalshi.rest.pauses import EASTERN
from engine.venue.kalshi.rest.refusals import RestVerdict
from engine.venue.kalshi.subscriptions import FILLS, USER_ORDERS
from engine.venue.rest import Call, PagedCall, RestRefusal
from engine.venue.rest_orders import RestOrderAnswer

_SIDES = {fix.BUY: "bid", fix.SELL: "ask"}
_TIFS = {
    Tif.DAY: entry.GTC,  # with an expiry
    Tif.GTC: entry.GTC,
    Tif.GTD: entry.GTC,
    Tif.IOC: entry.IOC,
    Tif.FOK: entry.FOK,
}
_CODES = {RATE_LIMITED: "too_many_requests"}
_DAY_END = time(23, 59, 59)
# What stops new orders of a market for a while, by `refusals.words`
_CONSEQUENCES = {
    f"HTTP {429 if text == RATE_LIMITED else 400} {_CODES.get(text, text.lower())}": verdict
    for text, verdict in CONSEQUENCES.items()
    if verdict is Verdict.THROTTLES
}
_NOTHING_LEFT = (Status.CANCELED, Status.FILLED)


class KalshiRestOrders:
    """Orders to calls, and answers, refusals and look-ups to reports.

    `shards` is the exchange index by symbol, where it is not the instrument's own; without one the venue finds it.
    """

    closed_texts = KalshiOrders.closed_texts
    channels = (FILLS, USER_ORDERS)
    consequences = _CONSEQUENCES

    def __init__(
        self,
        shards: Mapping[str, int] | None = None,
        *,
        subaccount: int = 0,
        self_trade_prevention: str = entry.TAKER_AT_CROSS,
        cancel_on_pause: bool = False,
    ) -> None:
        self._shards = shards if shards is not None else {}
        self._account = KalshiAccount(subaccount)
        self._subaccount = subaccount or None
        self._self_trade_prevention = self_trade_prevention
        self._cancel_on_pause = cancel_on_pause or None

    # Requests

    def new_order(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what opens an order, under `order.cl_ord_id`."""
        if order.ord_type != fix.Type.LIMIT:
            raise RequestError(f"ClOrdID(11) {order.cl_ord_id}: Kalshi takes limit orders alone")
        form, options = order.instrument, order.options or OrderOptions()
        body = entry.KalshiNewOrder(
            ticker=form.symbol,
            client_order_id=order.cl_ord_id,
            side=_SIDES[order.side],
            count=form.format_size(order.order_qty),
            price=form.format_price(order.price),
            time_in_force=_TIFS[order.time_in_force],
            self_trade_prevention_type=self._self_trade_prevention,
            expiration_time=_expiry(order, now_ns),
            post_only=order.post_only or None,
            reduce_only=options.reduce_only or None,
            order_group_id=options.order_group or None,
            cancel_order_on_pause=self._cancel_on_pause,
            subaccount=self._subaccount,
            exchange_index=self._shard(form),
        )
        call = entry.create(body)
        return Call(call.request, lambda answer: created(order, entry.read_created(answer)), call.statuses)

    def cancel(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what cancels an order, for the request that is open as `order.pending_cl_ord_id`."""
        shard = self._shard(order.instrument)
        call = entry.cancel(_order_id(order), subaccount=self._subaccount, shard=shard)
        return Call(call.request, lambda answer: canceled(order, entry.read_canceled(answer)), call.statuses)

    def replace(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what moves an order to its pending price and total, under `order.pending_cl_ord_id`."""
        form = order.instrument
        body = entry.KalshiAmendment(
            ticker=form.symbol,
            side=_SIDES[order.side],
            price=form.format_price(order.pending_price),
            count=form.format_size(order.pending_qty),
            client_order_id=order.cl_ord_id,
            updated_client_order_id=order.pending_cl_ord_id,
            exchange_index=self._shard(form),
        )
        call = entry.amend(_order_id(order), body, subaccount=self._subaccount)
        return Call(call.request, lambda answer: replaced(order, entry.read_amended(answer)), call.statuses)

    def mass_cancel(self) -> Call[None]:
        """Return what cancels every order of this subaccount, whoever placed it."""
        return entry.cancel_all(subaccount=self._subaccount)

    def cancel_told(self, told: VenueOrder) -> Call[object]:
        """Return what cancels an order that the venue tells of, whoever placed it."""
        call = entry.cancel(told.order_id, subaccount=self._subaccount, shard=told.shard)
        return Call(call.request, call.read, call.statuses)

    def state_of(self, order: Order) -> Call[RestOrderAnswer]:
        """Return what asks for the state of an order that the venue has named."""
        call = orders.order(_order_id(order))
        read = orders.read_order
        return Call(
            call.request, lambda answer: self.found(order, self._account.order(read(answer).order)), call.statuses
        )

    def lookup(self, order: Order, since_ns: int) -> PagedCall[VenueOrder]:
        """Return what lists the orders among which one must be that the venue has not named; `is_same` finds it."""
        return self._account.orders_of(order.instrument.symbol, since_ns)

    def is_same(self, order: Order, told: VenueOrder) -> bool:
        """Return whether the venue tells of this order."""
        return is_same(order, told)

    def fills_of(self, answer: RestOrderAnswer) -> PagedCall[VenueFill]:
        """Return what asks for every fill of the order that an answer is about, for `trades`."""
        return self._account.fills_of(answer.order_id)

    def _shard(self, instrument: Instrument) -> int | None:
        return self._shards.get(instrument.symbol, instrument.shard or None)

    # What follows

    def refused(self, order: Order, request: str, status: int, refusal: RestRefusal) -> ExecutionReport:
        """Return the report of a refused `request`, a MsgType(35)."""
        text = refusals.words(refusal, status)
        follows = refusals.verdict(request, status, refusal)
        if follows is RestVerdict.UNKNOWN:
            return self.unknown(order, request, text)
        report = of_request(order, request, text)
        if follows is RestVerdict.GONE:
            report.msg_type = Msg.ORDER_CANCEL_REJECT
            report.cxl_rej_response_to = "1" if request == Msg.ORDER_CANCEL_REQUEST else "2"
            report.reason = 1
        elif follows is RestVerdict.REFUSED or refusals.is_of_gateway(status):
            report.msg_type, report.ref_msg_type = Msg.BUSINESS_MESSAGE_REJECT, request
            report.reason = refusals.business_reason(status)
        else:
            report.exec_type = report.ord_status = Exec.REJECTED
            report.reason = refusals.reject_reason(refusal, status)
        return report

    def unknown(self, order: Order, request: str, text: str) -> ExecutionReport:
        """Return the report of a request that timed out, was cut, or whose answer cannot be read."""
        report = of_request(order, request, text)
        report.exec_type = report.ord_status = Status.UNKNOWN
        return report

    def never_sent(self, order: Order, request: str, text: str) -> ExecutionReport:
        """Return the report of a request that did not leave us, so that nothing of it was applied."""
        report = of_request(order, request, text)
        report.msg_type, report.ref_msg_type = Msg.BUSINESS_MESSAGE_REJECT, request
        report.reason = refusals.OTHER_BUSINESS
        return report

    def found(self, order: Order, told: VenueOrder) -> RestOrderAnswer:
        """Return what an order's state means, as the venue tells it now."""
        owed_qty = told.cum_qty - order.cum_qty
        if owed_qty < 0:
            return RestOrderAnswer((), told.order_id, is_stale=True)
        if owed_qty:
            return RestOrderAnswer((), told.order_id, owed_qty, told.status in _NOTHING_LEFT)
        return RestOrderAnswer((status_report(order, told),), told.order_id)

    def never_arrived(self, order: Order) -> ExecutionReport:
        """Return the report of an order that the venue does not know, once its reads cannot lag any more."""
        report = of_request(order, Msg.NEW_ORDER_SINGLE, "the venue has no such order")
        report.exec_type, report.ord_status = Exec.ORDER_STATUS, Status.REJECTED
        return report

    def trades(self, order: Order, fills: Sequence[VenueFill], answer: RestOrderAnswer) -> list[ExecutionReport]:
        """Return the reports of the fills that an answer owes, in their order; none while they are not all told.

        Reads lag by parts of a second. What stays owed is an answer that counted otherwise: ask for the order's state.
        Fills that were counted over FIX have names of their own: of those that go unnamed here the oldest are theirs.
        """
        own = sorted(
            (fill for fill in fills if fill.order_id == answer.order_id), key=attrgetter("time_ns", "trade_id")
        )
        others = [fill for fill in own if not order.has_counted(name_of(fill))]
        unnamed_qty = order.cum_qty - sum(fill.qty for fill in own if order.has_counted(name_of(fill)))
        while unnamed_qty > 0 and others and others[0].qty <= unnamed_qty:
            unnamed_qty -= others.pop(0).qty
        if others and unnamed_qty:
            return [self.unknown(order, order.pending, f"fills that make {order.cum_qty} are not among the venue's")]
        if unnamed_qty or sum(fill.qty for fill in others) < answer.owed_qty:
            return []
        return trades_of(order, others, answer)


def is_same(order: Order, told: VenueOrder) -> bool:
    """Return whether the venue tells of this order: by its own id, or by an id of ours."""
    if order.order_id:
        return told.order_id == order.order_id
    return told.cl_ord_id != "" and told.cl_ord_id in (order.cl_ord_id, order.pending_cl_ord_id)


def _order_id(order: Order) -> str:
    if not order.order_id:
        raise RequestError(f"ClOrdID(11) {order.cl_ord_id} has no OrderID(37) yet: look it up first")
    return order.order_id


def _expiry(order: Order, now_ns: int) -> int | None:
    """Return when an order ends, in whole seconds: never later than it should."""
    if order.time_in_force == Tif.DAY:
        today = datetime.fromtimestamp(now_ns // NS, EASTERN).date()
        return int(datetime.combine(today, _DAY_END, EASTERN).timestamp())
    if order.time_in_force != Tif.GTD:
        return None
    if order.expire_time_ns // NS <= now_ns // NS:
        raise RequestError(f"ClOrdID(11) {order.cl_ord_id}: its expiry has passed")
    return order.expire_time_ns // NS
