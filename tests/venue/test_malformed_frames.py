"""Ten thousand damaged frames: none crashes the dialect, each is counted and named, the next connection is sound."""

import json
import random
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from engine.book import BID
from engine.errors import DecodeError
from engine.instrument import Instrument, PriceBand
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK
from tests.support import kalshi_wire as wire
from tests.support.kalshi_wire import RAIN, SNOW
from tests.support.ws_venue import Client, PlainDialect, Venue, run

COUNT = 10_000
CENT = (PriceBand(0, 10000, 100),)
VALID = [
    wire.delta(3, "0.4100", "-25.00", "no"),
    wire.delta(4, "0.4100", "25.00", "yes", SNOW),
    wire.snapshot(5, RAIN, [["0.4000", "310.00"], ["0.4100", "120.00"]], [["0.5500", "40.00"]], id=2),
    wire.snapshot(6, SNOW),
    wire.trade(7),
    wire.trade(8, taker="no"),
    wire.subscribed(BOOK, 1),
    wire.ok(9),
    wire.frame(type="unsubscribed", id=5, sid=2, seq=41),
    wire.error(25, "Subscription buffer overflow", sid=1, seq=10),
    wire.error(8, "Unknown channel name", id=1),
    wire.frame(type="ticker", sid=3, msg={"market_ticker": RAIN, "yes_bid_dollars": "0.4150"}),
    wire.frame(type="market_lifecycle_v2", sid=8, seq=77, msg={"event_type": "settled", "market_ticker": RAIN}),
]
HOSTILE: list[Any] = [
    None, True, -1, 0, 2**63, 10**400, 1.5, "", "yes", "-", "1e9", "NaN", "0.40.0", "\ud800", "\x00", "9" * 400,
    [], {}, [[]], [[""]], [["0.4000", "1.00", "x"]], {"msg": {}},
]  # fmt: skip


def damage_bytes(rng: Random, frame: bytes) -> bytes:
    """Flip, drop, insert, cut, repeat or exchange bytes, one to four times."""
    data = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : min(to, at + 8)]
            case 2:
                data[at:at] = bytes(rng.choices(b'{}[]":,\\0-.\xff\x00eE', k=rng.randint(1, 6)))
            case 3:
                del data[to:]
            case 4:
                data[to:to] = data[at:to]
            case _:
                data[at:to] = data[at:to][::-1]
    return bytes(data)


def damage_values(rng: Random, frame: bytes) -> bytes:
    """Replace or remove one value of the envelope or of msg by one that does not belong there."""
    message = json.loads(frame)
    inner = message.get("msg")
    place = rng.choice([message, inner]) if isinstance(inner, dict) and inner else message
    key = rng.choice(list(place))
    if rng.random() < 0.2:
        del place[key]
    else:
        place[key] = rng.choice(HOSTILE)
    return json.dumps(message).encode()


def fresh() -> KalshiMarketData:
    dialect = KalshiMarketData([Instrument(RAIN, 0, CENT), Instrument(SNOW, 1, CENT)])
    dialect.subscribe()
    for frame in (wire.subscribed(BOOK, 1), wire.snapshot(1), wire.snapshot(2, SNOW)):
        dialect.decode(frame)
    return dialect


@pytest.mark.parametrize("damage", [damage_bytes, damage_values])
def test_damaged_frame_is_an_event_or_a_named_decode_error(damage: Callable[..., Any]) -> None:
    rng = random.Random(20_261_123)
    dialect = fresh()
    raised, kinds = [], set()
    for _ in range(COUNT):
        frame = damage(rng, rng.choice(VALID))
        try:
            event = dialect.decode(frame)
        except DecodeError as error:
            raised.append(str(error))
            continue
        kinds.add(event.kind)
        if event.kind in (EventKind.GAP, EventKind.REFUSED, EventKind.UNKNOWN):
            assert event.text, frame
        if event.kind == EventKind.DELTA:
            assert event.instrument.is_valid_price(event.price), frame
        if event.kind == EventKind.SNAPSHOT:
            assert all(event.instrument.is_valid_price(price) and size > 0 for price, size in event.bids + event.asks)
    assert dialect.counts.malformed == len(raised) > COUNT // 4
    assert all(text.startswith("market data unreadable: ") and text.count(": ") >= 2 for text in raised)
    assert kinds >= {EventKind.CONTROL, EventKind.TRADE, EventKind.REFUSED, EventKind.UNKNOWN, EventKind.GAP}


def test_dialect_is_sound_on_the_next_connection_after_any_damage() -> None:
    rng = random.Random(7)
    dialect = fresh()
    for _ in range(COUNT // 10):
        for frame in (damage_bytes(rng, rng.choice(VALID)), damage_values(rng, rng.choice(VALID))):
            try:
                dialect.decode(frame)
            except DecodeError:
                continue
    dialect.subscribe()
    assert len(dialect.waiting()) == 2
    events = [
        (event.kind, event.price, event.size)
        for frame in (wire.snapshot(1), wire.snapshot(2, SNOW), wire.delta(3, "0.4100", "7.00"))
        for event in [dialect.decode(frame)]
    ]
    assert events == [(EventKind.SNAPSHOT, 0, 0), (EventKind.SNAPSHOT, 0, 0), (EventKind.DELTA, 4100, 700)]
    assert dialect.decode(wire.delta(4)).side == BID


def test_no_damage_between_two_frames_goes_unnoticed() -> None:
    """A delta that raises leaves its number open, so that the next frame of its stream shows the loss."""
    rng = random.Random(11)
    good = wire.delta(3, "0.4100", "25.00")
    for _ in range(COUNT // 10):
        dialect = fresh()
        try:
            dialect.decode(damage_values(rng, good))
        except DecodeError:
            assert dialect.decode(wire.delta(4)).kind == EventKind.GAP


def test_garbage_instead_of_websocket_frames_ends_the_connection_with_a_reason() -> None:
    async def test() -> None:
        async with Venue() as venue, Client(venue, PlainDialect()) as client:
            for garbage in (b"\x83\x00", b"\xff\xff\xff", b"\x81\xfe\x00\x05", b"\x89\x7e\x01\x00"):
                connection = await venue.connections.get()
                connection.transport.underlying_transport.write(garbage + b"\x00" * 64)
                connected, lost = await client.next(2)
                assert (connected, lost[0]) == (("connected",), "lost")
                assert lost[1].startswith("closed by us: 1002 Received")
            await venue.connections.get()
            assert client.feed.totals.losses == 4
            assert not [event for event in client.events if event[0] == "frame"]

    run(test())
