"""Kalshi's markets, order books and trades.

Shapes  numbers stay text here as they came, `numbers` makes integers of them; a book holds bids alone, of both sides.
Source  Kalshi REST, markets; operations of group market; objects.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from engine.venue.kalshi.rest.numbers import RequestError
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
    since,
    until,
    within,
)
from engine.venue.rest import Call, Page, PagedCall, Urgency

STATUSES = ("unopened", "open", "paused", "closed", "settled")
MOST_BOOKS = MOST_DEPTH = 100
MOST_TICKERS = 200  # of one comma-separated list: the address must not grow without bound

_WITH = {  # the status filters that a period of time goes with
    "created": ("", "unopened", "open"),
    "close": ("", "closed"),
    "settled": ("", "settled"),
    "updated": ("",),
}


class KalshiPriceRange(msgspec.Struct, frozen=True):
    """One band of the price grid."""

    start: str
    end: str
    step: str


class KalshiLeg(msgspec.Struct, frozen=True):
    """One market of a combination, and the side of it that counts."""

    event_ticker: str | None = None
    market_ticker: str | None = None
    side: str | None = None
    yes_settlement_value_dollars: str | None = None


class KalshiMarket(msgspec.Struct, frozen=True):
    """One market; what has no default is what it cannot be traded without."""

    ticker: str
    event_ticker: str
    status: str
    price_ranges: list[KalshiPriceRange]
    exchange_index: int | None = None
    market_type: str | None = None
    title: str | None = None
    subtitle: str | None = None
    yes_sub_title: str | None = None
    no_sub_title: str | None = None
    created_time: str | None = None
    updated_time: str | None = None
    open_time: str | None = None
    close_time: str | None = None
    latest_expiration_time: str | None = None
    expected_expiration_time: str | None = None
    expiration_time: str | None = None
    occurrence_datetime: str | None = None
    settlement_timer_seconds: int | None = None
    can_close_early: bool | None = None
    early_close_condition: str | None = None
    yes_bid_dollars: str | None = None
    yes_bid_size_fp: str | None = None
    yes_ask_dollars: str | None = None
    yes_ask_size_fp: str | None = None
    no_bid_dollars: str | None = None
    no_ask_dollars: str | None = None
    last_price_dollars: str | None = None
    previous_yes_bid_dollars: str | None = None
    previous_yes_ask_dollars: str | None = None
    previous_price_dollars: str | None = None
    volume_fp: str | None = None
    volume_24h_fp: str | None = None
    open_interest_fp: str | None = None
    notional_value_dollars: str | None = None
    result: str | None = None
    expiration_value: str | None = None
    settlement_value_dollars: str | None = None
    settlement_ts: str | None = None
    settlement_bounds_type: str | None = None
    settlement_floor_dollars: str | None = None
    fee_waiver_expiration_time: str | None = None
    price_level_structure: str | None = None
    rules_primary: str | None = None
    rules_secondary: str | None = None
    strike_type: str | None = None
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    functional_strike: str | None = None
    custom_strike: dict[str, Any] | None = None
    mve_collection_ticker: str | None = None
    mve_selected_legs: list[KalshiLeg] | None = None
    primary_participant_key: str | None = None
    is_provisional: bool | None = None


class KalshiMarketAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for one market."""

    market: KalshiMarket


class KalshiMarketPage(msgspec.Struct, frozen=True):
    """A page of markets."""

    markets: list[KalshiMarket]
    cursor: str | None = None


class KalshiLadders(msgspec.Struct, frozen=True):
    """The bids of both sides as (price, size), ascending, the best one last; each side on its own scale."""

    yes_dollars: list[tuple[str, str]]
    no_dollars: list[tuple[str, str]]


class KalshiBookAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for one order book."""

    orderbook_fp: KalshiLadders


class KalshiBook(msgspec.Struct, frozen=True):
    """One order book of several."""

    ticker: str
    orderbook_fp: KalshiLadders


class KalshiBooks(msgspec.Struct, frozen=True):
    """The order books of several markets."""

    orderbooks: list[KalshiBook]


class KalshiTrade(msgspec.Struct, frozen=True):
    """One public trade, newest first in a list."""

    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    created_time: str
    no_price_dollars: str | None = None
    taker_outcome_side: str | None = None
    taker_book_side: str | None = None
    is_block_trade: bool | None = None


class KalshiTradePage(msgspec.Struct, frozen=True):
    """A page of trades."""

    trades: list[KalshiTrade]
    cursor: str | None = None


class Period(NamedTuple):
    """A time in which something happened to a market; 0 is no bound, both bounds count."""

    what: Literal["created", "close", "settled", "updated"]
    since_ns: int = 0
    until_ns: int = 0


read_market = Reader("get_market", KalshiMarketAnswer)
read_markets = Reader("get_markets", KalshiMarketPage)
read_book = Reader("get_market_orderbook", KalshiBookAnswer)
read_books = Reader("get_market_orderbooks", KalshiBooks)
read_trades = Reader("get_trades", KalshiTradePage)


def market(ticker: str) -> Call[KalshiMarket]:
    """Return what asks for one market."""
    return get(read_market.operation, path("markets", ticker), read_market.then(lambda answer: answer.market))


def markets(
    *,
    tickers: Iterable[str] = (),
    event: str = "",
    series: str = "",
    status: str = "",
    period: Period | None = None,
    combos: Literal["", "exclude", "only"] = "",
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiMarket]:
    """Return what asks for markets: of these tickers, of an event, of a series, with a status, of a period."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        event_ticker=event,
        series_ticker=series,
        status=one_of("status", status, STATUSES),
        tickers=csv("tickers", tickers, MOST_TICKERS),
        mve_filter=one_of("mve_filter", combos, ("exclude", "only")),
        **_of_period(period, status, event, combos),
    )
    return pages(read_markets.operation, path("markets"), read_markets.then(market_page), given)


def market_page(page: KalshiMarketPage) -> Page[KalshiMarket]:
    """Return a page as the client reads it."""
    return Page(page.markets, page.cursor or "")


def _of_period(period: Period | None, status: str, event: str, combos: str) -> dict[str, int | None]:
    if period is None:
        return {}
    if period.what not in _WITH or status not in _WITH[period.what]:
        raise RequestError(f"status {status!r} does not go with a period of {period.what!r}: leave one of them out")
    if period.what == "updated" and (event or combos != "exclude"):
        raise RequestError("a period of 'updated' goes with combos='exclude', and a series at most")
    low, high = f"min_{period.what}_ts", f"max_{period.what}_ts"
    return {low: since(low, period.since_ns), high: until(high, period.until_ns)}


def orderbook(ticker: str, depth: int = 0, *, urgency: Urgency = Urgency.BROWSE) -> Call[KalshiLadders]:
    """Return what asks for an order book, `depth` levels of each side; 0 is all."""
    where = path("markets", ticker, "orderbook")
    given = query(depth=within("depth", depth, 0, MOST_DEPTH))
    return get(read_book.operation, where, read_book.then(lambda answer: answer.orderbook_fp), given, urgency=urgency)


def orderbooks(tickers: Iterable[str]) -> Call[dict[str, KalshiLadders]]:
    """Return what asks for the order books of up to 100 markets, by ticker."""
    named = list(tickers)
    if not 1 <= len(named) <= MOST_BOOKS:
        raise RequestError(f"tickers: {len(named)} must be 1 to {MOST_BOOKS}: ask in parts")
    read = read_books.then(lambda answer: {book.ticker: book.orderbook_fp for book in answer.orderbooks})
    return get(read_books.operation, path("markets", "orderbooks"), read, query(tickers=named))


def trades(
    *,
    ticker: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    is_block_trade: bool | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiTrade]:
    """Return what asks for public trades, newest first."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        ticker=ticker,
        is_block_trade=is_block_trade,
        **bounds(since_ns, until_ns),
    )
    return pages(read_trades.operation, path("markets", "trades"), read_trades.then(trade_page), given)


def trade_page(page: KalshiTradePage) -> Page[KalshiTrade]:
    """Return a page as the client reads it."""
    return Page(page.trades, page.cursor or "")
