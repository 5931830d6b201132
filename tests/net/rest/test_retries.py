"""Reads that are tried again: after what, how often, and when the venue names a time."""

from typing import Any

import pytest
from aiohttp import web

from engine.net.rest.errors import RestError, retry_after_ns
from tests.support.rest_venue import NS, WALL_NS, get, post, reply, visiting
from tests.support.ws_venue import run

BUSY = {"code": "too_many_requests", "message": "too many requests"}


def attempts_of(answers: list[Any], call: Any = None, **options: Any) -> tuple[RestError | None, int]:
    """Return how a call ended, and after how many attempts."""
    found: list[tuple[RestError | None, int]] = []

    async def body() -> None:
        async with visiting(is_running=True, **options) as (venue, visitor):
            venue.answers = answers
            try:
                await visitor.client.call(call or get())
                found.append((None, len(venue.seen)))
            except RestError as error:
                found.append((error, len(venue.seen)))

    run(body(), 30)
    return found[0]


def test_read_is_tried_as_often_as_allowed_and_no_more() -> None:
    broken = {"code": "internal", "message": "m"}
    error, attempts = attempts_of([reply(broken, 500) for _ in range(9)], attempts=4)
    assert attempts == 4
    assert error is not None and error.status == 500
    assert attempts_of([reply(broken, 500) for _ in range(3)], attempts=4) == (None, 4)


def test_body_that_cannot_be_read_is_asked_for_again() -> None:
    cut = web.Response(text='{"a":', content_type="application/json")
    assert attempts_of([cut, reply({})]) == (None, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410])
def test_refusal_is_not_asked_again(status: int) -> None:
    assert attempts_of([reply(BUSY, status)])[1] == 1


def test_rate_refusal_of_a_read_is_waited_out() -> None:
    assert attempts_of([reply(BUSY, 429), reply(BUSY, 429)]) == (None, 3)


def test_rate_refusal_of_a_write_was_not_applied_and_is_not_sent_again() -> None:
    error, attempts = attempts_of([reply(BUSY, 429)], post())
    assert attempts == 1 and error is not None
    assert (error.is_limited, error.is_outcome_unknown) == (True, False)
    assert "refused for its rate and not applied" in str(error)


def test_time_that_the_venue_names_is_waited_for() -> None:
    async def body() -> None:
        async with visiting(is_running=True) as (venue, visitor):
            venue.answers = [reply(BUSY, 429, {"Retry-After": "1"}), reply({})]
            await visitor.client.call(get())
            first, second = visitor.audited
            assert second["wall_ns"] - first["wall_ns"] >= NS * 9 // 10

    run(body(), 30)


def test_time_that_is_too_long_is_told_instead() -> None:
    error, attempts = attempts_of([reply(BUSY, 503, {"Retry-After": "31"})])
    assert attempts == 1 and error is not None and error.retry_after_ns == 31 * NS


def test_rate_refusal_empties_the_bucket_and_holds_it() -> None:
    async def body() -> None:
        async with visiting(attempts=1) as (venue, visitor):
            venue.answers = [reply(BUSY, 429, {"Retry-After": "3600"})]
            with pytest.raises(RestError):
                await visitor.client.call(post(shard=1))
            client = visitor.client
            assert client.tokens.left(visitor.clock()) == {"read": 10**6, "write": 10**6, "write_1": 0}
            assert client.counts.limited == 1
            lane = client._gate._lane(post(shard=1).request)
            visitor.clock.ns += 30 * NS - 1  # the longest that a venue may hold us back
            assert not lane.admit(post().request.urgency, 10, visitor.clock())
            assert lane.admit(post().request.urgency, 10, visitor.clock() + 1)

    run(body(), 30)


TIMES = [
    ("", 0), ("5", 5 * NS), (" 7 ", 7 * NS), ("-3", 0), ("soon", 0), ("1.5", 0), ("9" * 400, 9_999_999_999 * NS),
    ("Mon, 23 Nov 2026 14:30:10 GMT", 10 * NS), ("Mon, 23 Nov 2026 14:29:00 GMT", 0), ("Mon, 99 Nov 2026", 0), ("٣", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wait_ns"), TIMES)
def test_retry_after_in_every_form(text: str, wait_ns: int) -> None:
    assert retry_after_ns({"retry-after": text}, WALL_NS) == wait_ns
