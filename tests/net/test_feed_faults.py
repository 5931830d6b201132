"""Feed, dialect and book against a venue that misbehaves: each fault ends with the book right, or stale and refused."""

import asyncio
import json

import pytest

from engine.book import ASK, BID
from engine.instrument import Instrument
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK, TRADES
from tests.support import kalshi_wire as wire
from tests.support.book_venue import CENT, SYMBOLS, BookVenue, Desk, faulty
from tests.support.kalshi_wire import RAIN, SNOW
from tests.support.ws_venue import MS, Venue


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
async def test_m6_a_price_that_the_market_should_not_have_costs_its_own_level(
    server: Venue, desk: Desk, venue: BookVenue
) -> None:
    venue.seq += 1
    venue.connection.send(wire.delta(venue.seq, "0.4050", "5.00"))
    venue.change(RAIN, BID, 4100, 300)
    await desk.until(lambda: desk.levels() == venue.books)
    assert (desk.log, venue.commands, desk.dialect.counts.off_grid) == ([], [], 1)


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
