"""The account compared over a session of FIX 4.4, end to end: what another hand did there, and what the venue lost.

The venue says what it has in answer to AF, H and AN; what differs is decided by the one table, journalled and told.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine import fix
from engine.codec import Fields
from engine.config.account import SessionAccountSection
from engine.journal.segments import journal_paths
from engine.ops.control import OperatorRequest
from engine.runtime.person import the_engine
from engine.trading.controls.desk_state import DeskState
from engine.trading.reconcile.reconcile import Comparison
from engine.trading.reconcile.rules import ReconcileSection, Rule
from tests.support.engine.config import engine_config
from tests.support.engine.in_process import SESSIONS, STATUS, Rig
from tests.support.sim.process import SESSION_FILE, SimProcess, write_config

CENT = LOT = 100
BOTH = SessionAccountSection()


class Desk:
    """A rig whose account is compared over its session; another hand may use the account while it is away."""

    def __init__(self, venue: SimProcess, directory: Path, session: str) -> None:
        self.venue, self.directory, self.session, self.runs = venue, directory, session, 0
        self.rig: Any = None

    def start(self, section: SessionAccountSection = BOTH, rules: ReconcileSection | None = None) -> Rig:
        self.runs += 1
        config = engine_config(self.venue, self.directory, "MINE", session=self.session)
        session = replace(config.session, account=section)
        self.rig = Rig(self.venue, replace(config, session=session, reconcile=rules or ReconcileSection()), "MINE")
        self.rig.start()
        return self.rig  # type: ignore[no-any-return]

    @property
    def watch(self) -> Any:
        return self.rig.engine.session_account.watch

    def until_compared(self, times: int = 1) -> Comparison:
        self.rig.until(lambda: self.watch.comparisons >= times, "a comparison")
        found: Comparison = self.watch.last
        return found

    def rules_found(self) -> set[tuple[Rule, str]]:
        return {(each.rule, each.symbol) for each in self.watch.last.findings} if self.watch.last else set()

    def reconciled(self) -> Any:
        """Compare as `fixlane reconcile` has it done, and return what it says."""
        number = self.rig.ask("reconcile")["errand"]
        asked = OperatorRequest("errand", "test", {"errand": number}, the_engine())
        answer = self.rig.engine.actions["errand"]
        return self.rig.until(lambda: found if (found := answer(asked))["is_done"] else None, "the comparison")

    def forget_one_answer(self) -> None:
        """Let the engine not have the first of the orders that the venue lists next."""
        session = self.rig.engine.session
        receive = session.on_message
        lost: list[str] = []

        def take(fields: Fields) -> None:
            """Pass on all but one."""
            if not lost and fix.MassStatusReqID in fields:
                lost.append(fields.text(fix.OrderID))
            else:
                receive(fields)

        session.on_message = take

    def journalled(self, text: str) -> bool:
        return any(text.encode() in path.read_bytes() for path in journal_paths(self.directory / "journal"))


@pytest.fixture(params=SESSIONS)
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return what starts a desk beside a venue; the argument is what its FIX side does not offer."""
    made: list[Desk] = []

    def start(not_offered: tuple[str, ...] = ()) -> Desk:
        path = tmp_path / "venue"
        path.mkdir()
        write_config(path, "[feed]\nping_seconds = 0.1")
        text = (path / "sim.toml").read_text()
        listed = ", ".join(f'"{each}"' for each in not_offered)
        (path / "sim.toml").write_text(text.replace("[fix]\n", f"[fix]\nnot_offered = [{listed}]\n"))
        (path / "acceptor.cfg").write_text(SESSION_FILE + "[SESSION]\nTargetCompID=MINE\n")
        made.append(Desk(SimProcess(path), tmp_path, request.param))
        return made[0]

    yield start
    for each in made:
        if each.rig is not None:
            each.rig.close()
        each.venue.kill()


def test_account_that_agrees_is_compared_before_trading(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    assert d.until_compared().findings == ()
    r.assert_agrees()


def test_order_of_another_hand_stops_its_market_and_is_journalled_and_shown(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    d.venue("enter_elsewhere", account="MINE", symbol="SNOW", side="buy", qty="3", price="0.40", cl_ord_id="BY-HAND-2")
    assert not d.reconciled()["is_good"]
    assert (Rule.STRANGER_ORDER, "SNOW") in d.rules_found()
    assert r.desk.buy(r.snow, 30 * CENT, LOT) is None
    assert d.journalled("BY-HAND-2")
    assert [each.partition(":")[0] for each in r.engine.status()["stopped_markets"]] == ["SNOW"]
    shown = r.engine.session_account.shown().account
    assert (shown.differences, shown.stopped, shown.failures) == (1, 1, 0)
    assert r.rest(fix.BUY, 30 * CENT, LOT)  # the other market trades


def test_order_of_another_hand_is_adopted_and_cancelled_by_that_rule(desk: Any) -> None:
    d = desk()
    r = d.start(rules=ReconcileSection(stranger_order="cancel"))
    r.until_trading()
    d.venue("enter_elsewhere", account="MINE", symbol="RAIN", side="buy", qty="3", price="0.40", cl_ord_id="BY-HAND")
    r.ask("reconcile")
    r.until(lambda: (Rule.STRANGER_ORDER, "RAIN") in d.rules_found(), "the order of another hand")
    r.until(lambda: not r.venue_orders(), "its cancel")
    assert not r.our_orders()


def test_order_that_the_venue_lost_is_in_doubt_and_its_market_stops(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    d.venue("lose_orders", account="MINE")
    r.ask("reconcile")
    r.until(lambda: (Rule.ORDER_LOST, "RAIN") in d.rules_found(), "the lost order")
    assert r.desk.buy(r.rain, 30 * CENT, LOT) is None
    assert d.journalled(order.cl_ord_id)
    assert r.rest(fix.BUY, 30 * CENT, LOT, r.snow)


def test_position_that_differs_stops_its_market(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    r.other_enters("2", "7", "0.60")
    d.venue("enter_elsewhere", account="MINE", symbol="RAIN", side="buy", qty="2", price="0.60", cl_ord_id="BY-HAND")
    r.ask("reconcile")
    r.until(lambda: d.rules_found() == {(Rule.POSITION_DIFFERS, "RAIN")}, "the position")
    assert d.watch.last.findings[0].gap == 2 * LOT
    assert r.desk.buy(r.rain, 30 * CENT, LOT) is None
    assert d.journalled("2.00 held by the venue")


def test_position_that_differs_is_held_by_that_rule(desk: Any) -> None:
    d = desk()
    r = d.start(rules=ReconcileSection(position="adopt"))
    r.until_trading()
    r.other_enters("2", "7", "0.60")
    r.other_enters("1", "7", "0.50")
    r.desk.buy(r.rain, 60 * CENT, LOT)
    r.until(lambda: r.engine.portfolio[r.rain].net == LOT, "a fill")
    d.venue("enter_elsewhere", account="MINE", symbol="RAIN", side="buy", qty="2", price="0.60", cl_ord_id="BY-HAND")
    r.ask("reconcile")
    r.until(lambda: r.engine.portfolio[r.rain].net == 3 * LOT, "the position")
    assert r.desk.buy(r.rain, 30 * CENT, LOT)


def test_account_is_compared_after_every_logon(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    r.rest(fix.BUY, 40 * CENT, LOT)
    before = d.watch.comparisons
    d.venue("lose_orders", account="MINE")
    d.venue("drop_fix", account="MINE")
    r.until(lambda: d.watch.comparisons > before, "a comparison after the logon")
    r.until(lambda: d.journalled("order lost"), "the lost order")


def test_order_that_lived_through_a_lost_session_is_in_the_list_and_not_asked_for_by_itself(desk: Any) -> None:
    d = desk()
    r = d.start()
    r.until_trading()
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    before = d.watch.comparisons
    d.venue("drop_fix", account="MINE")
    r.until(lambda: d.watch.comparisons > before, "a comparison after the logon")
    r.until_trading()
    assert d.watch.last.findings == ()
    assert order.ord_status == fix.Status.NEW
    assert STATUS not in r.types_sent()
    r.assert_agrees()


def test_list_that_is_cut_short_decides_nothing(desk: Any) -> None:
    d = desk()
    r = d.start(SessionAccountSection(positions=False))
    r.until_trading()
    for price in (38, 39, 40):
        r.rest(fix.BUY, price * CENT, LOT)
    d.forget_one_answer()
    found = d.reconciled()
    assert not found["is_good"]
    assert "open orders: the answer is not whole" in found["lines"][0]
    assert "3 were announced, 2 came" in found["lines"][0]
    assert len(r.our_orders()) == 3
    assert r.supervisor.state is DeskState.TRADING


def test_venue_that_offers_neither_list_is_asked_for_each_order(desk: Any) -> None:
    d = desk(("AF", "AN"))
    r = d.start()
    r.until_trading()
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    assert d.reconciled()["is_good"]
    assert d.watch.last.findings == ()
    assert d.watch.last.orders == 1
    assert d.watch.last.markets == 0
    assert order.ord_status == fix.Status.NEW
    assert r.reports.has("account: positions cannot be compared")
    assert r.reports.has("account: each order is asked for by itself")
