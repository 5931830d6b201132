"""Kalshi's candlesticks: of one market, of several, of an event, and of what is archived.

Shapes  a candle ends at `end_period_ts`, in seconds; prices are dollar texts, absent where nothing traded.
Source  Kalshi REST operations: groups market, events, historical; objects.
"""

from collections.abc import Iterable

import msgspec

from engine.venue.kalshi.rest.numbers import RequestError
from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import Query, get, path, query, several, since, until, within
from engine.venue.rest import Call

MOST_MARKETS = 100
MINUTES = (1, 60, 1_440)


class KalshiQuoteCandle(msgspec.Struct, frozen=True):
    """Best prices of one side over a period; the archive leaves `_dollars` out of the names."""

    open_dollars: str | None = None
    low_dollars: str | None = None
    high_dollars: str | None = None
    close_dollars: str | None = None
    open: str | None = None
    low: str | None = None
    high: str | None = None
    close: str | None = None


class KalshiPriceCandle(msgspec.Struct, frozen=True):
    """Trade prices over a period."""

    open_dollars: str | None = None
    low_dollars: str | None = None
    high_dollars: str | None = None
    close_dollars: str | None = None
    mean_dollars: str | None = None
    previous_dollars: str | None = None
    min_dollars: str | None = None
    max_dollars: str | None = None
    open: str | None = None
    low: str | None = None
    high: str | None = None
    close: str | None = None
    mean: str | None = None
    previous: str | None = None


class KalshiCandle(msgspec.Struct, frozen=True):
    """One period of a market; the archive says `volume` and `open_interest` without `_fp`."""

    end_period_ts: int
    yes_bid: KalshiQuoteCandle
    yes_ask: KalshiQuoteCandle
    price: KalshiPriceCandle
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    volume: str | None = None
    open_interest: str | None = None


class KalshiCandles(msgspec.Struct, frozen=True):
    """The candles of a market."""

    ticker: str
    candlesticks: list[KalshiCandle]


class KalshiBatchCandles(msgspec.Struct, frozen=True):
    """The candles of one market of several."""

    market_ticker: str
    candlesticks: list[KalshiCandle]


class KalshiCandleBatch(msgspec.Struct, frozen=True):
    """The candles of several markets."""

    markets: list[KalshiBatchCandles]


class KalshiEventCandles(msgspec.Struct, frozen=True):
    """The candles of an event's markets, in the order of `market_tickers`; the period may end earlier than asked."""

    market_tickers: list[str]
    market_candlesticks: list[list[KalshiCandle]]
    adjusted_end_ts: int | None = None


read_candles = Reader("get_market_candlesticks", KalshiCandles)
read_batch = Reader("batch_get_market_candlesticks", KalshiCandleBatch)
read_event_candles = Reader("get_market_candlesticks_by_event", KalshiEventCandles)
read_archived = Reader("get_market_candlesticks_historical", KalshiCandles)


def candlesticks(
    series: str, ticker: str, since_ns: int, until_ns: int, minutes: int, *, with_previous: bool | None = None
) -> Call[KalshiCandles]:
    """Return what asks for a market's candles of 1, 60 or 1440 minutes."""
    where = path("series", series, "markets", ticker, "candlesticks")
    given = _period(since_ns, until_ns, minutes) + query(include_latest_before_start=with_previous)
    return get(read_candles.operation, where, read_candles, given)


def batch(
    tickers: Iterable[str], since_ns: int, until_ns: int, minutes: int, *, with_previous: bool | None = None
) -> Call[KalshiCandleBatch]:
    """Return what asks for the candles of up to 100 markets; here any whole number of minutes will do."""
    within("period_interval", minutes, 1, 2**31)
    named = query(market_tickers=several("market_tickers", tickers, MOST_MARKETS))
    given = named + _bounds(since_ns, until_ns) + query(period_interval=minutes)
    where = path("markets", "candlesticks")
    return get(read_batch.operation, where, read_batch, given + query(include_latest_before_start=with_previous))


def of_event(series: str, event: str, since_ns: int, until_ns: int, minutes: int) -> Call[KalshiEventCandles]:
    """Return what asks for the candles of an event's markets."""
    where = path("series", series, "events", event, "candlesticks")
    return get(read_event_candles.operation, where, read_event_candles, _period(since_ns, until_ns, minutes))


def archived(ticker: str, since_ns: int, until_ns: int, minutes: int) -> Call[KalshiCandles]:
    """Return what asks for the candles of a market that is in the archive."""
    where = path("historical", "markets", ticker, "candlesticks")
    return get(read_archived.operation, where, read_archived, _period(since_ns, until_ns, minutes))


def _period(since_ns: int, until_ns: int, minutes: int) -> Query:
    if minutes not in MINUTES:
        raise RequestError(f"period_interval {minutes} must be 1, 60 or 1440 minutes")
    return _bounds(since_ns, until_ns) + query(period_interval=minutes)


def _bounds(since_ns: int, until_ns: int) -> Query:
    if not 0 < since_ns <= until_ns:
        raise RequestError("candlesticks need a begin and an end, in this order")
    return query(start_ts=since("start_ts", since_ns), end_ts=until("end_ts", until_ns))
