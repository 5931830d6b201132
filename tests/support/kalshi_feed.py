"""A Kalshi dialect with what a loop keeps of its events, over two markets."""

import json
from typing import Any

from engine.instrument import Instrument, PriceBand
from engine.venue import MarketEvent
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.kalshi_wire import RAIN, SNOW

TAPERED = (PriceBand(0, 1000, 10), PriceBand(1000, 9000, 50), PriceBand(9000, 10000, 10))


CENT = (PriceBand(0, 10000, 100),)


COUNTS = (
    "blocks", "crossed", "doubled", "duplicates", "elsewhere", "gaps", "malformed", "missed", "off_grid", "refused",
    "resets", "snapshots", "states", "strays", "trades", "unknown_markets", "unknown_types", "waiting",
)  # fmt: skip


class Feed:
    """A dialect with what a loop keeps of its events: the books that are sound, and the commands it sent."""

    def __init__(self, **options: Any) -> None:
        self.rain = Instrument(RAIN, 0, TAPERED)
        self.snow = Instrument(SNOW, 1, CENT)
        self.dialect = KalshiMarketData([self.rain, self.snow], **options)
        self.sent = [json.loads(each) for each in self.dialect.subscribe()]

    def take(self, frame: Any) -> MarketEvent:
        event = self.dialect.decode(frame)
        self.sent += [json.loads(each) for each in event.commands]
        return event

    def kinds(self, *frames: bytes) -> list[int]:
        return [self.take(frame).kind for frame in frames]

    def counts(self) -> dict[str, int]:
        return {name: count for name in COUNTS if (count := getattr(self.dialect.counts, name))}

    def due(self, now_ns: int) -> list[dict[str, Any]]:
        return [json.loads(each) for each in self.dialect.due(now_ns)]

    def waiting(self) -> list[str]:
        return [each.symbol for each in self.dialect.waiting()]


def level(event: MarketEvent) -> tuple[int, str, int, int, int, int, int]:
    return (event.kind, event.instrument.symbol, event.side, event.price, event.size, event.seq, event.venue_time_ns)
