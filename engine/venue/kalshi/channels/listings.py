"""Markets that are not ours as the lifecycle channels tell of them: a new one whole, the others by what changed.

Units   as in Kalshi's own instruments; times in ns since 1970.
Errors  DecodeError for price ranges that are no numbers.
Source  Kalshi WebSocket, market_lifecycle_v2, event_lifecycle.
"""

from engine.venue import MarketState
from engine.venue.kalshi.channels.news import ANY_MARKET
from engine.venue.kalshi.frames import Stage
from engine.venue.kalshi.lifecycle import STATES, payout_of, read_bands
from engine.venue.reference import EventListing, MarketChange, MarketListing

MOST_EVENTS = 20_000  # that are remembered
_NS = 1_000_000_000


class Listings:
    """What stages of unknown markets say; an event's series, and how it nets, are known from its own listing."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: dict[str, EventListing] = {}  # by name, oldest first

    def learn(self, event: EventListing) -> None:
        """Remember an event."""
        self._events[event.event] = event
        if len(self._events) > MOST_EVENTS:
            del self._events[next(iter(self._events))]

    def read(self, stage: Stage, now_ns: int) -> MarketListing | MarketChange | None:
        """Return a new market, or what changed of another one; None where it is not said which or what."""
        state = STATES.get(stage.event_type)
        if state is None or not stage.market_ticker:
            return None
        return self._created(stage) if stage.event_type == "created" else self._changed(stage, state, now_ns)

    def _created(self, stage: Stage) -> MarketListing:
        metadata = stage.additional_metadata
        event = self._events.get(metadata.event_ticker)
        return MarketListing(
            symbol=stage.market_ticker,
            event=metadata.event_ticker,
            series="" if event is None else event.series,
            exclusive=-1 if event is None else event.exclusive,
            bands=read_bands(stage.price_ranges, ANY_MARKET),
            opens_ns=stage.open_ts * _NS,
            close_ns=stage.close_ts * _NS,
            shard=stage.exchange_index,
            title=metadata.title or metadata.name or metadata.yes_sub_title,
        )

    def _changed(self, stage: Stage, state: int, now_ns: int) -> MarketChange:
        close_ns = stage.close_ts * _NS
        if close_ns and now_ns and close_ns <= now_ns:
            state = MarketState.CLOSED
        return MarketChange(
            symbol=stage.market_ticker,
            state=state,
            stage=stage.event_type,
            close_ns=close_ns,
            payout=payout_of(stage, ANY_MARKET) if state == MarketState.DETERMINED else -1,
            bands=read_bands(stage.price_ranges, ANY_MARKET),
            title=stage.additional_metadata.title,
        )
