"""A feed of market data as its engine sees it, whatever it comes over.

Thread  the loop thread only.
"""

from typing import Protocol

from engine.net.settings import FeedCounts
from engine.venue import MarketDataStream


class MarketFeed(Protocol):
    """Keeps itself connected and subscribed from `start` to `close`."""

    last_loss: str
    last_loss_ns: int

    @property
    def dialect(self) -> MarketDataStream:
        """What it subscribes, and how."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, subscribed and watched."""

    @property
    def address(self) -> str:
        """Where it goes, as people may see it."""

    @property
    def protection(self) -> str:
        """How the connection is protected, in words."""

    @property
    def counts(self) -> FeedCounts:
        """What came over the present connection."""

    @property
    def totals(self) -> FeedCounts:
        """What came over all connections."""

    def start(self) -> None:
        """Connect, and connect again after every loss, until `close`."""

    def send(self, frames: list[bytes]) -> bool:
        """Send what the dialect has made; False, and nothing sent, while there is no connection."""

    def reconnect(self, reason: str) -> None:
        """Give the present connection up, and begin anew; nothing happens where there is none."""

    def hurry(self) -> None:
        """Make the next attempt at once; what is connected stays."""

    def abandon(self) -> None:
        """Let go of every file: it was never started, and will not be."""

    async def close(self) -> None:
        """Disconnect for good; no callback follows."""
