"""The cash of the engine at the simulated Kalshi: it agrees while markets are paid, and flows are told."""

import uuid
from pathlib import Path

import pytest

from engine.app.demo.kalshi import compare
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.reconcile.balance import Cash, CashState
from engine.venue.kalshi.rest.operations import subaccounts
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own


def cash_of(pair: Pair) -> Cash:
    assert pair.engine.account is not None and pair.engine.account.watch is not None
    cash = pair.engine.account.watch.cash
    assert cash is not None
    return cash


async def moved(pair: Pair) -> None:
    """Trade, move cash to another subaccount, have a market paid, and compare after each."""
    assert pair.engine.account is not None
    await pair.trading()
    await pair.until(lambda: pair.engine.counters.fills >= 3, "filled")
    await pair.compared()
    cash, call = cash_of(pair), pair.engine.account.client.call
    before = cash.paid_in
    made = await call(subaccounts.create_subaccount())
    await call(subaccounts.transfer(str(uuid.uuid4()), 0, made.subaccount_number, 1_234))
    await pair.compared()
    assert (cash.flows, cash.paid_in) == (1, before - 12_340_000)
    settled = lambda: sum(each.is_settled for each in pair.engine.portfolio)  # noqa: E731
    await pair.until(settled, "a market paid")
    await pair.compared()
    assert cash.state is CashState.AGREES
    assert pair.engine.trading.notices.count(NoticeKind.CASH_DIFFERS) == 0


def test_cash_agrees_to_the_millionth_while_markets_are_paid_and_cash_is_moved(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, moved)
    assert engine.trading.notices.count(NoticeKind.CASH_MOVED) == 1
    result["venue"]["deposit"] -= 12_340_000
    assert compare(result) == []


async def gone(pair: Pair) -> None:
    """Cash that was there at the last start is not there now: every market closes until a person has looked."""
    await pair.trading()
    cash, markets = cash_of(pair), pair.engine.trading.markets
    assert cash.state in (CashState.LEARNED, CashState.SUSPECTED, CashState.AGREES)
    cash._remember(cash.paid_in + 5_000_000)
    pair.engine.account.watch.logged_on()  # type: ignore[union-attr]
    await pair.until(lambda: cash.state is CashState.DIFFERS, "believed")
    assert all(markets.has(book.instrument, Stop.BALANCE.value) for book in pair.engine.books)
    pair.engine.supervisor.resume("looked at")
    await pair.until(
        lambda: not any(markets.has(book.instrument, Stop.BALANCE.value) for book in pair.engine.books), "open"
    )
    await pair.compared()
    assert cash.state in (CashState.AGREES, CashState.BORNE)


def test_cash_that_is_gone_closes_every_market_until_a_person_resumes(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, gone)
    assert engine.trading.notices.count(NoticeKind.CASH_DIFFERS) == 1
    assert compare(result) == []
