"""What an account has at Kalshi: balance, positions, fills, settlements.

Units   texts as they came; `balance`, `portfolio_value`, `revenue` and `value` are whole cents, cut.
Source  Kalshi REST, account; operations of group portfolio; objects.
"""

from collections.abc import Iterable

import msgspec

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

MOST_TICKERS = 100
SETTLEMENT_STATUSES = ("unsettled", "settled", "all")
COUNT_FILTERS = ("position", "total_traded")


class KalshiShardBalance(msgspec.Struct, frozen=True):
    """The cash on one shard."""

    exchange_index: int
    balance: str


class KalshiBalance(msgspec.Struct, frozen=True):
    """The cash of an account, exact in `balance_dollars`."""

    balance_dollars: str
    balance: int | None = None
    portfolio_value: int | None = None
    updated_ts: int | None = None
    balance_breakdown: list[KalshiShardBalance] | None = None


class KalshiPosition(msgspec.Struct, frozen=True):
    """The net position in a market: YES contracts, NO contracts below 0."""

    ticker: str
    position_fp: str
    fees_paid_dollars: str
    realized_pnl_dollars: str | None = None
    market_exposure_dollars: str | None = None
    total_traded_dollars: str | None = None
    exchange_index: int | None = None
    last_updated_ts: str | None = None


class KalshiEventPosition(msgspec.Struct, frozen=True):
    """What an account has in all markets of an event."""

    event_ticker: str
    total_cost_dollars: str | None = None
    total_cost_shares_fp: str | None = None
    event_exposure_dollars: str | None = None
    realized_pnl_dollars: str | None = None
    fees_paid_dollars: str | None = None


class KalshiPositionPage(msgspec.Struct, frozen=True):
    """A page of positions, by market and by event."""

    market_positions: list[KalshiPosition]
    event_positions: list[KalshiEventPosition] | None = None
    cursor: str | None = None


class KalshiFill(msgspec.Struct, frozen=True):
    """One fill; its price is that of YES on either side, `book_side` and `outcome_side` say the same."""

    trade_id: str
    order_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    is_taker: bool
    fee_cost: str
    book_side: str | None = None
    outcome_side: str | None = None
    created_time: str | None = None
    ts: int | None = None
    fill_id: str | None = None
    market_ticker: str | None = None
    no_price_dollars: str | None = None
    exchange_index: int | None = None
    subaccount_number: int | None = None


class KalshiFillPage(msgspec.Struct, frozen=True):
    """A page of fills."""

    fills: list[KalshiFill]
    cursor: str | None = None


class KalshiSettlement(msgspec.Struct, frozen=True):
    """One market that was paid; `value` is what a YES contract got, in cents."""

    ticker: str
    market_result: str
    revenue: int
    fee_cost: str
    settled_time: str
    yes_count_fp: str | None = None
    no_count_fp: str | None = None
    yes_total_cost_dollars: str | None = None
    no_total_cost_dollars: str | None = None
    value: int | None = None
    event_ticker: str | None = None
    exchange_index: int | None = None


class KalshiSettlementPage(msgspec.Struct, frozen=True):
    """A page of settlements."""

    settlements: list[KalshiSettlement]
    cursor: str | None = None


class KalshiRestingValue(msgspec.Struct, frozen=True):
    """What resting orders would cost, in cents, and by shard."""

    total_resting_order_value: int
    resting_order_value_breakdown: list[KalshiShardBalance]


read_balance = Reader("get_balance", KalshiBalance)
read_positions = Reader("get_positions", KalshiPositionPage)
read_fills = Reader("get_fills", KalshiFillPage)
read_settlements = Reader("get_settlements", KalshiSettlementPage)
read_resting_value = Reader("get_portfolio_resting_order_total_value", KalshiRestingValue)


def balance(*, subaccount: int | None = None, shard: int | None = None) -> Call[KalshiBalance]:
    """Return what asks for the cash."""
    given = query(subaccount=subaccount_of(subaccount), exchange_index=shard_of(shard))
    where = path("portfolio", "balance")
    return get(read_balance.operation, where, read_balance, given, urgency=Urgency.RECONCILE)


def positions(
    *,
    ticker: str = "",
    event: str = "",
    settlement_status: str = "",
    count_filter: str = "",
    subaccount: int | None = None,
    shard: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiPosition]:
    """Return what asks for positions by market; those that are not settled, unless `settlement_status` says else."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        count_filter=one_of("count_filter", count_filter, COUNT_FILTERS),
        settlement_status=one_of("settlement_status", settlement_status, SETTLEMENT_STATUSES),
        ticker=ticker,
        event_ticker=event,
        subaccount=subaccount_of(subaccount),
        exchange_index=shard_of(shard),
    )
    where = path("portfolio", "positions")
    return pages(read_positions.operation, where, read_positions.then(position_page), given, urgency=Urgency.RECONCILE)


def position_page(page: KalshiPositionPage) -> Page[KalshiPosition]:
    """Return a page as the client reads it, by market alone."""
    return Page(page.market_positions, page.cursor or "")


def fills(
    *,
    tickers: Iterable[str] = (),
    order_id: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    subaccount: int | None = None,
    shard: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiFill]:
    """Return what asks for fills: of up to 100 markets, of an order, of a time."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        ticker=csv("ticker", tickers, MOST_TICKERS),
        order_id=order_id,
        subaccount=subaccount_of(subaccount),
        exchange_index=shard_of(shard),
        **bounds(since_ns, until_ns),
    )
    where = path("portfolio", "fills")
    return pages(read_fills.operation, where, read_fills.then(fill_page), given, urgency=Urgency.RECONCILE)


def fill_page(page: KalshiFillPage) -> Page[KalshiFill]:
    """Return a page as the client reads it."""
    return Page(page.fills, page.cursor or "")


def settlements(
    *,
    ticker: str = "",
    event: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    subaccount: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiSettlement]:
    """Return what asks for the markets that were paid."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        ticker=ticker,
        event_ticker=event,
        subaccount=subaccount_of(subaccount),
        **bounds(since_ns, until_ns),
    )
    where = path("portfolio", "settlements")
    read = read_settlements.then(settlement_page)
    return pages(read_settlements.operation, where, read, given, urgency=Urgency.RECONCILE)


def settlement_page(page: KalshiSettlementPage) -> Page[KalshiSettlement]:
    """Return a page as the client reads it."""
    return Page(page.settlements, page.cursor or "")


def resting_value() -> Call[KalshiRestingValue]:
    """Return what asks for the value of all resting orders, which members of the clearing house alone may."""
    where = path("portfolio", "summary", "total_resting_order_value")
    return get(read_resting_value.operation, where, read_resting_value)
