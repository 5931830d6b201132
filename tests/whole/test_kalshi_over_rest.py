"""Orders over REST at the simulated Kalshi: whatever its REST server does to them, both records agree in the end."""

from pathlib import Path

from engine.app.demo.kalshi import compare
from engine.app.engine import Engine
from tests.support.kalshi_pair import Pair, trade


async def traded(pair: Pair) -> None:
    """Trade until there are fills, and the account was compared with nothing in the way."""
    await pair.trading()
    await pair.until(lambda: pair.engine.counters.fills >= 5, "five fills")
    await pair.compared()
    await pair.trading()


def is_in_order(engine: Engine) -> bool:
    """Return whether nothing of the run was left open, and no order contradicted."""
    notices = {notice.kind: notice.text for notice in engine.trading.notices.all()}
    assert "order_in_doubt" not in notices, notices["order_in_doubt"]
    return not engine.trading.orders.live_count


def test_orders_over_rest_alone_trade_rolling_markets_and_agree(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, traded, over_rest=True)
    assert compare(result) == []
    assert is_in_order(engine)
    assert engine.session.name.startswith("REST https://localhost:")
    assert result["orders"] > 0 and result["fills"] >= 5
