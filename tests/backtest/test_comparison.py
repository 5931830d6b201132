"""Two results side by side: every figure, what differs in the data, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.app.backtest.generated import write_day
from engine.backtest.results.comparison import ComparedFigure, compare, read_result, shown
from engine.cli import main
from tests.support.places import CONFIG


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two results on one day, and one on a shorter."""
    folder = tmp_path_factory.mktemp("results")
    paths = write_day(folder / "data", 1, 2)
    for name, latency, data in (("a", 5, paths), ("b", 40, paths), ("c", 5, paths[:1])):
        words = ["backtest", CONFIG / "engine.toml", "--latency", latency, "--json", folder / name, "--data", *data]
        assert main([str(each) for each in words]) == 0
    return folder


def told(folder: Path, name: str) -> dict[str, Any]:
    return read_result(folder / name)


def test_every_figure_has_its_difference(results: Path) -> None:
    one, other = told(results, "a"), told(results, "b")
    found = {each.name: each for each in compare(one, other).figures}
    assert found["pnl"].difference == other["pnl"] - one["pnl"] != 0
    assert found["markouts.1s.qty"].difference == other["markouts"]["1s"]["qty"] - one["markouts"]["1s"]["qty"]
    assert found["attribution.fees2"].unit == 2 * found["pnl"].unit == 2 * 10 ** one["money_decimals"]
    assert {"trips.win_rate", "honesty.frames", "calibration.1min.brier", "sharpe"} <= found.keys()
    assert compare(one, other).warnings == [
        *(f"only the {which} assumes: {line}" for which, line in _ways(one, other)),
    ]


def _ways(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str]]:
    (first,), (second,) = ([t for t in each["honesty"]["assumptions"] if "latency" in t] for each in (one, other))
    return [("first", first), ("second", second)]


def test_result_is_the_same_as_itself(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(results / "a")
    assert main(["compare", path, path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].endswith("figures are the same (--all shows them)")


def test_other_data_are_told(results: Path) -> None:
    assert compare(told(results, "a"), told(results, "c")).warnings[0].startswith("the data differ")


def test_page_lays_both_over_each_other(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    words = [results / "a", results / "b", "--json", tmp_path / "j", "--page", tmp_path / "p"]
    assert main(["compare", *map(str, words)]) == 0
    page = (tmp_path / "p").read_text()
    assert page.count('class="line first"') == page.count('class="line second"') == 1 and "http" not in page
    one, other, difference = json.loads((tmp_path / "j").read_text())["figures"]["pnl"]
    assert difference == other - one


def test_figures_are_shown_in_their_units() -> None:
    assert shown(ComparedFigure("pnl", 1_500_000, -500_000, 10**6)) == ("pnl", "1.50", "-0.50", "-2.00")
    assert shown(ComparedFigure("trips.profit_factor", "no loss", 2.0, 1)) == (
        *("trips.profit_factor", "no loss", "2"),
        "-",
    )
    assert shown(ComparedFigure("sharpe", None, 1.5, 1)) == ("sharpe", "-", "1.5", "-")


@pytest.mark.parametrize(
    ("content", "said"), [("[]", "is no result"), ("{}", "no result of a backtest"), ("{", "is not JSON")]
)
def test_file_that_is_no_result_is_named(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    (tmp_path / "x").write_text(content)
    assert main(["compare", str(results / "a"), str(tmp_path / "x")]) == 2
    assert said in capsys.readouterr().err


def test_newer_schema_is_refused(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text(json.dumps({**told(results, "a"), "schema": 99}))
    assert main(["compare", str(results / "a"), str(tmp_path / "x")]) == 2
    assert "schema 99, newer than" in capsys.readouterr().err


def test_results_of_the_bench_are_the_benchs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = {"p50_ns": 1_000, "repetitions": 1, "spread": 0.0}
    for name in ("old", "new"):
        (tmp_path / name).write_text(json.dumps({"runs": {"micro.x": run}, "format": 1}))
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    assert "old p50" in capsys.readouterr().out
