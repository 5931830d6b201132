"""The engine's own client and dialect over TLS against the server: what they make of it is what the venue has."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from operator import attrgetter
from pathlib import Path

import pytest

from engine import fix
from engine.instrument import Instrument
from engine.net.rest.client import RestClient
from engine.net.rest.errors import RestError
from engine.net.rest.settings import RestSettings
from engine.orders.order import Order, restore_fields
from engine.sim.keys import make_key
from engine.sim.rest.faults import RestFault, RestFaultKind
from engine.venue import MarketState
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.kalshi.rest.dialect import KalshiRest
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from engine.venue.kalshi.rest.reference import KalshiReference
from engine.venue.kalshi.signing import load_credentials
from engine.venue.reference import Selection
from tests.support.sim.kalshi_rest import COIN, GAME, RAIN, SNOW, KalshiSite
from tests.support.sim.rest_site import registered

B, S = fix.BUY, fix.SELL
ORDER = attrgetter("order_id", "cl_ord_id", "side", "price", "order_qty", "cum_qty", "leaves_qty", "shard")
FILL = attrgetter("trade_id", "order_id", "side", "price", "qty", "fee", "is_taker")
BROKEN = [RestFaultKind.TRUNCATED, RestFaultKind.INTERNAL, RestFaultKind.LIMITED, RestFaultKind.DROP]


def shown(records: Iterable[object], numbers: Callable[[object], tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [numbers(record) for record in records]


@asynccontextmanager
async def connected(site: KalshiSite, told: list[str]) -> AsyncIterator[RestClient]:
    """A client of ann's, which trusts the site's authority alone."""
    assert site.files is not None
    key = make_key(site.folder)
    site.keys.add(registered(key, "ann")[0])
    client = RestClient(
        RestSettings(url=f"https://127.0.0.1:{site.site.port}"),
        KalshiRest(load_credentials(key.key_id, key.file)),
        wall_ns=site.now_ns,
        clock_ns=time.monotonic_ns,
        ssl_context=ssl.create_default_context(cafile=str(site.files.authority)),
        tell=told.append,
    )
    async with client:
        yield client


def run(folder: Path, scenario: Callable[[KalshiSite, RestClient], Awaitable[None]]) -> list[str]:
    """Run a scenario at a venue that has traded; return what the client told."""
    told: list[str] = []

    async def steps(site: KalshiSite) -> None:
        async with connected(site, told) as client:
            await scenario(site, client)

    with KalshiSite(folder, tls=True) as site:
        site.order("bob", S, 1_000, 4_300)
        site.order("ann", B, 300, 4_300)
        site.order("ann", B, 2_500, 4_150)
        site.order("ann", S, 200, 6_100, COIN)
        site.order("bob", B, 50, 6_100, COIN)
        site.order("bob", S, 500, 3_000, GAME)
        site.order("ann", B, 500, 3_000, GAME)
        site.life("determine", GAME, "yes", 0)
        site.life("settle", GAME)
        asyncio.run(steps(site))
    return told


def test_limits_and_costs_are_learnt(tmp_path: Path) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        site.tokens.set_tier("ann", "expert")
        assert await client.learn() == []
        assert client.tokens.limits.write_burst == 1_800

    assert run(tmp_path, scenario) == []


def test_account_is_what_the_venue_has(tmp_path: Path) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        account, ledger = KalshiAccount(), site.place.ledger
        balance = await client.call(account.balance())
        assert balance.shards == {one.shard: one.cash for one in ledger.balances("ann")}
        assert balance.cash == sum(balance.shards.values())
        positions = await client.all(account.positions())
        assert positions.is_complete
        assert {one.symbol: (one.net, one.fees, one.realized) for one in positions.items} == {
            one.symbol: (one.net, one.fees, one.realized) for one in ledger.positions("ann")
        }
        orders = await client.all(account.open_orders())
        assert shown(orders.items, ORDER) == shown(ledger.orders("ann", status="resting"), ORDER)
        assert len(orders.items) == 2
        fills = await client.all(account.fills(0))
        assert shown(fills.items, FILL) == shown(ledger.fills("ann"), FILL)
        assert len(fills.items) == 3
        (paid,) = (await client.all(account.settlements(0))).items
        (record,) = ledger.settlements("ann")
        assert (paid.symbol, paid.payout, paid.revenue, paid.yes_qty) == (GAME, 10_000, record.revenue, 500)
        assert account.take_oddities() == []

    assert run(tmp_path, scenario) == []


def test_markets_are_what_the_venue_lists(tmp_path: Path) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        reference = KalshiReference()
        selection = Selection(series=("KXDEMORAIN",), symbols=(COIN,))
        listed = {}
        for paged in reference.markets(selection):
            async for market in client.pages(paged):
                listed[market.symbol] = market
        assert set(listed) == {RAIN, SNOW, COIN}
        for symbol, market in listed.items():
            known = site.place.listing.markets[symbol]
            assert (market.bands, market.close_ns, market.shard) == (known.bands, known.close_ns, known.shard)
            assert (market.event, market.state) == (known.event, MarketState.ACTIVE)
        assert (listed[RAIN].best_bid, listed[RAIN].best_ask) == (4_150, 4_300)
        assert (listed[RAIN].maker_percent, listed[RAIN].multiplier_milli) == (0, 1_000)
        book = await client.call(reference.book(RAIN))
        assert (book.bids, book.asks) == (((4_150, 2_500),), ((4_300, 700),))
        state = await client.call(reference.exchange_state())
        assert (state.is_open, state.is_trading, sorted(state.shards)) == (True, True, [0, 2])
        pauses = await client.call(reference.pauses())
        assert pauses
        assert reference.take_oddities() == []

    assert run(tmp_path, scenario) == []


def order(site: KalshiSite, cl_ord_id: str, price: int = 4_200, qty: int = 1_000) -> Order:
    listed = site.place.listing.instruments[RAIN]
    instrument = Instrument(RAIN, 0, site.place.listing.markets[RAIN].bands, event=listed.event)
    return Order(cl_ord_id, instrument, B, price, qty, time_in_force=fix.Tif.GTC)


def test_order_is_written_and_refused(tmp_path: Path) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        path = KalshiRestOrders({RAIN: 0})
        mine = order(site, "mine-1")
        answer = await client.call(path.new_order(mine, site.now_ns()))
        (resting,) = [one for one in site.place.ledger.orders("ann") if one.cl_ord_id == "mine-1"]
        assert answer.order_id == resting.order_id
        with pytest.raises(RestError) as again:
            await client.call(path.new_order(mine, site.now_ns()))
        assert (again.value.status, again.value.code, again.value.is_outcome_unknown) == (
            409,
            "order_already_exists",
            False,
        )
        restore_fields(mine, order_id=answer.order_id)
        await client.call(path.cancel(mine, site.now_ns()))
        assert resting.rest_status == "canceled"
        with pytest.raises(RestError) as gone:
            await client.call(path.cancel(mine, site.now_ns()))
        assert gone.value.status == 404

    run(tmp_path, scenario)


@pytest.mark.parametrize("kind", [RestFaultKind.INTERNAL, RestFaultKind.UNAVAILABLE, RestFaultKind.DROP])
def test_write_whose_answer_is_lost_is_of_unknown_outcome_and_sent_once(tmp_path: Path, kind: RestFaultKind) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        fault = RestFault(kind=kind, operation="create_order_v2", is_applied=True)
        site.site.do(lambda: site.site.server.faults.inject(fault))
        path, mine = KalshiRestOrders(), order(site, "mine-2")
        with pytest.raises(RestError) as lost:
            await client.call(path.new_order(mine, site.now_ns()))
        assert lost.value.is_outcome_unknown
        found = [
            one async for one in client.pages(path.lookup(mine, site.now_ns() - 10**9)) if one.cl_ord_id == "mine-2"
        ]
        assert [(one.price, one.order_qty) for one in found] == [(4_200, 1_000)]

    run(tmp_path, scenario)


def test_list_whose_page_repeats_is_not_complete(tmp_path: Path) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        fault = RestFault(kind=RestFaultKind.REPEAT_PAGE, operation="get_fills", count=10)
        site.site.do(lambda: site.site.server.faults.inject(fault))
        fills = await client.all(KalshiAccount().fills(0))
        assert not fills.is_complete

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "kind", [RestFaultKind.TRUNCATED, RestFaultKind.INTERNAL, RestFaultKind.LIMITED, RestFaultKind.DROP]
)
def test_read_that_fails_once_is_tried_again(tmp_path: Path, kind: RestFaultKind) -> None:
    async def scenario(site: KalshiSite, client: RestClient) -> None:
        site.site.do(lambda: site.site.server.faults.inject(RestFault(kind=kind, operation="get_balance")))
        balance = await client.call(KalshiAccount().balance())
        assert balance.cash == sum(one.cash for one in site.place.ledger.balances("ann"))

    run(tmp_path, scenario)
