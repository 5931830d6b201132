"""The market data of one desk over several connections, which to its loop are one.

Each connection has a dialect of its own, with its own sequence numbers, subscriptions and repairs. What a method of
this one would return for the venue it sends at once, over the connection of the market, and returns nothing. Of what
every connection tells alike, the first one that is up is believed.

Units, shapes, errors as in the dialects.
Cost    two calls of Python a frame more than one connection has, 0.15 us.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence

from engine.instrument import Instrument
from engine.venue import MarketDataCounts, MarketDataDialect, MarketEvent
from engine.venue.reference import EventFees, EventListing, MarketChange
from engine.venue.shards import Shards

OF_THE_VENUE = (MarketChange, EventFees, EventListing)  # news of no market of ours, which every connection brings


def _nowhere(number: int, frames: list[bytes]) -> bool:
    """Send nothing: there is no connection so far."""
    return False


class ShardedMarketData:
    """A MarketDataDialect over those of several connections.

    `send` sends frames over a connection, and `is_up` tells whether it is there; whoever makes the connections sets
    them. `active` is the connection whose frame is being read.
    """

    def __init__(self, dialects: Sequence[MarketDataDialect], shards: Shards) -> None:
        self.dialects = dialects
        self.shards = shards
        self.active = 0
        self.send: Callable[[int, list[bytes]], object] = _nowhere
        self.is_up: Callable[[int], bool] = lambda number: True
        self._decodes = [dialect.decode for dialect in dialects]

    @property
    def counts(self) -> MarketDataCounts:
        """What all of them counted."""
        counts = MarketDataCounts()
        for name in MarketDataCounts.__slots__:
            setattr(counts, name, sum(getattr(each.counts, name) for each in self.dialects))
        return counts

    @property
    def fault(self) -> str:
        """Return nothing: each connection judges its own."""
        return ""

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the headers of a connection made now: all have the same key."""
        return self.dialects[0].handshake_headers(now_ns)

    def subscribe(self) -> list[bytes]:
        """Return nothing: each connection subscribes its own markets."""
        return []

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Carry these markets too, each over the connection with the fewest."""
        for number, group in self.shards.place(instruments).items():
            self._send(number, self.dialects[number].add(group))
        return []

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Carry these markets no more."""
        for number, group in self.shards.take(instruments).items():
            self._send(number, self.dialects[number].remove(group))
        return []

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Ask for fresh snapshots of these markets."""
        known = [each for each in instruments if self.home(each) >= 0]
        for number, group in self.shards.place(known).items():
            self._send(number, self.dialects[number].resync(group))
        return []

    def due(self, now_ns: int) -> list[bytes]:
        """Return nothing: each connection asks its own dialect."""
        return []

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come."""
        return [instrument for dialect in self.dialects for instrument in dialect.waiting()]

    def home(self, instrument: Instrument) -> int:
        """Return the connection of a market, -1 where it has none."""
        return self.shards.home(instrument.symbol)

    def decode(self, frame: bytes) -> MarketEvent:
        """Return the event of a frame of the active connection; DecodeError if it is not one."""
        event = self._decodes[self.active](frame)
        if event.news is not None and isinstance(event.news, OF_THE_VENUE) and self._is_told_elsewhere(event.news):
            event.news = None
        return event

    def _is_told_elsewhere(self, news: MarketChange | EventFees | EventListing) -> bool:
        """Return whether another connection tells the same, be it as a change of a market that is its own."""
        if isinstance(news, MarketChange) and self.shards.home(news.symbol) >= 0:
            return True
        return any(self.is_up(number) for number in range(self.active))

    def _send(self, number: int, frames: list[bytes]) -> None:
        if frames:
            self.send(number, frames)
