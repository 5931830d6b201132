"""The market-data connection against a venue in the same loop: what is handed on, and when it is lost."""

import asyncio
from typing import Any

import pytest
from picows import WSCloseCode, WSMsgType

from engine.net.feed import FeedCounts
from tests.support.ws_venue import MS, Client, Venue, VenueConnection, against

TEXT, CONTINUATION, PING = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.PING


@against()
async def test_messages_of_one_read_are_handed_on_in_order_and_the_last_is_flagged(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"one"), (TEXT, b"two"), (TEXT, b"x" * 300))
    assert await client.next(3) == [("frame", b"one", False), ("frame", b"two", False), ("frame", b"x" * 300, True)]


@against()
async def test_ping_is_answered_with_its_payload(venue: Venue, client: Client, connection: VenueConnection) -> None:
    connection.write((PING, b"heartbeat"))
    assert await connection.inbox.get() == (WSMsgType.PONG, b"heartbeat")
    assert client.feed.counts.pings == 1


@against()
async def test_read_that_ends_with_a_ping_still_has_an_end(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"one"), (PING, b"heartbeat"))
    assert await client.next(2) == [("frame", b"one", False), ("read_end",)]


@against()
async def test_fragments_are_joined_around_a_ping(venue: Venue, client: Client, connection: VenueConnection) -> None:
    connection.write((TEXT, b"a", False), (CONTINUATION, b"", False), (PING, b"p"), (CONTINUATION, b"bc", True))
    assert await client.next() == [("frame", b"abc", True)]
    assert await connection.inbox.get() == (WSMsgType.PONG, b"p")
    assert client.feed.counts == FeedCounts(connects=1, frames=1, bytes=3, pings=1, fragments=3)


@against()
async def test_fragments_of_two_reads_are_joined(venue: Venue, client: Client, connection: VenueConnection) -> None:
    connection.write((TEXT, b"a", False))
    assert await client.next() == [("read_end",)]
    connection.write((CONTINUATION, b"b", True), (TEXT, b"c", False), (CONTINUATION, b"d", True))
    assert await client.next(2) == [("frame", b"ab", False), ("frame", b"cd", True)]


@pytest.mark.parametrize(
    "parts", [[(CONTINUATION, b"b", True)], [(TEXT, b"a", False), (TEXT, b"b", False)]], ids=["no-start", "two-starts"]
)
def test_mixed_fragments_end_the_connection(parts: list[tuple[WSMsgType, bytes, bool]]) -> None:
    @against()
    async def test(venue: Venue, client: Client, connection: VenueConnection) -> None:
        connection.write(*parts, (TEXT, b"after"))
        assert (await client.next())[-1] == ("lost", "protocol error: fragments of two messages are mixed")

    test()


@against(max_message=100)
async def test_fragmented_message_beyond_the_limit_ends_the_connection(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"x" * 60, False), (CONTINUATION, b"x" * 60, True))
    assert await client.next() == [("lost", "a message of more than 100 bytes")]


@against(max_message=100)
async def test_frame_beyond_the_limit_ends_the_connection(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.write((TEXT, b"x" * 101))
    ((event, reason),) = await client.next()
    assert event == "lost"
    assert reason.startswith("closed by us: 1009 Received frame with payload size exceeding max allowed size, 101")


@against()
async def test_binary_frame_is_counted_and_ignored(venue: Venue, client: Client, connection: VenueConnection) -> None:
    connection.write((WSMsgType.BINARY, b"\x00"), (TEXT, b"a"))
    assert await client.next() == [("frame", b"a", True)]
    assert client.feed.counts.ignored == 1


@against()
async def test_commands_reach_the_venue_in_order(venue: Venue, client: Client, connection: VenueConnection) -> None:
    assert client.feed.send([b'{"id":2}', b'{"id":3}']) is True
    assert [await connection.inbox.get() for _ in range(2)] == [{"id": 2}, {"id": 3}]


@against()
async def test_drop_is_told_then_connected_and_subscribed_again(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.send(b"one")
    await client.next()
    connection.drop()
    assert await client.next(2) == [("lost", "connection lost without a close frame"), ("connected",)]
    again = await venue.connections.get()
    assert await again.inbox.get() == {"id": 1}
    again.send(b"two")
    assert await client.next() == [("frame", b"two", True)]
    assert client.feed.counts == FeedCounts(connects=1, frames=1, bytes=3)
    assert client.feed.totals == FeedCounts(connects=2, losses=1, frames=2, bytes=6)


@against()
async def test_close_frame_of_the_venue_is_named_and_answered(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    connection.transport.send_close(WSCloseCode.SERVICE_RESTART, b"maintenance")
    assert await client.next(2) == [("read_end",), ("lost", "closed by the venue: 1012 maintenance")]
    assert await connection.inbox.get() == (WSMsgType.CLOSE, 1000)


@against(silence_ns=40 * MS)
async def test_silence_is_a_loss(venue: Venue, client: Client, connection: VenueConnection) -> None:
    assert await client.next(2) == [("lost", "silent for 0.04 s"), ("connected",)]


@against(silence_ns=60 * MS)
async def test_pings_alone_keep_a_connection(venue: Venue, client: Client, connection: VenueConnection) -> None:
    for _ in range(12):
        connection.write((PING, b"heartbeat"))
        assert await connection.inbox.get() == (WSMsgType.PONG, b"heartbeat")
        await asyncio.sleep(0.01)
    assert [event for event in client.events if event[0] == "lost"] == []


@against(silence_ns=40 * MS)
async def test_overdue_snapshots_are_asked_for_again(venue: Venue, client: Client, connection: VenueConnection) -> None:
    client.dialect.dues = [[], [b'{"id":2}', b'{"id":3}'], []]  # at one check after the other
    connection.send(b"one")
    assert [await connection.inbox.get() for _ in range(2)] == [{"id": 2}, {"id": 3}]
    assert client.feed.counts.resyncs == 2


@against()
async def test_exception_in_on_frame_is_reported_and_ends_the_connection(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    client.raise_on = b"bad"
    connection.write((TEXT, b"good"), (TEXT, b"bad"), (TEXT, b"never seen"))
    assert await client.next(4) == [
        ("frame", b"good", False),
        ("frame", b"bad", False),
        ("lost", "on_frame raised RuntimeError('hook failed')"),
        ("connected",),
    ]
    assert [(each["message"], str(each["exception"])) for each in reported] == [
        ("feed: on_frame raised", "hook failed")
    ]


@against()
async def test_close_says_goodbye_and_calls_nothing_back(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    await client.feed.close()
    assert await connection.inbox.get() == (WSMsgType.CLOSE, 1000)
    await connection.is_gone.wait()
    assert client.events == [("connected",)]
    assert client.feed.is_connected is False
    assert client.feed.send([b"{}"]) is False


def test_close_is_safe_when_the_venue_never_answers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.net.connection.GOODBYE_S", 0.05)

    @against()
    async def test(venue: Venue, client: Client, connection: VenueConnection) -> None:
        connection.on_ws_frame = lambda transport, frame: None
        await client.feed.close()
        assert client.feed.is_connected is False

    test()


@against()
async def test_slow_consumer_gets_every_message_in_order(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    expected = [b"%d" % number for number in range(20_000)]
    for message in expected:
        connection.send(message)
    received = [event[1] for event in await client.next(len(expected))]
    assert received == expected
    assert client.feed.counts.frames == len(expected)
