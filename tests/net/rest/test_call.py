"""One call and its answer: what is sent, what comes back, and what each bad answer is told as."""

import gzip
from typing import Any

import pytest
from aiohttp import web

from engine.net.rest.errors import RestError
from engine.venue.rest import Call, RestRequest
from tests.support.rest_venue import WALL_NS, PlainRestDialect, get, post, reply, visiting
from tests.support.ws_venue import run


async def failure(call: Call[Any], *answers: Any, **options: Any) -> RestError:
    """Return the error of a call that the venue answers so."""
    async with visiting(attempts=1, **options) as (venue, visitor):
        venue.answers = list(answers)
        with pytest.raises(RestError) as caught:
            await visitor.client.call(call)
        return caught.value


def error_of(call: Call[Any], *answers: Any, **options: Any) -> RestError:
    """Return the same, from outside of a loop."""
    found: list[RestError] = []

    async def body() -> None:
        found.append(await failure(call, *answers, **options))

    run(body(), 30)
    return found[0]


def test_read_is_sent_signed_and_its_answer_read() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply({"markets": []})]
            call = get(query=(("status", "open"), ("tickers", "A,B"), ("tickers", "C & D/é")))
            assert await visitor.client.call(call) == {"markets": []}
            (seen,) = venue.seen
            assert seen.target == "/api/markets?status=open&tickers=A%2CB&tickers=C%20%26%20D%2F%C3%A9"
            assert seen.headers["x-signature"] == f"secret GET /api/markets {WALL_NS}"
            assert seen.headers["accept-encoding"] == "identity"
            assert "content-type" not in seen.headers

    run(body(), 30)


def test_path_is_sent_as_it_was_signed() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            await visitor.client.call(get("/api/a%2Fb/%7e/../c"))
            assert [seen.target for seen in venue.seen] == ["/api/a%2Fb/%7e/../c"]

    run(body(), 30)


def test_write_is_sent_with_its_body_over_the_same_connection() -> None:
    async def body() -> None:
        peers = []

        async def peer(request: web.BaseRequest) -> web.Response:
            peers.append(request.transport.get_extra_info("peername") if request.transport else None)
            return reply({"order_id": "7"}, 201)

        async with visiting() as (venue, visitor):
            venue.answers = [peer, peer]
            assert await visitor.client.call(post()) == {"order_id": "7"}
            assert await visitor.client.call(post()) == {"order_id": "7"}
            assert venue.seen[0].body == b'{"price":"0.40"}'
            assert venue.seen[0].headers["content-type"] == "application/json"
            assert peers[0] == peers[1] is not None

    run(body(), 30)


def test_success_without_a_body_is_read_as_empty() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [web.Response(status=204)]
            call = Call(post().request, lambda body: len(body), (204,))
            assert await visitor.client.call(call) == 0

    run(body(), 30)


def test_refusal_tells_the_venues_words_and_what_to_do() -> None:
    error = error_of(post(), reply({"code": "order_already_exists", "message": "order already\nexists"}, 409))
    assert str(error) == (
        "create_order: HTTP 409 order_already_exists order already exists: "
        "it was there before: nothing was applied a second time"
    )
    assert (error.operation, error.status, error.code) == ("create_order", 409, "order_already_exists")
    assert error.text == "order already exists"
    assert not error.is_outcome_unknown and not error.may_retry and not error.is_limited


STATUSES = [
    (400, "correct the request"), (401, "check the API key id"), (403, "lacks the permission"),
    (404, "does not know it"), (409, "there before"), (410, "newer release"), (413, "split it"), (418, ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "advice"), STATUSES)
def test_refusals_are_known_outcomes_and_are_not_retried(status: int, advice: str) -> None:
    for call in (get(), post()):
        error = error_of(call, reply({"code": "c", "message": "m"}, status))
        assert (error.status, error.code, error.text) == (status, "c", "m")
        assert advice in error.advice
        assert (error.is_outcome_unknown, error.may_retry) == (False, False)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_outcome_of_a_write_is_unknown_after_a_failure_of_the_venue(status: int) -> None:
    error = error_of(post(), reply({"code": "internal", "message": "m"}, status))
    assert (error.is_outcome_unknown, error.may_retry) == (True, False)
    assert "look it up" in str(error)
    read = error_of(get(), reply({"code": "internal", "message": "m"}, status))
    assert (read.is_outcome_unknown, read.may_retry) == (False, True)


def test_clock_that_is_off_is_told_with_a_refused_signature() -> None:
    date = {"Date": "Mon, 23 Nov 2026 14:31:01 GMT"}  # the client's clock says 14:30:00
    error = error_of(get(), reply({"code": "header_timestamp_expired", "message": ""}, 401, date))
    assert "(this host's clock is 61 s behind the venue's)" in str(error)
    close = {"Date": "Mon, 23 Nov 2026 14:30:01 GMT"}
    assert "clock is" not in str(error_of(get(), reply({"code": "c", "message": ""}, 401, close)))


def test_refusal_that_the_venues_room_cannot_read_is_told_as_it_came() -> None:
    error = error_of(
        get(), web.Response(status=403, text="<html>no\r\n\x1b[31m" + "x" * 1000, content_type="text/html")
    )
    assert (error.code, error.status) == ("403", 403)
    assert error.text.startswith("<html>no   [31mxxx")
    assert len(error.text) == 200


def test_redirect_is_not_followed() -> None:
    headers = {"Location": "https://user:pass@other.example/x?token=1"}
    error = error_of(post(), web.Response(status=307, headers=headers))
    assert (error.code, error.status, error.is_outcome_unknown) == ("redirect", 307, False)
    assert "redirected to https://other.example/x, which is not followed" in str(error)
    assert "pass" not in str(error) and "token" not in str(error)


BROKEN: list[tuple[str, web.Response, str]] = [
    ("type", web.Response(text="<html>", content_type="text/html"), "with text/html where JSON was due: <html>"),
    ("json", web.Response(text='{"a":', content_type="application/json"), "HTTP 200, but the body cannot be read"),
    ("empty", web.Response(text="", content_type="application/json"), "HTTP 200, but the body cannot be read"),
    (
        "gzip",
        web.Response(body=gzip.compress(b"{}"), content_type="application/json", headers={"Content-Encoding": "gzip"}),
        "encoded as gzip, which was not asked for",
    ),
]


@pytest.mark.parametrize(("name", "answer", "words"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_answer_that_makes_no_sense_says_why(name: str, answer: web.Response, words: str) -> None:
    call = get() if name != "json" else post()
    error = error_of(call, answer)
    assert words in str(error)
    assert error.status == 200
    assert (error.is_outcome_unknown, error.may_retry) == (name == "json", name != "json")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_answer_that_is_too_long_is_not_read_to_its_end(is_chunked: bool) -> None:
    async def long(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if not is_chunked:
            response.content_length = 10**9
        await response.prepare(request)
        await response.write(b"1" * 2_000)
        return response

    error = error_of(get(), long, most_body=1_000)
    assert str(error) == "get_markets: the answer has more than 1000 bytes"
    assert not error.may_retry


def test_body_at_its_bound_is_taken() -> None:
    async def body() -> None:
        async with visiting(most_body=7) as (venue, visitor):
            venue.answers = [reply({"a": 1})]  # {"a": 1} has 8 bytes
            with pytest.raises(RestError, match="more than 7 bytes"):
                await visitor.client.call(get())
        async with visiting(most_body=8) as (venue, visitor):
            venue.answers = [reply({"a": 1})]
            assert await visitor.client.call(get()) == {"a": 1}

    run(body(), 30)


@pytest.mark.parametrize("path", ["", "api", "@evil.example/", "/a?b=c", "/a#b", "/a b", "/a\r\nX: y", "/é"])
def test_path_that_is_none_is_not_sent(path: str) -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            with pytest.raises(RestError, match="not sent: its path is .*percent-encode it"):
                await visitor.client.call(post(path))
            assert venue.seen == []

    run(body(), 30)


def test_signature_that_fails_tells_nothing_secret() -> None:
    class Failing(PlainRestDialect):
        def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
            raise ArithmeticError("secret")

    async def body() -> None:
        async with visiting(dialect=Failing()) as (venue, visitor):
            with pytest.raises(RestError) as caught:
                await visitor.client.call(post())
            assert str(caught.value) == (
                "create_order: not sent: it cannot be signed: ArithmeticError: check the credentials and the path"
            )
            assert caught.value.__cause__ is None and venue.seen == []

    run(body(), 30)


def test_record_of_an_attempt_has_no_header_and_the_body_of_writes_alone() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply({"a": 1}), reply({"code": "c", "message": "m"}, 400)]
            await visitor.client.call(get(query=(("tickers", "A"), ("tickers", "B"))))
            with pytest.raises(RestError):
                await visitor.client.call(post(shard=2))
            common = {"wall_ns": WALL_NS, "channel": "rest", "took_ns": 0, "waited_ns": 0, "tokens": 10, "retry": 0}
            read, write = (dict(each) for each in visitor.audited)
            assert read == common | {
                "operation": "get_markets", "method": "GET", "path": "/api/markets", "query": {"tickers": ["A", "B"]},
                "status": 200, "sent": 0, "received": 8, "shard": 0,
            }  # fmt: skip
            text = "create_order: HTTP 400 c m: correct the request: the venue cannot read it, or its rules forbid it"
            assert write == common | {
                "operation": "create_order", "method": "POST", "path": "/api/orders", "query": {},
                "status": 400, "sent": 16, "received": 29, "shard": 2, "body": b'{"price":"0.40"}',
                "error": text, "is_outcome_unknown": False,
            }  # fmt: skip
            assert "secret" not in str(visitor.audited)

    run(body(), 30)


def test_counts_tell_what_was_done() -> None:
    async def body() -> None:
        async with visiting(attempts=2) as (venue, visitor):
            venue.answers = [
                reply({"code": "internal", "message": "m"}, 500),
                reply({}),
                reply({}, 201),
                reply({"code": "internal", "message": "m"}, 503),
            ]
            client = visitor.client
            await client.call(get())
            await client.call(post())
            with pytest.raises(RestError):
                await client.call(post())
            counts = client.counts
            assert (counts.requests, counts.writes, counts.retries, counts.unknown) == (4, 2, 1, 1)
            assert (counts.in_flight, counts.waiting, counts.waits) == (0, 0, 0)
            assert counts.errors == {"internal": 2}
            assert (counts.bytes_out, counts.audited) == (32, 4)
            left = client.tokens.left(visitor.clock())
            assert left == {"read": 999_980, "write": 999_980}
            assert visitor.told == [
                "create_order: HTTP 503 internal m: its outcome is unknown: "
                "look it up at the venue before anything is sent again"
            ]

    run(body(), 30)


def test_codes_that_a_venue_invents_are_counted_under_a_bound() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            for number in range(70):
                venue.answers = [reply({"code": f"c{number}", "message": ""}, 400)]
                with pytest.raises(RestError):
                    await visitor.client.call(post())
            assert len(visitor.client.counts.errors) == 65
            assert visitor.client.counts.errors["other"] == 6

    run(body(), 30)


def test_closed_client_sends_nothing() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            await visitor.client.close()
            with pytest.raises(RestError, match="not sent: the client is closed"):
                await visitor.client.call(post())
            assert venue.seen == []

    run(body(), 30)
