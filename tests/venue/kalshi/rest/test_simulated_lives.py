"""Random order lives over REST against the simulated venue: both sides end with the same orders, trades and money."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from engine.fix import BUY, SELL, Status, Tif
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Order
from engine.venue.account import VenueFill, VenueOrder
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.rest import RestRequest
from tests.support.sim.kalshi_rest import RAIN, KalshiSite
from tests.support.sim.rest_site import SignedClient
from tests.venue.kalshi.rest.lives import Life

MARKET = Instrument(RAIN, 0, [PriceBand(0, 10_000, 10)], event="KXDEMORAIN-26DEC01")
STEPS = 120
FAULTS = ("", "", "", "answer lost", "never left")


class Wire:
    """Carries requests to a site as one of its members."""

    def __init__(self, client: SignedClient) -> None:
        self._client = client

    def answer(self, request: RestRequest) -> tuple[int, bytes]:
        path = request.path.removeprefix("/trade-api/v2")
        query = "&".join(f"{name}={value}" for name, value in request.query)
        answer = self._client.send(request.method, f"{path}?{query}" if query else path, raw=request.body)
        return answer.status, answer.body


@pytest.mark.parametrize("seed", range(8))
def test_every_simulated_life_ends_on_both_sides_alike(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    with KalshiSite(tmp_path) as site:
        life = Life(Wire(site.client()), MARKET, f"s{seed}", 0)
        opened: list[Order] = []
        for _ in range(STEPS):
            life.fault = random.choice(FAULTS)
            _step(life, site, random, opened)
        life.fault = ""
        for order in opened:
            _settle(life, order)
        _compare(life, opened)


def _step(life: Life[Wire], site: KalshiSite, random: Random, opened: list[Order]) -> None:
    side, price, qty = random.choice((BUY, SELL)), random.randrange(3_900, 4_110, 10), random.randrange(50, 1_000)
    live = [order for order in life.orders.live() if order.order_id and order not in life.owed]
    step = random.choice(("open", "open", "bob", "bob", "cancel", "replace"))
    if step == "open":
        tif = random.choice((Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK))
        opened.append(life.open(qty, tif, side, price))
    elif step == "bob":
        site.order("bob", side, qty, price)
    elif live:
        order = random.choice(live)
        if step == "cancel" and order.can_cancel:
            life.cancel(order)
        elif step == "replace" and order.can_replace:
            life.replace(order, price, order.cum_qty + qty)


def _settle(life: Life[Wire], order: Order) -> None:
    """Ask until nothing is owed; what still rests is asked for too, as it may have traded."""
    for _ in range(4):
        if order in life.owed:
            life.collect(order)
        elif not order.is_done:
            life.look(order)


def _compare(life: Life[Wire], opened: list[Order]) -> None:
    account = KalshiAccount()
    orders: list[VenueOrder] = life.page(account.orders_of(RAIN, 0))
    fills: list[VenueFill] = life.page(account.fills(0))
    arrived = {order for each in orders if (order := life.orders.by_id(each.cl_ord_id)) is not None}
    assert len(arrived) == len(orders) > 5
    assert all(order.ord_status == Status.REJECTED for order in opened if order not in arrived)
    for told in orders:
        order = life.orders.by_id(told.cl_ord_id)
        assert order is not None
        assert (order.cum_qty, order.leaves_qty) == (told.cum_qty, told.leaves_qty)
        if told.leaves_qty:
            assert (order.price, order.order_qty) == (told.price, told.order_qty)
    ours = [(qty, price, fee) for order in opened for qty, price, fee in filter(None, order.executions.values())]
    assert Counter(ours) == Counter((each.qty, each.price, each.fee) for each in fills)
    (position,) = life.page(account.positions())
    assert sum(order.cum_qty if order.side == BUY else -order.cum_qty for order in opened) == position.net
    assert sum(fee for _, _, fee in ours) == position.fees
