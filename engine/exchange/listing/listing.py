"""The listing: every series, event and market of the venue, and what the ledger and the rules must know of them.

Units   as in `records`.
Errors  KeyError for a series, event or market that is not listed; ConfigError for one that is listed twice.
Cost    O(1) each, `fee_of` two look-ups more; finished markets are kept apart, at most `most_archived` of them.
Source  Kalshi market model: contract, fees, shards.
"""

from collections import deque
from collections.abc import Container, Sequence

from engine.errors import ConfigError
from engine.exchange.account_events import EventFeeChanged
from engine.exchange.listing.fees import FeeRules
from engine.exchange.listing.records import (
    EventRecord,
    FeeChange,
    MarketRecord,
    MarketResult,
    SeriesRecord,
)
from engine.instrument import Instrument

MOST_ARCHIVED = 10_000
MOST_FEE_CHANGES = 1_000
_KNOWN = {MarketResult.YES: True, MarketResult.NO: False}


class VenueListing:
    """MarketTerms of a whole venue. `archived` holds markets that are over, the oldest first."""

    def __init__(self, most_archived: int = MOST_ARCHIVED) -> None:
        self.series: dict[str, SeriesRecord] = {}
        self.events: dict[str, EventRecord] = {}
        self.markets: dict[str, MarketRecord] = {}
        self.archived: dict[str, MarketRecord] = {}
        self.archived_events: dict[str, EventRecord] = {}
        self.instruments: dict[str, Instrument] = {}
        self.fee_changes: list[FeeChange] = []  # those to come
        self.past_fee_changes: deque[FeeChange] = deque(maxlen=MOST_FEE_CHANGES)
        self._most_archived = most_archived
        self._fees = FeeRules()
        self._indexes = 0

    def add_series(self, series: SeriesRecord) -> None:
        """List a series."""
        _prove_new(series.ticker, self.series, "series")
        self.series[series.ticker] = series

    def add_event(self, event: EventRecord) -> None:
        """List an event of a listed series, on the series' shard."""
        _prove_new(event.ticker, self.events, "event")
        event.shard = self.series[event.series].shard
        self.events[event.ticker] = event

    def add_market(self, market: MarketRecord) -> Instrument:
        """List a market of a listed event, behind the event's others; return what trades there."""
        _prove_new(market.ticker, self.markets, "market")
        event = self.events[market.event]
        market.series, market.shard = event.series, event.shard
        instrument = Instrument(market.ticker, self._indexes, market.bands, event=market.event)
        self._indexes += 1
        self.instruments[market.ticker] = instrument
        self.markets[market.ticker] = market
        event.markets.append(market.ticker)
        return instrument

    def archive(self, ticker: str) -> None:
        """Put a market that is over aside, and its event once all its markets are."""
        market = self.markets.pop(ticker)
        del self.instruments[ticker]
        self.archived[ticker] = market
        event = self.events[market.event]
        if not any(other in self.markets for other in event.markets):
            self.archived_events[event.ticker] = self.events.pop(event.ticker)
        while len(self.archived) > self._most_archived:
            oldest = self.archived.pop(next(iter(self.archived)))
            self.archived_events.pop(oldest.event, None)

    def apply_fees(self, now_ns: int) -> list[EventFeeChanged]:
        """Put the fee changes into force whose time has come; return those that are of events."""
        told: list[EventFeeChanged] = []
        for change in [change for change in self.fee_changes if change.scheduled_ns <= now_ns]:
            self.fee_changes.remove(change)
            self.past_fee_changes.append(change)
            told += self._apply(change, now_ns)
        return told

    def _apply(self, change: FeeChange, now_ns: int) -> list[EventFeeChanged]:
        fee_type, milli = change.fee_type, change.multiplier_milli
        if not change.event:
            series = self.series[change.series]
            series.fee_type = series.fee_type if fee_type is None else fee_type
            series.multiplier_milli = series.multiplier_milli if milli is None else milli
            series.updated_ns = now_ns
            return []
        event = self.events.get(change.event)
        if event is None:
            return []  # it is over
        event.fee_type, event.multiplier_milli, event.updated_ns = fee_type, milli, now_ns
        return [EventFeeChanged(event=event.ticker, fee_type=fee_type, multiplier_milli=milli, now_ns=now_ns)]

    def market(self, ticker: str) -> MarketRecord | None:
        """Return a market, finished or not; None if it is unknown or forgotten."""
        return self.markets.get(ticker) or self.archived.get(ticker)

    def event(self, ticker: str) -> EventRecord | None:
        """Return an event, finished or not; None if it is unknown or forgotten."""
        return self.events.get(ticker) or self.archived_events.get(ticker)

    # MarketTerms

    def event_of(self, symbol: str) -> str:
        """Return the event of a market."""
        return self.markets[symbol].event

    def shard_of(self, symbol: str) -> int:
        """Return the shard of a market."""
        return self.markets[symbol].shard

    def limit_of(self, symbol: str) -> int:
        """Return what a contract pays that comes true, in price units."""
        return self.instruments[symbol].limit

    def netting_of(self, event: str) -> tuple[str, Sequence[tuple[str, bool | None]]]:
        """Return how the markets of an event exclude each other, and each of them with what is known of it."""
        record = self.events[event]
        return record.netting, [(ticker, self._known(ticker)) for ticker in record.markets]

    def fee_of(self, symbol: str, price: int, qty: int, is_taker: bool, now_ns: int) -> int:
        """Return the trade fee, before an account's rounding."""
        market = self.markets[symbol]
        if now_ns < market.fee_waiver_ns:
            return 0
        fee_type, multiplier = self.fee_terms(market.event)
        return self._fees.rule(fee_type, multiplier).fee(self.instruments[symbol], price, qty, is_taker)

    def fee_terms(self, event: str) -> tuple[str, int]:
        """Return the fee type of an event and its multiplier in thousandths: its own, or those of its series."""
        record = self.events[event]
        series = self.series[record.series]
        fee_type = series.fee_type if record.fee_type is None else record.fee_type
        multiplier = series.multiplier_milli if record.multiplier_milli is None else record.multiplier_milli
        return fee_type, multiplier

    def _known(self, ticker: str) -> bool | None:
        market = self.market(ticker)
        return _KNOWN.get(market.result) if market is not None and market.is_over else None


Listing = VenueListing  # its shorter name, for who knows no other listing


def _prove_new(ticker: str, listed: Container[str], kind: str) -> None:
    if ticker in listed:
        raise ConfigError(f"{kind} {ticker!r} is listed already: give another ticker")
