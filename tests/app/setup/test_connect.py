"""Each connection is tried by the engine that would trade, and each step is said."""

import argparse
from pathlib import Path

import msgspec
import pytest

from engine.app.demo import kalshi
from engine.app.setup import connect
from engine.config.sections import EngineConfig
from engine.errors import EngineError
from engine.sim.child import SimChild


def config(directory: Path, venue: SimChild) -> EngineConfig:
    return kalshi.engine_config(directory, venue, argparse.Namespace(session=None, mode=None))


@pytest.mark.parametrize("with_order", [True, False])
def test_every_step_is_said(tmp_path: Path, with_order: bool) -> None:
    said: list[str] = []
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        connect.connect(config(tmp_path, venue), with_order, said.append)
        account = venue.ask("account", account=kalshi.MEMBER)
    names = [line.partition(":")[0] for line in said]
    between = ["ok    order", "ok    cancel", "ok    account again"] if with_order else ["--    no order was placed"]
    first = ["ok    session", "ok    markets", "ok    market data", "ok    account", "ok    ready"]
    assert names == [*first, *between, "ok    logged out"]
    assert (account["orders"], account["resting"], account["fills"]) == (int(with_order), 0, 0)


def test_step_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(connect, "PATIENCE_S", 3.0)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        right = config(tmp_path, venue)
        venue.ask("maintenance", on=True)
        with pytest.raises(EngineError, match="session: not within 3 s: .+"):
            connect.connect(right, True, said.append)
    assert said == []


def test_market_without_a_book_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(connect, "PATIENCE_S", 3.0)
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        right = config(tmp_path, venue)
        wrong = msgspec.structs.replace(right, feed=msgspec.structs.replace(right.feed, url="wss://localhost:1/"))
        with pytest.raises(EngineError, match="feed.url|market data: not within 3 s"):
            connect.connect(wrong, True, said.append)
