"""The engine at the simulated Kalshi with its market data over FIX: whatever happens, both records agree."""

import json
from pathlib import Path

import pytest

from engine.app.demo.kalshi import compare
from engine.cli import main
from engine.net.fix_feed import FixFeed
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own


def test_demo_trades_rolling_markets_by_a_feed_over_fix(tmp_path: Path) -> None:
    words = ["demo", "--venue", "kalshi", "--seconds", "16", "--feed", "fix", "--session", "native", "--mode", "busy"]
    assert main([*words, "--json", str(tmp_path / "r")]) == 0
    result = json.loads((tmp_path / "r").read_text())
    assert result["settled"] > 0 and result["orders"] > 0 and result["fills"] > 0
    assert result["feed"] == "fix"
    assert result["protection"][1].startswith("TLS 1.2+, verified as localhost")
    assert compare(result) == []


async def settle(pair: Pair) -> None:
    """Go on until the account is compared and orders rest again."""
    await pair.trading()
    await pair.compared()


async def feed_lost(pair: Pair) -> None:
    """Every session is cut by the venue, then the feed's by its engine."""
    (feed,) = pair.engine.feeds
    assert isinstance(feed, FixFeed)
    await pair.trading()
    await pair.lose_session("drop_fix")
    await pair.until(lambda: feed.totals.connects > 1, "connected anew")
    await pair.trading()
    before = feed.totals.connects
    feed.reconnect("by a test")
    assert all(book.is_stale for book in pair.engine.books) and feed.last_loss == "by a test"
    await pair.until(lambda: feed.totals.connects > before, "connected anew")
    await settle(pair)
    assert not pair.engine.trading.watch.missing()


async def numbers_missed(pair: Pair) -> None:
    """A message of the venue is missed: the session ends, and the next one begins with whole books."""
    (feed,) = pair.engine.feeds
    assert isinstance(feed, FixFeed)
    await pair.trading()
    feed.session.core.next_in -= 1  # what comes next is one too far
    await pair.until(lambda: "MsgSeqNum too high" in feed.last_loss, "told of the gap")
    await pair.until(lambda: feed.totals.connects > 1, "connected anew")
    await settle(pair)
    assert not pair.engine.trading.watch.missing()


@pytest.mark.parametrize("fault", [feed_lost, numbers_missed])
def test_fault_of_the_feed_ends_with_both_records_equal(tmp_path: Path, fault: object) -> None:
    result, engine = trade(tmp_path, fault, feed="fix")  # type: ignore[arg-type]
    assert compare(result) == []
    assert engine.supervisor.reason in ("", "stopping")
