"""Tokens that REST and others spend together, and what operations cost."""

import asyncio

import pytest

from engine.errors import ConfigError
from engine.net.rest.errors import RestError
from engine.net.rest.tokens import MOST_SHARDS, SharedWrites, TokenCosts, Tokens
from engine.runtime._rate import TokenBucket
from engine.venue.rest import Call, TokenLimits, Urgency
from tests.support.rest_venue import NS, get, post, read_json, reply, visiting
from tests.support.ws_venue import run

BASIC = TokenLimits(200, 400, 100, 200)


def test_reads_writes_and_shards_have_buckets_of_their_own() -> None:
    tokens = Tokens(BASIC)
    assert tokens.take_write(200, 0) and not tokens.take_write(1, 0)
    assert tokens.take_write(50, 0, shard=2)
    tokens.spent_write(500, 0, shard=3)
    assert tokens.left(0) == {"read": 400, "write": 0, "write_2": 150, "write_3": 0}
    assert tokens.bucket(get().request) is tokens.reads
    assert tokens.bucket(post(shard=2).request) is tokens.writes(2)


def test_buckets_stay_the_same_when_limits_change() -> None:
    tokens = Tokens(BASIC)
    order_entry = tokens.writes()
    order_entry.take(150, 0)
    tokens.change(TokenLimits(300, 900, 300, 600), 0)
    assert tokens.writes() is order_entry
    assert tokens.left(0) == {"read": 900, "write": 450}
    tokens.change(TokenLimits(1, 1, 1, 100), 0)
    assert tokens.left(0) == {"read": 1, "write": 0}
    assert tokens.writes(5).available(0) == 100


def test_writes_share_the_bucket_of_order_entry_and_never_exceed_what_is_configured() -> None:
    bucket = TokenBucket(150, 300)
    tokens = Tokens(BASIC, unused_percent=5, shared=SharedWrites(bucket, 150, 300))
    assert tokens.writes() is tokens.writes(7) is bucket
    assert bucket.available(0) == 300  # until the venue has said what the account has
    tokens.change(BASIC, 0)
    assert (tokens.of_writes(), bucket.available(0)) == ((100, 190), 190)
    assert bucket.take(190, 0) and not tokens.take_write(1, 0)
    assert bucket.available(NS) == 100
    tokens.change(TokenLimits(9_000, 9_000, 9_000, 9_000), NS)
    assert (tokens.of_writes(), tokens.left(NS)["write"]) == ((150, 300), 210)
    with pytest.raises(ConfigError):
        tokens.change(TokenLimits(1, 1, 0, 1), NS)
    assert tokens.of_writes() == (150, 300)


def test_part_of_each_burst_is_never_spent() -> None:
    tokens = Tokens(BASIC, unused_percent=5)
    tokens.writes(1)
    assert tokens.left(0) == {"read": 380, "write": 190, "write_1": 190}
    tokens.change(TokenLimits(300, 900, 300, 30), 0)
    assert tokens.left(0) == {"read": 855, "write": 29, "write_1": 29}
    assert tokens.limits.write_burst == 30


def test_limits_that_are_none_change_nothing() -> None:
    tokens = Tokens(BASIC)
    for wrong in (TokenLimits(300, 300, 0, 300), TokenLimits(300, 0, 300, 300)):
        with pytest.raises(ConfigError):
            tokens.change(wrong, 0)
        assert tokens.limits == BASIC and tokens.left(0) == {"read": 400, "write": 200}


def test_shards_that_a_venue_invents_are_bounded() -> None:
    tokens = Tokens(BASIC)
    buckets = {id(tokens.writes(shard)) for shard in range(MOST_SHARDS + 50)}
    assert len(buckets) == MOST_SHARDS


LISTED = {
    ("DELETE", "/v2/orders/:order_id"): 2,
    ("DELETE", "/v2/orders/batched"): 3,
    ("get", "/v2/series/{series}/markets/{market}"): 50,
    ("POST", "/v2/orders"): 20,
    ("GET", "/v2/free"): 0,
}
COSTS = [
    (("DELETE", "/v2/orders/17", b""), 2), (("DELETE", "/v2/orders/17/more", b""), 10),
    (("DELETE", "/v2/orders/batched", b"{}"), 10), (("GET", "/v2/series/A/markets/B", b""), 50),
    (("GET", "/v2/orders/17", b""), 10), (("POST", "/v2/orders", b"{}"), 20), (("GET", "/v2/free", b""), 0),
]  # fmt: skip


@pytest.mark.parametrize(("request_of", "tokens"), COSTS)
def test_cost_is_the_listed_one_or_that_of_the_request(request_of: tuple[str, str, bytes], tokens: int) -> None:
    method, path, body = request_of
    assert TokenCosts(LISTED).of(post(path, body, method=method).request) == tokens
    assert TokenCosts({}).of(post(path, body, method=method, tokens=7).request) == 7


def test_limits_and_costs_are_learnt_from_the_venue() -> None:
    async def body() -> None:
        async with visiting(limits=BASIC) as (venue, visitor):
            dialect, client = visitor.dialect, visitor.client
            dialect.limits_call = Call(get("/limits").request, lambda body: TokenLimits(*read_json(body)))
            dialect.costs_call = Call(get("/costs").request, lambda body: {("GET", "/v2/:all"): 90})
            venue.answers = [reply([300, 900, 300, 600, "advanced"]), reply({})]
            assert await client.learn() == []
            assert client.tokens.limits == TokenLimits(300, 900, 300, 600, "advanced")
            before = client.tokens.left(visitor.clock())["read"]
            await client.call(get("/v2/markets"))
            assert client.tokens.left(visitor.clock())["read"] == before - 90

    run(body(), 30)


def test_what_cannot_be_learnt_is_told_and_the_rest_goes_on() -> None:
    async def body() -> None:
        async with visiting(limits=BASIC, attempts=1) as (venue, visitor):
            dialect, client = visitor.dialect, visitor.client
            assert await client.learn() == []  # a venue that has neither
            dialect.limits_call = Call(get("/limits").request, lambda body: TokenLimits(*read_json(body)))
            dialect.costs_call = Call(get("/costs").request, lambda body: {("GET", "/v2/:all"): 90})
            venue.answers = [reply({"code": "c", "message": "m"}, 401), reply({})]
            assert [problem.status for problem in await client.learn()] == [401]
            venue.answers = [reply([0, 0, 0, 0]), reply({"code": "c", "message": "m"}, 500)]
            assert [problem.code for problem in await client.learn()] == ["unreadable", "c"]
            assert client.tokens.limits == BASIC

    run(body(), 30)


# The gate


def test_request_waits_for_tokens_that_others_spent() -> None:
    async def body() -> None:
        async with visiting(limits=TokenLimits(9, 9, 1_000, 10), cancel_reserve=0, is_running=True) as (venue, visitor):
            visitor.client.tokens.take_write(10, visitor.clock())
            await visitor.client.call(post())
            assert visitor.audited[0]["waited_ns"] > 0
            counts = visitor.client.counts
            assert (counts.waits, counts.waiting) == (1, 0) and counts.wait_ns > 0

    run(body(), 30)


def test_cancel_leaves_before_orders_that_wait() -> None:
    async def body() -> None:
        async with visiting(most_writes=1, more_cancels=0) as (venue, visitor):
            venue.is_open.clear()
            client, loop = visitor.client, asyncio.get_running_loop()
            tasks = [loop.create_task(client.call(post("/first")))]
            await venue.came(1)
            tasks += [loop.create_task(client.call(post(f"/order/{number}"))) for number in range(3)]
            tasks += [loop.create_task(client.call(post("/cancel", urgency=Urgency.CANCEL)))]
            await asyncio.sleep(0)
            assert client.counts.waiting == 4
            venue.is_open.set()
            await asyncio.gather(*tasks)
            assert await venue.came(5) == ["/first", "/cancel", "/order/0", "/order/1", "/order/2"]

    run(body(), 30)


def test_cancel_leaves_while_as_many_writes_as_may_hang() -> None:
    async def body() -> None:
        async with visiting(most_writes=1, most_reads=1) as (venue, visitor):
            venue.is_open.clear()
            client, loop = visitor.client, asyncio.get_running_loop()
            calls = [post(), get(), post("/cancel", urgency=Urgency.CANCEL)]
            tasks = [loop.create_task(client.call(call)) for call in calls]
            assert sorted(await venue.came(3)) == ["/api/markets", "/api/orders", "/cancel"]
            venue.is_open.set()
            await asyncio.gather(*tasks)

    run(body(), 30)


def test_order_that_waited_too_long_never_leaves() -> None:
    async def body() -> None:
        async with visiting(most_writes=1, longest_order_wait_ns=NS // 20) as (venue, visitor):
            venue.is_open.clear()
            client = visitor.client
            first = asyncio.get_running_loop().create_task(client.call(post("/first")))
            await venue.came(1)
            with pytest.raises(RestError, match=r"not sent: it waited 0.05 s for its turn") as caught:
                await client.call(post("/late"))
            assert not caught.value.is_outcome_unknown
            venue.is_open.set()
            await first
            await client.call(post("/next"))
            assert await venue.came(2) == ["/first", "/next"]
            assert (client.counts.refused, client.counts.waiting, client.counts.in_flight) == (1, 0, 0)

    run(body(), 30)


def test_waiting_room_is_bounded_and_makes_room_for_what_is_urgent() -> None:
    async def body() -> None:
        async with visiting(most_writes=1, more_cancels=0, most_waiting=1) as (venue, visitor):
            venue.is_open.clear()
            client, loop = visitor.client, asyncio.get_running_loop()
            tasks = [loop.create_task(client.call(post("/first")))]
            await venue.came(1)
            tasks.append(loop.create_task(client.call(post("/order"))))
            await asyncio.sleep(0)
            with pytest.raises(RestError, match="not sent: 1 requests wait that are as urgent"):
                await client.call(post("/another"))
            tasks.append(loop.create_task(client.call(post("/cancel", urgency=Urgency.CANCEL))))
            await asyncio.sleep(0)
            venue.is_open.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [dict, RestError, dict]
            assert await venue.came(2) == ["/first", "/cancel"]

    run(body(), 30)


def test_request_that_no_bucket_can_hold_is_told_at_once() -> None:
    async def body() -> None:
        async with visiting(limits=BASIC) as (venue, visitor):
            with pytest.raises(RestError, match="it costs 201 tokens, more than are ever there at once: split it"):
                await visitor.client.call(post(tokens=201))
            assert venue.seen == []

    run(body(), 30)


def test_whoever_gives_up_waiting_leaves_room() -> None:
    async def body() -> None:
        async with visiting(most_writes=1, more_cancels=0) as (venue, visitor):
            venue.is_open.clear()
            client, loop = visitor.client, asyncio.get_running_loop()
            first = loop.create_task(client.call(post("/first")))
            await venue.came(1)
            second, third = (loop.create_task(client.call(post(f"/{number}"))) for number in (2, 3))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            venue.is_open.set()
            await asyncio.gather(first, third)
            assert await venue.came(2) == ["/first", "/3"]
            assert (client.counts.waiting, client.counts.in_flight) == (0, 0)

    run(body(), 30)


def test_closing_tells_those_who_wait() -> None:
    async def body() -> None:
        async with visiting(limits=TokenLimits(1, 10, 1, 10), cancel_reserve=0) as (venue, visitor):
            client, loop = visitor.client, asyncio.get_running_loop()
            client.tokens.take_write(10, visitor.clock())
            client.tokens.reads.take(10, visitor.clock())
            tasks = [loop.create_task(client.call(call)) for call in (post(), get())]
            while client.counts.waiting < 2:
                await asyncio.sleep(0)
            await client.close()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert [getattr(outcome, "code", None) for outcome in outcomes] == ["closed", "closed"]
            assert venue.seen == []

    run(body(), 30)
