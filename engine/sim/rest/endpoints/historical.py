"""What is older than the historical cutoff: orders, fills, positions, markets and trades.

Errors  RestRefused 404 for a market that is not in the archive.
Source  Kalshi REST: account (historical); Kalshi REST operations: historical.
"""

from typing import Any, Literal

from engine.exchange.listing.records import MarketRecord
from engine.sim.rest.endpoints.market_shown import market_shown
from engine.sim.rest.endpoints.markets import TradesQuery, market_key, trades_page
from engine.sim.rest.endpoints.order_reads import HistoryQuery, fills_page, orders_page
from engine.sim.rest.endpoints.portfolio import positions_page
from engine.sim.rest.numbers import from_seconds, time_text
from engine.sim.rest.operations import PUBLIC, Asked, Limit0To1000, Limit1000, Operation, Query, csv
from engine.sim.rest.pages import page
from engine.sim.rest.refusals import not_found
from engine.sim.rest.whose import accounts

Answer = dict[str, Any]
_LONG_AGO_NS = 1_000_000_000  # a time that is not 0, which clients read as none


class ArchivedMarketsQuery(Query, frozen=True, kw_only=True):
    """Which markets of the archive."""

    limit: Limit0To1000 = 100
    cursor: str = ""
    tickers: str = ""
    event_ticker: str = ""
    series_ticker: str = ""
    mve_filter: Literal["", "only", "exclude"] = ""


class ArchivedPositionsQuery(Query, frozen=True, kw_only=True):
    """Which positions of the archive."""

    ticker: str = ""
    event_ticker: str = ""
    subaccount: int | None = None
    limit: Limit1000 = 100
    cursor: str = ""


def get_cutoff(asked: Asked[Query, None]) -> Answer:
    """Return where history begins."""
    cutoffs = asked.venue.ledger.cutoffs
    times = {
        "market_settled_ts": cutoffs.settled_ns,
        "trades_created_ts": cutoffs.trades_ns,
        "orders_updated_ts": cutoffs.orders_ns,
        "market_positions_last_updated_ts": cutoffs.positions_ns,
    }
    return {name: time_text(time_ns or _LONG_AGO_NS) for name, time_ns in times.items()}


def get_archived_markets(asked: Asked[ArchivedMarketsQuery, None]) -> Answer:
    """Return markets that are over and put aside."""
    query = asked.query
    tickers = csv(query.tickers)
    found = [
        market
        for market in asked.venue.listing.archived.values()
        if (not tickers or market.ticker in tickers)
        and query.event_ticker in ("", market.event)
        and query.series_ticker in ("", market.series)
        and query.mve_filter != "only"
    ]
    part = page(found, query.limit, query.cursor, market_key, lambda market: _shown(asked, market))
    return {"markets": part.items, "cursor": part.cursor}


def get_archived_market(asked: Asked[Query, None]) -> Answer:
    """Return one of them."""
    market = asked.venue.listing.archived.get(asked.path["ticker"])
    if market is None:
        raise not_found("archived market")
    return {"market": _shown(asked, market)}


def get_archived_orders(asked: Asked[HistoryQuery, None]) -> Answer:
    """Return orders that ended before the cutoff."""
    query = asked.query
    found = [
        order
        for account in accounts(asked, query.subaccount)
        for order in asked.venue.ledger.orders(account, archived=True, **_filter(query))
    ]
    return orders_page(query, found)


def get_archived_fills(asked: Asked[HistoryQuery, None]) -> Answer:
    """Return fills before the cutoff."""
    query = asked.query
    found = [
        fill
        for account in accounts(asked, query.subaccount)
        for fill in asked.venue.ledger.fills(account, archived=True, **_filter(query))
    ]
    return fills_page(query, found)


def get_archived_positions(asked: Asked[ArchivedPositionsQuery, None]) -> Answer:
    """Return positions that were paid before the cutoff."""
    query = asked.query
    found = [
        position
        for account in accounts(asked, query.subaccount)
        for position in asked.venue.ledger.positions(
            account, symbol=query.ticker, event=query.event_ticker, archived=True
        )
    ]
    return positions_page(asked, found)


def get_archived_trades(asked: Asked[TradesQuery, None]) -> Answer:
    """Return public trades before the cutoff."""
    query, cutoff_ns = asked.query, asked.venue.ledger.cutoffs.trades_ns
    if not cutoff_ns:
        return {"trades": [], "cursor": ""}
    end_ns = min(cutoff_ns, from_seconds(query.max_ts)) if query.max_ts else cutoff_ns
    return trades_page(asked, query, from_seconds(query.min_ts), end_ns)


def _filter(query: HistoryQuery) -> dict[str, Any]:
    return {
        "symbol": query.ticker,
        "min_ns": from_seconds(query.min_ts),
        "max_ns": from_seconds(query.max_ts),
    }


def _shown(asked: Asked[Any, None], market: MarketRecord) -> Answer:
    return market_shown(market, asked.venue, asked.now_ns)


def _read(name: str, path: str, run: Any, query: type[Query] = Query, **more: Any) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query, **more)


OPERATIONS = (
    _read("get_historical_cutoff", "/historical/cutoff", get_cutoff, scope=PUBLIC),
    _read("get_historical_markets", "/historical/markets", get_archived_markets, ArchivedMarketsQuery, scope=PUBLIC),
    _read("get_historical_market", "/historical/markets/{ticker}", get_archived_market, scope=PUBLIC),
    _read("get_trades_historical", "/historical/trades", get_archived_trades, TradesQuery, scope=PUBLIC),
    _read("get_historical_orders", "/historical/orders", get_archived_orders, HistoryQuery),
    _read("get_fills_historical", "/historical/fills", get_archived_fills, HistoryQuery),
    _read("get_historical_positions", "/historical/positions", get_archived_positions, ArchivedPositionsQuery),
)
