"""Trading waits for a comparison that nothing disturbed; half a look decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from engine.app.account.reading import AccountReader
from engine.app.account.watch import AccountWatch
from engine.errors import EngineError
from engine.fix import Status
from engine.runtime.backoff import Backoff
from engine.trading.reconcile.reconcile import Reconcile
from engine.venue.rest import Call, Page, PagedCall, RestRequest
from tests.support.desks import Scene
from tests.support.order_reports import cancel_reject
from tests.support.venue_account import AccountVenue

S = 1_000_000_000


class Listed:
    """What a client returns for a list."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def complete(self) -> list[Any]:
        return self.items


class FakeAccount:
    """An AccountDialect whose calls are names, and the client that answers them from a venue."""

    def __init__(self, venue: AccountVenue) -> None:
        self.venue = venue
        self.asked: list[str] = []
        self.failing = ""
        self.fresh_after = 0
        self.disturb: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: object) -> Any:
            text = " ".join([name, *map(str, arguments)])
            request = RestRequest(operation=text, method="GET", path="/")
            return (
                PagedCall(lambda cursor: request, lambda body: Page([], "")) if name != "as_of" else Call(request, int)
            )

        return ask

    async def call(self, call: Call[Any]) -> Any:
        self.asked.append(call.request.operation)
        self.fresh_after -= 1
        return 0 if self.fresh_after >= 0 else 2**62

    async def all(self, paged: PagedCall[Any]) -> Listed:
        name = paged.following("").operation
        self.asked.append(name.split(" ")[0])
        if self.failing and name.startswith(self.failing):
            raise EngineError("HTTP 503 Service Unavailable")
        account = self.venue.account()
        self.disturb()
        return Listed(
            {"positions": account.positions, "fills": account.fills, "open_orders": account.resting}.get(
                name.split(" ")[0], account.orders
            )  # type: ignore[arg-type]
        )


class Watched:
    """A desk whose account is watched."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.account: Any = FakeAccount(self.venue)
        self.notes: list[str] = []
        loop, now = self.scene.loop, lambda: 10**18
        self.watch = AccountWatch(
            AccountReader(self.account, self.account, now, lambda seconds: asyncio.sleep(0)),
            Reconcile(loop, self.notes.append),
            loop,
            now,
            self.notes.append,
            3600 * S,
            Backoff(1, 2, Random()),
        )


@pytest.fixture
def watched() -> Watched:
    return Watched()


def run(test: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10):
            await test

    asyncio.run(limited())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def watching(watched: Watched, condition: Callable[[], object]) -> None:
    task = asyncio.get_running_loop().create_task(watched.watch.run())
    await until(condition)
    task.cancel()


def test_gate_opens_with_the_first_comparison_after_a_logon(watched: Watched) -> None:
    assert watched.watch.obstacle()
    watched.watch.logged_on()
    run(watching(watched, lambda: not watched.watch.obstacle()))
    assert watched.account.asked == ["as_of", "positions", "fills", "open_orders"]
    watched.watch.logged_on()
    assert watched.watch.obstacle() == "the account is being compared with the venue's"


def test_finished_orders_are_asked_for_where_one_is_in_doubt(watched: Watched) -> None:
    order = watched.scene.buy()
    watched.scene.loop.apply(watched.venue.accept(order))
    watched.venue.fill(order, 10, 4_500)
    run(watched_once(watched))
    assert watched.account.asked[-1] == "orders_of"
    assert (order.ord_status, order.cum_qty) == (Status.FILLED, 10)


async def watched_once(watched: Watched) -> None:
    await watched.watch.compare_now()


def test_answers_that_are_older_than_the_question_are_waited_for(watched: Watched) -> None:
    watched.account.fresh_after = 3
    run(watched_once(watched))
    assert watched.account.asked[:5] == ["as_of"] * 4 + ["positions"]


@pytest.mark.parametrize("failing", ["positions", "fills", "open_orders"])
def test_half_a_look_decides_nothing(watched: Watched, failing: str) -> None:
    order = watched.scene.buy()
    watched.scene.orders.on_disconnect()
    watched.account.failing = failing
    watched.watch.logged_on()
    run(watching(watched, lambda: len(watched.notes) > 2))
    assert watched.notes[0] == "account not compared: HTTP 503 Service Unavailable"
    assert watched.watch.obstacle() == "the venue's account cannot be read: HTTP 503 Service Unavailable"
    assert order.ord_status == Status.UNKNOWN
    watched.account.failing = ""
    run(watching(watched, lambda: not watched.watch.obstacle()))
    assert order.ord_status == Status.REJECTED


def test_look_that_a_request_came_between_is_taken_again(watched: Watched) -> None:
    """An order that is sent while the venue is asked is in none of the lists yet."""
    orders: list[Any] = []

    def disturb() -> None:
        """Send one order during the first look."""
        if not orders:
            orders.append(watched.scene.buy())
            watched.venue.accept(orders[0])

    watched.account.disturb = disturb
    run(watched_once(watched))
    assert watched.account.asked.count("positions") == 2
    assert orders[0].ord_status == Status.PENDING_NEW  # its answer is on its way


def test_answers_that_stay_older_than_the_last_logon_decide_nothing(watched: Watched) -> None:
    """What a venue has not written down yet looks like an order that never arrived."""
    order = watched.scene.buy()
    watched.scene.orders.on_disconnect()
    watched.account.fresh_after = 2**31
    watched.watch.logged_on()
    run(watching(watched, lambda: watched.notes))
    assert "the venue's answers are 1000000000 s behind" in watched.watch.obstacle()
    assert order.ord_status == Status.UNKNOWN and "positions" not in watched.account.asked
    watched.account.fresh_after = 0
    run(watching(watched, lambda: not watched.watch.obstacle()))


def test_refused_cancels_of_what_is_in_doubt_disturb_no_look_while_nothing_new_can_leave(watched: Watched) -> None:
    scene = watched.scene
    order = scene.buy()
    scene.orders.on_disconnect()
    scene.loop.is_trading = False

    def disturb() -> None:
        """Ask for the cancel of what nobody knows, and be told that nobody does."""
        scene.desk.cancel(order)
        scene.loop.on_report(cancel_reject(order, Status.REJECTED, reason=1))

    watched.account.disturb = disturb
    run(watched_once(watched))
    assert scene.loop.counters.cancel_rejects > 0
    assert watched.account.asked.count("positions") == 1 and watched.watch.last is not None


def test_comparison_waits_until_the_markets_are_known(watched: Watched) -> None:
    """A market that was paid while nobody listened would look like a position that differs."""

    async def compare() -> None:
        """Compare once the markets are known, and not before."""
        known = asyncio.Event()
        watched.watch._ready = known.wait
        watched.watch.logged_on()
        task = asyncio.get_running_loop().create_task(watched.watch.run())
        for _ in range(50):
            await asyncio.sleep(0)
        assert watched.account.asked == []
        known.set()
        await until(lambda: not watched.watch.obstacle())
        task.cancel()

    run(compare())
