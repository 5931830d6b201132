"""A marketplace whose events a feed tells, with clients that keep their frames, all in memory."""

import json
from typing import Any

from engine.exchange.faults import Faults
from engine.exchange.listing.lifecycle import VenueEvent
from engine.sim.feed.connection import FeedConnection
from engine.sim.feed.venue_feed import VenueFeed
from tests.support.sim.marketplace import Bazaar

Told = dict[str, Any]


class Client:
    """One connection; calling it sends a command and returns what came back, without the time."""

    def __init__(self, feed: VenueFeed, member: str = "", subaccount: int | None = None) -> None:
        self.frames: list[bytes] = []
        self.connection: FeedConnection = feed.market_data.connect(self.frames.append, member, subaccount)
        self._feed = feed
        self._id = 0

    def __call__(self, cmd: str, **params: Any) -> list[Told]:
        self._id += 1
        self.raw(json.dumps({"id": self._id, "cmd": cmd, "params": params}).encode())
        return self.take()

    def raw(self, frame: bytes) -> None:
        self.connection.command(frame, self._feed.market_data.now_ms)

    def take(self) -> list[Told]:
        """Return the frames that came since the last time."""
        told = [json.loads(frame) for frame in self.frames]
        self.frames.clear()
        assert all(frame.pop("sending_ts_ms") <= self._feed.market_data.now_ms for frame in told)
        return told

    def code(self, cmd: str, **params: Any) -> int:
        """Return the code of the one error that a command must get."""
        (answer,) = self(cmd, **params)
        assert answer["type"] == "error", answer
        return int(answer["msg"]["code"])


class FeedBazaar(Bazaar):
    """A bazaar that tells everything on its `feed`."""

    def __init__(self, market_limit: int = 100, **settings: Any) -> None:
        super().__init__(**settings)
        self.faults = Faults()
        self.feed = VenueFeed(self.place, lambda: self.now_ns, self.faults, market_limit)

    def short(self, events: object) -> list[tuple[object, ...]]:
        if hasattr(self, "feed"):
            self.feed.publish(events)  # type: ignore[arg-type]
        return super().short(events)

    def tell(self, events: list[VenueEvent]) -> None:
        """Tell events that a part of the place returned."""
        self.short(events)

    def client(self, member: str = "", subaccount: int | None = None) -> Client:
        return Client(self.feed, member, subaccount)
