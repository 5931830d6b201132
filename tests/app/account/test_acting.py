"""`reconcile` says every difference by the rules of every comparison, and why where it cannot."""

import asyncio
from types import SimpleNamespace
from typing import Any

from engine.app.account.acting import actions
from engine.app.account.errands import Errands
from tests.app.account.test_errands import end_of_begun, request, run
from tests.app.account.test_watch import Watched

KEYS: Any = SimpleNamespace(reload=None)


async def reconciled(side: Any) -> dict[str, Any]:
    errands = Errands(lambda note: None)
    begun = actions(errands, side, KEYS)["reconcile"](request("reconcile"))
    return await end_of_begun(errands, begun)


def test_missed_fill_is_said_and_booked() -> None:
    async def body() -> None:
        watched = Watched()
        order = watched.scene.buy()
        watched.scene.loop.apply(watched.venue.accept(order))
        watched.venue.fill(order, 10, 4_500)
        answer = await reconciled(SimpleNamespace(watch=watched.watch))
        assert answer["is_good"] and order.cum_qty == 10
        assert answer["lines"][0].startswith("RAIN: fill missed: ClOrdID(11) ")
        assert answer["lines"][0].endswith("; set right")
        assert answer["lines"][-1].startswith("account compared: ")
        assert (watched.watch.comparisons, watched.watch.failures) == (1, 0)

    run(body())


def test_venue_that_fails_and_one_that_is_busy_are_told() -> None:
    async def body() -> None:
        watched = Watched()
        watched.account.failing = "fills"
        answer = await reconciled(SimpleNamespace(watch=watched.watch))
        assert answer["lines"] == ["failed: HTTP 503 Service Unavailable"]
        watched.account.failing = ""
        watched.watch._reason = ""
        watched.account.disturb = lambda: setattr(
            watched.scene.loop.counters, "reports", watched.scene.loop.counters.reports + 1
        )
        answer = await reconciled(SimpleNamespace(watch=watched.watch))
        assert answer["lines"] == ["failed: each of 5 looks was overtaken by orders and reports: ask again"]
        await asyncio.sleep(0)

    run(body())


def test_engine_without_rest_says_so() -> None:
    async def body() -> None:
        answer = await reconciled(None)
        assert answer["lines"][0].startswith("failed: this engine reads no account: [rest]")

    run(body())
