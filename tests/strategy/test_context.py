"""What a strategy asks its context beside orders: by id and tag, trades, fees, the worst case, inputs of its own."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine import fix
from engine.cli import main
from engine.errors import ConfigError, OrderError
from engine.instrument import Instrument
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.orders.options import MOST_TAG, OrderOptions
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk.fee_bound import FeeBound
from engine.strategy import LastTrade, Strategy
from engine.venue import EventKind
from tests.support.desks import Scene
from tests.support.journals import journal_in
from tests.support.order_reports import INSTRUMENTS, ack, canceled


def test_tag_is_of_the_order_for_ever() -> None:
    scene = Scene()
    order = scene.buy(tag="quote:bid-1")
    assert (order.tag, order.options) == ("quote:bid-1", OrderOptions(tag="quote:bid-1"))
    scene.loop.on_report(ack(order))
    assert scene.buy().tag == ""
    with pytest.raises(AttributeError):
        order.tag = "another"


@pytest.mark.parametrize("tag", ["a b", "x" * (MOST_TAG + 1), "a\x01b", "ü", "a=b"])
def test_tag_that_cannot_be_carried_is_a_mistake_of_the_strategy(tag: str) -> None:
    scene = Scene()
    with pytest.raises(OrderError, match=f"must be 1 to {MOST_TAG} of A-Z"):
        scene.buy(tag=tag)
    assert scene.sent == []


def test_tag_asks_nothing_of_a_venue_without_options() -> None:
    scene = Scene()
    scene.dialect.judge_options = lambda *order: "none"
    assert scene.buy(tag="mine") is not None
    assert scene.sell(tag="mine", order_group="NONE") is None


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_tag_survives_a_restart(tmp_path: Path, by_snapshot: bool) -> None:
    journal = journal_in(tmp_path)
    scene = Scene(journal=journal)
    tags = {scene.buy(tag="one").cl_ord_id: "one", scene.buy().cl_ord_id: ""}
    if by_snapshot:
        journal.roll()
        Snapshots(journal, scene.orders, scene.portfolio).take()
    journal.close()
    orders = Orders("N")
    recover(journal_paths(tmp_path), INSTRUMENTS, orders, Portfolio(INSTRUMENTS))
    assert {order.cl_ord_id: order.tag for order in orders.live()} == tags


def test_orders_are_found_by_id_and_by_tag() -> None:
    scene = Scene()
    first, second, other = scene.buy(tag="a"), scene.sell(tag="a"), scene.buy(tag="b")
    assert list(scene.desk.tagged("a")) == [first, second]
    assert scene.desk.order(other.cl_ord_id) is other
    assert scene.desk.order("nobody") is None
    scene.loop.on_report(ack(first))
    scene.desk.cancel(first)
    scene.loop.on_report(canceled(first))
    assert list(scene.desk.tagged("a")) == [second]
    assert scene.desk.order(first.cl_ord_id) is first


class Keeping(Strategy):
    """Wants the last two trades."""

    kept_trades = 2


def test_last_trades_are_kept_by_market_in_order() -> None:
    scene = Scene(Keeping())
    for number, price in enumerate((4_500, 4_600, 4_700)):
        scene.now_ns += 1
        scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.BUY, price=price, size=5, trade_id=f"t{number}")
        scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.BUY, price=price, size=5, trade_id=f"t{number}")
    scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.BUY, price=1, size=5, is_block=True)
    now_ns = 10**18 + scene.now_ns
    assert scene.desk.trades(scene.rain) == (LastTrade(now_ns - 1, 1, 4_600, 5), LastTrade(now_ns, 1, 4_700, 5))
    assert scene.desk.trades(scene.snow) == ()


def test_trades_that_nobody_wanted_are_not_kept() -> None:
    scene = Scene()
    assert scene.loop.trades is None
    with pytest.raises(ConfigError, match="kept_trades"):
        scene.desk.trades(scene.rain)


def test_worst_case_is_what_risk_counts() -> None:
    scene = Scene()
    scene.risk.exposure.set_fee_bound(scene.rain, FeeBound(per_lot=3, per_order=7))
    before = scene.desk.portfolio.open_cost
    bought = scene.desk.worst_case(scene.rain, fix.BUY, 4_500, 10)
    scene.buy(4_500, 10)
    assert scene.desk.portfolio.open_cost - before == bought == 10 * (4_500 + 3) + 7
    assert scene.desk.worst_case(scene.rain, fix.SELL, 4_600, 10) == 10 * (10_000 - 4_600 + 3) + 7
    with pytest.raises(OrderError):
        scene.desk.worst_case(Instrument("HAIL", 0, None), fix.BUY, 1, 1)


def test_fee_is_that_of_the_venue_s_rule() -> None:
    class Fees:
        def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
            return qty * 2 if is_taker else -qty

    scene = Scene()
    assert scene.desk.fee(scene.rain, 4_500, 10) == 0  # none is known
    scene = Scene(fees=Fees())
    assert [scene.desk.fee(scene.rain, 4_500, 10, is_taker) for is_taker in (True, False)] == [20, -10]


class Beside:
    """Runs what it is given at once."""

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> Any:
        asyncio.run(coroutine)

    def post(self, act: Any) -> None:
        act()


async def ending() -> str:
    return "done"


async def failing() -> None:
    raise ValueError("no more weather")


def test_input_that_fails_halts_at_once_by_its_name() -> None:
    scene = Scene(beside=Beside())
    scene.desk.run(ending(), "model")
    assert scene.halts == []
    scene.desk.run(failing(), "weather")
    (reason,) = scene.halts
    assert reason.startswith("background input weather raised ValueError: no more weather")


def test_input_without_a_live_engine_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs a live engine"):
        Scene().desk.run(ending(), "model")


def test_tag_is_shown_by_the_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = journal_in(tmp_path)
    order = Scene(journal=journal).buy(tag="quote:bid-1")
    journal.close()
    assert main(["journal", str(tmp_path), "--json", "--order", order.cl_ord_id]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(entry["kind"], entry.get("tag")) for entry in entries] == [("NEW", None), ("OPTIONS", "quote:bid-1")]
