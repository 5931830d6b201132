"""Days of quotes: to rows, and through any strategy; what quotes do not say is assumed and told."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.cli import main
from engine.config.shipped import config_path
from engine.errors import ConfigError, DecodeError

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

import pyarrow
from pyarrow import parquet

from engine.app.backtest.generated_quotes import write_quote_days
from engine.app.backtest.on_quotes import quote_history
from engine.backtest.quotes import QuoteAssumptions, QuoteHistory, quote_files
from engine.backtest.rows.markets import read_markets
from engine.backtest.rows.quote_sets import convert_quotes
from engine.backtest.rows.quotes import POLLED, read_quotes

HOUR_NS = 3_600 * 10**9
ASSUMED = QuoteAssumptions(1_000, HOUR_NS)
DATA = Path(os.environ.get("FIXLANE_DATA", "../shared/data"))
Quote = tuple[int, str, int | None, int | None]


def weather(folder: Path, rows: Sequence[Quote], day: str = "2026-12-01") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("recv_ns", "market_ticker", "yes_bid", "yes_ask")
    table = pyarrow.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
    parquet.write_table(table, folder / f"{day}.parquet")
    (folder / "results.csv").write_text("market_ticker,result\nX-26DEC01-T1,yes\nX-26DEC01-T2,no\n")
    return folder / f"{day}.parquet"


def polled(folder: Path, rows: Sequence[Quote]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("ts_ns", "slug", "bid", "ask")
    parquet.write_table(
        pyarrow.table(dict(zip(names, zip(*rows, strict=True), strict=True))), folder / "2026-07-11.parquet"
    )
    (folder / "labels.csv").write_text("slug,y,source\nmatch-a,1,api\n")
    return folder


ONE, TWO = "X-26DEC01-T1", "X-26DEC01-T2"
ROWS: list[Quote] = [(1, TWO, 4_000, 4_200), (2, ONE, None, 300), (3, TWO, 4_000, 4_200), (4, ONE, 100, None)]


def converted(folder: Path, out: Path) -> list[Path]:
    return [day.path for day in convert_quotes([folder], out)]


def test_quotes_of_a_day_become_rows_of_the_one_schema(tmp_path: Path) -> None:
    weather(tmp_path / "set", ROWS)
    (path,) = converted(tmp_path / "set", tmp_path / "out")
    assert path == tmp_path / "out" / "kalshi" / "quotes" / "2026-12-01.parquet"
    about, columns = read_quotes(path)
    assert about.markets == [ONE, TWO]
    assert [columns[name].tolist() for name in ("market", "bid", "ask")] == [
        [1, 0, 1, 0],
        [4_000, -1, 4_000, 100],
        [4_200, 300, 4_200, -1],
    ]
    assert about.sources[0].counts == {"crossed": 0, "locked": 0, "without_ask": 1, "without_bid": 1}
    row = read_markets(tmp_path / "out" / "kalshi" / "markets.parquet")[ONE]
    assert (row.event, row.series, row.result, row.value, row.source) == ("X-26DEC01", "X", "yes", 10_000, "inferred")
    assert row.close_ns == 1_796_187_540_000_000_000  # 23:59 in New York


def test_polls_are_marked_and_results_are_the_venues(tmp_path: Path) -> None:
    polled(tmp_path / "set", [(5, "match-a", 1, 10_000), (6, "match-b", None, 20)][1:] + [(7, "match-a", 20, 30)])
    (path,) = converted(tmp_path / "set", tmp_path / "out")
    about, columns = read_quotes(path)
    assert columns["flags"].tolist() == [POLLED, POLLED]
    known = read_markets(tmp_path / "out" / "polymarket" / "markets.parquet")
    assert (known["match-a"].value, known["match-a"].source, known["match-a"].close_ns) == (10_000, "venue", 7)
    assert known["match-b"].value is None


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([(2, ONE, 100, 200), (1, ONE, 100, 200)], "row 2 is before the row above"),
        ([(1, ONE, 100, 20_000)], "row 1 has a price above 10000"),
        ([(1, ONE, 100, 150)], "row 1 has a price off the grid of 100"),
        ([(1, ONE, -100, 200)], "row 1 has a price below 0"),
    ],
)
def test_row_that_cannot_be_is_named(tmp_path: Path, rows: list[Quote], what: str) -> None:
    weather(tmp_path / "set", rows)
    with pytest.raises(DecodeError, match=what):
        converted(tmp_path / "set", tmp_path / "out")


def test_folder_without_outcomes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"results\.csv or labels\.csv"):
        converted(tmp_path, tmp_path / "out")


def frames(tmp_path: Path, rows: list[Quote], assumed: QuoteAssumptions = ASSUMED) -> list[tuple[int, bytes]]:
    weather(tmp_path / "set", rows)
    history = QuoteHistory(converted(tmp_path / "set", tmp_path / "out"), assumed)
    return [(each.recv_ns, each.frame.body) for each in history.frames]


def test_quote_is_a_level_of_the_assumed_size_and_no_price_is_none(tmp_path: Path) -> None:
    assert frames(tmp_path, ROWS[1:]) == [
        (2, b'{"market_ticker":"%b","yes_dollars_fp":[],"no_dollars_fp":[["0.9700","10.00"]]}' % ONE.encode()),
        (3, b'{"market_ticker":"%b","yes_dollars_fp":[["0.4000","10.00"]],"no_dollars_fp":[["0.5800","10.00"]]}'
         % TWO.encode()),
        (4, b'{"market_ticker":"%b","yes_dollars_fp":[["0.0100","10.00"]],"no_dollars_fp":[]}' % ONE.encode()),
    ]  # fmt: skip


def test_quote_that_is_repeated_is_one_frame_and_stays_fresh(tmp_path: Path) -> None:
    rows: list[Quote] = [(hour * HOUR_NS, ONE, 100, 200) for hour in range(3)]
    assert len(frames(tmp_path, rows)) == 1


def test_quote_that_is_too_old_is_taken_back(tmp_path: Path) -> None:
    rows: list[Quote] = [(0, ONE, 100, 200), (3 * HOUR_NS, ONE, 100, 200)]
    assert [time_ns for time_ns, _ in frames(tmp_path, rows)] == [0, HOUR_NS, 3 * HOUR_NS]


def test_any_strategy_runs_on_quotes_and_the_result_says_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_quote_days(tmp_path / "set", days=2, quotes=60)
    out = tmp_path / "out"
    assert main(["data", "convert", str(tmp_path / "set"), "--out", str(out)]) == 0
    assert main(["data", "ls", str(out)]) == 0
    command = ["backtest", str(config_path("engine.toml")), "--data", str(out)]
    assert main(command) == 2
    assert "--quote-size" in capsys.readouterr().err
    results = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.json"
        assert main([*command, "--quote-size", "10", "--json", str(path)]) == 0
        results.append(path.read_bytes())
    assert results[0] == results[1]
    found = json.loads(results[0])
    assert found["fills"] > 0
    assert found["honesty"]["fidelity"].startswith("top of book")
    assert "each quote is good for 10 contracts, once" in found["honesty"]["assumptions"]
    assert found["honesty"]["unsettled"] == []


def test_request_of_a_poll_acts_on_the_next_one(tmp_path: Path) -> None:
    from argparse import Namespace

    from engine.backtest.latency import Latency

    polled(tmp_path / "set", [(poll * 122 * 10**9, "match-a", 20, 30 + 10 * (poll % 2)) for poll in range(10)])
    paths = converted(tmp_path / "set", tmp_path / "out")
    history = quote_history(paths, Namespace(quote_size=100, max_age=HOUR_NS))
    assert history.slowed(Latency(answer_ns=5)) == Latency(
        new_ns=122 * 10**9, cancel_ns=122 * 10**9, replace_ns=122 * 10**9, answer_ns=5
    )
    assert history.told[0] == "quotes are of polls: a request acts on the next one, 122 s on"


@pytest.mark.parametrize("name", ["kalshi-weather-quotes", "polymarket-quotes"])
def test_real_days_become_rows(name: str, tmp_path: Path) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"{DATA / name} is not here: FIXLANE_DATA names the folder of the sets")
    day = sorted((DATA / name).glob("*.parquet"))[0]
    (written,) = convert_quotes([day], tmp_path)
    assert written.rows == parquet.read_metadata(day).num_rows
    assert quote_files([tmp_path]) == [written.path]
