"""The engine at the simulated Kalshi: whatever happens on the way, both records agree to the last unit."""

import json
from pathlib import Path

import pytest

from engine.app.demo.kalshi import MEMBER, compare
from engine.cli import main
from engine.trading.markets import Stop
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_demo_trades_rolling_markets_and_agrees(tmp_path: Path, session: str) -> None:
    assert (
        main(["demo", "--venue", "kalshi", "--seconds", "16", "--session", session, "--json", str(tmp_path / "r")]) == 0
    )
    result = json.loads((tmp_path / "r").read_text())
    assert result["settled"] > 0 and result["orders"] > 0 and result["fills"] > 0
    assert result["protection"][0].startswith("TLS 1.2+, verified as localhost")
    assert compare(result) == []


async def settle(pair: Pair) -> None:
    """Go on until the account is compared and orders rest again."""
    await pair.trading()
    await pair.compared()


async def dropped(pair: Pair) -> None:
    """The connection is cut while orders are on their way."""
    for _ in range(3):
        await pair.trading()
        await pair.lose_session("drop_fix")
    await settle(pair)


async def silent(pair: Pair) -> None:
    """The venue falls silent with orders at rest; it cancels them once it notices, and we are told by REST."""
    await pair.trading()
    pair.venue.ask("silent_fix", duration_ms=1_000)
    await settle(pair)


async def feed_lost(pair: Pair) -> None:
    """The feed is cut, and a subscription overflows."""
    await pair.trading()
    pair.venue.ask("drop_feed")
    await pair.until(lambda: pair.engine.reconnects() > 0, "connected anew")
    await settle(pair)
    pair.venue.ask("end_subscription", code=25)
    await settle(pair)


async def unavailable(pair: Pair) -> None:
    """A shard does not answer, and carries requests out all the same."""
    await pair.trading()
    pair.venue.ask("lose_shard", shard=2, applied=True)
    await pair.until(lambda: any(order.ord_status == "u" for order in pair.engine.trading.orders.live()), "in doubt")
    pair.venue.ask("find_shard", shard=2)
    await settle(pair)


async def maintenance(pair: Pair) -> None:
    """Every session is cut, and nobody gets in for a while."""
    await pair.trading()
    await pair.lose_session("maintenance", on=True)
    pair.venue.ask("maintenance", on=False)
    await settle(pair)


async def paused(pair: Pair) -> None:
    """Trading is paused as a whole: the engine sends nothing meanwhile."""
    await pair.trading()
    pair.venue.ask("hours", is_trading=False)
    markets = pair.engine.trading.markets
    await pair.until(lambda: any(each.cause in (Stop.HOURS, Stop.INACTIVE) for each in markets.all()), "stopped")
    pair.venue.ask("hours", is_trading=True)
    await settle(pair)


async def regridded(pair: Pair) -> None:
    """A market's grid becomes coarser under orders at rest."""
    await pair.trading()
    symbol = pair.engine.books[-1].instrument.symbol
    pair.venue.ask("change_grid", symbol=symbol, label="linear_cent")
    await pair.until(
        lambda: any(
            book.instrument.symbol == symbol and book.instrument.grid and len(book.instrument.grid) == 99
            for book in pair.engine.books
        ),
        "on the new grid",
    )
    await settle(pair)


async def away(pair: Pair) -> None:
    """Markets close, are decided and paid while every connection is down."""
    await pair.trading()
    await pair.until(lambda: any(position.net for position in pair.engine.portfolio), "holding something")
    held = {position.instrument.symbol for position in pair.engine.portfolio if position.net}
    pair.venue.ask("maintenance", on=True)
    pair.venue.ask("refuse_feed", count=1_000, delay_ms=0)
    pair.venue.ask("drop_feed")

    def are_paid() -> bool:
        """Whether all that was held is paid, by the venue's record."""
        return not held - pair.venue.ask("account", account=MEMBER)["settlements"].keys()

    await pair.until(are_paid, "paid")
    pair.venue.ask("clear", kind="refuse_feed")
    pair.venue.ask("maintenance", on=False)
    await pair.until(
        lambda: all(p.is_settled for p in pair.engine.portfolio if p.instrument.symbol in held), "settled here"
    )
    await settle(pair)


async def behind(pair: Pair) -> None:
    """REST tells of what was, with orders in flight when the connection is cut."""
    await pair.trading()
    pair.venue.ask("rest_lag", lag_ms=2_500)
    for _ in range(2):
        await pair.trading()
        await pair.lose_session("drop_fix")
    await pair.trading()
    pair.venue.ask("rest_lag", lag_ms=0)
    await settle(pair)


async def unreadable(pair: Pair) -> None:
    """REST answers nothing when it is needed most: after a reconnect, which waits for it."""
    await pair.trading()
    pair.venue.ask("rest_fault", kind="unavailable", count=1_000_000)
    pair.venue.ask("drop_fix")
    await pair.until(lambda: "cannot be read" in pair.engine.supervisor.reason, "told that REST is down")
    assert not pair.engine.trading.is_trading
    pair.venue.ask("rest_clear")
    await settle(pair)


FAULTS = [away, behind, unreadable, dropped, silent, feed_lost, unavailable, maintenance, paused, regridded]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_ends_with_both_records_equal(tmp_path: Path, fault: object) -> None:
    result, engine = trade(tmp_path, fault)  # type: ignore[arg-type]
    assert compare(result) == []
    assert engine.supervisor.reason in ("", "stopping")
    assert not [notice for notice in engine.trading.notices.all() if notice.kind == "order_in_doubt"]
