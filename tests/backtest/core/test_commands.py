"""`fixlane backtest --queue` and `fixlane quote`: what a model of the queue does to a run, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.app.backtest.generated import write_day
from engine.cli import main
from tests.support.places import CONFIG

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a made-up day, and its rows in `rows`."""
    folder = tmp_path_factory.mktemp("day")
    write_day(folder, 1, 2)
    assert main(["data", "convert", str(folder), "--out", str(folder / "rows")]) == 0
    return folder


def backtested(day: Path, *words: str) -> dict[str, Any]:
    file = day / "result.json"
    data = sorted(str(path) for path in day.glob("*.ndjson"))
    command = ["backtest", str(CONFIG / "engine.toml"), "--latency", "5", "--json", str(file), *words, "--data", *data]
    assert main(command) == 0
    result: dict[str, Any] = json.loads(file.read_text())
    return result


def test_backtest_runs_the_queue_that_is_named(day: Path) -> None:
    cautious, hopeful = backtested(day), backtested(day, "--queue", "optimistic", "--sensitivity")
    assert hopeful["fills"] > cautious["fills"] > 0
    assert cautious["honesty"]["fidelity"].endswith("queue risk-averse")
    assert hopeful["honesty"]["fidelity"].endswith("queue optimistic")
    assert hopeful["honesty"]["queue_extremes"] == {"risk-averse": cautious["pnl"], "optimistic": hopeful["pnl"]}
    assert not any("no other queue" in text for text in hopeful["honesty"]["assumptions"])


def test_backtest_with_known_orders_is_between_the_extremes(day: Path) -> None:
    told = {name: backtested(day, "--queue", name)["fills"] for name in ("risk-averse", "matched", "optimistic")}
    assert told["risk-averse"] <= told["matched"] <= told["optimistic"]


def test_quote_gives_every_set_its_line(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = day / "quotes.json"
    command = ["quote", str(day / "rows"), "--queue", "risk-averse", "matched", "optimistic", "--away", "0", "1"]
    assert main([*command, "--latency", "5", "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert [(each["queue"], each["away"]) for each in found] == [
        (queue, away) for queue in ("risk-averse", "matched", "optimistic") for away in (0, 1)
    ]
    volumes = [each["volume"] for each in found if each["away"] == 0]
    assert 0 < volumes[0] < volumes[2]
    assert all(each["is_settled"] for each in found)
    assert len(capsys.readouterr().out.splitlines()) >= 7


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--queue", "lifo"], "name one of risk-averse"),
        (["--queue", "fifo"], "rows do not name orders"),
        (["--away", "-1"], "its distance not below"),
    ],
)
def test_quote_names_what_is_wrong(day: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", str(day / "rows"), *words]) == 2
    assert says in capsys.readouterr().err


def test_quote_without_rows_says_what_makes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", str(tmp_path)]) == 2
    assert "fixlane data convert writes them" in capsys.readouterr().err
