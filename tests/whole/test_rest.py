"""The REST client with Kalshi's calls against the simulated venue: TLS, signatures, limits, orders, pages."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.net.rest.client import RestClient
from engine.net.rest.errors import RestError
from engine.net.rest.settings import RestSettings
from engine.sim.keys import KeyRing, SimAuthority, client_context, server_context
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.endpoints.table import OPERATIONS
from engine.sim.rest.server import RestServer
from engine.sim.rest.settings import RestServerSettings
from engine.sim.rest.tokens import MemberTokens
from engine.venue.kalshi.rest.dialect import KalshiRest
from engine.venue.kalshi.rest.operations import entry, markets, portfolio
from engine.venue.kalshi.rest.operations import orders as orders_of
from engine.venue.rest import TokenLimits
from tests.support.sim.marketplace import Bazaar
from tests.support.sim.rest_site import new_key
from tests.support.sim.venue import NOON_NS
from tests.support.ws_venue import run

BASIC = TokenLimits(200, 600, 100, 300, "basic")


@asynccontextmanager
async def trading(folder: Path, most_writes: int = 16) -> AsyncIterator[RestClient]:
    """Open a venue behind TLS, whose day begins at noon, and a client of the account x."""
    started_ns = time.monotonic_ns()

    def now_ns() -> int:
        return NOON_NS + time.monotonic_ns() - started_ns

    bazaar, keys, tokens = Bazaar(), KeyRing(), MemberTokens(now_ns)
    known, key = new_key(folder, "x")
    keys.add(known)
    files = SimAuthority(folder).issue()
    venue = VenueAccess(place=bazaar.place, keys=keys, tokens=tokens, tell=lambda events: None, now_ns=now_ns)
    server = RestServer(venue, OPERATIONS, RestServerSettings(), server_context(files))
    port = await server.start()
    client = RestClient(
        RestSettings(
            url=f"https://localhost:{port}", limits=BASIC, most_writes=most_writes, longest_order_wait_ns=60_000_000_000
        ),
        KalshiRest(key),
        wall_ns=now_ns,
        clock_ns=time.monotonic_ns,
        ssl_context=client_context(files),
    )
    try:
        async with client:
            yield client
    finally:
        await server.close()


def order(name: str, price: str = "0.4000") -> entry.KalshiNewOrder:
    return entry.KalshiNewOrder(
        ticker="A",
        side="bid",
        count="1.00",
        price=price,
        time_in_force=entry.GTC,
        self_trade_prevention_type=entry.TAKER_AT_CROSS,
        client_order_id=name,
        exchange_index=0,
    )


def test_order_lives_over_rest_and_each_refusal_has_the_venues_code(tmp_path: Path) -> None:
    async def body() -> None:
        async with trading(tmp_path) as client:
            assert await client.learn() == []
            assert client.tokens.limits == BASIC
            listed = (await client.all(markets.markets(limit=1))).complete()
            assert [each.ticker for each in listed] == ["A", "B", "C"]
            created = await client.call(entry.create(order("one")))
            with pytest.raises(RestError) as again:
                await client.call(entry.create(order("one")))
            assert (again.value.status, again.value.code) == (409, "order_already_exists")
            await client.call(entry.cancel(created.order_id, shard=0))
            with pytest.raises(RestError) as gone:
                await client.call(entry.cancel(created.order_id, shard=0))
            assert (gone.value.status, gone.value.is_outcome_unknown) == (404, False)
            assert (await client.call(portfolio.balance())).balance_dollars == "200.0000"
            assert client.counts.writes == 4 and client.counts.unknown == 0

    run(body(), 60)


def test_more_orders_than_the_account_may_send_wait_and_none_is_refused(tmp_path: Path) -> None:
    async def body() -> None:
        async with trading(tmp_path, most_writes=1) as client:  # one after another: the venue counts them as they come
            await client.learn()
            orders = [entry.create(order(f"n{number}", "0.0100")) for number in range(36)]
            await asyncio.gather(*(client.call(each) for each in orders))
            counts = client.counts
            assert (counts.limited, counts.writes, counts.errors) == (0, 36, {})
            assert counts.waits > 0  # 300 tokens at once, of which cancels alone spend 10, are 27 orders
            resting = (await client.all(orders_of.orders(status="resting", limit=10))).complete()
            assert {each.client_order_id for each in resting} == {f"n{number}" for number in range(36)}

    run(body(), 60)
