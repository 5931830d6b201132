"""REST behind FIX: one way at a time, an order that REST has stays there, and FIX goes on as soon as it can."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.app.account.rest_session import RestSession
from engine.app.account.standby.gateway import StandbyGateway
from engine.app.account.standby.session import BACK, StandbySession
from engine.app.check import check
from engine.app.setup.init import NAME, write
from engine.fix import BUY
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.runtime.backoff import Backoff
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.sim.keys import make_key
from tests.support.order_reports import RAIN, open_order


class Fix:
    """A FIX session that goes up and down at a word."""

    def __init__(self) -> None:
        self.is_logged_on = False
        self.asked: list[str] = []
        self.on_logon: Callable[[], None]
        self.on_logout: Callable[[str], None]

    def logon(self) -> None:
        self.asked.append("logon")

    def logout(self, text: str = "") -> None:
        self.asked.append("logout")

    def up(self) -> None:
        self.is_logged_on = True
        self.on_logon()

    def down(self) -> None:
        self.is_logged_on = False
        self.on_logout("cut")


class Ways:
    """A session with REST behind it, and what it told."""

    def __init__(self, after_s: float = 0.01, drain_s: float = 10.0) -> None:
        self.fix, self.told = Fix(), list[str]()
        self.answers = asyncio.Event()
        self.rest = RestSession("https://venue", Backoff(1_000_000, 2_000_000, random.Random()))
        self.rest.ask = self.answers.wait
        self.session = StandbySession(cast(Session, self.fix), self.rest, after_s, drain_s=drain_s)
        self.is_drained = False
        session, told = self.session, self.told
        session.on_logon = lambda: told.append("logon over REST" if session.is_over_rest else "logon over FIX")
        session.on_logout = lambda reason: told.append("logout")
        session.use_rest = lambda is_over_rest: told.append("REST" if is_over_rest else "FIX")
        session.pause = lambda reason: told.append("draining" if reason == BACK else "not draining")
        session.drain = lambda: self.is_drained
        session.on_notice = lambda kind, text: told.append(kind.value) if kind is NoticeKind.ORDER_WAY else None

    async def until(self, word: str) -> None:
        async with asyncio.timeout(20):
            while word not in self.told:
                await asyncio.sleep(0.002)


def run(act: Callable[[], Any]) -> None:
    asyncio.run(act())


def test_short_loss_leaves_orders_to_fix() -> None:
    async def act() -> None:
        ways = Ways(after_s=60.0)
        ways.session.logon()
        ways.fix.up()
        ways.fix.down()
        ways.fix.up()
        assert ways.told == ["logon over FIX", "logout", "logon over FIX"]
        ways.session.logout()

    run(act)


def test_long_loss_leads_orders_over_rest_and_back_once_nothing_lives_there() -> None:
    async def act() -> None:
        ways = Ways()
        ways.session.logon()
        ways.fix.up()
        ways.fix.down()
        await ways.until("REST")
        assert not ways.session.is_logged_on
        ways.answers.set()
        await ways.until("logon over REST")
        assert ways.session.is_logged_on and ways.session.is_over_rest
        ways.fix.up()
        await asyncio.sleep(0.05)
        assert ways.told[-1] == "draining" and ways.session.is_over_rest
        ways.is_drained = True
        await ways.until("FIX")
        assert ways.told == [
            *("logon over FIX", "logout", "REST", "order_way", "logon over REST", "draining", "FIX", "order_way"),
            *("not draining", "logon over FIX"),
        ]
        assert ways.session.is_logged_on and not ways.rest.is_logged_on
        ways.session.logout()

    run(act)


def test_fix_that_goes_down_while_rest_is_drained_leaves_orders_to_rest() -> None:
    async def act() -> None:
        ways = Ways()
        ways.answers.set()
        ways.session.logon()  # FIX never comes up at first
        await ways.until("logon over REST")
        ways.fix.up()
        ways.fix.down()
        assert ways.told[-2:] == ["draining", "not draining"] and ways.session.is_over_rest
        ways.is_drained = True
        await asyncio.sleep(0.2)
        assert "FIX" not in ways.told and ways.session.is_logged_on
        ways.session.logout()

    run(act)


def test_what_cannot_be_drained_in_time_does_not_hold_fix_up() -> None:
    async def act() -> None:
        ways = Ways(drain_s=0.2)
        ways.answers.set()
        ways.session.logon()
        await ways.until("logon over REST")
        ways.fix.up()
        await ways.until("logon over FIX")
        ways.session.logout()

    run(act)


def test_loss_of_rest_is_a_logout_while_rest_is_used_and_nothing_else() -> None:
    async def act() -> None:
        ways = Ways()
        ways.answers.set()
        ways.session.logon()
        await ways.until("logon over REST")
        ways.answers.clear()
        ways.rest.lost("refused")
        assert ways.told[-1] == "logout" and not ways.session.is_logged_on
        ways.session.logout()
        assert ways.fix.asked == ["logon", "logout"]

    run(act)


def test_engine_that_was_told_to_log_out_does_not_turn_to_rest() -> None:
    async def act() -> None:
        ways = Ways()
        ways.session.logon()
        ways.session.logout()
        ways.fix.on_logout("")
        ways.session.logout()
        await asyncio.sleep(0.1)
        assert "REST" not in ways.told

    run(act)


class Way:
    """A gateway that remembers which order each request was about."""

    def __init__(self, name: str, record: list[tuple[str, Order | None]]) -> None:
        self.name, self.record = name, record

    def __getattr__(self, request: str) -> Any:
        def ask(order: Order, now_ns: int) -> Order:
            """Note whose request it is, where that goes at once."""
            if request == "order_status":
                self.pass_on(order)
            return order

        return ask

    def pass_on(self, order: Order) -> None:
        self.record.append((self.name, order))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_order_goes_back_to_fix_once_rest_has_it(seed: int) -> None:
    rng, orders, opened = random.Random(seed), Orders("w"), list[Order]()
    record: list[tuple[str, Order | None]] = []
    ways = StandbyGateway(cast(Any, Way("fix", record)), cast(Any, Way("rest", record)))
    over_rest: set[Order] = set()  # what REST has, as a plain reference
    for _ in range(60):
        act = rng.choice(("new_order", "new_order", "cancel", "replace", "order_status", "switch", "over"))
        if act == "switch":
            ways.is_over_rest = not ways.is_over_rest
        elif act == "over" and opened:
            orders.expire(opened.pop(rng.randrange(len(opened))))
            assert set(ways.carried()) == over_rest.intersection(opened)
        elif act == "new_order" or (act != "over" and opened):
            if act == "new_order":
                opened.append(open_order(orders, 10, 4_200, side=BUY, instrument=RAIN))
            order = opened[-1] if act == "new_order" else rng.choice(opened)
            made = getattr(ways, act)(order, 0)
            if act != "order_status":
                ways.pass_on(made)
            assert record[-1] == ("rest" if ways.is_over_rest or order in over_rest else "fix", order)
            if ways.is_over_rest and act != "order_status":
                over_rest.add(order)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write("kalshi", "demo", tmp_path)
    key = make_key(tmp_path, "ed25519")
    monkeypatch.setenv("KALSHI_DEMO_NR_KEY_ID", key.key_id)
    (tmp_path / "secret" / "kalshi.pem").write_bytes(key.file.read_bytes())
    (tmp_path / "secret" / "kalshi.pem").chmod(0o600)
    return tmp_path / NAME


@pytest.mark.parametrize(("after", "is_wrong"), [("60s", False), ("2s", True)])
def test_rest_may_not_take_over_before_the_venue_has_cancelled(config: Path, after: str, is_wrong: bool) -> None:
    text = config.read_text()
    config.write_text(text.replace("[rest]\nurl", f'[rest]\norders = "standby"\nstandby_after = "{after}"\nurl', 1))
    problems, _ = check(config)
    assert bool(problems) is is_wrong
    assert all(each.startswith("rest.standby_after: is less than 3 times HeartBtInt=") for each in problems)


def test_terms_of_fix_cannot_be_kept_over_rest(config: Path) -> None:
    text = config.read_text().replace("[rest]\nurl", '[rest]\norders = "standby"\nurl', 1)
    config.write_text(text.replace("[session]\n", "[session]\nterms = { shard = 2 }\n", 1))
    problems, _ = check(config)
    assert [each for each in problems if "session.terms" in each and 'rest.orders = "never"' in each]


def test_rest_does_not_take_over_beside_orders_that_outlive_their_session(config: Path) -> None:
    text = config.read_text().replace("[rest]\nurl", '[rest]\norders = "standby"\nurl', 1)
    config.write_text(text.replace("[session]\n", "[session]\nflags = { cancel_on_disconnect = false }\n", 1))
    problems, _ = check(config)
    assert len(problems) == 1 and "cancel_on_disconnect = false leaves orders alive" in problems[0]


@pytest.mark.parametrize("orders", ["standby", "always"])
def test_orders_over_rest_want_a_feed_that_tells_of_them(config: Path, orders: str) -> None:
    lines = config.read_text().replace("[rest]\nurl", f'[rest]\norders = "{orders}"\nurl', 1).splitlines()
    lines = [each for each in lines if not each.startswith(('url = "wss:', "channels ="))]
    place = lines.index("[feed]") + 1
    lines[place:place] = ['source = "fix"', 'settings = "fix/kalshi-demo-md.cfg"']
    config.write_text("\n".join(lines))
    problems, _ = check(config)
    assert [each for each in problems if each.startswith("rest.orders: ") and "feed.source" in each]
