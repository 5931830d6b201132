"""Many writes at once to a venue that fails in every way: none is applied twice, and each is told as what it is."""

import asyncio
from collections import Counter
from random import Random

import pytest
from aiohttp import web

from engine.net.rest.errors import RestError
from engine.venue.rest import Urgency
from tests.support.rest_venue import RestVenue, get, post, reply, visiting
from tests.support.ws_venue import run

WRITES = 150
SEEDS = [1, 2, 3]


class FailingVenue(RestVenue):
    """Applies a write or not, and then answers well, badly or not at all."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.applied: Counter[str] = Counter()
        self._random = random

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        await asyncio.sleep(self._random.random() / 500)
        how = self._random.choice(["well", "well", "refuse", "limit", "fail", "cut", "drop", "drop early", "redirect"])
        refusal = {"code": how, "message": ""}
        if how in ("refuse", "limit", "redirect"):
            status = {"refuse": 400, "limit": 429, "redirect": 307}[how]
            return reply(refusal, status, {"Location": "/elsewhere"} if how == "redirect" else None)
        if how != "drop early":
            self.applied[request.path] += 1
        if how.startswith("drop"):
            assert request.transport is not None
            request.transport.abort()
        if how == "cut":
            return web.Response(text='{"order_id":', content_type="application/json")
        return reply({"order_id": "7"}) if how == "well" else reply(refusal, 503)


@pytest.mark.parametrize("seed", SEEDS)
def test_writes_are_applied_at_most_once_and_told_as_what_they_are(seed: int) -> None:
    random = Random(seed)

    async def body() -> None:
        async with visiting(FailingVenue(random), is_running=True, most_writes=8) as (venue, visitor):
            assert isinstance(venue, FailingVenue)
            client = visitor.client
            calls = {
                f"/orders/{number}": post(
                    f"/orders/{number}",
                    method=random.choice(["POST", "DELETE", "PUT"]),
                    urgency=random.choice([Urgency.CANCEL, Urgency.ORDER]),
                )
                for number in range(WRITES)
            }
            outcomes = await asyncio.gather(*(client.call(call) for call in calls.values()), return_exceptions=True)
            told = Counter[str]()
            for path, outcome in zip(calls, outcomes, strict=True):
                applied = venue.applied[path]
                if not isinstance(outcome, RestError):
                    assert (outcome, applied) == ({"order_id": "7"}, 1)
                elif outcome.is_outcome_unknown:
                    assert applied <= 1
                else:
                    assert applied == 0, str(outcome)
                told[getattr(outcome, "code", "well")] += 1
            assert set(told) == {"well", "refuse", "limit", "redirect", "fail", "unreadable", "lost"}
            counts = client.counts
            assert (counts.requests, counts.retries, counts.in_flight, counts.waiting) == (WRITES, 0, 0, 0)
            assert counts.unknown == told["fail"] + told["unreadable"] + told["lost"]
            with_errors = sum(counts.errors.values())
            assert with_errors == WRITES - told["well"] == sum("error" in record for record in visitor.audited)

    run(body(), 60)


@pytest.mark.parametrize("seed", SEEDS)
def test_reads_of_the_same_venue_come_through_what_a_retry_helps(seed: int) -> None:
    async def body() -> None:
        patience = {"attempts": 40, "longest_retry_ns": 2_000_000}
        async with visiting(FailingVenue(Random(seed)), is_running=True, **patience) as (_, visitor):
            calls = [get(f"/{number}") for number in range(60)]
            outcomes = await asyncio.gather(*(visitor.client.call(call) for call in calls), return_exceptions=True)
            codes = {outcome.code for outcome in outcomes if isinstance(outcome, RestError)}
            assert {"order_id": "7"} in outcomes and codes == {"refuse", "redirect"}  # which no retry helps

    run(body(), 60)
