"""The past of a simulated venue, fetched by the command: whole, once, and on from where it was ended."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import EngineError
from engine.net.rest.client import RestClient
from engine.venue.kalshi.rest.operations.candlesticks import read_candles
from engine.venue.rest import Call
from tests.support.sim.kalshi_rest import GAME, RAIN, SNOW, B, KalshiSite, S

pytest.importorskip("pyarrow")

from engine.app.data.history.command import begin_ns
from engine.app.data.history.kalshi import _candle
from engine.app.data.history.progress import Fetched, FetchProgress
from engine.backtest.rows import past
from engine.backtest.rows.markets import read_markets

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[KalshiSite]:
    with KalshiSite(tmp_path) as site:
        site.order("bob", S, 1_000, 4_300)
        site.order("ann", B, 300, 4_300)
        site.order("ann", B, 200, 4_300)
        site.order("bob", S, 500, 3_000, GAME)
        site.order("ann", B, 500, 3_000, GAME)
        site.life("determine", GAME, "yes", 0)
        site.life("settle", GAME)
        yield site


def fetch(site: KalshiSite, out: Path, *series: str) -> int:
    flags = [flag for each in series for flag in ("--series", each)]
    url = f"http://127.0.0.1:{site.site.port}"
    return main(["history", "kalshi", "--url", url, *flags, "--from", YESTERDAY, "--out", str(out)])


def rows(out: Path, kind: str) -> list[dict[str, object]]:
    return [row for path in sorted((out / "kalshi").glob(f"{kind}/*/*/*.parquet")) for row in past.read(path)]


def test_series_becomes_tables_that_say_what_the_venue_says(site: KalshiSite, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert fetch(site, out, "KXDEMORAIN", "KXGAME") == 0
    known = read_markets(out / "kalshi" / "markets.parquet")
    assert set(known) == {RAIN, SNOW, GAME}
    assert (known[GAME].result, known[GAME].value, known[GAME].series) == ("yes", 10_000, "KXGAME")
    assert known[RAIN].bands[0].step == 10
    assert known[RAIN].result == ""
    found = rows(out, "trades")
    assert [(row["market"], row["price"], row["size"], row["taker"]) for row in found] == [
        (RAIN, 4_300, 300, 1),
        (RAIN, 4_300, 200, 1),
        (GAME, 3_000, 500, 1),
    ]
    (paid,) = past.read(out / "kalshi" / "settlements.parquet")
    assert (paid["market"], paid["result"], paid["value"]) == (GAME, "yes", 10_000)
    assert {row["event"] for row in past.read(out / "kalshi" / "events.parquet")} == {"KXDEMORAIN-26DEC01", "KXGAME-1"}


def test_second_run_fetches_only_what_is_new(
    site: KalshiSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    fetch(site, out, "KXDEMORAIN", "KXGAME")
    capsys.readouterr()
    site.order("ann", B, 100, 4_300)
    fetch(site, out, "KXDEMORAIN", "KXGAME")
    told = capsys.readouterr()
    assert told.out.startswith("new: 0 markets, 0 events, 0 settlements, 1 trades")
    assert "KXGAME: 1 of 1 markets" in told.err
    assert len(rows(out, "trades")) == 4


def test_run_that_was_ended_goes_on_where_it_was(
    site: KalshiSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    asked: list[str] = []
    call = RestClient.call

    async def watched(self: RestClient, each: Call[object]) -> object:
        asked.append(each.request.path)
        if len(asked) > fails_after:
            raise EngineError("ended")
        return await call(self, each)

    monkeypatch.setattr(RestClient, "call", watched)
    fails_after = 10
    assert fetch(site, out, "KXDEMORAIN", "KXGAME") == 1
    before = len(rows(out, "trades"))
    fails_after = 10_000
    assert fetch(site, out, "KXDEMORAIN", "KXGAME") == 0
    assert len(rows(out, "trades")) == 3 >= before
    whole = tmp_path / "whole"
    fetch(site, whole, "KXDEMORAIN", "KXGAME")
    assert rows(whole, "trades") == rows(out, "trades")


def test_progress_outlives_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "progress.ndjson"
    FetchProgress(path).note(Fetched("A", "trades", 5, 9, False))
    with path.open("ab") as file:
        file.write(b'{"market":"A","ki')
    progress = FetchProgress(path)
    assert progress.since_ns("A", "trades", 6) == 9
    assert progress.since_ns("A", "trades", 2) == 2  # an earlier begin is asked for whole
    assert progress.since_ns("B", "trades", 2) == 2
    progress.note(Fetched("A", "trades", 2, 9, True))
    assert FetchProgress(path).since_ns("A", "trades", 2) is None


def test_rows_that_come_again_are_there_once(tmp_path: Path) -> None:
    trade = {"venue_ns": 5, "market": "A", "price": 1, "size": 2, "taker": 1, "flags": 0, "trade_id": "x"}
    assert past.write_by_day(tmp_path, "trades", "S", "A", [trade]) == 1
    assert past.write_by_day(tmp_path, "trades", "S", "A", [trade, {**trade, "trade_id": "y", "venue_ns": 1}]) == 1
    (path,) = tmp_path.glob("trades/series=S/day=1970-01-01/*.parquet")
    assert [row["trade_id"] for row in past.read(path)] == ["y", "x"]


def test_period_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["history", "kalshi", "--series", "S", "--out", str(tmp_path), "--from"]
    assert main([*common, "2026-13-01"]) == 2
    assert main([*common, "2026-02-02", "--to", "2026-02-02"]) == 2
    assert "must be after" in capsys.readouterr().err
    assert begin_ns("1970-01-02") == 86_400 * 10**9 < time.time_ns()


@pytest.mark.parametrize("ends", ["_dollars", ""])
def test_candle_of_today_and_of_the_archive_are_one(ends: str) -> None:
    part = {
        f"{when}{ends}": f"0.{price}00"
        for when, price in zip(("open", "low", "high", "close"), range(41, 45), strict=True)
    }
    fp = "_fp" if ends else ""
    candle = {"end_period_ts": 60, "yes_bid": part, "yes_ask": part, "price": {}, f"volume{fp}": "2.50"}
    (found,) = read_candles(json.dumps({"ticker": "A", "candlesticks": [candle]}).encode()).candlesticks
    row = _candle(found, "A", 1)
    assert set(row) == set(past.CANDLES)
    assert [row[f"bid_{when}"] for when in ("open", "low", "high", "close")] == [4_100, 4_200, 4_300, 4_400]
    assert (row["price_close"], row["volume"], row["end_ns"]) == (-1, 250, 60 * 10**9)
