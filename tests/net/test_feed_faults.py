"""Feed, dialect and book against a venue that misbehaves: each fault ends with the book right, or stale and refused."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest

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
        self.dialect = KalshiMarketData(self.instruments)
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


@faulty()
async def test_changes_move_the_books(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.change(RAIN, BID, 4100, 300)
    venue.change(RAIN, ASK, 4400, -500)
    venue.change(SNOW, BID, 4000, -1)
    await desk.until(lambda: desk.levels() == venue.books)
    assert desk.log == []


@faulty()
async def test_lost_message_makes_every_book_stale_until_its_snapshot(
    server: Venue, desk: Desk, venue: BookVenue
) -> None:
    venue.hold = True
    venue.change(RAIN, BID, 4100, 300, copies=0)
    venue.change(SNOW, BID, 4000, 100)
    await desk.until(lambda: desk.levels() == {})
    venue.change(SNOW, BID, 4000, 100)
    venue.change(RAIN, BID, 4100, -300)
    venue.send_snapshot(SNOW)
    venue.change(SNOW, BID, 4200, 700)
    await desk.until(lambda: desk.levels() == {SNOW: venue.books[SNOW]})
    venue.send_snapshot(RAIN)
    await desk.until(lambda: desk.levels() == venue.books)
    assert desk.log == [("stale", RAIN, SNOW)]
    assert venue.commands == [("update_subscription", "get_snapshot", [RAIN, SNOW])]
    assert (desk.dialect.counts.gaps, desk.dialect.counts.missed, desk.dialect.counts.waiting) == (1, 1, 2)


@faulty()
async def test_repeated_message_is_applied_once(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.change(RAIN, BID, 4100, 300, copies=3)
    venue.change(RAIN, BID, 4100, 5)
    await desk.until(lambda: desk.levels() == venue.books)
    assert (desk.log, desk.dialect.counts.duplicates) == ([], 2)


@faulty()
async def test_stream_that_starts_anew_is_resynced(server: Venue, desk: Desk, venue: BookVenue) -> None:
    for _ in range(20):
        venue.change(SNOW, ASK, 4500, 10)
    await desk.until(lambda: desk.levels() == venue.books)
    venue.change(RAIN, BID, 4100, 300, seq=1)
    await desk.until(lambda: venue.commands and desk.levels() == venue.books)
    assert desk.log == [("stale", RAIN, SNOW)]
    assert desk.dialect.counts.resets == 1


@faulty()
async def test_change_of_an_unknown_level_makes_its_own_book_stale_only(
    server: Venue, desk: Desk, venue: BookVenue
) -> None:
    venue.hold = True
    venue.seq += 1
    venue.connection.send(wire.delta(venue.seq, "0.1000", "-5.00"))
    await desk.until(lambda: list(desk.levels()) == [SNOW])
    venue.change(RAIN, BID, 4000, 100)
    venue.change(SNOW, BID, 4000, 100)
    await desk.until(lambda: desk.levels() == {SNOW: venue.books[SNOW]})
    venue.send_snapshot(RAIN)
    await desk.until(lambda: desk.levels() == venue.books)
    assert desk.log == [("fault", RAIN)]
    assert venue.commands == [("update_subscription", "get_snapshot", [RAIN])]


@faulty()
async def test_malformed_message_is_named_and_its_loss_repaired(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.seq += 1
    venue.connection.send(wire.delta(venue.seq, "0.41x", "5.00"))
    await desk.until(lambda: desk.log)
    assert desk.levels().keys() == {RAIN, SNOW}
    venue.change(SNOW, BID, 4000, 100)
    await desk.until(lambda: venue.commands and desk.levels() == venue.books)
    assert desk.log == [("malformed",), ("stale", RAIN, SNOW)]


@faulty()
async def test_market_of_a_price_we_do_not_know_is_given_up(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.seq += 1
    venue.connection.send(wire.delta(venue.seq, "0.4050", "5.00"))
    await desk.until(lambda: list(desk.levels()) == [SNOW])
    assert desk.log == [("stale", RAIN)]
    assert venue.commands == []
    venue.send_snapshot(RAIN)


@pytest.mark.parametrize("code", [10, 25])
def test_ended_subscription_is_opened_again(code: int) -> None:
    @faulty()
    async def test(server: Venue, desk: Desk, venue: BookVenue) -> None:
        venue.seq += 1
        venue.connection.send(wire.error(code, "Subscription buffer overflow", sid=1, seq=venue.seq))
        venue.sid, venue.seq = 7, 0
        await desk.until(lambda: venue.commands and desk.levels() == venue.books)
        assert venue.commands == [("subscribe", [BOOK], [RAIN, SNOW])]
        assert [event[0] for event in desk.log] == ["stale", "refused"]
        venue.change(RAIN, BID, 4100, 300)

    test()


@faulty()
async def test_dropped_connection_leaves_no_fresh_book_until_the_next(
    server: Venue, desk: Desk, venue: BookVenue
) -> BookVenue:
    venue.change(RAIN, BID, 4100, 300)
    venue.connection.drop()
    await desk.until(lambda: desk.log)
    assert desk.levels() == {}
    after = BookVenue(await server.connections.get())
    after.books[RAIN] = {(BID, 1000): 1}
    service = asyncio.create_task(after.serve())
    await desk.until(lambda: desk.levels() == after.books)
    assert [event[0] for event in desk.log] == ["lost", "connected"]
    assert after.commands == [("subscribe", [BOOK, TRADES], [RAIN, SNOW])]
    assert desk.dialect.counts.gaps == 0
    service.cancel()
    return after


@faulty(silence_ns=40 * MS)
async def test_silent_venue_is_left_for_a_new_connection(server: Venue, desk: Desk, venue: BookVenue) -> BookVenue:
    after = BookVenue(await server.connections.get())
    assert desk.levels() == {}
    service = asyncio.create_task(after.serve())
    await desk.until(lambda: desk.levels() == after.books)
    assert desk.log[0] == ("lost", "silent for 0.04 s")
    service.cancel()
    return after


@faulty(silence_ns=400 * MS)
async def test_snapshot_that_never_came_is_asked_for_again(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.hold = True
    venue.change(RAIN, BID, 4100, 300, copies=0)
    venue.change(RAIN, BID, 4100, 300)
    await desk.until(lambda: venue.commands)
    venue.hold = False
    await desk.until(lambda: desk.levels() == venue.books)
    assert venue.commands == [("update_subscription", "get_snapshot", [RAIN, SNOW])] * 2
    assert desk.feed.counts.resyncs == 1


@faulty()
async def test_refused_snapshot_is_told_and_its_books_stay_stale(server: Venue, desk: Desk, venue: BookVenue) -> None:
    venue.hold = True
    venue.change(RAIN, BID, 4100, 300, copies=0)
    venue.change(RAIN, BID, 4100, 300)
    await desk.until(lambda: venue.commands)
    venue.connection.send(wire.error(27, "too many commands", id=2))
    await desk.until(lambda: len(desk.log) == 2)
    assert desk.log[1] == (
        "refused", f"get_snapshot of {RAIN} and 1 more: error 27 (too many commands): too many commands",
    )  # fmt: skip
    assert desk.levels() == {}
    for symbol in SYMBOLS:
        venue.send_snapshot(symbol)


def test_commands_are_the_venues_own_form() -> None:
    dialect = KalshiMarketData([Instrument(RAIN, 0, CENT)])
    assert json.loads(dialect.subscribe()[0]) == {
        "id": 1,
        "cmd": "subscribe",
        "params": {
            "channels": [BOOK, TRADES],
            "market_tickers": [RAIN],
            "use_yes_price": False,
            "skip_ticker_ack": True,
        },
    }
