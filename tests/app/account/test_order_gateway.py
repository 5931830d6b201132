"""Orders over REST: each request once, an unknown outcome looked up, every fill once, both sides alike in the end."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from engine.app.account import order_gateway, order_line
from engine.app.account.order_gateway import RestGateway
from engine.app.account.order_line import OrderReach
from engine.errors import SessionError
from engine.fix import BUY, Status, Tif
from engine.net.rest.errors import RestError
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.trading.reconcile.reports import fill_report
from engine.venue.account import VenueFill
from engine.venue.kalshi.rest.dialect import refusal_of
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from engine.venue.rest import Call, PagedCall, RestRequest
from tests.support.order_reports import RAIN, open_order
from tests.venue.kalshi.rest.matching_venue import MatchingVenue

FAULTS = ("", "", "answer lost", "never arrived", "500", "429", "never sent")


class Listed:
    """A list that is whole."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def complete(self) -> list[Any]:
        return self.items


class Desk:
    """A gateway, its orders, and a venue in the same process; `faults` befall the next writes."""

    def __init__(self) -> None:
        self.venue = MatchingVenue()
        self.orders = Orders("g")
        self.faults: list[str] = []
        self.held: asyncio.Event | None = None  # what writes wait for before they arrive
        self.late: asyncio.Event | None = None  # what the answers of writes wait for
        self.sent: list[str] = []
        self.on_its_way: RestRequest | None = None  # given up, and arrives at the second look
        self.looks = 0
        self.wrong: list[str] = []  # what contradicted
        self.between: Callable[[], object] = lambda: None  # happens after a read, before it is heard of
        self.trades: list[tuple[int, int]] = []
        self.unreachable: list[str] = []
        self.gateway = RestGateway()
        self.now_ns = 1_795_444_200 * 10**9
        loop: Any = SimpleNamespace(
            apply=self.apply, counters=SimpleNamespace(reports=0), suspect=self.suspect, cancel=self.cancel,
            orders=self.orders, notices=SimpleNamespace(tell=lambda kind, text: None),
        )  # fmt: skip
        account: Any = SimpleNamespace(as_of=lambda: None)
        client: Any = self
        self.gateway.open(OrderReach(loop, client, KalshiRestOrders(), account, self.wall_ns, self.unreachable.append))

    def wall_ns(self) -> int:
        self.now_ns += 10**9  # a look or two, and a request has had its time to arrive
        return self.now_ns

    def apply(self, report: Any) -> None:
        change = self.orders.apply(report)
        if change.kind == Outcome.UNKNOWN:
            self.wrong.append(change.text)
        if change.last_qty:
            self.trades.append((change.last_qty, change.last_px))

    def suspect(self, order: Order, text: str) -> None:
        self.wrong.append(text)

    # What a strategy does

    def open(self, qty: int = 1_000, tif: str = Tif.GTC) -> Order:
        order = open_order(self.orders, qty, 4_200, tif=tif, side=BUY, instrument=RAIN)
        self.gateway.pass_on(self.gateway.new_order(order, 0))
        return order

    def cancel(self, order: Order) -> bool:
        if not order.can_cancel:
            return False
        self.orders.request_cancel(order, 2)
        self.gateway.pass_on(self.gateway.cancel(order, 0))
        return True

    def replace(self, order: Order, price: int, qty: int) -> None:
        self.orders.request_replace(order, price, qty, 2)
        self.gateway.pass_on(self.gateway.replace(order, 0))

    # The client

    async def call(self, call: Call[Any]) -> Any:
        await asyncio.sleep(0)
        request = call.request
        fault = self.faults.pop(0) if request.is_write and self.faults else ""
        self.sent += [f"{request.operation} {fault}".strip()] * request.is_write
        if fault == "never sent":
            raise RestError(request.operation, "refused", code="connect")
        if fault in ("429", "500"):
            raise self.failed(request, int(fault), b'{"error":"no"}')
        if fault == "arrives late":
            self.on_its_way = request
        if fault in ("never arrived", "arrives late"):
            raise RestError(request.operation, "timed out", code="timeout", is_outcome_unknown=True)
        if not request.is_write:
            self.looked()
        if request.is_write and self.held is not None:
            await self.held.wait()
        status, body = self.venue.answer(request)
        if request.is_write and self.late is not None:
            await self.late.wait()
        if fault == "answer lost":
            raise RestError(request.operation, "cut", code="lost", is_outcome_unknown=True)
        if status not in call.statuses:
            raise self.failed(request, status, body)
        value = call.read(body)
        if not request.is_write:
            self.between()
        return value

    async def all(self, paged: PagedCall[Any]) -> Listed:
        await asyncio.sleep(0)
        self.looked()
        return Listed(paged.read(self.venue.answer(paged.following(""))[1]).items)

    def looked(self) -> None:
        self.looks += 1
        if self.on_its_way is not None and self.looks == 2:
            self.venue.answer(self.on_its_way)

    def failed(self, request: RestRequest, status: int, body: bytes) -> RestError:
        said = refusal_of(body)
        unknown = status >= 500
        return RestError(
            request.operation, "no", code=said.code, text=said.text, status=status, is_outcome_unknown=unknown
        )

    async def settle(self) -> None:
        """Ask, as the supervisor does, until nothing is unknown or under way."""
        async with asyncio.timeout(20):
            while any(self.is_open(order) for order in self.orders.live()):
                for order in self.orders.live():
                    if order.ord_status == Status.UNKNOWN:
                        self.gateway.order_status(order, 0)
                await asyncio.sleep(0.001)

    def is_open(self, order: Order) -> bool:
        is_unanswered = order.ord_status in (Status.UNKNOWN, Status.PENDING_NEW) or bool(order.pending)
        return is_unanswered or not self.gateway.line(order).is_idle


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_line, "LOOK_AFTER_S", 0.0)
    monkeypatch.setattr(order_line, "COLLECT_AFTER_S", (0.0, 0.0, 0.001, 0.001, 0.01))
    monkeypatch.setattr(order_gateway, "RETRY_S", 0.001)


def fill_of(order: Order, qty: int) -> VenueFill:
    return VenueFill(
        trade_id="t1", order_id="v1", cl_ord_id=order.cl_ord_id, symbol=RAIN.symbol, side=BUY, price=4_200,
        qty=qty, fee=0, is_taker=True, time_ns=1,
    )  # fmt: skip


def run(body: Callable[[Desk], Coroutine[Any, Any, None]]) -> Desk:
    desks = []

    async def begin() -> None:
        desks.append(Desk())
        await body(desks[0])
        await desks[0].settle()

    asyncio.run(begin())
    assert desks[0].wrong == []
    return desks[0]


def test_request_before_the_gateway_is_open_is_refused() -> None:
    with pytest.raises(SessionError, match="starting"):
        RestGateway().new_order(open_order(Orders("g")), 0)


def test_lost_answer_is_looked_up_and_never_sent_again() -> None:
    async def body(desk: Desk) -> None:
        desk.faults = ["answer lost"]
        desk.venue.liquidity = 400
        desk.open()

    desk = run(body)
    (order,) = desk.orders.live()
    assert desk.sent == ["create_order_v2 answer lost"]
    assert (order.order_id, order.ord_status, desk.trades) == ("v1", Status.PARTIALLY_FILLED, [(400, 4_200)])


def test_request_that_was_given_up_may_still_arrive() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.faults = ["arrives late"]
        opened.append(desk.open())

    run(body)
    assert (opened[0].order_id, opened[0].ord_status) == ("v1", Status.NEW)


def test_request_that_is_under_way_has_not_been_lost() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.held = asyncio.Event()
        opened.append(desk.open())
        await asyncio.sleep(0.001)
        assert desk.orders.on_disconnect() == opened
        for _ in range(10):
            desk.gateway.order_status(opened[0], 0)
            await asyncio.sleep(0.001)
        assert not desk.gateway.is_settled
        desk.held.set()

    run(body)
    assert (opened[0].order_id, opened[0].ord_status) == ("v1", Status.NEW)


def test_replace_that_was_given_up_may_still_arrive() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        opened.append(desk.open())
        await desk.settle()
        desk.faults = ["arrives late"]
        desk.replace(opened[0], 4_100, 2_000)

    run(body)
    assert (opened[0].price, opened[0].order_qty, opened[0].ord_status) == (4_100, 2_000, Status.NEW)


def test_state_that_was_read_before_a_fill_came_is_not_believed() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        order = desk.open()
        opened.append(order)
        await desk.settle()

        def fill() -> None:
            desk.between = lambda: None
            desk.venue.fill(desk.venue.orders["v1"], 300)
            desk.gateway.line(order).apply(fill_report(order, fill_of(order, 300)))

        desk.between = fill
        desk.faults = ["never arrived"]
        desk.cancel(order)

    desk = run(body)
    assert (opened[0].cum_qty, desk.trades) == (300, [(300, 4_200)])


def test_order_that_never_arrived_is_over_once_it_cannot_arrive_any_more() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.faults = ["never arrived"]
        opened.append(desk.open())

    desk = run(body)
    assert opened[0].ord_status == Status.REJECTED and desk.sent == ["create_order_v2 never arrived"]


def test_cancel_of_an_order_that_is_not_named_yet_follows_its_name() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.faults = ["answer lost"]
        opened.append(desk.open())
        assert desk.cancel(opened[0])

    desk = run(body)
    assert desk.sent == ["create_order_v2 answer lost", "cancel_order_v2"]
    assert opened[0].ord_status == Status.CANCELED and not desk.venue.orders["v1"].is_open


def test_cancel_whose_answer_is_late_is_over_as_soon_as_the_venue_says_so() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        opened.append(desk.open())
        await desk.settle()
        desk.late = asyncio.Event()
        desk.cancel(opened[0])
        async with asyncio.timeout(20):
            while not opened[0].is_done:
                desk.gateway.order_status(opened[0], 0)
                await asyncio.sleep(0.001)
        desk.late.set()
        await asyncio.sleep(0.01)

    desk = run(body)
    assert opened[0].ord_status == Status.CANCELED and desk.sent == ["create_order_v2", "cancel_order_v2"]


def test_fill_counts_once_whichever_way_it_comes() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.venue.liquidity = 1_000
        order = desk.open()
        opened.append(order)
        for _ in range(3):
            await asyncio.sleep(0)
        for _ in range(2):
            desk.gateway.line(order).apply(fill_report(order, fill_of(order, 1_000)))

    desk = run(body)
    assert desk.trades == [(1_000, 4_200)] and opened[0].ord_status == Status.FILLED


def test_venue_that_cannot_be_reached_is_told_and_the_order_is_over() -> None:
    opened = []

    async def body(desk: Desk) -> None:
        desk.faults = ["never sent"]
        opened.append(desk.open())

    desk = run(body)
    assert opened[0].ord_status == Status.REJECTED and len(desk.unreachable) == 1


@pytest.mark.parametrize("seed", range(40))
def test_every_life_ends_on_both_sides_alike(seed: int) -> None:
    random = Random(seed)
    opened: list[Order] = []

    async def body(desk: Desk) -> None:
        for _ in range(25):
            step(desk, random, opened)
            for _ in range(random.randrange(8)):
                await asyncio.sleep(0)
        desk.faults = []
        await desk.settle()
        for order in desk.orders.live():  # fills that nobody told yet
            desk.gateway.line(order).look()

    desk = run(body)
    for order in opened:
        held = next((each for each in desk.venue.orders.values() if desk.orders.by_id(each.cl_ord_id) is order), None)
        if held is None:
            assert order.ord_status == Status.REJECTED
            continue
        assert (order.cum_qty, order.is_done) == (held.cum, not held.is_open)
    names = {name for order in opened for name, kept in order.executions.items() if kept}
    assert names == {f"trade:{trade}" for held in desk.venue.orders.values() for trade, _, _ in held.fills}
    creates = [each for each in desk.sent if each.startswith("create")]
    assert len(creates) == len(opened)


def step(desk: Desk, random: Random, opened: list[Order]) -> None:
    desk.faults.append(random.choice(FAULTS))
    desk.venue.liquidity = random.choice((0, 0, 300, 900))
    live = desk.orders.live()
    what = random.choice(("open", "cancel", "replace", "fill"))
    if what == "open" or not live:
        opened.append(desk.open(random.randrange(100, 1_000, 100), random.choice((Tif.GTC, Tif.GTC, Tif.IOC))))
    elif what == "fill":
        held = random.choice([*desk.venue.orders.values()] or [None])
        if held is not None:
            desk.venue.fill(held, random.randrange(100, 500, 100))
    elif what == "cancel":
        desk.cancel(random.choice(live))
    else:
        order = random.choice(live)
        if order.can_replace:
            desk.replace(order, 4_100, order.cum_qty + 700)
