"""Orders as Kalshi's REST tells them, and how many contracts are ahead of them.

Shapes  `side` and `action` are deprecated and not read: `book_side` and `outcome_side` say it.
Source  Kalshi REST, order object; operations of group orders; objects.
"""

from collections.abc import Iterable

import msgspec

from engine.venue.kalshi.rest.operations.markets import MOST_TICKERS
from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import (
    MOST_ITEMS,
    bounds,
    csv,
    get,
    one_of,
    pages,
    path,
    query,
    shard_of,
    subaccount_of,
    within,
)
from engine.venue.rest import Call, Page, PagedCall, Urgency

STATUSES = ("resting", "canceled", "executed")
MOST_EVENTS = 10


class KalshiOrder(msgspec.Struct, frozen=True):
    """One order; its price is that of YES on either side."""

    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    type: str | None = None
    no_price_dollars: str | None = None
    taker_fill_cost_dollars: str | None = None
    maker_fill_cost_dollars: str | None = None
    taker_fees_dollars: str | None = None
    maker_fees_dollars: str | None = None
    created_time: str | None = None
    last_update_time: str | None = None
    expiration_time: str | None = None
    self_trade_prevention_type: str | None = None
    order_group_id: str | None = None
    cancel_order_on_pause: bool | None = None
    subaccount_number: int | None = None
    exchange_index: int | None = None
    user_id: str | None = None


class KalshiOrderAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for one order."""

    order: KalshiOrder


class KalshiOrderPage(msgspec.Struct, frozen=True):
    """A page of orders."""

    orders: list[KalshiOrder]
    cursor: str | None = None


class KalshiQueuePosition(msgspec.Struct, frozen=True):
    """How many contracts are ahead of an order."""

    order_id: str
    market_ticker: str
    queue_position_fp: str


class KalshiQueuePositions(msgspec.Struct, frozen=True):
    """The same of several orders."""

    queue_positions: list[KalshiQueuePosition]


class KalshiQueueAnswer(msgspec.Struct, frozen=True):
    """The same of one order that was named."""

    queue_position_fp: str


read_order = Reader("get_order", KalshiOrderAnswer)
read_orders = Reader("get_orders", KalshiOrderPage)
read_queue_positions = Reader("get_order_queue_positions", KalshiQueuePositions)
read_queue_position = Reader("get_order_queue_position", KalshiQueueAnswer)


def order(order_id: str) -> Call[KalshiOrder]:
    """Return what asks for one order."""
    where = path("portfolio", "orders", order_id)
    return get(read_order.operation, where, read_order.then(lambda answer: answer.order), urgency=Urgency.RECONCILE)


def orders(
    *,
    ticker: str = "",
    events: Iterable[str] = (),
    status: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    subaccount: int | None = None,
    shard: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiOrder]:
    """Return what asks for orders: of a market, of up to 10 events, of a status, of a time."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        ticker=ticker,
        event_ticker=csv("event_ticker", events, MOST_EVENTS),
        status=one_of("status", status, STATUSES),
        subaccount=subaccount_of(subaccount),
        exchange_index=shard_of(shard),
        **bounds(since_ns, until_ns),
    )
    where = path("portfolio", "orders")
    return pages(read_orders.operation, where, read_orders.then(order_page), given, urgency=Urgency.RECONCILE)


def order_page(page: KalshiOrderPage) -> Page[KalshiOrder]:
    """Return a page as the client reads it."""
    return Page(page.orders, page.cursor or "")


def queue_positions(
    *, tickers: Iterable[str] = (), event: str = "", subaccount: int | None = None
) -> Call[list[KalshiQueuePosition]]:
    """Return what asks how many contracts are ahead of each resting order."""
    given = query(
        market_tickers=csv("market_tickers", tickers, MOST_TICKERS),
        event_ticker=event,
        subaccount=subaccount_of(subaccount),
    )
    where = path("portfolio", "orders", "queue_positions")
    read = read_queue_positions.then(lambda answer: answer.queue_positions)
    return get(read_queue_positions.operation, where, read, given)


def queue_position(order_id: str) -> Call[str]:
    """Return what asks the same of one order: contracts, as text."""
    where = path("portfolio", "orders", order_id, "queue_position")
    read = read_queue_position.then(lambda answer: answer.queue_position_fp)
    return get(read_queue_position.operation, where, read)
