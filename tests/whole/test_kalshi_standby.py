"""Orders over REST while FIX is down at the simulated Kalshi, to and fro: both records agree in the end."""

from pathlib import Path

import pytest
from msgspec import structs

from engine.app.account.standby.orders import StandbyOrders
from engine.app.account.standby.session import StandbySession
from engine.app.demo.kalshi import compare
from engine.config.sections import EngineConfig
from engine.runtime.notices import NoticeKind
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own


def standing_by(config: EngineConfig) -> EngineConfig:
    assert config.rest is not None
    return structs.replace(config, rest=structs.replace(config.rest, orders="standby"))


def ways_of(pair: Pair) -> StandbySession:
    session = pair.engine.session
    assert isinstance(session, StandbySession)
    session._after_s = 0.5  # a minute in life: the venue knows at once of a session that was logged out
    return session


async def to_and_fro(pair: Pair) -> None:
    """Trade over FIX, lose it, trade over REST, have FIX back; again with orders alive on each side."""
    session, over_rest = ways_of(pair), pair.engine._over_rest
    assert isinstance(over_rest, StandbyOrders)
    for _ in range(2):
        await pair.trading()
        session._fix.logout("down for the test")
        await pair.until(lambda: session.is_over_rest and pair.engine.trading.is_trading, "over REST")
        await pair.until(over_rest._ways.carried, "orders over REST")
        sent = pair.engine.counters.fills
        await pair.until(lambda sent=sent: pair.engine.counters.fills > sent, "filled over REST")  # type: ignore[misc]
        session._fix.logon()
        await pair.until(lambda: not session.is_over_rest and pair.engine.trading.is_trading, "over FIX again")
    await pair.trading()
    await pair.compared()


def test_orders_go_over_rest_while_fix_is_down_and_both_records_agree(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, to_and_fro, change=standing_by)
    assert compare(result) == []
    assert not engine.trading.orders.live_count
    told = {notice.kind: notice for notice in engine.trading.notices.all()}
    assert told[NoticeKind.ORDER_WAY].count == 4
    assert NoticeKind.ORDER_IN_DOUBT not in told, told[NoticeKind.ORDER_IN_DOUBT].text
