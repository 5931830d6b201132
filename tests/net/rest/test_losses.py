"""Connections that fail, at each point of a request: what may have been applied is unknown, and never sent again."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.net.rest.errors import RestError
from engine.net.rest.settings import RestSettings, check_verifies, origin
from engine.venue.rest import Call, RestRequest
from tests.support.certificates import Authority
from tests.support.rest_venue import RestVenue, Visitor, get, post, read_json, reply, visiting
from tests.support.ws_venue import RawVenue, run

MS = 1_000_000
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def take(reader: asyncio.StreamReader) -> bytes:
    """Return the head of a request."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"POST" in head:
        await reader.readexactly(len(b'{"price":"0.40"}'))
    return head


def raw_error(serve: Serve, call: Call[object], **settings: int) -> tuple[RestError, int]:
    """Return the error of a call to a venue of bytes, and how many requests it got."""
    found: list[RestError] = []
    taken: list[bytes] = []

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await take(reader))
        await serve(reader, writer)
        writer.close()

    async def body() -> None:
        async with RawVenue(counting) as venue:
            visitor = Visitor(venue.url.replace("ws:", "http:").rstrip("/"), **settings)
            async with visitor.client:
                with pytest.raises(RestError) as caught:
                    await visitor.client.call(call)
                found.append(caught.value)

    run(body(), 30)
    return found[0], len(taken)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pass


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: appl")


async def half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK.replace(b"Length: 2", b"Length: 20"))


async def half_a_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}")


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01\r\n\r\n")


async def endless_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n")


CUTS = [
    (hang_up, "lost"), (reset, "lost"), (half_a_head, "lost"), (half_a_body, "broken"), (half_a_chunk, "broken"),
    (nonsense, "broken"), (endless_header, "broken"),
]  # fmt: skip


@pytest.mark.parametrize(("serve", "code"), CUTS, ids=[serve.__name__ for serve, _ in CUTS])
def test_write_that_lost_its_answer_is_unknown_and_was_sent_once(serve: Serve, code: str) -> None:
    error, sent = raw_error(serve, post())
    assert (error.code, error.is_outcome_unknown, error.may_retry, sent) == (code, True, False, 1)


@pytest.mark.parametrize(("serve", "code"), CUTS, ids=[serve.__name__ for serve, _ in CUTS])
def test_read_that_lost_its_answer_is_sent_again_as_often_as_allowed(serve: Serve, code: str) -> None:
    error, sent = raw_error(serve, get(), attempts=3)
    assert (error.code, error.is_outcome_unknown, sent) == (code, False, 3)


def test_write_without_an_answer_in_time_is_unknown() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up

    error, sent = raw_error(silence, post(), timeout_ns=200 * MS)
    assert (error.code, error.is_outcome_unknown, sent) == ("timeout", True, 1)
    assert "no answer in 0.2 s" in str(error)


def test_answer_that_drips_is_given_up_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"Length: 2", b"Length: 2000"))
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b" ")
                await asyncio.sleep(0.01)

    error, _ = raw_error(drip, get(), timeout_ns=200 * MS, attempts=1)
    assert error.code == "timeout"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST"])
def test_write_on_a_kept_connection_that_is_gone_is_sent_once(method: str) -> None:
    taken: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(OK)
        taken.append(await reader.readuntil(b"\r\n\r\n"))  # the second request, on the same connection
        writer.close()

    async def body() -> None:
        async with RawVenue(once) as venue:
            visitor = Visitor(venue.url.replace("ws:", "http:").rstrip("/"))
            async with visitor.client:
                await visitor.client.call(post())
                request = RestRequest(operation="cancel", method=method, path="/api/orders/7", is_write=True)
                with pytest.raises(RestError) as caught:
                    await visitor.client.call(Call(request, read_json))
                assert (caught.value.code, caught.value.is_outcome_unknown) == ("lost", True)
                assert len(taken) == 1

    run(body(), 30)


def test_write_that_found_no_connection_was_not_sent() -> None:
    async def body() -> None:
        visitor = Visitor("http://127.0.0.1:1")
        async with visitor.client:
            with pytest.raises(RestError, match="not sent: cannot connect: .*check the address") as caught:
                await visitor.client.call(post())
            assert (caught.value.code, caught.value.is_outcome_unknown) == ("connect", False)

    run(body(), 30)


def test_write_whose_caller_gives_up_is_recorded_as_unknown() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.is_open.clear()
            task = asyncio.get_running_loop().create_task(visitor.client.call(post()))
            await venue.came(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (record,) = visitor.audited
            assert record["is_outcome_unknown"] and "given up by whoever asked" in record["error"]
            assert (visitor.client.counts.unknown, visitor.client.counts.in_flight) == (1, 0)

    run(body(), 30)


def test_closing_waits_for_the_answer_of_a_write() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.is_open.clear()
            task = asyncio.get_running_loop().create_task(visitor.client.call(post()))
            await venue.came(1)
            closing = asyncio.get_running_loop().create_task(visitor.client.close())
            await asyncio.sleep(0)
            venue.is_open.set()
            assert await task == {}
            await closing

    run(body(), 30)


# TLS and addresses


def test_certificate_of_another_authority_or_name_is_refused(tmp_path: Path) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")

    async def body(authority: Authority, name: str, is_good: bool) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*authority.issue(name))
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ours" / "ca.pem"))
        async with visiting(RestVenue(context), ssl_context=trusting) as (venue, visitor):
            if is_good:
                assert await visitor.client.call(post()) == {}
                return
            with pytest.raises(RestError, match="not sent: TLS failed: .*certificate") as caught:
                await visitor.client.call(post())
            assert not caught.value.is_outcome_unknown and venue.seen == []

    run(body(ours, "localhost", True), 30)
    run(body(theirs, "localhost", False), 30)
    run(body(ours, "elsewhere", False), 30)


def test_context_that_verifies_nothing_is_refused() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(ConfigError, match="does not verify"):
        check_verifies(context)


ADDRESSES = [
    ("http://venue.example", "readable"), ("ftp://venue.example", "https://"), ("https://", "https://"),
    ("venue.example", "https://"), ("https://user:hush@venue.example", "user or password"),
    ("https://venue.example/trade-api", "alone"), ("https://venue.example?a=b", "alone"),
    ("https://venue.example:99999", "port"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "words"), ADDRESSES)
def test_address_that_must_not_be_used_says_why(url: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        origin(url)
    assert words in str(caught.value).lower() and "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://venue.example", "https://venue.example/", "http://127.0.0.1:80"])
def test_address_of_an_origin_is_taken(url: str) -> None:
    assert origin(RestSettings(url=url).url).hostname


def test_answer_to_a_read_is_taken_after_one_that_was_cut() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply({"code": "c", "message": ""}, 502), reply([1])]
            assert await visitor.client.call(get()) == [1]
            assert [record["retry"] for record in visitor.audited] == [0, 1]

    run(body(), 30)
