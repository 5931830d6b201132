"""The HTTP side of the metrics: one answer a connection, and no scraper that can keep another from his."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.ops.metrics import server
from engine.ops.metrics.server import MOST_CONNECTIONS, MetricsServer, listen
from engine.ops.view.reader import View
from tests.support.views import Shown, families, samples

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """A server with its address, and how often it was asked for a view."""

    def __init__(self, read: Callable[[], View]) -> None:
        self.reads = 0
        self._read = read
        self.listener = listen(0)
        self.port = self.listener.getsockname()[1]

    def read(self) -> View:
        self.reads += 1
        return self._read()

    async def connect(self) -> Peer:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes = GET) -> bytes:
        reader, writer = await self.connect()
        writer.write(request)
        return await ended(reader, writer)


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return all that comes until the other side hangs up."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:  # what it had not read yet makes the kernel reset the connection
        return b""
    finally:
        writer.close()


def served(read: Callable[[], View], talk: Callable[[Served], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        from engine.ops.metrics.families import ViewCollector

        one = Served(read)
        running = await MetricsServer(ViewCollector(one.read)).serve(one.listener)
        try:
            return await talk(one)
        finally:
            running.close()

    return asyncio.run(asyncio.wait_for(run(), 30))


@pytest.fixture
def read(tmp_path: Any) -> Callable[[], View]:
    shown = Shown(tmp_path)
    shown.look()
    return shown.reader.read


def test_scrape_is_the_metrics_as_they_are(read: Callable[[], View]) -> None:
    answer: bytes = served(read, lambda one: one.ask())
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert lines[1].startswith("Content-Type: text/plain; version=")
    assert lines[2:] == [f"Content-Length: {len(body)}", "Connection: close"]
    found = families(body.decode())
    assert samples(found["fixlane_session_next_seq_num"])["out", "FIX.4.4:US->VENUE"] == 17


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"200 OK"),
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", b"200 OK"),
        (b"GET /admin HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405 Method Not Allowed"),
        (b"nonsense\r\n\r\n", b"405 Method Not Allowed"),
        (b"\r\n\r\n", b"405 Method Not Allowed"),
    ],
)
def test_request_is_answered_by_its_method_and_path(read: Callable[[], View], request_: bytes, status: bytes) -> None:
    assert served(read, lambda one: one.ask(request_)).startswith(b"HTTP/1.1 " + status + b"\r\n")


def test_head_is_answered_without_a_body(read: Callable[[], View]) -> None:
    answer: bytes = served(read, lambda one: one.ask(b"HEAD /metrics HTTP/1.1\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("request_", [b"x" * 200_000, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"])
def test_o15_long_request_is_hung_up_on(read: Callable[[], View], request_: bytes) -> None:
    assert served(read, lambda one: one.ask(request_)) == b""


def test_o15_request_that_does_not_come_is_hung_up_on(
    read: Callable[[], View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.1)

    async def talk(one: Served) -> bytes:
        reader, writer = await one.connect()
        for byte in b"GET /metrics HT":  # a byte now and then keeps nothing open
            with contextlib.suppress(ConnectionError):
                writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        return await ended(reader, writer)

    assert served(read, talk) == b""


def test_o15_silent_connections_keep_no_scraper_from_its_answer(read: Callable[[], View]) -> None:
    async def talk(one: Served) -> tuple[float, int]:
        silent = [await one.connect() for _ in range(250)]
        begun = time.monotonic()
        assert (await one.ask()).startswith(b"HTTP/1.1 200")
        took = time.monotonic() - begun
        await asyncio.sleep(0.05)
        left = sum(not reader.at_eof() and reader.exception() is None for reader, _ in silent)
        for _, writer in silent:
            writer.close()
        return took, left

    took, left = served(read, talk)
    assert took < 1
    assert left <= MOST_CONNECTIONS


def test_o15_readers_that_take_nothing_keep_no_scraper_from_its_answer(
    read: Callable[[], View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.MetricsServer, "_rendered", lambda self: b"#" * 8_000_000)  # beyond what a kernel keeps
    monkeypatch.setattr(server, "ANSWERS_PER_S", 10_000)

    async def talk(one: Served) -> int:
        slow = [await one.connect() for _ in range(100)]
        for _, writer in slow:
            writer.write(GET)
        await asyncio.sleep(0.2)
        answer = await one.ask()
        for _, writer in slow:
            writer.close()
        return len(answer)

    assert served(read, talk) > 8_000_000


def test_o15_answer_that_is_not_taken_in_time_is_given_up(
    read: Callable[[], View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.MetricsServer, "_rendered", lambda self: b"#" * 8_000_000)
    monkeypatch.setattr(server, "ANSWER_S", 0.1)

    async def talk(one: Served) -> bytes:
        reader, writer = await one.connect()
        writer.write(GET)
        await asyncio.sleep(0.5)
        return await ended(reader, writer)

    assert len(served(read, talk)) < 8_000_000


def test_o15_scraper_without_a_pause_is_given_so_many_answers_a_second(
    read: Callable[[], View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWERS_PER_S", 20)

    async def talk(one: Served) -> tuple[int, int]:
        end = time.monotonic() + 1.0
        answers = 0
        while time.monotonic() < end:
            assert (await one.ask()).startswith(b"HTTP/1.1 200")
            answers += 1
        return answers, one.reads

    answers, reads = served(read, talk)
    assert 10 <= answers <= 21
    assert reads <= 6  # registering looks once; a text serves for a quarter of a second


def test_turns_of_those_who_left_make_nobody_wait_longer(
    read: Callable[[], View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWERS_PER_S", 100)

    async def talk(one: Served) -> float:
        for _ in range(400):
            _, writer = await one.connect()
            writer.write(GET)
            writer.close()
        begun = time.monotonic()
        await one.ask()
        return time.monotonic() - begun

    assert served(read, talk) < MOST_CONNECTIONS / 100 + 0.5


def test_taken_port_is_a_configuration_error() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        assert first.getsockname()[0] == "127.0.0.1"
        with pytest.raises(ConfigError, match=rf"\[metrics\] port {port}: .*; choose a free one"):
            listen(port)
