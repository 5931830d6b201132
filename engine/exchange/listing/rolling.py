"""Series that open a new event every so often: markets on where an index will stand, which end by themselves.

An event's markets ask whether the index, a seeded random walk, will end above a strike; the strikes lie around where it
stands when the event is listed. Periods are aligned to the clock. One that nobody looked at is left out.

Units   times in ns, passed in; the index and the strikes in hundredths; payouts in price units.
Errors  ConfigError for settings that cannot be, at once.
Cost    O(markets of an event) when one is listed or determined.
Source  Kalshi market model: timing of settlement, scalar results.
"""

from datetime import UTC, datetime
from heapq import heappop, heappush
from random import Random

import msgspec

from engine.errors import ConfigError
from engine.exchange.ledger.terms import Netting
from engine.exchange.listing.grids import LABELS, TAPERED_DECI_CENT, bands_of
from engine.exchange.listing.lifecycle import MarketLifecycle, VenueEvent
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import EventRecord, MarketRecord, MarketResult, MarketStatus, SeriesRecord

_NS = 1_000_000_000


class RollingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rolling series. The default is a 15-minute market that settles a few seconds after its end."""

    series: SeriesRecord
    period_s: int = 900
    lead_s: int = 0  # how long before it opens an event is listed
    determine_after_s: int = 3  # after the close
    settlement_timer_s: int = 3
    label: str = TAPERED_DECI_CENT
    strikes: tuple[int, ...] = (0,)  # away from where the index stands, ascending
    netting: str = Netting.NONE
    is_scalar: bool = False  # a contract pays by where the index ends within `scale` of its strike
    scale: int = 10_000
    start: int = 6_400_000
    deviation: int = 20_000  # standard deviation of the index over a period
    seed: int = 1

    def __post_init__(self) -> None:
        name = f"rolling series {self.series.ticker}"
        if self.period_s < 1 or min(self.lead_s, self.determine_after_s, self.settlement_timer_s) < 0:
            raise ConfigError(f"{name}: period_s must be at least 1, other times not negative")
        if self.label not in LABELS:
            raise ConfigError(f"{name}: label {self.label!r} is unknown: use one of {', '.join(LABELS)}")
        if not self.strikes or list(self.strikes) != sorted(set(self.strikes)):
            raise ConfigError(f"{name}: strikes must ascend, and there must be at least one")
        if self.scale < 1 or self.deviation < 0:
            raise ConfigError(f"{name}: scale must be above 0, deviation not negative")


class RollingSeries:
    """Lists, and later determines, one series' events."""

    def __init__(self, settings: RollingSettings, listing: VenueListing, lifecycle: MarketLifecycle) -> None:
        self._settings = settings
        self._listing = listing
        self._lifecycle = lifecycle
        self._random = Random(settings.seed)
        self._index = settings.start
        self._listed = -1  # the last period that has an event
        self._due: list[tuple[int, str, str]] = []  # when to determine which market, and its strike
        listing.add_series(settings.series)

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """List the event of the period that has come, and determine the markets whose time has."""
        events: list[VenueEvent] = []
        while self._due and self._due[0][0] <= now_ns:
            _, ticker, strike = heappop(self._due)
            events += self._determine(ticker, strike, now_ns)
        period = (now_ns + self._settings.lead_s * _NS) // (self._settings.period_s * _NS)
        if period > self._listed:
            self._listed = period
            events += self._list(period, now_ns)
        return events

    def _list(self, period: int, now_ns: int) -> list[VenueEvent]:
        settings = self._settings
        opens_ns = period * settings.period_s * _NS
        close_ns = opens_ns + settings.period_s * _NS
        self._index = max(self._index + round(self._random.gauss(0, settings.deviation)), 1)
        event = EventRecord(
            ticker=f"{settings.series.ticker}-{_stamp(close_ns)}",
            series=settings.series.ticker,
            title=f"{settings.series.title or settings.series.ticker} at {_clock(close_ns)}",
            sub_title=_clock(close_ns),
            netting=settings.netting,
            mutually_exclusive=settings.netting == Netting.EXCLUSIVE,
            strike_date_ns=close_ns,
        )
        events = self._lifecycle.list_event(event, now_ns)
        for offset in settings.strikes:
            market = self._market(event, max(self._index + offset, 0), opens_ns, close_ns)
            events += self._lifecycle.list_market(market, now_ns)
            heappush(self._due, (close_ns + settings.determine_after_s * _NS, market.ticker, market.floor_strike))
        return events

    def _market(self, event: EventRecord, strike: int, opens_ns: int, close_ns: int) -> MarketRecord:
        settings = self._settings
        text = f"{strike // 100}.{strike % 100:02}"
        return MarketRecord(
            ticker=f"{event.ticker}-T{text}",
            event=event.ticker,
            market_type="scalar" if settings.is_scalar else "binary",
            title=f"{event.title}: above {text}?",
            yes_sub_title=f"Above {text}",
            no_sub_title=f"{text} or below",
            rules_primary=f"Resolves YES if the index is above {text} at {_clock(close_ns)}.",
            label=settings.label,
            bands=bands_of(settings.label),
            strike_type="greater",
            floor_strike=text,
            opens_ns=opens_ns,
            close_ns=close_ns,
            expected_expiration_ns=close_ns + settings.determine_after_s * _NS,
            latest_expiration_ns=close_ns + 7 * 86_400 * _NS,
            settlement_timer_ns=settings.settlement_timer_s * _NS,
        )

    def _determine(self, ticker: str, strike: str, now_ns: int) -> list[VenueEvent]:
        market = self._listing.markets.get(ticker)
        if market is None or market.status not in (MarketStatus.ACTIVE, MarketStatus.INACTIVE, MarketStatus.CLOSED):
            return []  # somebody has decided it already
        if market.close_ns > now_ns:  # it was given more time
            heappush(self._due, (market.close_ns + self._settings.determine_after_s * _NS, ticker, strike))
            return []
        end = self._ending(market)
        market.expiration_value = f"{end // 100}.{end % 100:02}"
        above = end - int(strike.replace(".", ""))
        if not self._settings.is_scalar:
            return self._lifecycle.determine(ticker, MarketResult.YES if above > 0 else MarketResult.NO, -1, now_ns)
        limit, scale = self._listing.limit_of(ticker), self._settings.scale
        value = min(max(limit // 2 + above * limit // (2 * scale), 0), limit)
        return self._lifecycle.determine(ticker, MarketResult.SCALAR, value, now_ns)

    def _ending(self, market: MarketRecord) -> int:
        """Return where the index stood when a market closed: one step on from its listing, the same for its event."""
        random = Random(f"{self._settings.seed}/{market.event}")
        middle = int(market.floor_strike.replace(".", "")) - self._offset(market)
        return max(middle + round(random.gauss(0, self._settings.deviation)), 0)

    def _offset(self, market: MarketRecord) -> int:
        place = self._listing.events[market.event].markets.index(market.ticker)
        return self._settings.strikes[place]


def _stamp(time_ns: int) -> str:
    """Return a time as a ticker has it, to the second where that is needed."""
    moment = datetime.fromtimestamp(time_ns // _NS, UTC)
    return f"{moment:%y%b%d%H%M}".upper() + (f"{moment:%S}" if moment.second else "")


def _clock(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // _NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
