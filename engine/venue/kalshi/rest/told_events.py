"""What Kalshi tells of series and events and no market says itself: fee terms, and which outcomes exclude each other.

Units   fee multipliers in thousandths.
Errors  DecodeError for a multiplier that is none.
Source  Kalshi REST, fees and netting; market model, netting across markets.
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.venue.kalshi.lifecycle import exclusive_of
from engine.venue.kalshi.rest.numbers import thousandths
from engine.venue.kalshi.rest.operations.events import KalshiEvent, KalshiSeries
from engine.venue.kalshi.rest.reading import Oddities

MAKER_PERCENT = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 25,
    "quadratic_with_combo_maker_fees": 50,
    "flat": 50,  # 0.035 for both: half of the taker's rate; the taker's share is thought too high rather than too low
}
_MOST_EVENTS = 20_000  # whose terms are remembered; a rolling series opens new ones for ever
_UNKNOWN_MAKER_PERCENT = 25  # an unknown type is one with maker fees


class _Terms(NamedTuple):
    """Fee terms, None where nothing is known."""

    fee_type: str | None = None
    multiplier_milli: int | None = None


class _Event(NamedTuple):
    """One event as it was told."""

    series: str = ""
    terms: _Terms = _Terms()
    exclusive: int = -1  # as in MarketListing


class EventTold(NamedTuple):
    """What holds for the markets of an event; "" and -1 where nobody says."""

    series: str
    category: str
    maker_percent: int
    multiplier_milli: int
    exclusive: int


class ToldEvents:
    """The memory of one reference."""

    def __init__(self, oddities: Oddities) -> None:
        self._oddities = oddities
        self._series: dict[str, _Terms] = {}
        self._categories: dict[str, str] = {}  # of series
        self._events: dict[str, _Event] = {}  # told longest ago first
        self._unheard: dict[str, bool] = {}  # events of which only markets have told, and whether they were asked for

    def series(self, series: KalshiSeries) -> None:
        """Remember the terms of a series."""
        multiplier = thousandths(series.fee_multiplier, "fee_multiplier")
        self._series[series.ticker] = _Terms(series.fee_type, multiplier)
        self._categories[series.ticker] = series.category or ""

    def event(self, event: KalshiEvent) -> None:
        """Remember an event."""
        multiplier = event.fee_multiplier_override
        milli = None if multiplier is None else thousandths(multiplier, "fee_multiplier_override")
        terms = _Terms(event.fee_type_override or None, milli)
        exclusive = exclusive_of(event.collateral_return_type, event.mutually_exclusive)
        self._keep(event.event_ticker, _Event(event.series_ticker, terms, exclusive))

    def unknown(self, asked: Iterable[str]) -> None:
        """Note that the venue was asked for these events and has told of them all that it will."""
        self._unheard |= {name: True for name in asked if name in self._unheard}

    def _keep(self, name: str, event: _Event) -> None:
        self._unheard.pop(name, None)
        self._events.pop(name, None)
        if len(self._events) >= _MOST_EVENTS:
            del self._events[next(iter(self._events))]
        self._events[name] = event

    def unheard(self, most: int) -> list[str]:
        """Return events whose markets were listed and of which nobody told."""
        return [name for name, is_asked in self._unheard.items() if not is_asked][:most]

    def of(self, name: str, series: str) -> EventTold:
        """Return what is known of an event; its own terms go before those of its series, which may be told with it."""
        event = self._events.get(name)
        if event is None:
            event = _Event()
            if len(self._unheard) < _MOST_EVENTS:
                self._unheard.setdefault(name, False)
        series = series or event.series
        of_series = self._series.get(series, _Terms())
        fee_type = event.terms.fee_type or of_series.fee_type
        own = event.terms.multiplier_milli
        multiplier = of_series.multiplier_milli if own is None else own
        return EventTold(
            series=series,
            category=self._categories.get(series, ""),
            maker_percent=-1 if fee_type is None else self._maker_percent(fee_type),
            multiplier_milli=-1 if multiplier is None else multiplier,
            exclusive=event.exclusive,
        )

    def _maker_percent(self, fee_type: str) -> int:
        if fee_type not in MAKER_PERCENT:
            self._oddities.tell("fee_type", fee_type, "unknown, taken for one with maker fees")
        return MAKER_PERCENT.get(fee_type, _UNKNOWN_MAKER_PERCENT)
