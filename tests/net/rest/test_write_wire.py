"""Writes on the wire: which connection each takes, when it is given up, and that nothing leaves twice."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from engine.net.rest.errors import RestError
from engine.venue.rest import Call, RestRequest
from tests.support.certificates import Authority
from tests.support.rest_venue import PlainRestDialect, RestVenue, Visitor, get, post, read_json, reply, visiting
from tests.support.ws_venue import RawVenue, run

MS = 1_000_000
BODY = b'{"price":"0.40"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[["Line"], Awaitable[None]]


class Line:
    """A connection as a venue of bytes has it, and its number."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer
        self.heads: list[bytes] = []

    async def take(self) -> bytes:
        """Return the head of a request, once its body is there too."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if b"Content-Length: %d\r\n" % len(BODY) in head:
            assert await self.reader.readexactly(len(BODY)) == BODY
        return head

    async def answer(self, text: bytes = OK) -> None:
        """Take a request and answer it."""
        await self.take()
        self.writer.write(text)

    async def gone(self) -> None:
        """Return when the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(1_000):
                pass


class Lines:
    """Every connection of a venue of bytes."""

    def __init__(self, serve: Answer) -> None:
        self.all: list[Line] = []
        self._serve = serve

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more connection."""
        line = Line(len(self.all), reader, writer)
        self.all.append(line)
        await self._serve(line)
        writer.close()

    @property
    def taken(self) -> list[int]:
        """Return how many requests each connection got."""
        return [len(line.heads) for line in self.all]


@asynccontextmanager
async def serving(
    serve: Answer, dialect: PlainRestDialect | None = None, **settings: int
) -> AsyncIterator[tuple[Lines, Visitor]]:
    """A venue of bytes, and a client of it."""
    lines = Lines(serve)
    async with RawVenue(lines.serve) as venue:
        visitor = Visitor(venue.url.replace("ws:", "http:").rstrip("/"), dialect, **settings)
        async with visitor.client:
            yield lines, visitor


async def error_of(visitor: Visitor, call: Call[object] | None = None) -> RestError:
    """Return the error of a write."""
    with pytest.raises(RestError) as caught:
        await visitor.client.call(call or post())
    return caught.value


class Breaking(PlainRestDialect):
    """Signs with what ends a header."""

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        return {"X-Key": "hush\r\nX-Other: y"}


async def steady(line: Line) -> None:
    while True:
        await line.answer()


def test_request_is_written_as_http_has_it() -> None:
    async def body() -> None:
        async with serving(steady) as (lines, visitor):
            await visitor.client.call(post("/api/orders", query=(("subaccount", "1"), ("who", "a b"))))
            for method in ("POST", "DELETE"):
                request = RestRequest(operation="cancel", method=method, path="/api/orders/7", is_write=True)
                await visitor.client.call(Call(request, read_json))
            (line,) = lines.all
            create, bare, cancel = (head.decode().split("\r\n") for head in line.heads)
            assert create[0] == "POST /api/orders?subaccount=1&who=a%20b HTTP/1.1"
            port = line.writer.get_extra_info("sockname")[1]
            signature = "X-Signature: secret POST /api/orders 1795444200000000000"
            assert create[1:] == [
                f"Host: 127.0.0.1:{port}", "Accept: application/json", "Accept-Encoding: identity",
                "User-Agent: fixlane", signature, "Content-Type: application/json", "Content-Length: 16", "", "",
            ]  # fmt: skip
            assert "Content-Length: 0" in bare
            assert cancel[0] == "DELETE /api/orders/7 HTTP/1.1"
            assert not any(field.startswith("Content-") for field in cancel)

    run(body(), 30)


def test_header_that_would_break_http_is_not_sent_and_not_shown() -> None:
    async def body() -> None:
        async with serving(steady, Breaking()) as (lines, visitor):
            error = await error_of(visitor)
            assert str(error) == "create_order: not sent: its header X-Key breaks HTTP: check the credentials"
            assert lines.taken == []

    run(body(), 30)


def test_writes_share_a_connection_and_those_at_once_take_one_each() -> None:
    held = asyncio.Event()

    async def answer(line: Line) -> None:
        while True:
            await line.take()
            await held.wait()
            line.writer.write(OK)

    async def body() -> None:
        async with serving(answer) as (lines, visitor):
            first = [asyncio.ensure_future(visitor.client.call(post())) for _ in range(3)]
            while sum(lines.taken) < 3:
                await asyncio.sleep(0.001)
            held.set()
            assert await asyncio.gather(*first) == [{}] * 3
            for _ in range(4):
                await visitor.client.call(post())
            assert sorted(lines.taken) == [1, 1, 5]

    run(body(), 30)


ENDINGS = [
    ("close", OK.replace(b"Content-Type", b"Connection: close\r\nContent-Type")),
    ("old", OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
    ("second answer", OK + OK),
    ("junk", OK + b"junk"),
]


@pytest.mark.parametrize(("name", "text"), ENDINGS, ids=[name for name, _ in ENDINGS])
def test_answer_that_ends_its_connection_counts_and_the_next_write_has_another(name: str, text: bytes) -> None:
    async def answer(line: Line) -> None:
        await line.answer(text)
        await line.gone()

    async def body() -> None:
        async with serving(answer) as (lines, visitor):
            for _ in range(3):
                assert await visitor.client.call(post()) == {}
            assert lines.taken == [1, 1, 1]

    run(body(), 30)


@pytest.mark.parametrize("has_loop_seen", [False, True])
@pytest.mark.parametrize("unasked", [b"", b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n", OK])
def test_kept_connection_that_ended_or_spoke_unasked_is_not_written_to(unasked: bytes, has_loop_seen: bool) -> None:
    async def body() -> None:
        async with serving(steady) as (lines, visitor):
            await visitor.client.call(post())
            with socket.socket(fileno=os.dup(lines.all[0].writer.get_extra_info("socket").fileno())) as sock:
                if unasked:
                    sock.send(unasked)
                else:
                    sock.shutdown(socket.SHUT_WR)
            if has_loop_seen:
                await asyncio.sleep(0.05)
            assert await visitor.client.call(post()) == {}
            assert lines.taken == [1, 1]

    run(body(), 30)


def test_interim_answers_and_chunks_are_taken_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("localhost"))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    heads = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(0, reader, writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heads.append(await line.take())
                for part in (early, chunked, b'3\r\n{"a\r\n', b'4\r\n":1}\r\n0\r\n\r\n'):
                    writer.write(part)
                    await asyncio.sleep(0.001)

    async def body() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        visitor = Visitor(f"https://localhost:{server.sockets[0].getsockname()[1]}", ssl_context=trusting)
        async with visitor.client:
            for _ in range(3):
                assert await visitor.client.call(post()) == {"a": 1}
        assert len(heads) == 3
        server.close()

    run(body(), 30)


def test_each_write_has_its_own_deadline() -> None:
    async def answer(line: Line) -> None:
        if line.number == 0:
            await line.take()
            await line.gone()
        await steady(line)

    async def body() -> None:
        async with serving(answer, timeout_ns=300 * MS) as (lines, visitor):
            loop = asyncio.get_running_loop()
            begun_s = loop.time()
            stuck = asyncio.ensure_future(error_of(visitor))
            while not lines.taken or not lines.taken[0]:
                await asyncio.sleep(0.001)
            while not stuck.done():
                assert await visitor.client.call(post()) == {}  # others come and go meanwhile
                await asyncio.sleep(0.01)
            error = await stuck
            assert loop.time() - begun_s >= 0.29
            assert (error.code, error.is_outcome_unknown) == ("timeout", True)
            assert len(lines.all) == 2

    run(body(), 30)


def test_idle_connection_is_closed() -> None:
    gone = asyncio.Event()

    async def answer(line: Line) -> None:
        await line.answer()
        await line.gone()
        gone.set()

    async def body() -> None:
        async with serving(answer, idle_ns=50 * MS) as (_, visitor):
            await visitor.client.call(post())
            await gone.wait()

    run(body(), 30)


def test_write_that_is_given_up_ends_its_connection() -> None:
    gone = asyncio.Event()

    async def answer(line: Line) -> None:
        if line.number == 0:
            await line.take()
            await line.gone()
            gone.set()
        await steady(line)

    async def body() -> None:
        async with serving(answer) as (lines, visitor):
            task = asyncio.ensure_future(visitor.client.call(post()))
            while not sum(lines.taken):
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()
            assert await visitor.client.call(post()) == {}
            assert lines.taken == [1, 1]
            assert visitor.client.counts.unknown == 1

    run(body(), 30)


def test_client_that_closes_tells_whose_answer_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.net.rest.client._GOODBYE_S", 0.01)

    async def answer(line: Line) -> None:
        await line.take()
        await line.gone()

    async def body() -> None:
        async with serving(answer) as (lines, visitor):
            task = asyncio.ensure_future(error_of(visitor))
            while not sum(lines.taken):
                await asyncio.sleep(0.001)
            await visitor.client.close()
            error = await task
            assert (error.code, error.is_outcome_unknown) == ("lost", True)
            assert "the client was closed" in str(error)

    run(body(), 30)


def test_no_connection_in_time_is_no_write() -> None:
    async def body() -> None:
        async with serving(steady, connect_timeout_ns=100 * MS) as (lines, visitor):
            never = asyncio.get_running_loop().create_future()
            wire = visitor.client._wire._writes

            async def hang(loop: asyncio.AbstractEventLoop) -> object:
                return await never

            wire._connected = hang  # type: ignore[assignment]
            error = await error_of(visitor)
            assert str(error).startswith("create_order: not sent: no connection in 0.1 s: check the address")
            assert (error.code, error.is_outcome_unknown, lines.taken) == ("connect", False, [])

    run(body(), 30)


def test_venue_that_hangs_up_in_the_handshake_got_no_write() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async def body() -> None:
        async with RawVenue(serve) as venue:
            visitor = Visitor(venue.url.replace("ws:", "https:").rstrip("/"))
            async with visitor.client:
                error = await error_of(visitor)
                assert (error.code, error.is_outcome_unknown) == ("connect", False)

    run(body(), 30)


def test_large_body_is_sent_whole_to_a_venue_that_is_slow_to_read() -> None:
    large = b'"' + random_letters(8_000_000) + b'"'
    got = []

    async def answer(line: Line) -> None:
        await line.take()
        await asyncio.sleep(0.05)  # until the kernel takes no more
        got.append(await line.reader.readexactly(len(large)))
        line.writer.write(OK)

    async def body() -> None:
        async with serving(answer) as (_, visitor):
            assert await visitor.client.call(post(body=large)) == {}
            assert got == [large]

    run(body(), 60)


def random_letters(count: int) -> bytes:
    """Return letters without a pattern, so that none can change places unseen."""
    return Random(1).randbytes(count).translate(bytes(97 + each % 26 for each in range(256)))


def test_reads_and_writes_go_by_their_own_ways_to_the_same_venue() -> None:
    async def body() -> None:
        async with visiting(RestVenue()) as (venue, visitor):
            venue.answers = [reply([1]), reply({"order_id": "7"}, 201), reply([2])]
            assert await visitor.client.call(get()) == [1]
            assert await visitor.client.call(post()) == {"order_id": "7"}
            assert await visitor.client.call(get()) == [2]
            assert [seen.method for seen in venue.seen] == ["GET", "POST", "GET"]

    run(body(), 30)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_a_venue_answers_every_write_left_once_and_has_a_named_outcome(seed: int) -> None:
    random = Random(seed)
    left: dict[bytes, int] = {}
    names = {"lost", "broken", "timeout", "unreadable", "400", "503"}

    async def answer(line: Line) -> None:
        while True:
            head = await line.take()
            path = head.split(b" ")[1]
            left[path] = left.get(path, 0) + 1
            text = bytearray(random.choice([OK, OK, OK, OK.replace(b"200 OK", b"503 No"), OK.replace(b"200", b"400")]))
            how = random.choice(["well", "well", "well", "cut", "odd", "end", "silent", "split"])
            if how == "odd":
                text[random.randrange(len(text))] = random.randrange(256)
            if how == "cut":
                del text[random.randrange(len(text)) :]
            if how == "split":
                place = random.randrange(len(text))
                line.writer.write(bytes(text[:place]))
                await asyncio.sleep(0.001)
                del text[:place]
            if how == "silent":
                await line.gone()
                return
            line.writer.write(bytes(text))
            if how in ("cut", "end"):
                return

    async def body() -> None:
        async with serving(answer, timeout_ns=500 * MS, most_writes=8) as (_, visitor):
            calls = [post(f"/orders/{number}") for number in range(80)]
            outcomes = await asyncio.gather(*(visitor.client.call(call) for call in calls), return_exceptions=True)
            for call, outcome in zip(calls, outcomes, strict=True):
                assert left[call.request.path.encode()] == 1
                if isinstance(outcome, RestError):
                    if not outcome.status or outcome.code in ("lost", "broken", "timeout"):
                        assert outcome.is_outcome_unknown, outcome
                    assert outcome.code in names or outcome.status, outcome
                else:
                    assert outcome == {}
            assert {} in outcomes
            assert visitor.client.counts.requests == len(calls)
            assert visitor.client.counts.in_flight == 0

    run(body(), 60)
