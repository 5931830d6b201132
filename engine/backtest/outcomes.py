"""What captured markets came to: their results and when they closed, from the event files beside the captures.

Units   values as prices of the instrument; times in ns since 1970, 0 where the file does not say.
Errors  DecodeError names the file and the field; a market that no file settles is simply not in the answer.
Source  Kalshi REST: an event with its markets.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.errors import DecodeError
from engine.instrument import Instrument

NS_PER_S = 1_000_000_000


class MarketOutcome(NamedTuple):
    """What one contract of a market paid, None where that is not known, and when the market closed."""

    value: int | None
    close_ns: int
    series: str
    category: str = ""


class _Market(msgspec.Struct):
    ticker: str
    result: str = ""
    settlement_value_dollars: str | None = None
    close_time: str = ""


class _Event(msgspec.Struct, frozen=True):
    series_ticker: str = ""
    category: str | None = None


class _Response(msgspec.Struct):
    markets: list[_Market] = []
    event: _Event = _Event()


class _EventFile(msgspec.Struct):
    response: _Response


_FILES = msgspec.json.Decoder(_EventFile)


def outcomes(paths: Iterable[Path], instruments: Iterable[Instrument]) -> dict[str, MarketOutcome]:
    """Return what the event files beside `paths` say of these markets."""
    known: Mapping[str, Instrument] = {each.symbol: each for each in instruments}
    found: dict[str, MarketOutcome] = {}
    for folder in dict.fromkeys(path.parent for path in paths):
        for path in sorted(folder.glob("*.event.json")):
            response = _read(path)
            for market in response.markets:
                if market.ticker in known:
                    found[market.ticker] = _outcome(path, market, known[market.ticker], response.event)
    return found


def _read(path: Path) -> _Response:
    try:
        return _FILES.decode(path.read_bytes()).response
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} is no event: {error}") from None


def _outcome(path: Path, market: _Market, instrument: Instrument, event: _Event) -> MarketOutcome:
    try:
        close_ns = _time_ns(market.close_time)
        return MarketOutcome(_value(market, instrument), close_ns, event.series_ticker, event.category or "")
    except (ValueError, DecodeError) as error:
        raise DecodeError(f"{path}: {market.ticker}: {error}: correct its result, value or close_time") from None


def _value(market: _Market, instrument: Instrument) -> int | None:
    """Return what a contract paid; `result` and the value of a market must agree."""
    by_result = {"yes": instrument.limit, "no": 0}.get(market.result)
    if not market.settlement_value_dollars or not market.result:
        return by_result
    value = instrument.parse_price(market.settlement_value_dollars)
    if not 0 <= value <= instrument.limit or (by_result is not None and value != by_result):
        raise ValueError(f"the result {market.result!r} does not pay {market.settlement_value_dollars!r}")
    return value


def _time_ns(text: str) -> int:
    if not text:
        return 0
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"close_time {text!r} names no time zone")
    return int(moment.timestamp()) * NS_PER_S + moment.microsecond * 1_000
