"""Kalshi's series and events, with the fee terms that they set and the changes that are planned.

Source  Kalshi REST, fees and netting; operations of groups market, events and exchange; objects.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from engine.venue.kalshi.rest.operations.markets import MOST_TICKERS, KalshiMarket
from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import MOST_ITEMS, csv, get, one_of, pages, path, query, since, within
from engine.venue.rest import Call, Page, PagedCall

STATUSES = ("unopened", "open", "closed", "settled")
MOST_EVENTS = 200

_MINUTE_NS = 60 * 10**9


class KalshiSource(msgspec.Struct, frozen=True):
    """Who says how an event ended."""

    name: str | None = None
    url: str | None = None


class KalshiSeries(msgspec.Struct, frozen=True):
    """One series, and the fee terms of its markets where their event sets none."""

    ticker: str
    fee_type: str
    fee_multiplier: Decimal
    exchange_index: int | None = None
    frequency: str | None = None
    title: str | None = None
    category: str | None = None
    categories: list[str] | None = None
    tags: list[str] | None = None
    settlement_sources: list[KalshiSource] | None = None
    contract_url: str | None = None
    contract_terms_url: str | None = None
    additional_prohibitions: list[str] | None = None
    product_metadata: dict[str, Any] | None = None
    volume_fp: str | None = None
    last_updated_ts: str | None = None


class KalshiEvent(msgspec.Struct, frozen=True):
    """One event; its overrides of the fee terms go before those of its series."""

    event_ticker: str
    series_ticker: str
    exchange_index: int | None = None
    title: str | None = None
    sub_title: str | None = None
    collateral_return_type: str | None = None
    mutually_exclusive: bool | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    strike_date: str | None = None
    strike_period: str | None = None
    markets: list[KalshiMarket] | None = None
    settlement_sources: list[KalshiSource] | None = None
    product_metadata: dict[str, Any] | None = None
    last_updated_ts: str | None = None


class KalshiSeriesAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for one series."""

    series: KalshiSeries


class KalshiSeriesList(msgspec.Struct, frozen=True):
    """Every series that was asked for."""

    series: list[KalshiSeries]


class KalshiEventAnswer(msgspec.Struct, frozen=True):
    """One event; its markets stand in it, or beside it as they did before."""

    event: KalshiEvent
    markets: list[KalshiMarket] | None = None


class KalshiEventPage(msgspec.Struct, frozen=True):
    """A page of events."""

    events: list[KalshiEvent]
    cursor: str | None = None


class KalshiSeriesFeeChange(msgspec.Struct, frozen=True):
    """New fee terms of a series, from `scheduled_ts` on."""

    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: str
    id: str | None = None


class KalshiSeriesFeeChanges(msgspec.Struct, frozen=True):
    """The planned changes of series."""

    series_fee_change_arr: list[KalshiSeriesFeeChange]


class KalshiEventFeeChange(msgspec.Struct, frozen=True):
    """New overrides of an event, from `scheduled_ts` on; None ends one."""

    event_ticker: str
    scheduled_ts: str
    series_ticker: str | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    id: str | None = None


class KalshiEventFeePage(msgspec.Struct, frozen=True):
    """A page of planned changes of events."""

    event_fee_changes: list[KalshiEventFeeChange]
    cursor: str | None = None


read_one_series = Reader("get_series", KalshiSeriesAnswer)
read_series_list = Reader("get_series_list", KalshiSeriesList)
read_event = Reader("get_event", KalshiEventAnswer)
read_events = Reader("get_events", KalshiEventPage)
read_series_fees = Reader("get_series_fee_changes", KalshiSeriesFeeChanges)
read_event_fees = Reader("get_event_fee_changes", KalshiEventFeePage)


def series(ticker: str, *, with_volume: bool | None = None) -> Call[KalshiSeries]:
    """Return what asks for one series."""
    read = read_one_series.then(lambda answer: answer.series)
    where = path("series", ticker)
    return get(read_one_series.operation, where, read, query(include_volume=with_volume), max_age_ns=_MINUTE_NS)


def series_list(
    *, category: str = "", tags: str = "", with_volume: bool | None = None, updated_since_ns: int = 0
) -> Call[list[KalshiSeries]]:
    """Return what asks for every series of a category or with a tag."""
    given = query(
        category=category,
        tags=tags,
        include_volume=with_volume,
        min_updated_ts=since("min_updated_ts", updated_since_ns),
    )
    read = read_series_list.then(lambda answer: answer.series)
    return get(read_series_list.operation, path("series"), read, given, max_age_ns=_MINUTE_NS)


def event(ticker: str, *, with_markets: bool = False) -> Call[KalshiEventAnswer]:
    """Return what asks for one event, with its markets in it where they are wanted."""
    given = query(with_nested_markets=with_markets or None)
    return get(read_event.operation, path("events", ticker), read_event, given)


def events(
    *,
    series: str = "",
    status: str = "",
    tickers: Iterable[str] = (),
    with_markets: bool = False,
    closing_since_ns: int = 0,
    updated_since_ns: int = 0,
    limit: int = MOST_EVENTS,
) -> PagedCall[KalshiEvent]:
    """Return what asks for events; those of combinations are not among them."""
    given = query(
        limit=within("limit", limit, 1, MOST_EVENTS),
        with_nested_markets=with_markets or None,
        status=one_of("status", status, STATUSES),
        series_ticker=series,
        tickers=csv("tickers", tickers, MOST_TICKERS),
        min_close_ts=since("min_close_ts", closing_since_ns),
        min_updated_ts=since("min_updated_ts", updated_since_ns),
    )
    return pages(read_events.operation, path("events"), read_events.then(event_page), given)


def event_page(page: KalshiEventPage) -> Page[KalshiEvent]:
    """Return a page as the client reads it."""
    return Page(page.events, page.cursor or "")


def series_fee_changes(series: str = "", *, with_past: bool | None = None) -> Call[list[KalshiSeriesFeeChange]]:
    """Return what asks for the planned changes of the fee terms of series."""
    read = read_series_fees.then(lambda answer: answer.series_fee_change_arr)
    where = path("series", "fee_changes")
    return get(read_series_fees.operation, where, read, query(series_ticker=series, show_historical=with_past))


def event_fee_changes(event: str = "", *, limit: int = MOST_ITEMS) -> PagedCall[KalshiEventFeeChange]:
    """Return what asks for the planned changes of the overrides of events."""
    given = query(event_ticker=event, limit=within("limit", limit, 1, MOST_ITEMS))
    read = read_event_fees.then(lambda page: Page(page.event_fee_changes, page.cursor or ""))
    return pages(read_event_fees.operation, path("events", "fee_changes"), read, given)


def markets_of(answer: KalshiEventAnswer) -> list[KalshiMarket]:
    """Return the markets of an event, wherever they stand."""
    return answer.event.markets or answer.markets or []
