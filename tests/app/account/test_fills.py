"""What a fill's report tells of position and cash is held against ours; a difference stops its market."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec import structs

from engine.app.account.fills import FillCheck, fill_check
from engine.app.account.watch import AccountWatch
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.orders.report import ExecutionReport
from engine.runtime.backoff import Backoff
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.reconcile.reconcile import Reconcile
from engine.venue.fill_details import FillDetails
from tests.support.desks import Scene
from tests.support.venue_account import AccountVenue

TOLD = FillDetails(
    trade_id="T1", symbol="RAIN", shard=0, net_after=None, cash=None, payout=None, returned=(0, 0), is_taker=None,
    business_date="", subaccount=0,
)  # fmt: skip
ANY = Fields(b"35=8\x01")


class Filled:
    """A desk at a venue that fills; what its reports tell beside is a test's to say."""

    def __init__(self, knows_cash: bool = True, has_rest: bool = False) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.reports: list[ExecutionReport] = []
        self.told: Callable[[], FillDetails | None] = lambda: structs.replace(TOLD, net_after=self.net)
        loop: Any = self.scene.loop
        reconcile = Reconcile(loop, lambda text: None)
        self.reconcile = reconcile
        reader: Any = None
        watch = AccountWatch(reader, reconcile, loop, lambda: 0, lambda text: None, 10**9, Backoff(1, 1, Random(1)))
        self.watch: Any = watch if has_rest else None
        self.check = FillCheck(self.receive, self, loop, self.watch, knows_cash)

    @property
    def market(self) -> Instrument:
        found: Instrument = next(each for each in self.scene.loop.instruments if each.symbol == "RAIN")
        return found

    @property
    def net(self) -> int:
        return int(self.scene.loop.portfolio[self.market].net)

    def details(self, fields: Fields) -> FillDetails | None:
        return self.told()

    def receive(self, fields: Fields) -> None:
        self.scene.loop.apply(self.reports.pop(0))

    def take(self, *reports: ExecutionReport) -> None:
        self.reports += reports
        for _ in reports:
            self.check.on_report(ANY)

    def fill(self, qty: int = 5) -> None:
        """Take the report of one fill of an order that has been accepted."""
        order = self.scene.buy()
        self.take(self.venue.accept(order))
        self.take(self.venue.fill(order, qty, order.price))

    @property
    def words(self) -> list[str]:
        return [each.text for each in self.scene.loop.notices.all() if each.kind == NoticeKind.FILL_CONTRADICTED]

    @property
    def is_stopped(self) -> bool:
        return bool(self.scene.loop.markets.has(self.market, Stop.ACCOUNT.value))


def test_a_fill_that_tells_what_we_hold_changes_nothing() -> None:
    filled = Filled()
    filled.fill()
    assert (filled.check.checked, filled.words, filled.is_stopped) == (1, [], False)


@pytest.mark.parametrize("gap", [1, -1, 100])
def test_another_position_stops_the_market_and_says_both(gap: int) -> None:
    filled = Filled()
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net + gap)
    filled.fill()
    assert filled.is_stopped
    assert filled.words == [
        f"RAIN: trade T1: the venue holds {filled.market.format_size(5 + gap)} for us after it, we have"
        f" {filled.market.format_size(5)}"
    ]


def test_only_what_counts_is_judged() -> None:
    filled = Filled()
    order = filled.scene.buy()
    filled.take(filled.venue.accept(order))
    report = filled.venue.fill(order, 5, order.price)
    filled.take(report)
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net + 1)
    filled.take(report)  # the same again, as after a resend
    assert (filled.check.checked, filled.words) == (1, [])


def test_what_is_not_told_is_not_judged() -> None:
    for told in (None, TOLD, structs.replace(TOLD, symbol="OTHER", net_after=7)):
        filled = Filled()
        filled.told = lambda told=told: told  # type: ignore[misc]
        filled.fill()
        assert (filled.words, filled.is_stopped) == ([], False)


def test_what_contradicts_itself_is_told_and_stops_nothing() -> None:
    filled = Filled()
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net, contradictions=("two dates",))
    filled.fill()
    assert (filled.words, filled.is_stopped) == (["RAIN: trade T1: two dates"], False)


@pytest.mark.parametrize("knows_cash", [True, False])
def test_cash_is_judged_where_no_netting_across_markets_can_change_it(knows_cash: bool) -> None:
    filled = Filled(knows_cash)
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net, cash_contradiction="it is 5")
    filled.fill()
    assert filled.is_stopped == knows_cash
    assert filled.words == (["RAIN: trade T1: it is 5"] if knows_cash else [])


def test_a_report_that_cannot_be_read_is_told_and_booked() -> None:
    filled = Filled()

    def unreadable() -> FillDetails:
        raise DecodeError("tag 704 is 'many'")

    filled.told = unreadable
    filled.fill()
    assert filled.net == 5
    assert filled.words == ["a fill cannot be held against ours: tag 704 is 'many'"]


def test_a_comparison_that_agrees_opens_the_market() -> None:
    filled = Filled(has_rest=True)
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net + 1)
    filled.fill()
    assert filled.is_stopped and filled.watch._is_due.is_set()
    filled.reconcile.compare(filled.venue.account())
    assert not filled.is_stopped


def test_a_person_opens_it_where_nothing_compares() -> None:
    filled = Filled()
    filled.told = lambda: structs.replace(TOLD, net_after=filled.net + 1)
    filled.fill()
    filled.scene.loop.markets.lift_all(Stop.ACCOUNT)
    assert not filled.is_stopped


def test_a_dialect_that_tells_no_more_has_no_check() -> None:
    plain: Any = object()
    scene: Any = Scene()
    assert fill_check(scene.loop.on_report, plain, scene.loop, None) is None
