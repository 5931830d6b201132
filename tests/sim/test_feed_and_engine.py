"""The engine's feed against the simulated one over TLS: signed, read, dropped, overflowed, whole again each time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from engine import fix
from engine.book import Book
from engine.exchange.events import NewOrder
from engine.exchange.faults import FaultKind, InjectedFault
from engine.net.feed import Feed, FeedSettings
from engine.runtime.backoff import Backoff
from engine.sim.keys import SimAuthority, SimKey, client_context, make_key, server_context
from engine.venue import EventKind
from engine.venue.account import VenueFill, VenueOrder
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.signing import SigningKey, load_credentials
from engine.venue.kalshi.subscriptions import BOOK, FILLS, TRADES, USER_ORDERS
from tests.support.sim.feed_site import FeedSite

B, S = fix.BUY, fix.SELL
PATIENCE = 60
MS = 1_000_000


class Desk:
    """A feed, its books, and the news of the account."""

    def __init__(self, site: FeedSite, key: SigningKey) -> None:
        self.site = site
        instruments = list(site.place.listing.instruments.values())
        self.dialect = KalshiMarketData(
            instruments, key, channels=(BOOK, TRADES, FILLS, USER_ORDERS), lifecycle=True, patience_ns=100 * MS
        )
        self.books = {each.symbol: Book(each) for each in instruments}
        self.fills: list[VenueFill] = []
        self.orders: list[VenueOrder] = []
        self.losses: list[str] = []
        self.account_gaps = 0
        self.connects = 0
        self.feed = Feed(
            FeedSettings(url=site.url),
            self.dialect,
            on_frame=self.on_frame,
            on_read_end=lambda: None,
            on_connected=self.on_connected,
            on_lost=self.losses.append,
            wall_ns=time.time_ns,
            backoff=Backoff(10 * MS, 100 * MS, Random(7)),
            ssl_context=site.ca,
        )

    def on_connected(self) -> None:
        self.connects += 1

    def on_frame(self, frame: bytes, is_last: bool) -> None:
        event = self.dialect.decode(frame)
        for suspect in event.suspects:
            self.books[suspect.symbol].mark_stale()
        self.feed.send(event.commands)
        self.account_gaps += event.account_gap
        if event.kind == EventKind.SNAPSHOT:
            self.books[event.instrument.symbol].snapshot(event.bids, event.asks)
        elif event.kind == EventKind.DELTA:
            self.books[event.instrument.symbol].apply(event.side, event.price, event.size)
        if isinstance(event.news, VenueFill):
            self.fills.append(event.news)
        elif isinstance(event.news, VenueOrder):
            self.orders.append(event.news)

    async def until(self, is_done: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_done():
                await asyncio.sleep(0.01)

    async def whole(self) -> None:
        """Wait until both books say what the venue's do."""
        theirs = {symbol: self.site.do(lambda symbol=symbol: self.site.feed.depth(symbol)) for symbol in self.books}  # type: ignore[misc]
        await self.until(lambda: all(self._is(symbol, *theirs[symbol]) for symbol in self.books))

    def _is(self, symbol: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bool:
        book = self.books[symbol]
        return not book.is_stale and book.depth(B, 100) == bids and book.depth(S, 100) == asks

    def order(self, account: str, side: int, price: int = 4000) -> None:
        order = NewOrder(
            account=account, cl_ord_id=f"{account}{time.time_ns()}", symbol="RAIN", side=side, order_qty=100,
            price=price, time_in_force=fix.Tif.GTC,
        )  # fmt: skip
        self.site.tell(lambda now_ns: self.site.place.submit(order, now_ns))

    def fault(self, kind: str, **fields: object) -> None:
        def arm() -> None:
            now_ns = time.time_ns()
            self.site.faults.arm(InjectedFault(kind=kind, **fields), now_ns)  # type: ignore[arg-type]
            self.site.feed.market_data.step(now_ns)
            self.site.server.step(now_ns)

        self.site.do(arm)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[FeedSite, SigningKey]]:
    files = SimAuthority(tmp_path).issue()
    key = make_key(tmp_path)
    with FeedSite([SimKey(key.key_id, "x", key.public_key)], server_context(files)) as running:
        running.ca = client_context(files)
        yield running, load_credentials(key.key_id, key.file)


def test_books_and_account_are_whole_after_every_fault(site: tuple[FeedSite, SigningKey]) -> None:
    async def body() -> None:
        desk = Desk(*site)
        desk.feed.start()
        try:
            await desk.until(lambda: desk.connects == 1)
            desk.order("x", B)
            await desk.whole()
            desk.order("other", S)
            await desk.until(lambda: desk.fills)
            assert (desk.fills[0].price, desk.fills[0].qty, desk.fills[0].net_after) == (4000, 100, 100)
            await desk.until(lambda: [each.status for each in desk.orders] == [fix.Status.NEW, fix.Status.FILLED])

            desk.fault(FaultKind.DROP_FEED)
            await desk.until(lambda: desk.connects == 2)
            desk.order("other", B, 3000)
            await desk.whole()
            for channel in (BOOK, FILLS):
                desk.fault(FaultKind.END_SUBSCRIPTION, text=channel, code=25)
            desk.order("other", B, 3100)
            await desk.whole()
            await desk.until(lambda: desk.account_gaps == 1)

            desk.fault(FaultKind.SKIP_SEQ)
            desk.order("other", B, 3200)
            desk.order("other", B, 3300)
            await desk.whole()
            assert (desk.connects, desk.dialect.counts.gaps, desk.dialect.counts.malformed) == (2, 1, 0)

            for _ in range(2):
                desk.fault(FaultKind.REFUSE_COMMAND, code=27)
            desk.feed.send(desk.dialect.resync([each.instrument for each in desk.books.values()]))
            desk.order("other", B, 3400)
            await desk.whole()
            await desk.until(lambda: FILLS in desk.site.feed.market_data.connections[0].channels)
            before = len(desk.fills)
            desk.order("x", S, 3400)
            await desk.until(lambda: len(desk.fills) == before + 1)
        finally:
            await desk.feed.close()

    asyncio.run(body())


def test_wrong_key_is_refused_with_the_venues_words(site: tuple[FeedSite, SigningKey], tmp_path: Path) -> None:
    async def body() -> None:
        stranger = make_key(tmp_path)
        desk = Desk(site[0], load_credentials(stranger.key_id, stranger.file))
        desk.feed.start()
        try:
            await desk.until(lambda: desk.losses)
            assert "401" in desk.losses[0] and "token" in desk.losses[0]
        finally:
            await desk.feed.close()

    asyncio.run(body())
