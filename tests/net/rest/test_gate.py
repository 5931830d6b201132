"""The gate by itself: who gives up in the very moment, who is let in together, who goes in the place of another."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.net.rest.counts import RestCounts
from engine.net.rest.gate import RestGate
from engine.net.rest.settings import RestSettings
from engine.net.rest.tokens import Tokens
from engine.venue.rest import TokenLimits
from tests.support.rest_venue import NS, PLENTY, Clock, post
from tests.support.ws_venue import run

ORDER = post().request


class Gated:
    """A gate, its clock, tokens and counts."""

    def __init__(self, limits: TokenLimits, most_writes: int) -> None:
        settings = RestSettings(
            url="http://localhost", most_writes=most_writes, cancel_reserve=0, longest_order_wait_ns=60 * NS
        )
        self.clock, self.counts, self.tokens = Clock(), RestCounts(), Tokens(limits)
        self.gate = RestGate(settings, self.tokens, self.counts, self.clock)

    async def waiting(self, *tokens: int) -> "list[asyncio.Task[int]]":
        """Let requests of so many tokens wait."""
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self.gate.enter(ORDER, each)) for each in tokens]
        await asyncio.sleep(0)
        assert self.counts.waiting == len(tokens)
        return tasks


def gated(limits: TokenLimits = PLENTY, most_writes: int = 9) -> Callable[[Callable[[Gated], Awaitable[None]]], None]:
    """Run a test with a gate."""

    def start(test: Callable[[Gated], Awaitable[None]]) -> None:
        async def body() -> None:
            await test(Gated(limits, most_writes))

        run(body(), 30)

    return start


def test_whoever_gives_up_in_the_moment_of_its_turn_leaves_its_place() -> None:
    @gated(most_writes=1)
    async def _(gated: Gated) -> None:
        await gated.gate.enter(ORDER, 1)
        (second,) = await gated.waiting(1)
        gated.gate.leave(ORDER)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert await gated.gate.enter(ORDER, 1) == 0


def test_place_of_who_gives_up_goes_to_one_that_needs_less() -> None:
    @gated(TokenLimits(1, 1, 1, 20))
    async def _(gated: Gated) -> None:
        gated.tokens.take_write(10, gated.clock())
        first, second = await gated.waiting(15, 10)
        first.cancel()
        assert await second == 0
        assert gated.tokens.left(gated.clock())["write"] == 0


def test_all_whose_tokens_came_are_let_in_together() -> None:
    @gated(TokenLimits(1, 1, 1_000, 20))
    async def _(gated: Gated) -> None:
        gated.tokens.take_write(20, gated.clock())
        tasks = await gated.waiting(5, 5, 5, 6)
        gated.clock.ns += NS
        assert await asyncio.gather(*tasks[:3]) == [NS] * 3
        assert not tasks[3].done()
        gated.clock.ns += NS
        assert await tasks[3] == 2 * NS
        assert (gated.counts.in_flight, gated.counts.waits, gated.counts.wait_ns) == (4, 4, 5 * NS)
