"""What Kalshi has moved to its archive: markets, trades, and the account's orders, fills and positions.

Shapes  resting orders and positions that are not settled never move there.
Source  Kalshi REST, account, historical cutoff; operations of group historical.
"""

from collections.abc import Iterable

import msgspec

from engine.venue.kalshi.rest.operations import candlesticks as live_candlesticks
from engine.venue.kalshi.rest.operations.markets import (
    MOST_TICKERS,
    KalshiMarket,
    KalshiMarketAnswer,
    KalshiMarketPage,
    KalshiTrade,
    KalshiTradePage,
    market_page,
    trade_page,
)
from engine.venue.kalshi.rest.operations.orders import KalshiOrder, KalshiOrderPage, order_page
from engine.venue.kalshi.rest.operations.portfolio import (
    KalshiFill,
    KalshiFillPage,
    KalshiPosition,
    KalshiPositionPage,
    fill_page,
    position_page,
)
from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import (
    MOST_ITEMS,
    Query,
    bounds,
    csv,
    get,
    one_of,
    pages,
    path,
    query,
    subaccount_of,
    within,
)
from engine.venue.rest import Call, PagedCall


class KalshiCutoff(msgspec.Struct, frozen=True):
    """The times before which things are in the archive alone."""

    market_settled_ts: str
    trades_created_ts: str
    orders_updated_ts: str
    market_positions_last_updated_ts: str | None = None


read_cutoff = Reader("get_historical_cutoff", KalshiCutoff)
read_market = Reader("get_historical_market", KalshiMarketAnswer)
read_markets = Reader("get_historical_markets", KalshiMarketPage)
read_trades = Reader("get_trades_historical", KalshiTradePage)
read_orders = Reader("get_historical_orders", KalshiOrderPage)
read_fills = Reader("get_fills_historical", KalshiFillPage)
read_positions = Reader("get_historical_positions", KalshiPositionPage)

candlesticks = live_candlesticks.archived


def cutoff() -> Call[KalshiCutoff]:
    """Return what asks where the archive ends."""
    return get(read_cutoff.operation, path("historical", "cutoff"), read_cutoff)


def market(ticker: str) -> Call[KalshiMarket]:
    """Return what asks for one market of the archive."""
    read = read_market.then(lambda answer: answer.market)
    return get(read_market.operation, path("historical", "markets", ticker), read)


def markets(
    *, tickers: Iterable[str] = (), event: str = "", series: str = "", combos: str = "", limit: int = MOST_ITEMS
) -> PagedCall[KalshiMarket]:
    """Return what asks for markets of the archive."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        tickers=csv("tickers", tickers, MOST_TICKERS),
        event_ticker=event,
        series_ticker=series,
        mve_filter=one_of("mve_filter", combos, ("exclude", "only")),
    )
    return pages(read_markets.operation, path("historical", "markets"), read_markets.then(market_page), given)


def trades(
    *,
    ticker: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    is_block_trade: bool | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiTrade]:
    """Return what asks for public trades of the archive."""
    given = _period(ticker, since_ns, until_ns, limit) + query(is_block_trade=is_block_trade)
    return pages(read_trades.operation, path("historical", "trades"), read_trades.then(trade_page), given)


def orders(
    *,
    ticker: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    subaccount: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiOrder]:
    """Return what asks for the account's orders of the archive."""
    given = _period(ticker, since_ns, until_ns, limit) + query(subaccount=subaccount_of(subaccount))
    return pages(read_orders.operation, path("historical", "orders"), read_orders.then(order_page), given)


def fills(
    *,
    ticker: str = "",
    since_ns: int = 0,
    until_ns: int = 0,
    subaccount: int | None = None,
    limit: int = MOST_ITEMS,
) -> PagedCall[KalshiFill]:
    """Return what asks for the account's fills of the archive."""
    given = _period(ticker, since_ns, until_ns, limit) + query(subaccount=subaccount_of(subaccount))
    return pages(read_fills.operation, path("historical", "fills"), read_fills.then(fill_page), given)


def positions(
    *, ticker: str = "", event: str = "", subaccount: int | None = None, limit: int = MOST_ITEMS
) -> PagedCall[KalshiPosition]:
    """Return what asks for the account's positions of the archive."""
    given = query(
        limit=within("limit", limit, 1, MOST_ITEMS),
        ticker=ticker,
        event_ticker=event,
        subaccount=subaccount_of(subaccount),
    )
    where = path("historical", "positions")
    return pages(read_positions.operation, where, read_positions.then(position_page), given)


def _period(ticker: str, since_ns: int, until_ns: int, limit: int) -> Query:
    return query(limit=within("limit", limit, 1, MOST_ITEMS), ticker=ticker, **bounds(since_ns, until_ns))
