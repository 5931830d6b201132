"""A member's orders, fills and places in the queue.

Errors  RestRefused 404 for an order that is unknown, or old enough to be in the archive.
Source  Kalshi REST: account, order object; Kalshi REST operations: orders, portfolio.
"""

from typing import Any, Literal

from engine.exchange.ledger.records import FillRecord, OrderRecord
from engine.sim.rest.endpoints.orders_shown import fill_shown, order_shown
from engine.sim.rest.numbers import count, from_seconds
from engine.sim.rest.operations import Asked, Limit1000, Operation, Query, Seconds, csv
from engine.sim.rest.pages import last_first, page
from engine.sim.rest.refusals import bad_request, not_found
from engine.sim.rest.whose import accounts

Answer = dict[str, Any]
_MOST_EVENTS, _MOST_TICKERS = 10, 100


class HistoryQuery(Query, frozen=True, kw_only=True):
    """Which orders or fills."""

    ticker: str = ""
    min_ts: Seconds = 0
    max_ts: Seconds = 0
    limit: Limit1000 = 100
    cursor: str = ""
    subaccount: int | None = None


class OrdersQuery(HistoryQuery, frozen=True, kw_only=True):
    """Which orders."""

    event_ticker: str = ""
    status: Literal["", "resting", "canceled", "executed"] = ""
    exchange_index: int | None = None


class FillsQuery(HistoryQuery, frozen=True, kw_only=True):
    """Which fills."""

    order_id: str = ""
    exchange_index: int | None = None


class QueueQuery(Query, frozen=True, kw_only=True):
    """Whose places."""

    market_tickers: str = ""
    event_ticker: str = ""
    subaccount: int | None = None


def get_orders(asked: Asked[OrdersQuery, None]) -> Answer:
    """Return orders that are not in the archive, the newest first."""
    query = asked.query
    events = frozenset(csv(query.event_ticker))
    if len(events) > _MOST_EVENTS:
        raise bad_request(f"event_ticker names up to {_MOST_EVENTS}", "invalid_parameters")
    found = [
        order
        for order in asked.records.lag.orders(_orders(asked), asked.now_ns)
        if query.status in ("", order.rest_status)
        and (not events or asked.venue.event_of(order.symbol) in events)
        and query.exchange_index in (None, order.shard)
    ]
    return orders_page(query, found)


def get_order(asked: Asked[Query, None]) -> Answer:
    """Return one order."""
    return {"order": order_shown(_order(asked))}


def get_fills(asked: Asked[FillsQuery, None]) -> Answer:
    """Return fills that are not in the archive, the newest first."""
    query = asked.query
    tickers = csv(query.ticker)
    if len(tickers) > _MOST_TICKERS:
        raise bad_request(f"ticker names up to {_MOST_TICKERS}", "invalid_parameters")
    found = [
        fill
        for account in accounts(asked, query.subaccount)
        for fill in asked.venue.ledger.fills(
            account,
            order_id=query.order_id,
            min_ns=from_seconds(query.min_ts),
            max_ns=from_seconds(query.max_ts),
        )
        if (not tickers or fill.symbol in tickers)
        and query.exchange_index in (None, fill.shard)
        and asked.records.lag.is_seen(fill.time_ns, asked.now_ns)
    ]
    return fills_page(query, found)


def get_queue_positions(asked: Asked[QueueQuery, None]) -> Answer:
    """Return how many contracts trade before each resting order."""
    query = asked.query
    tickers = frozenset(csv(query.market_tickers))
    places = [
        {"order_id": order.order_id, "market_ticker": order.symbol, "queue_position_fp": _place(asked, order)}
        for account in accounts(asked, query.subaccount)
        for order in asked.venue.ledger.orders(account, status="resting")
        if (not tickers or order.symbol in tickers) and query.event_ticker in ("", asked.venue.event_of(order.symbol))
    ]
    return {"queue_positions": places}


def get_queue_position(asked: Asked[Query, None]) -> Answer:
    """Return how many contracts trade before one order."""
    order = _order(asked)
    if not order.is_live:
        raise not_found("resting order")
    return {"queue_position_fp": _place(asked, order)}


def orders_page(query: HistoryQuery, found: list[OrderRecord]) -> Answer:
    """Return a page of orders."""
    part = page(
        found,
        query.limit,
        query.cursor,
        lambda order: last_first(order.number),
        order_shown,
    )
    return {"orders": part.items, "cursor": part.cursor}


def fills_page(query: HistoryQuery, found: list[FillRecord]) -> Answer:
    """Return a page of fills."""
    part = page(
        found,
        query.limit,
        query.cursor,
        lambda fill: last_first(fill.number),
        fill_shown,
    )
    return {"fills": part.items, "cursor": part.cursor}


def _orders(asked: Asked[OrdersQuery, None]) -> list[OrderRecord]:
    query = asked.query
    return [
        order
        for account in accounts(asked, query.subaccount)
        for order in asked.venue.ledger.orders(
            account,
            symbol=query.ticker,
            min_ns=from_seconds(query.min_ts),
            max_ns=from_seconds(query.max_ts),
        )
    ]


def _order(asked: Asked[Any, None]) -> OrderRecord:
    """Return the member's order of the path, as it is seen now."""
    for account in accounts(asked, None):
        order = asked.venue.ledger.order(account, asked.path["order_id"])
        seen = asked.records.lag.order(order, asked.now_ns) if order else None
        if seen is not None:
            return seen
    raise not_found("order")


def _place(asked: Asked[Any, None], order: OrderRecord) -> str:
    return count(asked.venue.place.queue_position(order.account, order.order_id) or 0)


def _read(name: str, path: str, run: Any, query: type[Query] = Query) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query)


OPERATIONS = (
    _read("get_orders", "/portfolio/orders", get_orders, OrdersQuery),
    _read("get_order", "/portfolio/orders/{order_id}", get_order),
    _read("get_order_queue_positions", "/portfolio/orders/queue_positions", get_queue_positions, QueueQuery),
    _read("get_order_queue_position", "/portfolio/orders/{order_id}/queue_position", get_queue_position),
    _read("get_fills", "/portfolio/fills", get_fills, FillsQuery),
)
