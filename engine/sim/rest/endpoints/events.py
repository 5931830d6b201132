"""Operations about series and events, and their fees.

Errors  RestRefused 404 for what is not listed.
Source  Kalshi REST: fees and netting; Kalshi REST operations: events, market, exchange.
"""

from typing import Any, Literal

from engine.exchange.listing.records import EventRecord, FeeChange, SeriesRecord
from engine.sim.rest.endpoints.market_shown import (
    event_fee_change_shown,
    event_shown,
    series_fee_change_shown,
    series_shown,
)
from engine.sim.rest.endpoints.markets import STATUSES, shown
from engine.sim.rest.numbers import from_seconds
from engine.sim.rest.operations import PUBLIC, Asked, Limit200, Limit1000, Operation, Query, Seconds, csv
from engine.sim.rest.pages import newest_first, page
from engine.sim.rest.refusals import not_found

Answer = dict[str, Any]
_IMAGE = "https://example.org/image.png"


class EventQuery(Query, frozen=True, kw_only=True):
    """Whether an event comes with its markets."""

    with_nested_markets: bool = False


class EventsQuery(EventQuery, frozen=True, kw_only=True):
    """Which events."""

    limit: Limit200 = 200
    cursor: str = ""
    with_milestones: bool = False
    status: Literal["", "unopened", "open", "closed", "settled"] = ""
    series_ticker: str = ""
    tickers: str = ""
    min_close_ts: Seconds = 0
    min_updated_ts: Seconds = 0


class SeriesQuery(Query, frozen=True, kw_only=True):
    """How much of a series."""

    include_volume: bool = False
    include_product_metadata: bool = False


class SeriesListQuery(SeriesQuery, frozen=True, kw_only=True):
    """Which series."""

    category: str = ""
    tags: str = ""
    min_updated_ts: Seconds = 0


class SeriesFeesQuery(Query, frozen=True, kw_only=True):
    """Whose fees, and whether what is over counts."""

    series_ticker: str = ""
    show_historical: bool = False


class EventFeesQuery(Query, frozen=True, kw_only=True):
    """Whose fees."""

    event_ticker: str = ""
    limit: Limit1000 = 100
    cursor: str = ""


def get_event(asked: Asked[EventQuery, None]) -> Answer:
    """Return one event."""
    return {"event": _shown(asked, _event(asked)), "markets": []}


def get_events(asked: Asked[EventsQuery, None]) -> Answer:
    """Return events, the newest first."""
    query = asked.query
    found = [event for event in asked.venue.listing.events.values() if _is_asked_for(asked, event)]
    part = page(
        found,
        query.limit,
        query.cursor,
        lambda event: newest_first(event.created_ns, event.ticker),
        lambda event: _shown(asked, event),
    )
    milestones: Answer = {"milestones": []} if query.with_milestones else {}
    return {"events": part.items, "cursor": part.cursor, **milestones}


def get_multivariate_events(asked: Asked[EventsQuery, None]) -> Answer:
    """Return combinations, of which there are none here."""
    return {"events": [], "cursor": ""}


def get_event_metadata(asked: Asked[Query, None]) -> Answer:
    """Return how an event is dressed."""
    details = [
        {"market_ticker": ticker, "image_url": _IMAGE, "color_code": "#000000"} for ticker in _event(asked).markets
    ]
    return {"image_url": _IMAGE, "market_details": details, "settlement_sources": []}


def get_series(asked: Asked[SeriesQuery, None]) -> Answer:
    """Return one series."""
    series = asked.venue.listing.series.get(asked.path["series_ticker"])
    if series is None:
        raise not_found("series")
    return {"series": _series_shown(asked, series)}


def get_series_list(asked: Asked[SeriesListQuery, None]) -> Answer:
    """Return all series that fit."""
    query, tags = asked.query, frozenset(csv(asked.query.tags))
    found = [
        series
        for series in asked.venue.listing.series.values()
        if query.category in ("", series.category)
        and (not tags or tags & set(series.tags))
        and series.updated_ns >= from_seconds(query.min_updated_ts)
    ]
    return {"series": [_series_shown(asked, series) for series in found]}


def get_series_fee_changes(asked: Asked[SeriesFeesQuery, None]) -> Answer:
    """Return the changes of series' fees that are to come, and those that came if asked."""
    query = asked.query
    changes = [
        change
        for change in _fee_changes(asked, query.show_historical)
        if not change.event and query.series_ticker in ("", change.series)
    ]
    return {"series_fee_change_arr": [series_fee_change_shown(change) for change in changes]}


def get_event_fee_changes(asked: Asked[EventFeesQuery, None]) -> Answer:
    """Return the changes of events' fees, those that came included."""
    query = asked.query
    changes = [
        change
        for change in _fee_changes(asked, with_past=True)
        if change.event and query.event_ticker in ("", change.event)
    ]
    part = page(
        changes,
        query.limit,
        query.cursor,
        lambda change: newest_first(change.scheduled_ns, change.id),
        event_fee_change_shown,
    )
    return {"event_fee_changes": part.items, "cursor": part.cursor}


def _fee_changes(asked: Asked[Any, None], with_past: bool) -> list[FeeChange]:
    listing = asked.venue.listing
    return [*(listing.past_fee_changes if with_past else ()), *listing.fee_changes]


def _event(asked: Asked[Any, None]) -> EventRecord:
    event = asked.venue.listing.event(asked.path["event_ticker"])
    if event is None:
        raise not_found("event")
    return event


def _is_asked_for(asked: Asked[EventsQuery, None], event: EventRecord) -> bool:
    query, listing = asked.query, asked.venue.listing
    if query.series_ticker not in ("", event.series) or event.updated_ns < from_seconds(query.min_updated_ts):
        return False
    if query.tickers and event.ticker not in csv(query.tickers):
        return False
    markets = [listing.markets[ticker] for ticker in event.markets if ticker in listing.markets]
    if query.status and not any(market.status in STATUSES[query.status] for market in markets):
        return False
    return not query.min_close_ts or any(market.close_ns >= from_seconds(query.min_close_ts) for market in markets)


def _shown(asked: Asked[Any, None], event: EventRecord) -> Answer:
    listing = asked.venue.listing
    answer = event_shown(event, listing)
    if asked.query.with_nested_markets:
        markets = [market for ticker in event.markets if (market := listing.market(ticker))]
        answer["markets"] = [shown(asked, market) for market in markets]
    return answer


def _series_shown(asked: Asked[Any, None], series: SeriesRecord) -> Answer:
    volume = None
    if asked.query.include_volume:
        markets = (*asked.venue.listing.markets.values(), *asked.venue.listing.archived.values())
        volume = sum(market.volume for market in markets if market.series == series.ticker)
    answer = series_shown(series, volume)
    return {**answer, "product_metadata": {}} if asked.query.include_product_metadata else answer


def _read(name: str, path: str, run: Any, query: type[Query] = Query) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query, scope=PUBLIC)


OPERATIONS = (
    _read("get_event", "/events/{event_ticker}", get_event, EventQuery),
    _read("get_events", "/events", get_events, EventsQuery),
    _read("get_event_metadata", "/events/{event_ticker}/metadata", get_event_metadata),
    _read("get_event_fee_changes", "/events/fee_changes", get_event_fee_changes, EventFeesQuery),
    _read("get_multivariate_events", "/events/multivariate", get_multivariate_events, EventsQuery),
    _read("get_series", "/series/{series_ticker}", get_series, SeriesQuery),
    _read("get_series_list", "/series", get_series_list, SeriesListQuery),
    _read("get_series_fee_changes", "/series/fee_changes", get_series_fee_changes, SeriesFeesQuery),
)
