"""The simulated Kalshi stands still with nothing at rest in what is closed, at whatever moment it is told to."""

import asyncio
from pathlib import Path

from engine.app.demo import kalshi
from engine.exchange.listing.records import MarketStatus
from engine.sim.kalshi.commands import KalshiCommands
from engine.sim.kalshi.venue import KalshiVenue
from engine.venue import MarketState

MS = 1_000_000


def test_market_that_closes_within_the_last_moment_is_swept_too(tmp_path: Path) -> None:
    now_ns = 1_800_000_000_000 * MS

    async def made() -> KalshiVenue:
        """Return a venue, which is not started."""
        return KalshiVenue(kalshi.venue_config(tmp_path), lambda: now_ns)

    venue = asyncio.run(made())
    venue.step()
    market = next(iter(venue.place.listing.markets.values()))
    now_ns = market.close_ns - venue.config.sweep_ms * MS // 2
    venue.step()
    assert market.status == MarketStatus.ACTIVE
    KalshiCommands(venue).table()["freeze"]({})
    assert market.status != MarketStatus.ACTIVE
    assert venue.place.exchange.markets[market.ticker].state != MarketState.ACTIVE
    now_ns += 60_000 * MS
    active = [each for each in venue.place.listing.markets.values() if each.status == MarketStatus.ACTIVE]
    assert active and all(each.close_ns > now_ns for each in active)
