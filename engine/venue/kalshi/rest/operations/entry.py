"""Order writes over Kalshi's REST: create, amend, decrease, cancel, alone and in batches.

Shapes  prices and counts are texts, the price is that of YES on either side, a side is "bid" or "ask".
Errors  RequestError for what the venue would refuse, before anything is sent.
Source  Kalshi REST, order writes, rate limits; operations of group orders; market model, limits.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.venue.kalshi.rest.numbers import RequestError, check_count_text, check_price_text
from engine.venue.kalshi.rest.operations.limits import CANCEL_COST, DEFAULT_COST
from engine.venue.kalshi.rest.reading import Reader, nothing
from engine.venue.kalshi.rest.requests import (
    MOST_SHARD,
    checked_text,
    one_of,
    path,
    present,
    query,
    subaccount_of,
    within,
    write,
)
from engine.venue.rest import Call, Urgency

SIDES = ("bid", "ask")
GTC, IOC, FOK = "good_till_canceled", "immediate_or_cancel", "fill_or_kill"
TAKER_AT_CROSS, MAKER = "taker_at_cross", "maker"
BY_TICKER = -1  # in place of a shard: the venue finds it

_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_+=:/-]{1,64}")
_ORDERS = ("portfolio", "events", "orders")
_ORDERS_PATH = path(*_ORDERS)  # of every create


class KalshiNewOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a create: proved when it is made. `expiration_time` is in seconds."""

    ticker: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    subaccount: int | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None

    def __post_init__(self) -> None:
        checked_text("ticker", self.ticker)
        _check_side_price_count(self.side, self.price, self.count)
        _needed("time_in_force", self.time_in_force, (GTC, IOC, FOK))
        _needed("self_trade_prevention_type", self.self_trade_prevention_type, (TAKER_AT_CROSS, MAKER))
        check_client_order_id(self.client_order_id)
        subaccount_of(self.subaccount)
        _check_route(self.exchange_index)
        if self.order_group_id is not None:
            checked_text("order_group_id", self.order_group_id)
        if self.expiration_time is not None and (self.time_in_force != GTC or self.expiration_time <= 0):
            raise RequestError(f"expiration_time must be seconds above 0 and go with {GTC}")
        if self.reduce_only and self.time_in_force != IOC:
            raise RequestError(f"reduce_only goes with {IOC} alone")
        if self.post_only and self.time_in_force != GTC:
            raise RequestError(f"post_only goes with {GTC} alone: an order that may not trade at once must rest")


class KalshiAmendment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an amend: `count` is the new total, what has filled among it; `expiration_time` 0 clears it."""

    ticker: str
    side: str
    price: str
    count: str
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None

    def __post_init__(self) -> None:
        checked_text("ticker", self.ticker)
        _check_side_price_count(self.side, self.price, self.count)
        check_client_order_id(self.client_order_id)
        check_client_order_id(self.updated_client_order_id, "updated_client_order_id")
        within("expiration_time", self.expiration_time, 0, 2**40)
        _check_route(self.exchange_index)


class KalshiCancel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order of a batch of cancels."""

    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None

    def __post_init__(self) -> None:
        checked_text("order_id", self.order_id)
        subaccount_of(self.subaccount)
        _check_route(self.exchange_index)


class KalshiItemError(msgspec.Struct, frozen=True):
    """Why one order of a batch was refused."""

    code: str | None = None
    message: str | None = None
    details: str | None = None


class KalshiCreated(msgspec.Struct, frozen=True):
    """The answer to a create; `ts_ms` is the time of the matching engine."""

    order_id: str
    fill_count: str
    remaining_count: str
    ts_ms: int | None = None
    client_order_id: str | None = None
    average_fill_price: str | None = None
    average_fee_paid: str | None = None


class KalshiAmended(msgspec.Struct, frozen=True):
    """The answer to an amend; `fill_count` is what the amend itself filled."""

    order_id: str
    ts_ms: int | None = None
    client_order_id: str | None = None
    remaining_count: str | None = None
    fill_count: str | None = None
    average_fill_price: str | None = None
    average_fee_paid: str | None = None


class KalshiDecreased(msgspec.Struct, frozen=True):
    """The answer to a decrease."""

    order_id: str
    remaining_count: str
    ts_ms: int | None = None
    client_order_id: str | None = None


class KalshiCanceled(msgspec.Struct, frozen=True):
    """The answer to a cancel; `reduced_by` is what was left of the order."""

    order_id: str
    reduced_by: str
    ts_ms: int | None = None
    client_order_id: str | None = None
    error: KalshiItemError | None = None


class KalshiBatchItem(msgspec.Struct, frozen=True):
    """The answer to one order of a batch of creates: that of a create, or an error."""

    order_id: str | None = None
    client_order_id: str | None = None
    fill_count: str | None = None
    remaining_count: str | None = None
    average_fill_price: str | None = None
    average_fee_paid: str | None = None
    ts_ms: int | None = None
    error: KalshiItemError | None = None


class KalshiBatchCreated(msgspec.Struct, frozen=True):
    """The answers to a batch of creates, in its order."""

    orders: list[KalshiBatchItem]


class KalshiBatchCanceled(msgspec.Struct, frozen=True):
    """The answers to a batch of cancels, in its order."""

    orders: list[KalshiCanceled]


read_created = Reader("create_order_v2", KalshiCreated)
read_amended = Reader("amend_order_v2", KalshiAmended)
read_decreased = Reader("decrease_order_v2", KalshiDecreased)
read_canceled = Reader("cancel_order_v2", KalshiCanceled)
read_batch_created = Reader("batch_create_orders_v2", KalshiBatchCreated)
read_batch_canceled = Reader("batch_cancel_orders_v2", KalshiBatchCanceled)


def create(order: KalshiNewOrder) -> Call[KalshiCreated]:
    """Return what opens an order."""
    shard = order.exchange_index
    return write(read_created.operation, "POST", _ORDERS_PATH, read_created, order, status=201, shard=shard)


def amend(order_id: str, to: KalshiAmendment, *, subaccount: int | None = None) -> Call[KalshiAmended]:
    """Return what changes price, total count or expiry of an order."""
    where = path(*_ORDERS, order_id, "amend")
    given = query(subaccount=subaccount_of(subaccount))
    return write(read_amended.operation, "POST", where, read_amended, to, given, shard=to.exchange_index)


def decrease(
    order_id: str,
    *,
    by: str | None = None,
    to: str | None = None,
    subaccount: int | None = None,
    shard: int | None = None,
    ticker: str | None = None,
) -> Call[KalshiDecreased]:
    """Return what takes so many contracts off an order, or leaves so many: exactly one of both."""
    if (by is None) == (to is None):
        raise RequestError("decrease takes exactly one of `by` and `to`")
    if by is not None:
        check_count_text(by, "reduce_by")
    if to is not None:
        check_count_text(to, "reduce_to", least=0)
    _check_route(shard)
    body = present({"reduce_by": by, "reduce_to": to, "exchange_index": shard, "market_ticker": ticker})
    where = path(*_ORDERS, order_id, "decrease")
    given = query(subaccount=subaccount_of(subaccount))
    return write(read_decreased.operation, "POST", where, read_decreased, body, given, shard=shard)


def cancel(
    order_id: str, *, subaccount: int | None = None, shard: int | None = None, ticker: str | None = None
) -> Call[KalshiCanceled]:
    """Return what cancels an order."""
    _check_route(shard)
    given = query(subaccount=subaccount_of(subaccount), exchange_index=shard, market_ticker=ticker)
    where = path(*_ORDERS, order_id)
    return _cancelling(read_canceled.operation, where, read_canceled, given=given, shard=shard)


def cancel_all(*, subaccount: int | None = None) -> Call[None]:
    """Return what cancels every order of every shard; those of the minute after may be caught as well."""
    given = query(subaccount=subaccount_of(subaccount))
    return _cancelling("cancel_all_orders", path(*_ORDERS), nothing, given=given, status=204)


def batch_create(orders: Sequence[KalshiNewOrder]) -> Call[KalshiBatchCreated]:
    """Return what opens several orders; all are refused if their tokens do not fit the bucket at once."""
    _check_not_empty(orders)
    named = [order.client_order_id for order in orders if order.client_order_id]
    if len(set(named)) < len(named):
        raise RequestError("client_order_id stands twice in one batch: the venue takes each one once for ever")
    where = path(*_ORDERS, "batched")
    tokens = DEFAULT_COST * len(orders)
    body = {"orders": orders}
    return write(read_batch_created.operation, "POST", where, read_batch_created, body, status=201, tokens=tokens)


def batch_cancel(orders: Sequence[KalshiCancel]) -> Call[KalshiBatchCanceled]:
    """Return what cancels several orders."""
    _check_not_empty(orders)
    where = path(*_ORDERS, "batched")
    tokens = CANCEL_COST * len(orders)
    return _cancelling(
        read_batch_canceled.operation, where, read_batch_canceled, body={"orders": orders}, tokens=tokens
    )


def check_client_order_id(text: str | None, field: str = "client_order_id") -> None:
    """Prove that the venue takes a client order id."""
    if text is not None and not _CLIENT_ORDER_ID.fullmatch(text):
        raise RequestError(f"{field} {text[:70]!r} must be 1 to 64 of A-Z a-z 0-9 _ + = : / -")


def _cancelling(operation: str, where: str, read: Any, **rest: Any) -> Call[Any]:
    rest.setdefault("tokens", CANCEL_COST)
    return write(operation, "DELETE", where, read, urgency=Urgency.CANCEL, **rest)


def _check_side_price_count(side: str, price: str, count: str) -> None:
    _needed("side", side, SIDES)
    check_price_text(price)
    check_count_text(count)


def _needed(name: str, value: str, known: Sequence[str]) -> None:
    if not one_of(name, value, known):
        raise RequestError(f"{name} is missing: it must be one of {', '.join(known)}")


def _check_route(shard: int | None) -> None:
    within("exchange_index", shard, BY_TICKER, MOST_SHARD)


def _check_not_empty(orders: Sequence[object]) -> None:
    if not orders:
        raise RequestError("a batch needs at least one order")
