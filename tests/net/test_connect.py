"""How a feed comes by its connection: what is told where none comes about, delays, TLS."""

import asyncio
import datetime
import socket
import ssl
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import ConfigError
from engine.net.feed import Feed, FeedCounts, FeedSettings
from engine.runtime.backoff import Backoff
from engine.venue import MarketDataDialect
from tests.support.ws_venue import MS, WALL_NS, Client, PlainDialect, RawVenue, Venue, run

# what is said where no connection comes about


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (429, b"", "(too many connections: close others of this account)"),
        (502, b'{"code":"bad_gateway"}', 'HTTP 502 Bad Gateway {"code":"bad_gateway"}'),
        (503, b"<p>\r\n\x1b[2Jdown", "HTTP 503 Service Unavailable <p>   [2Jdown"),
        (502, b"", "handshake refused: HTTP 502 Bad Gateway"),
    ],
)
def test_refused_handshake_is_told_with_its_status_and_tried_again(status: int, body: bytes, words: str) -> None:
    async def test() -> None:
        async with Venue(refuse=(status, body)) as venue, Client(venue, PlainDialect()) as client:
            first, second = await client.next(2)
            assert first == second
            assert words in first[1]
            venue.refuse = None
            await venue.connections.get()
            assert client.feed.totals.losses >= 2

    run(test())


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            b'{"code":"token_authentication_failure"}',
            'Unauthorized {"code":"token_authentication_failure"} (check',
        ),
        (401, b"", "(check the API key id, its key file, and this host's clock); next attempt in 30 s"),
        (403, b"", "(the API key lacks the permission); next attempt in 30 s"),
    ],
)
def test_m17_refused_credentials_are_told_and_not_tried_again_each_second(status: int, body: bytes, words: str) -> None:
    async def test() -> None:
        async with Venue(refuse=(status, body)) as venue, Client(venue, PlainDialect()) as client:
            ((event, reason),) = await client.next()
            assert event == "lost" and words in reason and client.feed.last_loss == reason
            await asyncio.sleep(0.1)
            assert (len(venue.requests), client.feed.totals.losses) == (1, 1)

    run(test())


def test_m17_each_refusal_of_the_credentials_doubles_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.net.feed.CREDENTIALS_NS", 2 * MS)
    monkeypatch.setattr("engine.net.feed.LONGEST_CREDENTIALS_NS", 7 * MS)

    async def test() -> None:
        async with Venue(refuse=(401, b"")) as venue, Client(venue, PlainDialect()) as client:
            pauses = [reason.rpartition("in ")[2] for _, reason in await client.next(4)]
            assert pauses == ["0.002 s", "0.004 s", "0.007 s", "0.007 s"]
            venue.refuse = None
            await venue.connections.get()

    run(test())


def test_person_with_another_key_need_not_wait_for_the_pause() -> None:
    async def test() -> None:
        async with Venue(refuse=(401, b"")) as venue, Client(venue, PlainDialect()) as client:
            await client.next()
            venue.refuse = None
            client.feed.hurry()
            await venue.connections.get()
            assert len(venue.requests) == 2

    run(test())


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("5", "5 s"),
        (" 5 ", "5 s"),
        ("Mon, 23 Nov 2026 14:30:07 GMT", "7 s"),
        ("99999999999999", "3600 s"),
        ("Mon, 23 Nov 2099 14:30:07 GMT", "3600 s"),
    ],
)
def test_m17_retry_after_is_obeyed(status: int, header: str, pause: str) -> None:
    async def test() -> None:
        async with Venue(refuse=(status, b"")) as venue:
            venue.refuse_headers = {"Retry-After": header}
            async with Client(venue, PlainDialect()) as client:
                ((_, reason),) = await client.next()
                assert reason.endswith(f"; next attempt in {pause}")
                await asyncio.sleep(0.05)
                assert len(venue.requests) == 1

    run(test())


FAR_ZONE = "Mon, 23 Nov 2026 14:30:07 +99999999999999999999"


@pytest.mark.parametrize("header", ["0", "-5", "soon", "", "5.5", "Mon, 23 Nov 2020 14:30:07 GMT", "\xb2", FAR_ZONE])
def test_m17_retry_after_that_says_nothing_leaves_the_backoff(header: str) -> None:
    async def test() -> None:
        async with Venue(refuse=(429, b"")) as venue:
            venue.refuse_headers = {"Retry-After": header}
            async with Client(venue, PlainDialect()) as client:
                first, second = await client.next(2)
                assert first == second and "next attempt" not in first[1]

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
def test_handshake_that_never_completes_is_told(answers: bool, words: str) -> None:
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
            cast(MarketDataDialect, PlainDialect()),
            on_frame=print,
            on_read_end=print,
            on_connected=print,
            on_lost=print,
            wall_ns=int,
            backoff=Backoff(1, 1, Random(1)),
        )


# delays


def test_m17_backoff_starts_anew_only_after_a_connection_brought_a_snapshot() -> None:
    async def test() -> None:
        calls = []

        class Recorder(Backoff):
            def next_ns(self) -> int:
                calls.append("next")
                return 0

            def reset(self) -> None:
                calls.append("reset")

        async with Venue() as venue, Client(venue, PlainDialect(), backoff=Recorder(1, 1, Random(1))) as client:
            for snapshots in (0, 0, 1, 0):
                connection = await venue.connections.get()
                await connection.inbox.get()
                connection.send(b"one")  # a frame proves nothing
                while client.events[-1][0] != "frame":
                    await client.next()
                client.dialect.counts.snapshots += snapshots
                connection.drop()
            await venue.connections.get()
        assert calls == ["next", "next", "reset", "next", "next"]

    run(test())


# several addresses


def test_m17_a_dead_address_costs_its_share_of_the_time_and_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        with socket.socket() as full:  # takes no connection beyond the one that waits
            full.bind(("127.0.0.2", 0))
            full.listen(0)
            port = full.getsockname()[1]
            waiting = [socket.create_connection(("127.0.0.2", port)) for _ in range(1)]
            async with Venue() as venue:
                reached(monkeypatch, ("127.0.0.2", port), ("127.0.0.1", int(venue.url.split(":")[2].split("/")[0])))
                settings: dict[str, Any] = {"connect_timeout_ns": 400 * MS}
                async with Client(venue, PlainDialect(), **settings) as client:
                    assert await client.next() == [("connected",)]
            for each in waiting:
                each.close()

    run(test())


def test_m17_an_address_whose_handshake_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def test() -> None:
        async with RawVenue(broken) as bad, Venue() as venue:
            ports = [int(url.split(":")[2].split("/")[0]) for url in (bad.url, venue.url)]
            reached(monkeypatch, *[("127.0.0.1", port) for port in ports])
            async with Client(venue, PlainDialect()) as client:
                lost, connected = await client.next(2)
                assert (lost[0], connected) == ("lost", ("connected",))

    run(test())


def reached(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name have these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    async def getaddrinfo(host: object, port: object, **more: object) -> list[Any]:
        return [each for each in found if each[4] == (host, port)] or found  # an address is its own

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


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


def _contexts(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
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


@pytest.mark.parametrize("error", [OSError("no answer"), UnicodeError("label too long"), None])
def test_a_name_that_has_no_address_for_a_while_is_told_and_looked_up_again(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with Venue() as venue:
            loop, asked = asyncio.get_running_loop(), []
            true = loop.getaddrinfo

            async def getaddrinfo(host: Any, port: Any, **more: Any) -> Any:
                asked.append(host)
                if len(asked) > 2:
                    return await true(host, port, **more)
                if error is not None:
                    raise error
                return []

            monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
            async with Client(venue, PlainDialect()) as client:
                first, second, connected = await client.next(3)
                assert first[1] == second[1] == f"cannot connect: {error or 'localhost has no address'}"
                assert connected == ("connected",)

    run(test())
