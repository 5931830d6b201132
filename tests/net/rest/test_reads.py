"""Reads that need no request of their own: out of the cache, with another's answer, or with an old one."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.net.rest.cache import ENTRY_BYTES, AnswerCache
from engine.net.rest.client import Aged
from engine.net.rest.errors import RestError
from engine.venue.rest import RestAnswer, Urgency
from tests.support.rest_venue import NS, get, post, reply, visiting
from tests.support.ws_venue import run

BROKEN = {"code": "internal", "message": "m"}


def test_answer_stands_in_until_it_is_too_old() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply([1]), reply([2])]
            call = get(max_age_ns=NS)
            assert await visitor.client.latest(call) == Aged([1], 0, False)
            visitor.clock.ns += NS
            assert await visitor.client.latest(call) == Aged([1], NS, False)
            assert await visitor.client.call(call) == [1]
            visitor.clock.ns += 1
            assert await visitor.client.call(call) == [2]
            assert (visitor.client.counts.hits, visitor.client.counts.misses, len(venue.seen)) == (2, 2, 2)

    run(body(), 30)


def test_other_queries_writes_and_reads_that_take_no_age_are_asked() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            client = visitor.client
            age: dict[str, Any] = {"max_age_ns": NS}
            other = get("/api/other", **age)
            for call in (get(**age), get(**age, query=(("a", "b"),)), get(), post("/api/markets", **age), other):
                await client.call(call)
            client.forget()
            await client.call(get(max_age_ns=NS))
            assert len(venue.seen) == 6

    run(body(), 30)


def test_failures_and_unreadable_bodies_are_not_kept() -> None:
    async def body() -> None:
        async with visiting(attempts=1) as (venue, visitor):
            unreadable = reply("x")
            unreadable.text = "{"
            venue.answers = [reply(BROKEN, 404), unreadable, reply([1])]
            call = get(max_age_ns=NS)
            for _ in range(2):
                with pytest.raises(RestError):
                    await visitor.client.call(call)
            assert await visitor.client.call(call) == [1]

    run(body(), 30)


def test_old_answer_stands_in_while_the_venue_cannot_be_asked() -> None:
    async def body() -> None:
        async with visiting(attempts=2, stale_ns=10 * NS) as (venue, visitor):
            client, call = visitor.client, get(max_age_ns=NS)
            venue.answers = [reply([1]), *(reply(BROKEN, 503) for _ in range(8))]
            await client.call(call)
            visitor.clock.ns += 5 * NS
            assert await client.latest(call) == Aged([1], 5 * NS, True)
            assert client.counts.stale == 1
            assert "an answer that is 5 s old stands in: get_markets: HTTP 503 internal m" in visitor.told
            with pytest.raises(RestError):  # whoever cannot tell that it is old does not get it
                await client.call(call)
            visitor.clock.ns += 6 * NS + 1
            with pytest.raises(RestError):
                await client.latest(call)

    run(body(), 30)


def test_refusal_is_an_answer_which_no_old_one_hides() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            client, call = visitor.client, get(max_age_ns=NS)
            venue.answers = [reply([1]), reply(BROKEN, 404)]
            await client.call(call)
            visitor.clock.ns += 2 * NS
            with pytest.raises(RestError, match="404"):
                await client.latest(call)

    run(body(), 30)


def test_cache_is_warmed_and_failures_are_returned() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply([1]), reply(BROKEN, 404)]
            calls = [get("/a", max_age_ns=NS), get("/b", max_age_ns=NS)]
            assert [problem.status for problem in await visitor.client.warm(calls)] == [404]
            assert (await visitor.client.latest(calls[0])).age_ns == 1
            assert len(venue.seen) == 2

    run(body(), 30)


# Sharing


async def together(visitor: Any, venue: Any, *calls: Any) -> list[Any]:
    """Ask for several reads at once, the venue answering when all are under way."""
    venue.is_open.clear()
    tasks = [asyncio.get_running_loop().create_task(visitor.client.call(call)) for call in calls]
    for _ in range(20):
        await asyncio.sleep(0)
    venue.is_open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_equal_reads_at_once_share_a_request() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply([1])]
            call = get(max_age_ns=NS)
            assert await together(visitor, venue, call, call, call) == [[1], [1], [1]]
            assert (len(venue.seen), visitor.client.counts.shared) == (1, 2)

    run(body(), 30)


def test_values_of_shared_answers_are_everybodys_own() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply([1])]
            one, other = await together(visitor, venue, *(get(max_age_ns=NS) for _ in range(2)))
            assert one == other and one is not other

    run(body(), 30)


def test_read_that_takes_no_age_joins_none_that_has_left() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.is_open.clear()
            loop = asyncio.get_running_loop()
            first = loop.create_task(visitor.client.call(get()))
            await venue.came(1)
            later = [loop.create_task(visitor.client.call(call)) for call in (get(), get(max_age_ns=NS))]
            await venue.came(2)
            venue.is_open.set()
            assert await asyncio.gather(first, *later) == [{}, {}, {}]
            assert (len(venue.seen), visitor.client.counts.shared) == (2, 1)

    run(body(), 30)


def test_read_that_takes_no_age_joins_one_that_still_waits() -> None:
    async def body() -> None:
        async with visiting(most_reads=1) as (venue, visitor):
            assert await together(visitor, venue, get("/first"), get(), get()) == [{}, {}, {}]
            assert (len(venue.seen), visitor.client.counts.shared) == (2, 1)

    run(body(), 30)


def test_urgent_read_joins_none_that_is_less_so() -> None:
    async def body() -> None:
        async with visiting(most_reads=1) as (venue, visitor):
            urgent = get(urgency=Urgency.RECONCILE)
            await together(visitor, venue, get("/first"), get(), urgent, get("/last", urgency=Urgency.ORDER))
            targets = [seen.target for seen in venue.seen]
            assert targets == ["/first", "/last", "/api/markets", "/api/markets"]

    run(body(), 30)


def test_whoever_gives_up_leaves_the_answer_to_the_others() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.is_open.clear()
            call = get(max_age_ns=NS)
            first, second = (asyncio.get_running_loop().create_task(visitor.client.call(call)) for _ in range(2))
            await venue.came(1)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            venue.is_open.set()
            assert await second == {}
            assert len(venue.seen) == 1

    run(body(), 30)


def test_failure_is_everybodys() -> None:
    async def body() -> None:
        async with visiting() as (venue, visitor):
            venue.answers = [reply(BROKEN, 404)]
            outcomes = await together(visitor, venue, *(get(max_age_ns=NS) for _ in range(3)))
            assert [outcome.status for outcome in outcomes] == [404] * 3
            assert await visitor.client.call(get(max_age_ns=NS)) == {}

    run(body(), 30)


def test_closing_ends_reads_under_way_with_an_error() -> None:
    async def body() -> None:
        async with visiting(first_retry_ns=60 * NS, longest_retry_ns=60 * NS) as (venue, visitor):
            venue.answers = [reply(BROKEN, 500)]
            task = asyncio.get_running_loop().create_task(visitor.client.call(get()))
            while not visitor.audited:
                await asyncio.sleep(0.001)
            await visitor.client.close()  # while it waits for its second attempt
            with pytest.raises(RestError, match="closed"):
                await task

    run(body(), 30)


# The cache itself


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 6_000), st.integers(0, 5)), max_size=50))
def test_cache_keeps_what_a_plain_reference_keeps(steps: list[tuple[bool, int, int, int]]) -> None:
    most_bytes = 8 * (ENTRY_BYTES + 1_000)
    cache = AnswerCache(5, most_bytes)
    kept: dict[int, tuple[bytes, int]] = {}
    now_ns = 10
    for is_put, name, size, wait_ns in steps:
        now_ns += wait_ns
        request = get(f"/{name}").request
        if is_put:
            body = b"x" * size
            cache.put(request, RestAnswer(status=200, body=body), now_ns)
            kept.pop(name, None)
            if size + ENTRY_BYTES <= most_bytes // 4:
                kept[name] = (body, now_ns)
            while len(kept) > 5 or sum(len(body) + ENTRY_BYTES for body, _ in kept.values()) > most_bytes:
                del kept[next(iter(kept))]
        else:
            found = cache.get(request, 7, now_ns)
            if name in kept and max(now_ns - kept[name][1], 1) <= 7:
                body, asked_ns = kept[name] = kept.pop(name)
                assert found == RestAnswer(status=200, body=body, age_ns=max(now_ns - asked_ns, 1))
            else:
                assert found is None
        assert len(cache) == len(kept)
        assert cache.bytes == sum(len(body) + ENTRY_BYTES for body, _ in kept.values())
