"""Orders over REST at the simulated Kalshi: whatever its REST server does to them, both records agree in the end."""

import time
from pathlib import Path

import pytest
from msgspec import structs

from engine.app.account.rest_session import RestSession
from engine.app.demo.kalshi import compare
from engine.app.engine import Engine
from engine.runtime.notices import NoticeKind
from engine.sim.rest.faults import RestFault, RestFaultKind
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

KIND = RestFaultKind
S = 1_000_000_000
WRITES = ("create_order_v2", "cancel_order_v2", "amend_order_v2")


async def traded(pair: Pair) -> None:
    """Trade until there are fills, and orders rest between two closes."""
    await pair.trading()
    await pair.until(lambda: pair.engine.counters.fills >= 5, "five fills")
    await pair.trading()
    await pair.until(lambda: not is_closing(pair.engine), "between two closes")


def is_closing(engine: Engine) -> bool:
    """Return whether a market closes or is paid about now: one that stands still then keeps its orders, or its pay."""
    now_ns = time.time_ns()
    return any(-4 * S <= book.instrument.close_ns - now_ns <= 2 * S for book in engine.books)


def is_in_order(engine: Engine) -> bool:
    """Return whether nothing of the run was left open, and no order contradicted."""
    notices = {notice.kind: notice.text for notice in engine.trading.notices.all()}
    assert NoticeKind.ORDER_IN_DOUBT not in notices, notices[NoticeKind.ORDER_IN_DOUBT]
    return not engine.trading.orders.live_count


def test_orders_over_rest_alone_trade_rolling_markets_and_agree(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, traded, over_rest=True)
    assert compare(result) == []
    assert is_in_order(engine)
    assert engine.session.name.startswith("REST https://localhost:")
    assert result["orders"] > 0 and result["fills"] >= 5


async def unreachable(pair: Pair) -> None:
    """The venue cannot be reached for a moment, again and again, with requests on their way."""
    assert isinstance(pair.engine.session, RestSession)
    for _ in range(3):
        await pair.trading()
        pair.engine.session.lost("connection refused")
        assert not pair.engine.trading.is_trading
    await traded(pair)


def test_lost_venue_is_compared_before_trading_goes_on(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, unreachable, over_rest=True)
    assert compare(result) == []
    assert is_in_order(engine)


async def feed_lost(pair: Pair) -> None:
    """The feed, which tells the fills, is cut while orders rest."""
    await pair.trading()
    pair.venue.ask("drop_feed")
    await pair.until(lambda: pair.engine.reconnects() > 0, "connected anew")
    await traded(pair)


def test_fills_that_the_feed_did_not_tell_are_found(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, feed_lost, over_rest=True)
    assert compare(result) == []
    assert is_in_order(engine)


FAULTS = {  # one after another, for each kind of write
    "applied": (
        RestFault(kind=KIND.INTERNAL, is_applied=True),
        RestFault(kind=KIND.UNAVAILABLE, is_applied=True),
        RestFault(kind=KIND.DROP),
    ),
    "not applied": (
        RestFault(kind=KIND.INTERNAL),
        RestFault(kind=KIND.UNAVAILABLE),
        RestFault(kind=KIND.LIMITED),
    ),
    "unreadable": (RestFault(kind=KIND.TRUNCATED), RestFault(kind=KIND.NOT_JSON)),
    "late": (RestFault(kind=KIND.SLOW, delay_ms=6_000),),
}


@pytest.mark.parametrize(
    ("what", "lag_ms"), [("applied", 0), ("applied", 360), ("not applied", 360), ("unreadable", 0), ("late", 0)]
)
def test_fault_of_each_write_ends_with_both_records_equal(tmp_path: Path, what: str, lag_ms: int) -> None:
    faults = tuple(structs.replace(fault, operation=operation) for fault in FAULTS[what] for operation in WRITES)
    result, engine = trade(tmp_path, traded, over_rest=True, faults=faults, lag_ms=lag_ms)
    assert compare(result) == []
    assert is_in_order(engine)
    assert engine.account is not None and sum(engine.account.client.counts.errors.values()) > 0
