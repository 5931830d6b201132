"""The venue's cash is what was paid in, and what fills, fees and payments made of it; whatever else is told."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.reconcile.balance import Cash, CashState, CashTerms, PaidIn, expected, freed_at_most
from engine.venue.account import VenueBalance, VenueFlow, VenuePosition
from tests.support.desks import Scene

DOLLAR = 10_000
START = 1_000 * DOLLAR


class Ledger:
    """A venue's cash by full cover, as a plain reference: each fill, payment and flow moves it at once."""

    def __init__(self, scene: Scene, **terms: Any) -> None:
        self.scene = scene
        self.terms = CashTerms(**terms)
        self.cash = START
        self.nets = {instrument: 0 for instrument in (scene.rain, scene.snow)}
        self.flows: list[VenueFlow] = []
        self.notes: list[str] = []
        self.kept: list[PaidIn] = []
        self.ours = self.started(None)

    def started(self, kept: PaidIn | None) -> Cash:
        return Cash(self.scene.loop, self.notes.append, self.terms, kept, self.kept.append)

    def fill(self, instrument: Any, side: int, qty: int, price: int, fee: int) -> None:
        before = self.nets[instrument]
        self.nets[instrument] = after = before + (qty if side == BUY else -qty)
        held = instrument.limit * (max(-after, 0) - max(-before, 0))
        self.cash += (qty * price if side == SELL else -qty * price) - fee - held
        self.scene.portfolio.fill(instrument, side, qty, price, fee)

    def pay(self, instrument: Any, price: int) -> None:
        net = self.nets[instrument]
        self.cash += net * price + instrument.limit * max(-net, 0)
        self.nets[instrument] = 0

    def move(self, amount: int) -> None:
        self.cash += amount
        self.flows.append(VenueFlow(flow_id=f"F{len(self.flows)}", kind="deposit", amount=amount))

    def look(self, cash: Cash | None = None) -> CashState:
        positions = [VenuePosition(symbol=each.symbol, net=net, fees=0) for each, net in self.nets.items() if net]
        ours = cash or self.ours
        balance = VenueBalance(cash=self.cash)
        flows = self.flows if ours.wants_flows(balance, positions) else ()
        return ours.compare(balance, positions, flows)

    def is_stopped(self) -> bool:
        return all(self.scene.loop.markets.has(each, Stop.BALANCE.value) for each in self.nets)

    def told(self, kind: NoticeKind) -> int:
        return sum(each.count for each in self.scene.loop.notices.all() if each.kind == kind)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(Scene())


def test_first_look_learns_what_was_paid_in(ledger: Ledger) -> None:
    ledger.move(5 * DOLLAR)
    ledger.fill(ledger.scene.rain, BUY, 10, 4_500, 7)
    assert ledger.look() is CashState.LEARNED
    assert ledger.kept[-1] == PaidIn(amount=START + 5 * DOLLAR, flows=("F0",))
    assert ledger.look() is CashState.AGREES and ledger.told(NoticeKind.CASH_MOVED) == 0


def test_deposit_is_booked_as_a_flow_and_never_as_profit(ledger: Ledger) -> None:
    ledger.look()
    before = ledger.scene.portfolio.pnl
    ledger.move(25 * DOLLAR)
    ledger.move(-4 * DOLLAR)
    assert ledger.look() is CashState.AGREES
    assert (ledger.ours.flows, ledger.told(NoticeKind.CASH_MOVED)) == (2, 2)
    assert ledger.ours.paid_in == START + 21 * DOLLAR and ledger.scene.portfolio.pnl == before
    assert not ledger.is_stopped()


def test_difference_is_believed_the_second_time_and_closes_every_market(ledger: Ledger) -> None:
    ledger.look()
    ledger.cash -= 3
    assert ledger.look() is CashState.SUSPECTED and ledger.ours.is_open and not ledger.is_stopped()
    assert ledger.look() is CashState.DIFFERS and ledger.is_stopped()
    assert (ledger.ours.gap, ledger.told(NoticeKind.CASH_DIFFERS)) == (-3, 1)
    assert ledger.look() is CashState.DIFFERS and ledger.told(NoticeKind.CASH_DIFFERS) == 1
    ledger.cash += 3
    assert ledger.look() is CashState.AGREES and not ledger.is_stopped()


def test_difference_that_is_another_one_each_time_is_believed_as_well(ledger: Ledger) -> None:
    ledger.look()
    states = []
    for _ in range(4):
        ledger.cash -= 1
        states.append(ledger.look())
    assert states == [CashState.SUSPECTED, CashState.SUSPECTED, CashState.DIFFERS, CashState.DIFFERS]


def test_difference_beside_a_deposit_is_what_is_left(ledger: Ledger) -> None:
    ledger.look()
    ledger.move(9 * DOLLAR)
    ledger.cash += 2
    ledger.look()
    assert ledger.look() is CashState.DIFFERS and ledger.ours.gap == 2


def test_person_trades_on_with_a_difference_and_another_one_stops_again(ledger: Ledger) -> None:
    ledger.look()
    ledger.cash += 50
    ledger.look()
    ledger.look()
    ledger.ours.bear()
    assert not ledger.is_stopped() and ledger.look() is CashState.AGREES
    ledger.cash += 1
    ledger.look()
    assert ledger.look() is CashState.DIFFERS and ledger.is_stopped()


def test_told_alone_stops_nothing() -> None:
    ledger = Ledger(Scene(), stops=False)
    ledger.look()
    ledger.cash += 50
    ledger.look()
    assert ledger.look() is CashState.DIFFERS and not ledger.is_stopped()
    assert ledger.told(NoticeKind.CASH_DIFFERS) == 1


def test_what_is_kept_finds_a_difference_of_the_time_between_two_starts(ledger: Ledger) -> None:
    ledger.look()
    ledger.cash -= 7
    again = ledger.started(ledger.kept[-1])
    assert ledger.look(again) is CashState.SUSPECTED
    assert ledger.look(again) is CashState.DIFFERS and again.gap == -7


def test_positions_that_differ_leave_the_cash_unjudged(ledger: Ledger) -> None:
    ledger.nets[ledger.scene.rain] = 5
    assert ledger.look() is CashState.UNSEEN and ledger.kept == []


def test_market_is_paid_by_us_before_the_venue_pays(ledger: Ledger) -> None:
    rain, snow = ledger.scene.rain, ledger.scene.snow
    ledger.fill(rain, BUY, 10, 4_500, 7)
    ledger.fill(snow, SELL, 4, 6_000, 5)
    ledger.look()
    ledger.scene.loop.settlements.pay(rain, DOLLAR, "the venue")
    ledger.scene.loop.settlements.pay(snow, DOLLAR, "the venue")
    assert ledger.look() is CashState.AGREES
    ledger.pay(rain, DOLLAR)
    assert ledger.look() is CashState.AGREES
    ledger.pay(snow, DOLLAR)
    assert ledger.look() is CashState.AGREES


def test_payment_that_the_venue_rounds_down_is_no_difference() -> None:
    ledger = Ledger(Scene(), unit=100)
    rain = ledger.scene.rain
    ledger.fill(rain, BUY, 3, 4_500, 0)
    ledger.look()
    ledger.scene.loop.settlements.pay(rain, 3_333, "the venue")
    ledger.pay(rain, 3_333)
    ledger.cash -= 99
    assert ledger.look() is CashState.AGREES
    ledger.cash -= 99
    assert ledger.look() is CashState.SUSPECTED  # one payment is rounded once


def test_freed_collateral_is_no_difference_where_events_are_netted() -> None:
    for nets, state in ((True, CashState.AGREES), (False, CashState.SUSPECTED)):
        ledger = Ledger(Scene(), nets_collateral=nets)
        for each in ledger.nets:
            ledger.fill(each, SELL, 10, 4_500, 0)
        ledger.look()
        most = freed_at_most(ledger.scene.portfolio)
        ledger.cash += most or 1
        assert ledger.look() is (state if most else CashState.SUSPECTED)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_cash_agrees_after_any_life_and_any_loss_of_a_cent_is_found(seed: int) -> None:
    rng = random.Random(seed)
    ledger = Ledger(Scene())
    ledger.look()
    markets = list(ledger.nets)
    for _ in range(rng.randrange(40)):
        market, act = rng.choice(markets), rng.random()
        position = ledger.scene.portfolio[market]
        if act < 0.7 and not position.is_settled:
            ledger.fill(
                market, rng.choice((BUY, SELL)), rng.randrange(1, 9), rng.randrange(1, DOLLAR), rng.randrange(9)
            )
        elif act < 0.8:
            ledger.move(rng.randrange(-9, 9) * DOLLAR)
        elif act < 0.85 and not position.is_settled:
            ledger.scene.loop.settlements.pay(market, rng.randrange(DOLLAR + 1), "the venue")
        elif position.is_settled:
            ledger.pay(market, position.mark)
        if rng.random() < 0.3:
            assert ledger.look() is CashState.AGREES
    assert ledger.look() is CashState.AGREES
    positions = {each.symbol: VenuePosition(symbol=each.symbol, net=net, fees=0) for each, net in ledger.nets.items()}
    assert ledger.cash == ledger.ours.paid_in + expected(ledger.scene.portfolio, positions)
    ledger.cash += rng.choice((-1, 1)) * rng.randrange(1, 99)
    ledger.look()
    assert ledger.look() is CashState.DIFFERS
