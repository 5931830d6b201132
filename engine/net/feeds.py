"""The feeds of one desk: one connection, or several that share its markets.

Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable, Sequence

from engine.net.market_feed import MarketFeed


def _first() -> int:
    """Return the number of the only one."""
    return 0


class Feeds:
    """All of them, from `start` to `close`; `active` tells whose frame is being read, which is where answers go."""

    def __init__(self, feeds: Sequence[MarketFeed], active: Callable[[], int] = _first) -> None:
        self.feeds = feeds
        self._active = active

    @property
    def protection(self) -> str:
        """How they are protected, in words; all alike."""
        return self.feeds[0].protection

    @property
    def last_loss(self) -> str:
        """Why one of them was lost last, or could not connect; empty where none was."""
        return max(self.feeds, key=lambda feed: feed.last_loss_ns).last_loss

    @property
    def reconnects(self) -> int:
        """How often any of them was connected anew."""
        return sum(max(feed.totals.connects - 1, 0) for feed in self.feeds)

    def start(self) -> None:
        """Connect each."""
        for feed in self.feeds:
            feed.start()

    def send(self, frames: list[bytes]) -> bool:
        """Send messages over the active one; False while it is not connected."""
        return self.feeds[self._active()].send(frames)

    def send_over(self, number: int, frames: list[bytes]) -> bool:
        """Send messages over one of them; False while it is not connected."""
        return self.feeds[number].send(frames)

    def is_up(self, number: int) -> bool:
        """Return whether one of them is connected."""
        return self.feeds[number].is_connected

    def hurry(self) -> None:
        """Make the next attempt of each that is not connected at once."""
        for feed in self.feeds:
            feed.hurry()

    def abandon(self) -> None:
        """Let go of every file: none was started, and none will be."""
        for feed in self.feeds:
            feed.abandon()

    async def close(self) -> None:
        """Disconnect each for good."""
        await asyncio.gather(*[feed.close() for feed in self.feeds])
