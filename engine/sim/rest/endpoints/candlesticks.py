"""Operations about candlesticks: of one market, of several, of an event.

Units   periods in minutes: 1, 60 or 1440.
Errors  RestRefused 404 for a market, event or series that is unknown, 400 for a stretch of time that is none.
Source  Kalshi REST operations: market, events, historical.
"""

from collections.abc import Callable
from typing import Any, Literal

from engine.exchange.listing.records import MarketRecord
from engine.sim.rest.minutes import MINUTE_NS, Candle, Spread
from engine.sim.rest.numbers import count, dollars, from_seconds
from engine.sim.rest.operations import PUBLIC, Asked, Operation, Query, Seconds, csv
from engine.sim.rest.refusals import bad_request, not_found

Answer = dict[str, Any]
Period = Literal["1", "60", "1440"]
_MOST_CANDLES = 10_000
_MOST_MARKETS = 100


class CandlesQuery(Query, frozen=True, kw_only=True):
    """Which stretch of time, and in candles of how many minutes."""

    start_ts: Seconds
    end_ts: Seconds
    period_interval: Period
    include_latest_before_start: bool = False


class ManyCandlesQuery(CandlesQuery, frozen=True, kw_only=True):
    """The same of several markets."""

    market_tickers: str


def get_candlesticks(asked: Asked[CandlesQuery, None]) -> Answer:
    """Return the candlesticks of a market of a series."""
    market = _market(asked, asked.path["ticker"])
    if market.series != asked.path["series_ticker"]:
        raise not_found("market in this series")
    return {"ticker": market.ticker, "candlesticks": _candles(asked, market.ticker, candle_shown)}


def get_archived_candlesticks(asked: Asked[CandlesQuery, None]) -> Answer:
    """Return those of a market in the archive."""
    ticker = asked.path["ticker"]
    if ticker not in asked.venue.listing.archived:
        raise not_found("archived market")
    return {"ticker": ticker, "candlesticks": _candles(asked, ticker, archived_candle_shown)}


def get_many_candlesticks(asked: Asked[ManyCandlesQuery, None]) -> Answer:
    """Return those of several markets; unknown ones are left out."""
    tickers = csv(asked.query.market_tickers)
    if len(tickers) > _MOST_MARKETS:
        raise bad_request(f"market_tickers are up to {_MOST_MARKETS}", "invalid_parameters")
    known = [ticker for ticker in tickers if asked.venue.listing.market(ticker)]
    return {
        "markets": [
            {"market_ticker": ticker, "candlesticks": _candles(asked, ticker, candle_shown)} for ticker in known
        ]
    }


def get_event_candlesticks(asked: Asked[CandlesQuery, None]) -> Answer:
    """Return those of every market of an event."""
    event = asked.venue.listing.event(asked.path["ticker"])
    if event is None or event.series != asked.path["series_ticker"]:
        raise not_found("event in this series")
    return {
        "market_tickers": list(event.markets),
        "market_candlesticks": [_candles(asked, ticker, candle_shown) for ticker in event.markets],
        "adjusted_end_ts": asked.query.end_ts,
    }


def candle_shown(candle: Candle, minutes: int, previous: int | None) -> Answer:
    """Return one candlestick; `previous` is the price before it."""
    price: Answer = {}
    if candle.price is not None:
        mean = dollars((2 * candle.cost + candle.volume) // (2 * candle.volume))
        price = {**_spread_shown(candle.price, "_dollars"), "mean_dollars": mean}
    if previous is not None:
        price["previous_dollars"] = dollars(previous)
    return {
        "end_period_ts": (candle.minute + minutes) * 60,
        "yes_bid": _spread_shown(candle.bid, "_dollars"),
        "yes_ask": _spread_shown(candle.ask, "_dollars"),
        "price": price,
        "volume_fp": count(candle.volume),
        "open_interest_fp": count(candle.open_interest),
    }


def archived_candle_shown(candle: Candle, minutes: int, previous: int | None) -> Answer:
    """Return one candlestick in the form of the archive."""
    shown = candle_shown(candle, minutes, previous)
    price = dict.fromkeys(("open", "low", "high", "close", "mean", "previous"))
    return {
        "end_period_ts": shown["end_period_ts"],
        "yes_bid": _spread_shown(candle.bid, ""),
        "yes_ask": _spread_shown(candle.ask, ""),
        "price": price | {name.removesuffix("_dollars"): text for name, text in shown["price"].items()},
        "volume": shown["volume_fp"],
        "open_interest": shown["open_interest_fp"],
    }


def _candles(asked: Asked[Any, None], ticker: str, show: Callable[[Candle, int, int | None], Answer]) -> list[Answer]:
    query, minutes = asked.query, int(asked.query.period_interval)
    if query.end_ts < query.start_ts:
        raise bad_request("end_ts is before start_ts", "invalid_parameters")
    if (query.end_ts - query.start_ts) // 60 // minutes > _MOST_CANDLES:
        raise bad_request(f"more than {_MOST_CANDLES} candlesticks: ask for less time", "invalid_parameters")
    begin_ns, end_ns = from_seconds(query.start_ts), from_seconds(query.end_ts) + 1
    answers: list[Answer] = []
    previous: int | None = None
    last: Candle | None = None  # before the time that is asked for
    for candle in asked.records.minutes.candles(ticker, 0, end_ns, minutes):
        if (candle.minute + minutes) * MINUTE_NS >= begin_ns:
            if not answers and last is not None and query.include_latest_before_start:
                answers.append(show(_standing(last), minutes, previous))
            answers.append(show(candle, minutes, previous))
        last = candle
        if candle.price is not None:
            previous = candle.price.close
    return answers


def _standing(last: Candle) -> Candle:
    """Return a candle in which nothing happens after `last`."""
    standing = Candle(last.minute, (last.bid.close, last.ask.close))
    standing.open_interest = last.open_interest
    return standing


def _market(asked: Asked[Any, None], ticker: str) -> MarketRecord:
    market = asked.venue.listing.market(ticker)
    if market is None:
        raise not_found("market")
    return market


def _spread_shown(spread: Spread, suffix: str) -> dict[str, str]:
    values = {"open": spread.open, "low": spread.low, "high": spread.high, "close": spread.close}
    return {f"{name}{suffix}": dollars(price) for name, price in values.items()}


def _read(name: str, path: str, run: Any, query: type[Query] = CandlesQuery) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query, scope=PUBLIC)


OPERATIONS = (
    _read("get_market_candlesticks", "/series/{series_ticker}/markets/{ticker}/candlesticks", get_candlesticks),
    _read("batch_get_market_candlesticks", "/markets/candlesticks", get_many_candlesticks, ManyCandlesQuery),
    _read("get_market_candlesticks_by_event", "/series/{series_ticker}/events/{ticker}/candlesticks",
          get_event_candlesticks),
    _read("get_market_candlesticks_historical", "/historical/markets/{ticker}/candlesticks",
          get_archived_candlesticks),
)  # fmt: skip
