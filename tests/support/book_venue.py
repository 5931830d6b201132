"""A venue of books and a desk that follows them: what the trading loop does with a feed, and no more."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from engine.book import ASK, BID, STALE, make_book
from engine.errors import DecodeError
from engine.instrument import Instrument, PriceBand
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_wire import RAIN, SNOW
from tests.support.ws_venue import MS, Client, Venue, VenueConnection, run

CENT = (PriceBand(0, 10000, 100),)


SYMBOLS = (RAIN, SNOW)


class Desk:
    """What the trading loop does with a feed, and no more: decode, apply, mark stale, send commands back."""

    def __init__(self, venue: Venue, **settings: Any) -> None:
        self.instruments = [Instrument(symbol, index, CENT) for index, symbol in enumerate(SYMBOLS)]
        self.books = [make_book(instrument) for instrument in self.instruments]
        self.dialect = KalshiMarketData(self.instruments, patience_ns=100 * MS)
        self.client = Client(venue, self.dialect, **settings)
        self.client.feed.on_frame = self.on_frame
        self.feed = self.client.feed
        self.log: list[tuple[Any, ...]] = []
        self.applied = asyncio.Condition()
        self.client.record = self.record

    def record(self, *event: object) -> None:
        if event[0] == "lost":
            for book in self.books:
                book.mark_stale()
        self.log.append(event)

    def on_frame(self, frame: bytes, is_last: bool) -> None:
        try:
            event = self.dialect.decode(frame)
        except DecodeError:
            self.log.append(("malformed",))
            return
        if event.kind == EventKind.DELTA:
            book = self.books[event.instrument.index]
            if book.apply(event.side, event.price, event.size) == STALE:
                self.log.append(("fault", event.instrument.symbol))
                self.feed.send(self.dialect.resync([event.instrument]))
            return
        for instrument in event.suspects:
            self.books[instrument.index].mark_stale()
        if event.suspects:
            self.log.append(("stale", *(each.symbol for each in event.suspects)))
        if event.kind == EventKind.SNAPSHOT:
            self.books[event.instrument.index].snapshot(event.bids, event.asks)
        if event.kind == EventKind.REFUSED:
            self.log.append(("refused", event.text))
        self.feed.send(event.commands)

    def levels(self) -> dict[str, dict[tuple[int, int], int]]:
        """Return every fresh book as {(side, price): size}."""
        return {
            book.instrument.symbol: {
                (side, price): size for side in (BID, ASK) for price, size in book.depth(side, 200)
            }
            for book in self.books
            if not book.is_stale
        }

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0)


class BookVenue:
    """One connection's Kalshi: books, one numbered stream, and the faults that a test asks for."""

    def __init__(self, connection: VenueConnection) -> None:
        self.connection = connection
        self.books = {symbol: {(BID, 4000): 1000, (ASK, 4400): 500} for symbol in SYMBOLS}
        self.sid = 1
        self.seq = 0
        self.commands: list[tuple[Any, ...]] = []
        self.hold = False  # keep commands unanswered

    async def serve(self) -> None:
        while True:
            self.take(await self.connection.inbox.get())

    def take(self, command: dict[str, Any]) -> None:
        if not isinstance(command, dict):
            return
        params = command["params"]
        self.commands.append((command["cmd"], params.get("channels") or params["action"], params["market_tickers"]))
        if self.hold:
            return
        if command["cmd"] == "subscribe":
            for channel, sid in ((BOOK, self.sid), (TRADES, 100 + self.sid)):
                if channel in params["channels"]:
                    self.connection.send(wire.subscribed(channel, sid, command["id"]))
        for symbol in params["market_tickers"]:
            self.send_snapshot(symbol, command["id"])

    def send_snapshot(self, symbol: str, id_: int = 0) -> None:
        self.seq += 1
        yes: list[list[str]] = []
        no: list[list[str]] = []
        for (side, price), size in self.books[symbol].items():
            text = f"{size // 100}.{size % 100:02}"
            (yes if side == BID else no).append([f"0.{price if side == BID else 10_000 - price:04}", text])
        self.connection.send(wire.snapshot(self.seq, symbol, yes, no, self.sid, id=id_))

    def change(self, symbol: str, side: int, price: int, size: int, copies: int = 1, seq: int | None = None) -> None:
        """Change a level and tell it `copies` times; 0 loses the message."""
        levels = self.books[symbol]
        levels[side, price] = levels.get((side, price), 0) + size
        if not levels[side, price]:
            del levels[side, price]
        self.seq = self.seq + 1 if seq is None else seq
        text = f"{'-' if size < 0 else ''}{abs(size) // 100}.{abs(size) % 100:02}"
        price_text = f"0.{price if side == BID else 10_000 - price:04}"
        frame = wire.delta(self.seq, price_text, text, "yes" if side == BID else "no", symbol, self.sid)
        self.connection.send(*[frame] * copies)


# A test answers the venue of its last connection, or None for the first.
Test: TypeAlias = Callable[[Venue, Desk, BookVenue], Coroutine[Any, Any, BookVenue | None]]


def faulty(**settings: Any) -> Callable[[Test], Callable[[], None]]:
    """Run a test with a venue and a desk whose books are fresh; at its end the books must be the venue's."""

    def decorate(test: Test) -> Callable[[], None]:
        def wrapped() -> None:
            async def body() -> None:
                async with Venue() as server:
                    desk = Desk(server, **settings)
                    async with desk.client:
                        venue = BookVenue(await server.connections.get())
                        service = asyncio.create_task(venue.serve())
                        await desk.until(lambda: desk.levels() == venue.books)
                        desk.log.clear()
                        venue.commands.clear()
                        last = await test(server, desk, venue) or venue
                        await desk.until(lambda: desk.levels() == last.books)
                        for book in desk.books:
                            book._check()
                        service.cancel()

            run(body())

        wrapped.__name__ = test.__name__
        return wrapped

    return decorate
