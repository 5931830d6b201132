"""The cash in each comparison: asked for with the rest, its flows where it seems to differ; trading waits for it."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.app.account import watch as watching_module
from engine.app.account.paid_in import FILE, paid_in_keeper, read_paid_in
from engine.app.account.reading import AccountReader
from engine.app.account.watch import CASH_SUSPECTED, AccountWatch
from engine.errors import ConfigError
from engine.runtime.backoff import Backoff
from engine.trading.markets import Stop
from engine.trading.reconcile.balance import Cash, CashState, CashTerms, PaidIn
from engine.trading.reconcile.reconcile import Reconcile
from engine.venue.account import VenueBalance
from engine.venue.rest import Call, Page, PagedCall, RestRequest
from tests.app.account.test_watch import FakeAccount, run
from tests.support.desks import Scene
from tests.support.venue_account import AccountVenue


class CashAccount(FakeAccount):
    """The same with a balance."""

    cash = 1_000

    async def call(self, call: Call[Any]) -> Any:
        if call.request.operation == "balance":
            self.asked.append("balance")
            return VenueBalance(cash=self.cash)
        return await super().call(call)

    def balance(self) -> Call[Any]:
        return Call(RestRequest(operation="balance", method="GET", path="/"), bytes)

    def flows(self) -> tuple[PagedCall[Any], ...]:
        request = RestRequest(operation="flows", method="GET", path="/")
        return (PagedCall(lambda cursor: request, lambda body: Page([], "")),)


class Desk:
    """A desk whose account and cash are watched."""

    def __init__(self, kept: PaidIn | None = None) -> None:
        self.scene = Scene()
        self.account: Any = CashAccount(AccountVenue())
        self.cash = Cash(self.scene.loop, lambda note: None, CashTerms(), kept)
        loop, now = self.scene.loop, lambda: 10**18
        self.watch = AccountWatch(
            AccountReader(self.account, self.account, now, lambda seconds: asyncio.sleep(0)),
            Reconcile(loop, lambda note: None, self.cash),
            loop,
            now,
            lambda note: None,
            3600 * 10**9,
            Backoff(1, 2, Random()),
        )


def test_balance_is_asked_for_and_its_flows_where_they_may_explain_something() -> None:
    async def body() -> None:
        desk = Desk()
        first, second = await desk.watch.compare_now(), await desk.watch.compare_now()
        assert (first.cash, second.cash) == (CashState.LEARNED.value, CashState.AGREES.value)
        assert str(second).endswith(", cash agrees")
        assert [each for each in desk.account.asked if each in ("balance", "flows")] == ["balance", "flows", "balance"]

    run(body())


def test_trading_waits_until_a_difference_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_module, "SOON_NS", 10**7)

    async def body() -> None:
        desk = Desk(PaidIn(amount=1_005))
        desk.watch.logged_on()
        told: list[str] = []
        task = asyncio.get_running_loop().create_task(desk.watch.run())
        while not told or told[-1]:
            told.append(desk.watch.obstacle())
            await asyncio.sleep(0.001)
        task.cancel()
        assert CASH_SUSPECTED in told
        assert desk.cash.state is CashState.DIFFERS and desk.cash.gap == -5
        assert all(desk.scene.loop.markets.has(each, Stop.BALANCE.value) for each in desk.scene.instruments)
        assert desk.watch.last is not None and not desk.watch.last.is_clean
        desk.watch.bear()
        assert (await desk.watch.compare_now()).is_clean

    run(body())


def test_what_was_paid_in_is_kept_whole_or_said_to_be_broken(tmp_path: Path) -> None:
    told: list[str] = []
    assert read_paid_in(tmp_path) is None
    kept = PaidIn(amount=-7, flows=("F1", "F2"))
    paid_in_keeper(tmp_path, told.append)(kept)
    assert read_paid_in(tmp_path) == kept and told == []
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ConfigError, match=f"{FILE}: .*repair or remove it"):
        read_paid_in(tmp_path)
    paid_in_keeper(tmp_path / "nowhere", told.append)(kept)
    assert len(told) == 1 and "cannot be written" in told[0]
