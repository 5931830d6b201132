"""The feed of a marketplace on a loop of its own, behind TLS, for clients that open sockets."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

from engine.exchange.faults import Faults
from engine.exchange.ledger.names import account_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, MarketRecord, SeriesRecord
from engine.exchange.marketplace import Marketplace
from engine.sim.config import FeedConfig
from engine.sim.feed.server import FeedServer
from engine.sim.feed.venue_feed import VenueFeed
from engine.sim.keys import KeyRing, SimKey
from tests.support.sim.accounts import DOLLAR

T = TypeVar("T")
PATIENCE = 30.0
HOUR_NS = 3_600_000_000_000


class FeedSite:
    """One event of two markets, RAIN and SNOW, whose feed `keys` may read; `do` runs a function on the loop."""

    def __init__(self, keys: Iterable[SimKey], tls: ssl.SSLContext | None = None, **config: Any) -> None:
        self.keys = KeyRing(keys)
        self.faults = Faults()
        self.place = Marketplace(nonce="n", faults=self.faults)
        self.feed = VenueFeed(self.place, time.time_ns, self.faults)
        self.server = FeedServer(self.feed.market_data, FeedConfig(**config), self.keys, self.faults, tls)
        self.ca: ssl.SSLContext | None = None  # what its clients trust
        self.port = 0
        self._scheme = "wss" if tls else "ws"
        self._numbers = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(PATIENCE)
        self.do(self._list)
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/trade-api/ws/v2"

    def do(self, function: Callable[[], T]) -> T:
        """Run a function on the venue's loop, and return what it returns."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE)

    def tell(self, step: Callable[[int], list[VenueEvent]]) -> list[VenueEvent]:
        """Take a step of the venue, given the time, and tell what follows from it."""

        def take() -> list[VenueEvent]:
            events = step(time.time_ns())
            self.feed.publish(events)
            return events

        return self.do(take)

    def _list(self) -> None:
        now_ns = time.time_ns()
        self.place.listing.add_series(SeriesRecord(ticker="WEATHER"))
        self.place.lifecycle.list_event(EventRecord(ticker="TODAY", series="WEATHER"), now_ns)
        for symbol in ("RAIN", "SNOW"):
            market = MarketRecord(ticker=symbol, event="TODAY", opens_ns=now_ns, close_ns=now_ns + HOUR_NS)
            self.place.lifecycle.list_market(market, now_ns)
        for member in {key.member for key in self.keys} | {"other"}:
            self.place.ledger.deposit(account_of(member), 0, 1000 * DOLLAR, now_ns)
