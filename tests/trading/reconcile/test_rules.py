"""Every difference is dealt with as configured; what is adopted is ours, and a preview changes nothing."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.fix import BUY, SELL, Status
from engine.trading.markets import Stop
from engine.trading.reconcile.balance import CashState
from engine.trading.reconcile.reconcile import Comparison, Reconcile
from engine.trading.reconcile.rules import KEYS, Deed, ReconcileSection, Rule
from engine.venue.account import VenueFill, VenueOrder, VenuePosition
from tests.support.desks import Scene
from tests.support.venue_account import AccountVenue


class Desk:
    """A desk beside its venue, under rules of its own."""

    def __init__(self, **rules: Any) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.notes: list[str] = []
        self.reconcile = Reconcile(self.scene.loop, self.notes.append, None, ReconcileSection(**rules))

    def compare(self, **changed: Any) -> Comparison:
        return self.reconcile.compare(self.venue.account()._replace(**changed))

    @property
    def is_stopped(self) -> bool:
        self.scene.loop.doubts.review()
        return bool(self.scene.loop.markets.has(self.scene.rain, Stop.ACCOUNT | Stop.DOUBT))

    @property
    def net(self) -> int:
        return int(self.scene.portfolio[self.scene.rain].net)


def stranger(qty: int = 5, cum_qty: int = 0) -> VenueOrder:
    return VenueOrder(
        order_id="V-9", cl_ord_id="elsewhere-1", symbol="RAIN", side=BUY, price=4_500, order_qty=qty + cum_qty,
        cum_qty=cum_qty, leaves_qty=qty, status=Status.NEW,
    )  # fmt: skip


def a_fill(**changed: Any) -> VenueFill:
    fill = VenueFill(
        trade_id="T1", order_id="V-T-1", cl_ord_id="T-1", symbol="RAIN", side=BUY, price=4_500, qty=3, fee=3,
        is_taker=False, time_ns=1,
    )  # fmt: skip
    return msgspec.structs.replace(fill, **changed)


def test_every_rule_has_a_key_whose_choices_are_deeds() -> None:
    assert set(KEYS) == set(Rule)
    assert all(isinstance(ReconcileSection().deed(rule), Deed) for rule in Rule)


def test_timer_that_never_rests_is_refused() -> None:
    with pytest.raises(ConfigError, match="every must be positive"):
        ReconcileSection(every_ns=0)


def test_missed_fill_is_booked_also_where_the_engine_halts_for_it() -> None:
    desk = Desk(missed_fill="halt")
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    desk.venue.fill(order, 4, 4_500)
    desk.compare()
    assert desk.net == 4 and len(desk.scene.halts) == 1 and "fill missed" in desk.scene.halts[0]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"price": 0}, Rule.FILL_IMPOSSIBLE),
        ({"price": 10_000}, Rule.FILL_IMPOSSIBLE),
        ({"qty": 0}, Rule.FILL_IMPOSSIBLE),
        ({"side": SELL}, Rule.FILL_IMPOSSIBLE),
        ({"symbol": "SNOW"}, Rule.FILL_IMPOSSIBLE),
    ],
)
def test_impossible_fill_is_not_booked_and_stops_its_market(changed: dict[str, Any], rule: Rule) -> None:
    desk = Desk()
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    found = desk.compare(fills=[a_fill(**changed)])
    assert rule in [each.rule for each in found.findings]
    assert (desk.net, order.cum_qty, desk.is_stopped) == (0, 0, True)


def test_fill_that_comes_twice_alike_counts_once_and_unlike_not_at_all() -> None:
    desk = Desk()
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    found = desk.compare(fills=[a_fill(), a_fill(qty=4)])
    assert [each.rule for each in found.findings][0] == Rule.FILL_TWICE
    assert desk.net == 0 and desk.is_stopped
    other = Desk()
    order = other.scene.buy()
    other.scene.loop.apply(other.venue.accept(order))
    other.venue.fill(order, 3, 4_500)
    other.compare(fills=other.venue.fills * 2)
    assert other.net == 3 and not other.is_stopped


def test_order_of_another_side_at_the_venue_is_in_doubt() -> None:
    desk = Desk()
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    wrong = msgspec.structs.replace(desk.venue.orders["T-1"], side=SELL)
    found = desk.compare(orders=[wrong], resting=[wrong])
    assert [each.rule for each in found.findings] == [Rule.ORDER_IMPOSSIBLE]
    assert order.ord_status == Status.UNKNOWN and desk.is_stopped


def test_strangers_order_is_adopted_with_its_fills() -> None:
    desk = Desk(stranger_order="adopt")
    known = stranger(5, cum_qty=3)
    fill = a_fill(order_id="V-9", cl_ord_id="")
    held = VenuePosition(symbol="RAIN", net=3, fees=3)
    found = desk.compare(orders=[known], resting=[known], fills=[fill], positions=[held])
    order = desk.scene.orders.find("elsewhere-1", "", "V-9")
    assert order is not None and (order.ord_status, order.leaves_qty) == (Status.PARTIALLY_FILLED, 5)
    assert desk.net == 3 and found.is_clean and not desk.is_stopped
    assert desk.scene.names().count("journal.append_new") == 1


def test_strangers_order_is_cancelled_where_that_is_the_rule() -> None:
    desk = Desk(stranger_order="cancel")
    desk.compare(orders=[stranger()], resting=[stranger()])
    order = desk.scene.orders.find("elsewhere-1", "", "V-9")
    assert order is not None and order.pending == "F"


def test_position_is_adopted_at_its_mark_and_makes_no_profit() -> None:
    desk = Desk(position="adopt")
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    desk.scene.loop.apply(desk.venue.fill(order, 4, 4_500))
    before = desk.scene.portfolio.pnl
    held = VenuePosition(symbol="RAIN", net=9, fees=3)
    found = desk.compare(positions=[held])
    assert [each.rule for each in found.findings] == [Rule.POSITION_DIFFERS]
    assert (desk.net, desk.scene.portfolio.pnl, desk.is_stopped) == (9, before, False)
    assert desk.compare(positions=[held]).findings == ()


@pytest.mark.parametrize(("net", "mark"), [(9, 4_400), (-9, 4_600)])
def test_position_is_adopted_where_none_was_held_before(net: int, mark: int) -> None:
    desk = Desk(position="adopt")
    desk.scene.portfolio.mark(desk.scene.rain, 4_400, 4_600)
    desk.compare(positions=[VenuePosition(symbol="RAIN", net=net, fees=0)])
    held = desk.scene.portfolio[desk.scene.rain]
    assert (held.net, held.mark, held.cash, desk.is_stopped) == (net, mark, -net * mark, False)


def test_position_of_no_known_worth_is_not_adopted() -> None:
    desk = Desk(position="adopt")
    desk.compare(positions=[VenuePosition(symbol="RAIN", net=9, fees=0)])
    assert desk.net == 0 and desk.is_stopped


@pytest.mark.parametrize(("deed", "is_stopped", "halts"), [("tell", False, 0), ("stop", True, 0), ("halt", True, 1)])
def test_fees_that_differ_are_told_or_stop_or_halt(deed: str, is_stopped: bool, halts: int) -> None:
    desk = Desk(fees=deed)
    desk.compare(positions=[VenuePosition(symbol="RAIN", net=0, fees=7)])
    assert (desk.is_stopped, len(desk.scene.halts)) == (is_stopped, halts)


def test_preview_says_what_a_comparison_would_and_changes_nothing() -> None:
    desk = Desk()
    order = desk.scene.buy()
    desk.scene.loop.apply(desk.venue.accept(order))
    desk.venue.fill(order, 4, 4_500)
    desk.venue.cancel(order)
    desk.scene.taken()
    account = desk.venue.account()
    seen = desk.reconcile.preview(account)
    assert [each.rule for each in seen.findings] == [Rule.FILL_MISSED, Rule.ORDER_OVER]
    assert (desk.net, order.ord_status, desk.scene.taken(), desk.notes) == (0, Status.NEW, [], [])
    assert [each.rule for each in desk.compare().findings] == [each.rule for each in seen.findings]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_two_ledgers_that_disagree_end_equal_or_stopped(seed: int) -> None:
    """Whatever the venue says of a market, ours is the same afterwards, or nothing trades there."""
    draw = random.Random(seed)
    desk = Desk(
        stranger_order=draw.choice(["stop", "adopt", "halt"]),
        position=draw.choice(["stop", "adopt", "halt"]),
        contradiction=draw.choice(["stop", "halt"]),
    )
    scene, venue = desk.scene, desk.venue
    orders = [order for _ in range(3) if (order := scene.buy(4_500, draw.randint(5, 20)))]
    for order in orders:
        scene.loop.apply(venue.accept(order))
        for _ in range(draw.randint(0, 3)):
            known = venue.orders[order.cl_ord_id]
            if known.leaves_qty:
                report = venue.fill(order, draw.randint(1, known.leaves_qty), draw.choice((4_500, 4_400)))
                if draw.random() < 0.6:
                    scene.loop.apply(report)
    for order in scene.orders.on_disconnect():
        scene.risk.update(order)
    account = venue.account()
    fills, resting, known_orders = list(account.fills), list(account.resting), list(account.orders)
    positions = {each.symbol: each for each in account.positions}
    for _ in range(draw.randint(0, 3)):
        mischief = draw.choice(["fill", "drop", "stranger", "position", "side", "twice", "lose"])
        if mischief in ("fill", "drop", "twice") and fills:
            place = draw.randrange(len(fills))
            if mischief == "drop":
                del fills[place]
            elif mischief == "twice":
                fills.append(msgspec.structs.replace(fills[place], qty=fills[place].qty + 1))
            else:
                fills[place] = msgspec.structs.replace(fills[place], price=draw.choice([0, 10_000, 9_000]))
        elif mischief == "stranger":
            resting.append(stranger())
            known_orders.append(stranger())
        elif mischief == "position":
            positions["RAIN"] = VenuePosition(symbol="RAIN", net=draw.randint(-9, 9), fees=0)
        elif known_orders:
            gone = known_orders.pop(draw.randrange(len(known_orders)))
            resting = [each for each in resting if each.order_id != gone.order_id]
            if mischief == "side":
                known_orders.append(msgspec.structs.replace(gone, side=SELL))
    said = account._replace(fills=fills, resting=resting, orders=known_orders, positions=list(positions.values()))
    desk.reconcile.compare(said)
    if desk.is_stopped or scene.halts:
        return
    theirs = positions.get("RAIN")
    assert desk.net == (theirs.net if theirs else 0)
    working = {each.order_id: (each.side, each.price, each.leaves_qty) for each in resting}
    ours = {each.order_id: (each.side, each.price, each.leaves_qty) for each in scene.orders.live()}
    assert ours == working


class FakeCash:
    """Cash that differs by what a test says."""

    def __init__(self) -> None:
        self.gap = 0
        self.is_open = False

    @property
    def difference(self) -> str:
        return f"cash: {self.gap} more" if self.gap else ""

    def compare(self, *_: object) -> CashState:
        return CashState.DIFFERS if self.gap else CashState.AGREES


@pytest.mark.parametrize(("deed", "is_halted"), [("stop", False), ("tell", False), ("halt", True)])
def test_balance_is_a_difference_like_the_others(deed: Any, is_halted: bool) -> None:
    desk, cash = Desk(balance=deed), FakeCash()
    any_cash: Any = cash
    records: list[object] = []
    rules = ReconcileSection(balance=deed)
    desk.reconcile = Reconcile(desk.scene.loop, desk.notes.append, any_cash, rules, records.append)
    assert desk.compare().findings == ()
    cash.gap = 7
    (finding,) = desk.compare().findings
    assert (finding.rule, finding.text, desk.reconcile.deed(finding)) == (Rule.BALANCE_DIFFERS, "cash: 7 more", deed)
    assert bool(desk.scene.halts) is is_halted
    told = len(records)
    assert desk.compare().findings == (finding,)
    assert len(records) - told == 2  # begin and end: the difference is told once
