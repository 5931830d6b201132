"""Operations about markets: lists, one market, order books, trades.

Errors  RestRefused 404 for a market that is unknown or in the archive, 400 for filters that do not go together.
Source  Kalshi REST: markets; Kalshi REST operations: market.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec

from engine import fix
from engine.exchange.events import PublicTrade
from engine.exchange.listing.records import MarketRecord, MarketStatus
from engine.exchange.market import BookSide
from engine.sim.rest.endpoints.market_shown import market_shown
from engine.sim.rest.numbers import DOLLAR, count, dollars, from_seconds, time_text
from engine.sim.rest.operations import PUBLIC, Asked, Limit0To1000, Operation, Query, Seconds, csv
from engine.sim.rest.pages import newest_first, page
from engine.sim.rest.refusals import bad_request, not_found

Answer = dict[str, Any]
StatusFilter = Literal["unopened", "open", "paused", "closed", "settled"]

STATUSES: dict[str, tuple[str, ...]] = {
    "unopened": (MarketStatus.INITIALIZED,),
    "open": (MarketStatus.ACTIVE,),
    "paused": (MarketStatus.INACTIVE,),
    "closed": (MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED),
    "settled": (MarketStatus.FINALIZED,),
}
# Which time filters go with which status; only one family may be asked for.
_FAMILIES: dict[str, tuple[Callable[[MarketRecord], int], tuple[str, ...]]] = {
    "created": (lambda market: market.created_ns, ("", "unopened", "open")),
    "updated": (lambda market: market.updated_ns, ("",)),
    "close": (lambda market: market.close_ns, ("", "closed")),
    "settled": (lambda market: market.settled_ns, ("", "settled")),
}


class MarketsQuery(Query, frozen=True, kw_only=True):
    """Which markets."""

    limit: Limit0To1000 = 100
    cursor: str = ""
    event_ticker: str = ""
    series_ticker: str = ""
    min_created_ts: Seconds = 0
    max_created_ts: Seconds = 0
    min_updated_ts: Seconds = 0
    max_updated_ts: Seconds = 0
    min_close_ts: Seconds = 0
    max_close_ts: Seconds = 0
    min_settled_ts: Seconds = 0
    max_settled_ts: Seconds = 0
    status: StatusFilter | Literal[""] = ""
    tickers: str = ""
    mve_filter: Literal["", "only", "exclude"] = ""


class BookQuery(Query, frozen=True, kw_only=True):
    """How many levels; 0 is all."""

    depth: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class BooksQuery(Query, frozen=True, kw_only=True):
    """Whose books."""

    tickers: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]


class TradesQuery(Query, frozen=True, kw_only=True):
    """Which trades."""

    limit: Limit0To1000 = 100
    cursor: str = ""
    ticker: str = ""
    min_ts: Seconds = 0
    max_ts: Seconds = 0
    is_block_trade: bool | None = None


def get_markets(asked: Asked[MarketsQuery, None]) -> Answer:
    """Return the markets that are not in the archive."""
    query = asked.query
    found = list(_selected(asked.venue.listing.markets.values(), query))
    part = page(found, query.limit, query.cursor, market_key, lambda market: shown(asked, market))
    return {"markets": part.items, "cursor": part.cursor}


def get_market(asked: Asked[Query, None]) -> Answer:
    """Return one market."""
    return {"market": shown(asked, listed(asked, asked.path["ticker"]))}


def get_orderbook(asked: Asked[BookQuery, None]) -> Answer:
    """Return the bids for YES and for NO of a market, the best last."""
    return {"orderbook_fp": _book_shown(asked, listed(asked, asked.path["ticker"]), asked.query.depth)}


def get_orderbooks(asked: Asked[BooksQuery, None]) -> Answer:
    """Return several books; those of markets that are not known are left out."""
    markets = [asked.venue.listing.markets.get(ticker) for ticker in asked.query.tickers]
    books = [{"ticker": market.ticker, "orderbook_fp": _book_shown(asked, market, 0)} for market in markets if market]
    return {"orderbooks": books}


def get_trades(asked: Asked[TradesQuery, None]) -> Answer:
    """Return public trades behind the historical cutoff, the newest first."""
    query = asked.query
    since_ns = max(from_seconds(query.min_ts), asked.venue.ledger.cutoffs.trades_ns)
    return trades_page(asked, query, since_ns, from_seconds(query.max_ts))


def trades_page(asked: Asked[Any, None], query: TradesQuery, min_ns: int, max_ns: int) -> Answer:
    """Return a page of the trades from `min_ns` on and before `max_ns`, 0 for no end."""
    found = [
        trade
        for trade in asked.venue.place.tape.trades(query.ticker, min_ns, max_ns)
        if query.is_block_trade in (None, trade.is_block)
    ]
    part = page(found, query.limit, query.cursor, _trade_key, _trade_shown)
    return {"trades": part.items, "cursor": part.cursor}


def listed(asked: Asked[Any, Any], ticker: str) -> MarketRecord:
    """Return a market that is not in the archive."""
    market = asked.venue.listing.markets.get(ticker)
    if market is None:
        raise not_found("market")
    return market


def shown(asked: Asked[Any, Any], market: MarketRecord) -> Answer:
    """Return a market as it is shown now."""
    return market_shown(market, asked.venue, asked.now_ns)


def market_key(market: MarketRecord) -> tuple[int, str]:
    """Return the place of a market in lists: the newest first."""
    return newest_first(market.created_ns, market.ticker)


def _selected(markets: Iterable[MarketRecord], query: MarketsQuery) -> Iterable[MarketRecord]:
    begin_ns, end_ns, time_of = _times(query)
    tickers = frozenset(csv(query.tickers))
    statuses = STATUSES.get(query.status)
    return (
        market
        for market in markets
        if (not tickers or market.ticker in tickers)
        and query.event_ticker in ("", market.event)
        and query.series_ticker in ("", market.series)
        and (statuses is None or market.status in statuses)
        and query.mve_filter != "only"  # there are no combinations here
        and (not begin_ns or time_of(market) >= begin_ns)
        and (not end_ns or 0 < time_of(market) <= end_ns)
    )


def _times(query: MarketsQuery) -> tuple[int, int, Callable[[MarketRecord], int]]:
    """Return the bounds of the one family of times that is asked for."""
    asked = [name for name in _FAMILIES if getattr(query, f"min_{name}_ts") or getattr(query, f"max_{name}_ts")]
    if not asked:
        return 0, 0, lambda market: 0
    if len(asked) > 1:
        raise bad_request(f"time filters {' and '.join(asked)} exclude each other", "invalid_parameters")
    time_of, statuses = _FAMILIES[asked[0]]
    if query.status not in statuses:
        raise bad_request(f"status {query.status} does not go with {asked[0]} times", "invalid_parameters")
    if asked[0] == "updated" and query.mve_filter != "exclude":
        raise bad_request("updated times go with mve_filter=exclude", "invalid_parameters")
    return (
        from_seconds(getattr(query, f"min_{asked[0]}_ts")),
        from_seconds(getattr(query, f"max_{asked[0]}_ts")),
        time_of,
    )


def _book_shown(asked: Asked[Any, Any], market: MarketRecord, depth: int) -> Answer:
    book = asked.venue.exchange.markets[market.ticker]
    return {"yes_dollars": _ladder(book.bids, depth, lambda price: price),
            "no_dollars": _ladder(book.asks, depth, lambda price: DOLLAR - price)}  # fmt: skip


def _ladder(side: BookSide, depth: int, scale: Callable[[int], int]) -> list[list[str]]:
    """Return the best levels of a side, prices ascending."""
    levels = side.levels()[: depth or None]
    return [[dollars(scale(price)), count(size)] for price, size in reversed(levels)]


def _trade_key(trade: PublicTrade) -> tuple[int, str]:
    return newest_first(trade.now_ns, trade.trade_id)


def _trade_shown(trade: PublicTrade) -> Answer:
    is_bid = trade.side == fix.BUY
    return {
        "trade_id": trade.trade_id,
        "ticker": trade.symbol,
        "count_fp": count(trade.qty),
        "yes_price_dollars": dollars(trade.price),
        "no_price_dollars": dollars(DOLLAR - trade.price),
        "taker_outcome_side": "yes" if is_bid else "no",
        "taker_book_side": "bid" if is_bid else "ask",
        "taker_side": "yes" if is_bid else "no",
        "is_block_trade": trade.is_block,
        "created_time": time_text(trade.now_ns),
    }


def _read(name: str, path: str, run: Any, query: type[Query] = Query) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query, scope=PUBLIC)


OPERATIONS = (
    _read("get_markets", "/markets", get_markets, MarketsQuery),
    _read("get_market", "/markets/{ticker}", get_market),
    _read("get_market_orderbook", "/markets/{ticker}/orderbook", get_orderbook, BookQuery),
    _read("get_market_orderbooks", "/markets/orderbooks", get_orderbooks, BooksQuery),
    _read("get_trades", "/markets/trades", get_trades, TradesQuery),
)
