"""The market-data connection against a venue in the same loop: what is handed on, and when it is lost."""

import asyncio
import datetime
import ssl
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from picows import WSCloseCode, WSMsgType

from engine.errors import ConfigError
from engine.net.feed import Feed, FeedCounts, FeedSettings
from engine.runtime.backoff import Backoff
from tests.support.ws_venue import MS, WALL_NS, Client, PlainDialect, RawVenue, Venue, run

TEXT, CONTINUATION, PING = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.PING


def against(venue_options=None, **settings):
    """Run a test with a venue, a client, and the venue's side of their first connection after its subscription."""

    def decorate(test):
        def wrapped() -> None:
            async def body() -> None:
                async with Venue(**venue_options or {}) as venue, Client(venue, PlainDialect(), **settings) as client:
                    connection = await venue.connections.get()
                    assert await connection.inbox.get() == {"id": 1}
                    assert await client.next() == [("connected",)]
                    await test(venue, client, connection)

            run(body())

        wrapped.__name__ = test.__name__
        return wrapped

    return decorate


@against()
async def test_messages_of_one_read_are_handed_on_in_order_and_the_last_is_flagged(venue, client, connection) -> None:
    connection.write((TEXT, b"one"), (TEXT, b"two"), (TEXT, b"x" * 300))
    assert await client.next(3) == [("frame", b"one", False), ("frame", b"two", False), ("frame", b"x" * 300, True)]


@against()
async def test_ping_is_answered_with_its_payload(venue, client, connection) -> None:
    connection.write((PING, b"heartbeat"))
    assert await connection.inbox.get() == (WSMsgType.PONG, b"heartbeat")
    assert client.feed.counts.pings == 1


@against()
async def test_read_that_ends_with_a_ping_still_has_an_end(venue, client, connection) -> None:
    connection.write((TEXT, b"one"), (PING, b"heartbeat"))
    assert await client.next(2) == [("frame", b"one", False), ("read_end",)]


@against()
async def test_fragments_are_joined_around_a_ping(venue, client, connection) -> None:
    connection.write((TEXT, b"a", False), (CONTINUATION, b"", False), (PING, b"p"), (CONTINUATION, b"bc", True))
    assert await client.next() == [("frame", b"abc", True)]
    assert await connection.inbox.get() == (WSMsgType.PONG, b"p")
    assert client.feed.counts == FeedCounts(connects=1, frames=1, bytes=3, pings=1, fragments=3)


@against()
async def test_fragments_of_two_reads_are_joined(venue, client, connection) -> None:
    connection.write((TEXT, b"a", False))
    assert await client.next() == [("read_end",)]
    connection.write((CONTINUATION, b"b", True), (TEXT, b"c", False), (CONTINUATION, b"d", True))
    assert await client.next(2) == [("frame", b"ab", False), ("frame", b"cd", True)]


@pytest.mark.parametrize(
    "parts", [[(CONTINUATION, b"b", True)], [(TEXT, b"a", False), (TEXT, b"b", False)]], ids=["no-start", "two-starts"]
)
def test_mixed_fragments_end_the_connection(parts) -> None:
    @against()
    async def test(venue, client, connection) -> None:
        connection.write(*parts, (TEXT, b"after"))
        assert (await client.next())[-1] == ("lost", "protocol error: fragments of two messages are mixed")

    test()


@against(max_message=100)
async def test_fragmented_message_beyond_the_limit_ends_the_connection(venue, client, connection) -> None:
    connection.write((TEXT, b"x" * 60, False), (CONTINUATION, b"x" * 60, True))
    assert await client.next() == [("lost", "a message of more than 100 bytes")]


@against(max_message=100)
async def test_frame_beyond_the_limit_ends_the_connection(venue, client, connection) -> None:
    connection.write((TEXT, b"x" * 101))
    ((event, reason),) = await client.next()
    assert event == "lost"
    assert reason.startswith("closed by us: 1009 Received frame with payload size exceeding max allowed size, 101")


@against()
async def test_binary_frame_is_counted_and_ignored(venue, client, connection) -> None:
    connection.write((WSMsgType.BINARY, b"\x00"), (TEXT, b"a"))
    assert await client.next() == [("frame", b"a", True)]
    assert client.feed.counts.ignored == 1


@against()
async def test_commands_reach_the_venue_in_order(venue, client, connection) -> None:
    assert client.feed.send([b'{"id":2}', b'{"id":3}']) is True
    assert [await connection.inbox.get() for _ in range(2)] == [{"id": 2}, {"id": 3}]


@against()
async def test_drop_is_told_then_connected_and_subscribed_again(venue, client, connection) -> None:
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
async def test_close_frame_of_the_venue_is_named_and_answered(venue, client, connection) -> None:
    connection.transport.send_close(WSCloseCode.SERVICE_RESTART, b"maintenance")
    assert await client.next(2) == [("read_end",), ("lost", "closed by the venue: 1012 maintenance")]
    assert await connection.inbox.get() == (WSMsgType.CLOSE, 1000)


@against(silence_ns=40 * MS)
async def test_silence_is_a_loss(venue, client, connection) -> None:
    assert await client.next(2) == [("lost", "silent for 0.04 s"), ("connected",)]


@against(silence_ns=60 * MS)
async def test_pings_alone_keep_a_connection(venue, client, connection) -> None:
    for _ in range(12):
        connection.write((PING, b"heartbeat"))
        assert await connection.inbox.get() == (WSMsgType.PONG, b"heartbeat")
        await asyncio.sleep(0.01)
    assert [event for event in client.events if event[0] == "lost"] == []


@against(silence_ns=40 * MS)
async def test_overdue_snapshots_are_asked_for_again(venue, client, connection) -> None:
    client.feed.dialect.waits = [[1], [2], [1, 2, 3]]  # at one check after the other
    connection.send(b"one")
    assert await connection.inbox.get() == {"resync": [2]}
    assert client.feed.counts.resyncs == 1


@against()
async def test_exception_in_on_frame_is_reported_and_ends_the_connection(venue, client, connection) -> None:
    reported = []
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
async def test_close_says_goodbye_and_calls_nothing_back(venue, client, connection) -> None:
    await client.feed.close()
    assert await connection.inbox.get() == (WSMsgType.CLOSE, 1000)
    await connection.is_gone.wait()
    assert client.events == [("connected",)]
    assert client.feed.is_connected is False
    assert client.feed.send([b"{}"]) is False


def test_close_is_safe_when_the_venue_never_answers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.net.connection.GOODBYE_S", 0.05)

    @against()
    async def test(venue, client, connection) -> None:
        connection.on_ws_frame = lambda transport, frame: None
        await client.feed.close()
        assert client.feed.is_connected is False

    test()


@against()
async def test_slow_consumer_gets_every_message_in_order(venue, client, connection) -> None:
    expected = [b"%d" % number for number in range(20_000)]
    for message in expected:
        connection.send(message)
    received = [event[1] for event in await client.next(len(expected))]
    assert received == expected
    assert client.feed.counts.frames == len(expected)


# what is said where no connection comes about


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b'{"code":"token_authentication_failure"}', 'HTTP 401 Unauthorized {"code":"token_authentication_fai'),
        (401, b"", "(check the API key id, its key file, and this host's clock)"),
        (429, b"", "(too many connections: close others of this account)"),
        (502, b"", "handshake refused: HTTP 502 Bad Gateway"),
    ],
)
def test_refused_handshake_is_told_with_its_status_and_tried_again(status, body, words) -> None:
    async def test() -> None:
        async with Venue(refuse=(status, body)) as venue, Client(venue, PlainDialect()) as client:
            first, second = await client.next(2)
            assert first == second
            assert words in first[1]
            venue.refuse = None
            await venue.connections.get()
            assert client.feed.totals.losses >= 2

    run(test())


def test_closed_port_is_told_and_tried_again() -> None:
    async def test() -> None:
        async with Venue() as venue:
            url = venue.url
        venue.url = url
        async with Client(venue, PlainDialect()) as client:
            events = await client.next(3)
            assert [event for event, _ in events] == ["lost"] * 3
            assert "cannot connect: " in events[0][1]
            assert client.feed.totals == FeedCounts(losses=3)

    run(test())


@pytest.mark.parametrize(
    ("answers", "words"),
    [(False, "no answer to the handshake in time"), (True, "cannot connect: closed by the venue during the handshake")],
)
def test_handshake_that_never_completes_is_told(answers, words) -> None:
    served = asyncio.Event()

    async def serve(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not answers:
            await reader.read()
        writer.close()
        served.set()

    async def test() -> None:
        async with RawVenue(serve) as venue, Client(venue, PlainDialect(), connect_timeout_ns=50 * MS) as client:
            assert await client.next() == [("lost", words)]
            await served.wait()

    run(test())


def test_redirect_is_refused_rather_than_followed() -> None:
    async def serve(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def test() -> None:
        async with RawVenue(serve) as venue, Client(venue, PlainDialect()) as client:
            assert await client.next() == [("lost", "handshake refused: HTTP 302 Found")]

    run(test())


def test_handshake_carries_the_headers_of_its_own_moment() -> None:
    async def test() -> None:
        async with Venue() as venue:
            dialect = PlainDialect()
            dialect.headers = {"KALSHI-ACCESS-KEY": "id"}
            async with Client(venue, dialect) as client:
                await client.next()
                (request,) = venue.requests
                assert (request.headers["KALSHI-ACCESS-KEY"], request.headers["X-Now"]) == ("id", str(WALL_NS))
                assert "Sec-WebSocket-Extensions" not in request.headers

    run(test())


def test_loss_while_the_feed_closes_leaves_no_attempt_behind() -> None:
    async def test() -> None:
        async with Venue(refuse=(401, b"")) as venue:
            async with Client(venue, PlainDialect(), backoff=Backoff(10**13, 10**13, Random(1))) as client:
                await client.next()
            assert len(asyncio.all_tasks()) == 1

    run(test())


def test_address_that_is_no_websocket_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="feed url 'https://x' must start with ws:// or wss://"):
        Feed(
            FeedSettings(url="https://x"),
            PlainDialect(),
            on_frame=print,
            on_read_end=print,
            on_connected=print,
            on_lost=print,
            wall_ns=int,
            backoff=Backoff(1, 1, Random(1)),
        )


# delays


def test_backoff_starts_anew_only_after_a_connection_delivered() -> None:
    async def test() -> None:
        calls = []

        class Recorder(Backoff):
            def next_ns(self) -> int:
                calls.append("next")
                return 0

            def reset(self) -> None:
                calls.append("reset")

        async with Venue() as venue, Client(venue, PlainDialect(), backoff=Recorder(1, 1, Random(1))) as client:
            for delivers in (False, False, False, True, False):
                connection = await venue.connections.get()
                await connection.inbox.get()
                if delivers:
                    connection.send(b"one")
                    while client.events[-1][0] != "frame":
                        await client.next()
                connection.drop()
            await venue.connections.get()
        assert calls == ["next", "next", "next", "reset", "next", "next"]

    run(test())


# TLS


def test_secure_address_is_reached_with_a_trusted_certificate_and_refused_without(tmp_path: Path) -> None:
    server_side, client_side = _contexts(tmp_path)

    async def test() -> None:
        async with Venue(ssl_context=server_side) as venue:
            async with Client(venue, PlainDialect(), ssl_context=client_side) as client:
                connection = await venue.connections.get()
                connection.send(b"secret")
                assert await client.next(2) == [("connected",), ("frame", b"secret", True)]
            async with Client(venue, PlainDialect(), ssl_context=ssl.create_default_context()) as client:
                ((_, reason),) = await client.next()
                assert "CERTIFICATE_VERIFY_FAILED" in reason

    run(test())


def _contexts(directory):
    """Return the server's and the client's context around one self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(pem)
    return server_side, ssl.create_default_context(cafile=pem)
