"""A venue that breaks RFC 6455, floods, stalls or babbles: the connection ends under the right code, told, bounded."""

import asyncio
import gc
import os
import resource
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from picows import WSCloseCode, WSMsgType

from engine.errors import EncodingError
from engine.runtime.backoff import Backoff
from tests.support.ws_venue import MS, Client, PlainDialect, RawVenue, Venue, VenueConnection, against, run, wire_frame

TEXT, CONTINUATION, BINARY = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY
PING, PONG, CLOSE = WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE


def raw(first: int, second: int, rest: bytes = b"") -> bytes:
    return bytes([first, second]) + rest


async def loss_of(client: Client) -> str:
    """Return the next reason of a loss."""
    while True:
        ((event, *rest),) = await client.next()
        if event == "lost":
            return str(rest[0])


BROKEN = {
    "masked": (raw(0x81, 0x81, b"\x01\x02\x03\x04a"), 1002, "masked frame from server"),
    "rsv1, as compressed text": (raw(0xC1, 0x01, b"a"), 1002, "reserved bits are set"),
    "rsv2": (raw(0xA1, 0x01, b"a"), 1002, "reserved bits are set"),
    "rsv3": (raw(0x91, 0x01, b"a"), 1002, "reserved bits are set"),
    "rsv1 of a ping": (raw(0xC9, 0x00), 1002, "reserved bits are set"),
    "rsv1 of a fragment": (raw(0x41, 0x01, b"a"), 1002, "reserved bits are set"),
    "opcode 3": (raw(0x83, 0x00), 1002, "invalid opcode=0x3"),
    "opcode 11": (raw(0x8B, 0x00), 1002, "invalid opcode=0xb"),
    "ping of 126 bytes": (raw(0x89, 126, b"\x00\x7e" + b"x" * 126), 1002, "payload size > 125 bytes"),
    "close of 126 bytes": (raw(0x88, 126, b"\x00\x7e" + b"x" * 126), 1002, "payload size > 125 bytes"),
    "fragmented ping": (raw(0x09, 0x01, b"a"), 1002, "fragmented control frame"),
    "continuation of nothing": (raw(0x80, 0x01, b"a"), 1002, "fragments of two messages are mixed"),
    "second start": (raw(0x01, 0x01, b"a") * 2, 1002, "fragments of two messages are mixed"),
    "whole message among fragments": (raw(0x01, 0x01, b"a") + raw(0x81, 0x01, b"b"), 1002, "two messages are mixed"),
    "length in too many bytes": (raw(0x81, 126, b"\x00\x05hello"), 1002, "invalid 16-bit payload len"),
    "length of 64 bits with its sign": (raw(0x81, 127, b"\xff" * 8), 1002, "invalid 64-bit payload length"),
    "4 GiB announced": (raw(0x81, 127, (2**32).to_bytes(8, "big")), 1009, "exceeding max allowed size"),
    "close without half its code": (raw(0x88, 0x01, b"\x03"), 1002, "invalid close code"),
    "close of a reserved code": (raw(0x88, 0x02, (1005).to_bytes(2, "big")), 1002, "invalid close code: 1005"),
    "close of a code below 1000": (raw(0x88, 0x02, (999).to_bytes(2, "big")), 1002, "invalid close code: 999"),
    "close with a reason of no text": (raw(0x88, 0x04, b"\x03\xe8\xff\xfe"), 1007, "invalid UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_protocol_ends_the_connection_under_its_code(name: str) -> None:
    attack, code, words = BROKEN[name]

    @against()
    async def test(venue: Venue, client: Client, connection: VenueConnection) -> None:
        connection.transport.underlying_transport.write(attack + wire_frame(TEXT, b"never seen"))
        assert words in await loss_of(client)
        assert await connection.inbox.get() == (CLOSE, code)
        assert ("frame", b"never seen", True) not in client.events
        await venue.connections.get()  # a new connection follows

    test()


def test_text_that_is_not_utf8_ends_the_connection_with_1007() -> None:
    @against()
    async def test(venue: Venue, client: Client, connection: VenueConnection) -> None:
        def refuse(frame: bytes, is_last: bool) -> None:
            raise EncodingError("market data unreadable: b'\\xff'")

        client.feed._connection._on_frame = refuse  # type: ignore[union-attr]
        connection.write((TEXT, b"\xff"))
        assert await client.next() == [("lost", "market data unreadable: b'\\xff'")]
        assert await connection.inbox.get() == (CLOSE, 1007)

    test()


@against(max_message=1000, max_fragments=50)
async def test_fragments_without_an_end_are_bounded_by_their_size(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"x", False), *[(CONTINUATION, b"x" * 100, False)] * 10)
    assert ("lost", "a message of more than 1000 bytes") in await client.next(1)
    assert await connection.inbox.get() == (CLOSE, 1009)


@against(max_fragments=50)
async def test_empty_fragments_without_an_end_are_bounded_by_their_number(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"", False), *[(CONTINUATION, b"", False)] * 60)
    assert ("lost", "a message of more than 50 fragments") in await client.next(1)
    assert await connection.inbox.get() == (CLOSE, 1009)


@against(silence_ns=60 * MS)
async def test_fragments_that_trickle_are_bounded_by_time(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"x", False))
    while ("lost", "fragments without an end for 0.06 s") not in client.events:
        connection.write((CONTINUATION, b"x", False))
        await asyncio.sleep(0.005)


@against(silence_ns=60 * MS)
async def test_a_frame_that_trickles_is_silence(venue: Venue, client: Client, connection: VenueConnection) -> None:
    plain = connection.transport.underlying_transport
    plain.write(raw(0x81, 126, b"\xff\xff"))
    while ("lost", "silent for 0.06 s") not in client.events:
        plain.write(b"x")
        await asyncio.sleep(0.005)


@against(max_pings=100, silence_ns=100 * MS)
async def test_a_flood_of_pings_ends_the_connection(venue: Venue, client: Client, connection: VenueConnection) -> None:
    connection.write(*[(PING, b"p")] * 150)
    assert await loss_of(client) == "150 pings in less than a second"
    answers = [await connection.inbox.get() for _ in range(151)]
    assert answers[-1] == (CLOSE, 1008)


def test_a_venue_that_pings_and_does_not_read_cannot_make_us_keep_its_answers() -> None:
    @against(max_unsent=4096, max_pings=10**9)
    async def test(venue: Venue, client: Client, connection: VenueConnection) -> None:
        connection.transport.underlying_transport.pause_reading()
        flood = wire_frame(PING, b"p" * 125) * 2000
        while not any(event[0] == "lost" for event in client.events):
            connection.transport.underlying_transport.write(flood)
            await asyncio.sleep(0.001)
        assert ("lost", "the venue leaves more than 4096 bytes unread") in client.events

    test()


@against(silence_ns=40 * MS)
async def test_silence_ends_the_connection_with_a_code(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    assert await client.next() == [("lost", "silent for 0.04 s")]
    assert await connection.inbox.get() == (CLOSE, 1001)


@against(first_snapshot_ns=40 * MS, silence_ns=80 * MS)
async def test_m17_a_connection_without_a_snapshot_is_left(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    client.dialect.waits = ["RAIN"]
    while not any(event[0] == "lost" for event in client.events):
        connection.write((PING, b"heartbeat"))
        connection.send(b"{}")
        await asyncio.sleep(0.005)
    assert ("lost", "no snapshot in 0.04 s") in client.events


@against(first_snapshot_ns=20 * MS, silence_ns=40 * MS)
async def test_m17_a_connection_whose_markets_are_all_refused_is_kept(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    for _ in range(12):
        connection.write((PING, b"heartbeat"))
        await asyncio.sleep(0.005)
    assert not any(event[0] == "lost" for event in client.events)


@against(silence_ns=40 * MS)
async def test_m16_a_connection_beyond_repair_is_left(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    client.dialect.fault = "RAIN: no snapshot that holds"
    assert await client.next() == [("lost", "RAIN: no snapshot that holds")]


@against()
async def test_a_reason_of_the_desk_ends_a_connection(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    client.feed.reconnect("the venue's clock runs away" + "!" * 200)
    ((event, reason),) = await client.next()
    assert (event, reason[:27]) == ("lost", "the venue's clock runs away")
    assert await connection.inbox.get() == (CLOSE, 1001)
    assert client.feed.send([b"{}"]) is False


# The handshake

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n")
    try:
        while True:
            writer.write(b"X-Pad: " + b"x" * 1000 + b"\r\n")
            await writer.drain()
    except ConnectionError:
        writer.close()


def answering(text: bytes) -> Answer:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        writer.close()

    return serve


async def trickling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    try:
        for letter in b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 1000:
            writer.write(bytes([letter]))
            await asyncio.sleep(0.01)
            await writer.drain()
    except ConnectionError:
        writer.close()


HANDSHAKES: dict[str, tuple[Answer, str]] = {
    "garbage": (answering(b"\x00\xff\x16\x03garbage\r\n\r\n"), "invalid HTTP status line"),
    "another protocol": (answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "unknown protocol"),
    "a redirect": (answering(b"HTTP/1.1 302 Found\r\nLocation: wss://elsewhere/\r\n\r\n"), "HTTP 302 Found"),
    "a status that is none": (answering(b"HTTP/1.1 529 Overloaded\r\n\r\n"), "529 Overloaded"),
    "half": (answering(b"HTTP/1.1 101 Switching"), "closed by the venue during the handshake"),
    "no accept": (
        answering(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        "handshake broken: cannot upgrade, invalid sec-websocket-accept",
    ),
    "no upgrade": (answering(b"HTTP/1.1 101 X\r\n\r\n"), "handshake broken: cannot upgrade, invalid upgrade header"),
    "a page": (answering(b"HTTP/1.1 200 OK\r\n\r\n<html>\x1b[31m log in"), "HTTP 200 OK <html> [31m log in"),
    "continue, then nothing": (answering(b"HTTP/1.1 100 Continue\r\n\r\n"), "HTTP 100 Continue"),
    "early hints, then a page": (
        answering(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        "HTTP 103 Early Hints",
    ),
    "another accept": (
        answering(
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        ),
        "handshake broken: cannot upgrade, invalid sec-websocket-accept",
    ),
    "a chunked page": (
        answering(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n"),
        "HTTP 503 Service Unavailable",
    ),
    "a chunk of 4 GiB": (
        answering(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx"),
        "",
    ),
    "a packed page": (
        answering(b"HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"),
        "HTTP 503 Service Unavailable",
    ),
    "a page of a length that is none": (answering(b"HTTP/1.1 503 Busy\r\nContent-Length: -5\r\n\r\nx"), ""),
    "a page shorter than it says": (answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 99999999999\r\n\r\nx"), ""),
    "headers without end": (endless_headers, "exceed max_size threshold"),
    "a letter at a time": (trickling, "no answer to the handshake in time"),
}
# These never end by themselves; the others must be told within the time that a slow machine needs.
ENDLESS = {"continue, then nothing", "a chunk of 4 GiB", "a page shorter than it says", "a letter at a time"}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_hostile_handshake_is_told_and_tried_again(name: str) -> None:
    serve, words = HANDSHAKES[name]

    async def test() -> None:
        settings: dict[str, Any] = {"connect_timeout_ns": (200 if name in ENDLESS else 8_000) * MS}
        async with RawVenue(serve) as venue, Client(venue, PlainDialect(), **settings) as client:
            first, second = await client.next(2)
            assert words in first[1] and words in second[1]
            assert len(first[1]) < 1500

    run(test())


# Growth


def test_no_attack_makes_the_process_grow() -> None:
    """Each attack a hundred times over: what it made us keep is let go with its connection."""

    async def test() -> None:
        async with Venue() as venue, Client(venue, PlainDialect(), max_message=2**20, max_fragments=100) as client:
            attacks = [attack for attack, _, _ in BROKEN.values()]
            attacks += [wire_frame(TEXT, b"x" * 60_000, False) + wire_frame(CONTINUATION, b"y" * 60_000, False) * 20]
            blocks = 0
            for number in range(4 * len(attacks)):
                connection = await venue.connections.get()
                connection.transport.underlying_transport.write(attacks[number % len(attacks)])
                await connection.is_gone.wait()
                client.events.clear()
                if number == 2 * len(attacks):
                    blocks = sys.getallocatedblocks()
            assert client.feed.totals.losses >= 4 * len(attacks) - 1
            assert sys.getallocatedblocks() - blocks < 5_000

    run(test())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**21  # kilobytes; far above what any test needs


def test_a_thousand_connections_leave_nothing_behind() -> None:
    """Each is lost in another way; tasks, descriptors and memory are those of one connection in the end."""

    def drop(connection: VenueConnection) -> None:
        connection.drop()

    def reset(connection: VenueConnection) -> None:
        plain = connection.transport.underlying_transport
        plain.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.abort()

    def goodbye(connection: VenueConnection) -> None:
        connection.transport.send_close(WSCloseCode.GOING_AWAY, "again")
        connection.transport.disconnect()

    def half(connection: VenueConnection) -> None:
        connection.transport.underlying_transport.write(raw(0x81, 126, b"\x10\x00half"))
        connection.drop()

    async def test() -> None:
        async with (
            Venue() as venue,
            Client(venue, PlainDialect(), backoff=Backoff(10_000, 10_000, Random(1))) as client,
        ):
            losses = [drop, reset, goodbye, half]
            counts = []
            for number in range(1000):
                connection = await venue.connections.get()
                losses[number % len(losses)](connection)
                await connection.is_gone.wait()
                venue.opened.clear()
                venue.requests.clear()
                client.events.clear()
                while not client._arrived.empty():
                    client._arrived.get_nowait()
                if number in (300, 999):
                    await asyncio.sleep(0.1)
                    gc.collect()
                    counts.append(
                        (len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), sys.getallocatedblocks())
                    )
            (tasks, descriptors, blocks), (later_tasks, later_descriptors, later_blocks) = counts
            assert later_tasks == tasks and later_descriptors <= descriptors + 4
            assert later_blocks - blocks < 500
            assert client.feed.totals.losses >= 999

    run(test(), 60)


def test_close_codes_are_those_of_the_standard() -> None:
    codes: Any = WSCloseCode
    named = [codes.PROTOCOL_ERROR, codes.INVALID_TEXT, codes.POLICY_VIOLATION, codes.MESSAGE_TOO_BIG, codes.GOING_AWAY]
    assert [int(code) for code in named] == [1002, 1007, 1008, 1009, 1001]
