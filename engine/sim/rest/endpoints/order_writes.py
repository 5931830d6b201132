"""Order writes: create, amend, decrease, cancel, alone and in batches.

A request becomes one of the exchange's, its events become the answer. An order that the exchange ends at once, such as
the rest of an IOC, is answered as entered with nothing remaining; one that would have crossed post-only is refused.

Units   as in `engine.exchange.events`.
Errors  RestRefused. Within a batch each order has its own.
Source  Kalshi REST: order writes; Kalshi REST operations: orders.
"""

from collections.abc import Iterable
from typing import Any

from engine.exchange.events import (
    ANY_SHARD,
    Cancel,
    Canceled,
    CancelRejected,
    MassCancel,
    Rejected,
    Replace,
    Report,
    Traded,
)
from engine.exchange.ledger.records import OrderRecord
from engine.exchange.refusals import POST_ONLY_CROSS
from engine.sim.rest.endpoints.location import judge_location
from engine.sim.rest.endpoints.order_bodies import AmendOrder, BatchCancel, BatchCreate, CreateOrder, DecreaseOrder
from engine.sim.rest.endpoints.refused_orders import refusal_of
from engine.sim.rest.numbers import count, millis, money, parse_count, parse_price, parse_size
from engine.sim.rest.operations import TRADE, Asked, Operation, Query
from engine.sim.rest.refusals import RestRefused, bad_request, gone, not_found
from engine.sim.rest.tokens import CANCEL_COST, DEFAULT_COST
from engine.sim.rest.whose import accounts, one_account

Answer = dict[str, Any]
_ORDERS = "/portfolio/events/orders"
_OLD = "/portfolio/orders"


class SubaccountQuery(Query, frozen=True, kw_only=True):
    """Whose order it is."""

    subaccount: int | None = None


class CancelQuery(SubaccountQuery, frozen=True, kw_only=True):
    """Whose order it is, and where."""

    exchange_index: int | None = None
    market_ticker: str = ""


def create_order(asked: Asked[Query, CreateOrder]) -> Answer:
    """Enter one order."""
    return _create(asked, asked.body)


def create_orders(asked: Asked[Query, BatchCreate]) -> Answer:
    """Enter several, each for itself."""
    answers = []
    for body in asked.body.orders:
        try:
            answers.append(_create(asked, body))
        except RestRefused as refused:
            named = {"client_order_id": body.client_order_id} if body.client_order_id else {}
            answers.append({**named, "error": _error(refused)})
    return {"orders": answers}


def _create(asked: Asked[Any, Any], body: CreateOrder) -> Answer:
    judge_location(asked, body.ticker)
    request = body.request(one_account(asked, body.subaccount), asked.now_ns)
    told = asked.venue.submit(request, asked.now_ns)
    reports = [event for event in told if isinstance(event, Report) and event.account == request.account]
    first = reports[0]
    if isinstance(first, Rejected):
        raise refusal_of(first.text)
    of_order = [report for report in reports if report.order_id == first.order_id]
    last = of_order[-1]
    if isinstance(last, Canceled) and last.text == POST_ONLY_CROSS:
        raise refusal_of(last.text)
    return {
        "order_id": last.order_id,
        "client_order_id": last.cl_ord_id,
        "fill_count": count(last.cum_qty),
        "remaining_count": count(last.leaves_qty),
        **_averages(of_order),
        "ts_ms": millis(last.now_ns),
    }


def amend_order(asked: Asked[SubaccountQuery, AmendOrder]) -> Answer:
    """Change price, total and expiry of an order, and its client's id if another is given."""
    body = asked.body
    order = _live_order(asked, asked.path["order_id"], asked.query.subaccount)
    _judge_amend(body, order)
    time_in_force, expire_time_ns = body.validity(asked.now_ns)
    replace = Replace(
        account=order.account,
        cl_ord_id=body.updated_client_order_id or "",
        order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        order_qty=parse_count(body.count),
        price=parse_price(body.price),
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        shard=_shard(body.exchange_index),
    )
    asked.records.lag.remember(order, asked.now_ns)
    reports = _change(asked, replace)
    last = reports[-1]
    traded = [report for report in reports if isinstance(report, Traded)]
    if isinstance(last, Canceled) and last.text == POST_ONLY_CROSS:
        raise refusal_of(last.text)
    return {
        "order_id": last.order_id,
        "client_order_id": last.cl_ord_id,
        "remaining_count": count(last.leaves_qty),
        "fill_count": count(sum(report.last_qty for report in traded)),
        **_averages(traded),
        "ts_ms": millis(last.now_ns),
    }


def decrease_order(asked: Asked[SubaccountQuery, DecreaseOrder]) -> Answer:
    """Take a part of an order, or all of it, out of the market."""
    body = asked.body
    if (body.reduce_by is None) == (body.reduce_to is None):
        raise bad_request("give either reduce_by or reduce_to")
    order = _live_order(asked, asked.path["order_id"], asked.query.subaccount, body.market_ticker or "")
    left = _left(body, order)
    replace = Replace(
        account=order.account,
        cl_ord_id="",
        order_id=order.order_id,
        order_qty=order.cum_qty + left,
        price=order.price,
        shard=_shard(body.exchange_index),
    )
    asked.records.lag.remember(order, asked.now_ns)
    last = _change(asked, replace)[-1] if left or order.cum_qty else _cancel(asked, order, body.exchange_index)
    return {
        "order_id": last.order_id,
        "client_order_id": last.cl_ord_id,
        "remaining_count": count(last.leaves_qty),
        "ts_ms": millis(last.now_ns),
    }


def cancel_order(asked: Asked[CancelQuery, None]) -> Answer:
    """Take one order out of the market."""
    query = asked.query
    order = _live_order(asked, asked.path["order_id"], query.subaccount, query.market_ticker)
    return _cancelled(asked, order, query.exchange_index)


def cancel_orders(asked: Asked[Query, BatchCancel]) -> Answer:
    """Take several out, each for itself."""
    answers = []
    for one in asked.body.orders:
        try:
            order = _live_order(asked, one.order_id, one.subaccount, one.market_ticker or "")
            answers.append(_cancelled(asked, order, one.exchange_index))
        except RestRefused as refused:
            answers.append({"order_id": one.order_id, "reduced_by": count(0), "error": _error(refused)})
    return {"orders": answers}


def cancel_all_orders(asked: Asked[SubaccountQuery, None]) -> None:
    """Take all out, on every shard."""
    for account in accounts(asked, asked.query.subaccount):
        for order in asked.venue.ledger.orders(account, status="resting"):
            asked.records.lag.remember(order, asked.now_ns)
        asked.venue.submit(MassCancel(account=account, cl_ord_id=""), asked.now_ns)


def refuse_old_form(asked: Asked[Query, None]) -> Answer:
    """Say that the venue took this operation away."""
    raise gone("deprecated_v1_order_endpoint", "orders are written under /portfolio/events/orders")


# Steps of the above


def _live_order(asked: Asked[Any, Any], order_id: str, subaccount: int | None, ticker: str = "") -> OrderRecord:
    """Return an order that can still be changed; one that is finished is as good as unknown."""
    for account in accounts(asked, subaccount):
        order = asked.venue.ledger.order(account, order_id)
        if order is not None and order.is_live:
            if ticker not in ("", order.symbol):
                raise bad_request(f"the order is of {order.symbol}", "order_ticker_mismatch")
            return order
    raise not_found("order")


def _judge_amend(body: AmendOrder, order: OrderRecord) -> None:
    """Refuse what names the order wrongly."""
    if body.ticker != order.symbol:
        raise bad_request(f"the order is of {order.symbol}", "order_ticker_mismatch")
    if body.side_number != order.side:
        raise bad_request("the order is of the other side", "order_side_mismatch")
    if body.client_order_id and body.client_order_id != order.cl_ord_id:
        raise bad_request(f"the order's is {order.cl_ord_id}", "order_id_and_client_order_id_mismatch")


def _left(body: DecreaseOrder, order: OrderRecord) -> int:
    """Return what is left of an order after a decrease."""
    if body.reduce_by is not None:
        left = order.leaves_qty - parse_count(body.reduce_by, "reduce_by")
    else:
        left = parse_size(body.reduce_to or "", "reduce_to")
    if not 0 <= left < order.leaves_qty:
        raise bad_request(f"the order has {count(order.leaves_qty)} left", "invalid_order_size")
    return left


def _cancelled(asked: Asked[Any, Any], order: OrderRecord, exchange_index: int | None) -> Answer:
    reduced_by = order.leaves_qty
    asked.records.lag.remember(order, asked.now_ns)
    last = _cancel(asked, order, exchange_index)
    return {
        "order_id": last.order_id,
        "client_order_id": last.cl_ord_id,
        "reduced_by": count(reduced_by),
        "ts_ms": millis(last.now_ns),
    }


def _cancel(asked: Asked[Any, Any], order: OrderRecord, exchange_index: int | None) -> Report:
    cancel = Cancel(account=order.account, cl_ord_id="", order_id=order.order_id, shard=_shard(exchange_index))
    return _change(asked, cancel)[-1]


def _change(asked: Asked[Any, Any], request: Cancel | Replace) -> list[Report]:
    """Submit a change; return the order's reports. A request that the exchange holds back has none: outcome unknown."""
    events = asked.venue.submit(request, asked.now_ns)
    for event in events:
        if isinstance(event, CancelRejected) and event.account == request.account:
            raise refusal_of(event.text)
    reports = [event for event in events if isinstance(event, Report) and event.order_id == request.order_id]
    if not reports:
        raise refusal_of("INTERNAL_ERROR")
    return reports


def _averages(reports: Iterable[Report]) -> dict[str, str]:
    """Return the average price and fee of a contract of the trades among `reports`; nothing where there is none."""
    trades = [report for report in reports if isinstance(report, Traded)]
    qty = sum(trade.last_qty for trade in trades)
    if not qty:
        return {}
    cost = sum(trade.last_px * trade.last_qty for trade in trades)
    fee = sum(trade.fee for trade in trades)
    return {
        "average_fill_price": money(_rounded(cost * 100, qty)),
        "average_fee_paid": money(_rounded(fee * 100, qty)),
    }


def _rounded(amount: int, parts: int) -> int:
    """Return an amount's share, rounded to the nearest."""
    return (2 * amount + parts) // (2 * parts)


def _shard(exchange_index: int | None) -> int:
    return ANY_SHARD if exchange_index is None else exchange_index


def _error(refused: RestRefused) -> dict[str, str]:
    error = {"code": refused.code, "message": refused.message}
    return {**error, "details": refused.details} if refused.details else error


def _write(name: str, method: str, path: str, run: Any, **more: Any) -> Operation:
    return Operation(name=name, method=method, path=path, run=run, scope=TRADE, **more)


OPERATIONS = (
    _write("create_order_v2", "POST", _ORDERS, create_order, body=CreateOrder, status=201),
    _write("batch_create_orders_v2", "POST", f"{_ORDERS}/batched", create_orders, body=BatchCreate, status=201,
           cost=lambda body: DEFAULT_COST * max(1, len(body.orders))),
    _write("batch_cancel_orders_v2", "DELETE", f"{_ORDERS}/batched", cancel_orders, body=BatchCancel,
           cost=lambda body: CANCEL_COST * max(1, len(body.orders))),
    _write("cancel_all_orders", "DELETE", _ORDERS, cancel_all_orders, query=SubaccountQuery, status=204,
           cost=CANCEL_COST),
    _write("cancel_order_v2", "DELETE", f"{_ORDERS}/{{order_id}}", cancel_order, query=CancelQuery, cost=CANCEL_COST),
    _write("amend_order_v2", "POST", f"{_ORDERS}/{{order_id}}/amend", amend_order, query=SubaccountQuery,
           body=AmendOrder),
    _write("decrease_order_v2", "POST", f"{_ORDERS}/{{order_id}}/decrease", decrease_order, query=SubaccountQuery,
           body=DecreaseOrder),
    # What the venue took away
    _write("create_order", "POST", _OLD, refuse_old_form),
    _write("batch_create_orders", "POST", f"{_OLD}/batched", refuse_old_form),
    _write("batch_cancel_orders", "DELETE", f"{_OLD}/batched", refuse_old_form),
    _write("cancel_order", "DELETE", f"{_OLD}/{{order_id}}", refuse_old_form),
    _write("amend_order", "POST", f"{_OLD}/{{order_id}}/amend", refuse_old_form),
    _write("decrease_order", "POST", f"{_OLD}/{{order_id}}/decrease", refuse_old_form),
)  # fmt: skip
