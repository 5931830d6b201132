"""`fixlane check --connect` at the simulated Kalshi: each step is said, up to one order and its cancel."""

import argparse
from pathlib import Path

from engine.app.demo import kalshi
from engine.app.setup.connect import connect
from engine.sim.child import SimChild


def test_every_step_is_said_though_the_first_markets_wait_for_their_time(tmp_path: Path) -> None:
    said: list[str] = []
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        for symbol, status in venue.ask("markets")["markets"].items():
            if symbol.startswith("KXBTC") and status == "active":
                venue.ask("pause_market", symbol=symbol)
        config = kalshi.engine_config(tmp_path, venue, argparse.Namespace(session=None, mode=None))
        connect(config, True, said.append)
        account = venue.ask("account", account=kalshi.MEMBER)
    names = ["session", "markets", "market data", "account", "ready", "order", "cancel", "account again", "logged out"]
    print(said)
    assert [line.removeprefix("ok    ").partition(":")[0] for line in said] == names
    assert "buy 1 KXETH15M" in said[5]
    assert (account["orders"], account["resting"], account["fills"]) == (1, 0, 0)
