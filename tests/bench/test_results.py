"""Figures, their file, and the comparison of two files."""

import json
import re
from array import array
from pathlib import Path
from typing import Any

import pytest

from bench.plan import Pace, Samples
from bench.report import compare, results
from engine.cli import main
from engine.errors import ConfigError

FIGURES = {"n", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "p99_99_ns", "max_ns"}


def samples(*values: int, sent: int = 0) -> Samples:
    return Samples(array("q", values), 2.0, 0.5, len(values), sent or len(values))


def test_figures_are_medians_over_the_repetitions() -> None:
    run = results.combine([array("q", [100]), array("q", [400]), array("q", [200])])
    assert (run["n"], run["p50_ns"], run["p50_ns_each"]) == (3, 200, [100, 400, 200])
    assert run["spread"] == 1.5


def test_value_beyond_the_histogram_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be recorded"):
        results.combine([array("q", [61 * 10**9])])


def test_run_tells_its_rate_and_whether_it_was_held() -> None:
    pace = Pace("open_loop@1000", 4, 1_000_000, True)
    run = results.combine_samples(pace, [samples(1, 2, 3, 4), Samples(array("q", [5, 6]), 1.0, 1.0, 4, 2)])
    assert (run["rate"], run["is_held"], run["n"]) == (2, False, 6)


def test_rate_is_not_held_where_the_end_of_the_run_lags_behind() -> None:
    falling_behind = array("q", [n * 10**6 for n in range(1000)])
    assert not Samples(falling_behind, 2.0, 2.0, 1000, 1000, scheduled_ns=10**9).is_held
    assert Samples(array("q", [10**6] * 1000), 1.0, 1.0, 1000, 1000, scheduled_ns=10**9).is_held


def test_p99_each_second_follows_the_schedule() -> None:
    open_loop = Pace("open_loop@2", 4, 500_000_000, True)
    assert results.p99_each_second([10, 20, 30, 40], open_loop) == [20, 40]
    closed = Pace("", 4, 500_000_000)
    assert results.p99_each_second([10, 2_000_000_000, 30], closed) == [2_000_000_000, 30]


def test_tail_without_samples_behind_it_is_not_printed() -> None:
    text = results.table({"run": results.combine([array("q", range(1, 2001))])}, {})
    assert text.splitlines()[1].split()[-6:] == ["-", "-", "2.000", "0.0%", "-", "-"]


def test_hgrm_ends_with_the_maximum(tmp_path: Path) -> None:
    results.write_hgrm(tmp_path, {"run": results.combine([array("q", [100, 200, 300])])})
    last = (tmp_path / "run.hgrm").read_text().splitlines()[-1].split()
    assert last == ["0.300", "1.000000000000", "3", "inf"]


def document(**p50: list[int]) -> dict[str, Any]:
    runs = {name.replace("_", "."): results.combine([array("q", [v]) for v in each]) for name, each in p50.items()}
    return {"machine": {}, "versions": {}, "commit": "c", "runs": runs, "ratios": {}}


def written(path: Path, content: dict[str, Any]) -> Path:
    results.write(path, content)
    return path


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ([100, 105, 103], [104, 99, 108], compare.SAME),
        ([100, 101, 100], [104, 104, 105], "1 of 1 differ beyond the spread"),
        ([100, 140, 120], [150, 150, 150], compare.SAME),
    ],
)
def test_difference_counts_beyond_both_spreads(tmp_path: Path, old: list[int], new: list[int], verdict: str) -> None:
    text = compare.compare(
        written(tmp_path / "old.json", document(order=old)), written(tmp_path / "new.json", document(order=new))
    )
    assert text.splitlines()[-1] == verdict


def test_noise_of_the_floor_is_the_least_spread(tmp_path: Path) -> None:
    old = written(tmp_path / "old.json", document(floor_tcp__spin=[100, 150, 125], order=[200, 200, 200]))
    new = written(tmp_path / "new.json", document(floor_tcp__spin=[100, 100, 100], order=[230, 230, 230]))
    for path in (old, new):
        path.write_text(path.read_text().replace("floor.tcp..spin", "floor.tcp_spin"))
    assert compare.compare(old, new).splitlines()[-1] == compare.SAME


def test_file_against_itself_shows_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(tmp_path / "a.json", document(order=[100, 105, 103], tick=[1, 2, 3])))
    assert main(["compare", path, path]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference beyond the spread"


def test_run_in_one_file_only_is_named(tmp_path: Path) -> None:
    old = written(tmp_path / "old.json", document(order=[1]))
    new = written(tmp_path / "new.json", document(tick=[1]))
    text = compare.compare(old, new)
    assert "order: only in the old file" in text and "tick: only in the new file" in text


@pytest.mark.parametrize("text", ["", "[]", '{"runs": {"a": {}}}', '{"runs": 1}'])
def test_file_of_something_else_is_a_usage_error(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        results.read(path)
    assert main(["compare", str(path), str(path)]) == 2
    assert re.search(f"{re.escape(str(path))}(: no results of| is not JSON| is no result)", capsys.readouterr().err)


@pytest.mark.parametrize(("subject", "mode"), [("order", "event"), ("tick", "busy")])
def test_bench_writes_the_results_file(tmp_path: Path, subject: str, mode: str) -> None:
    path, plot = tmp_path / "results.json", tmp_path / "results.png"
    command = ["bench", subject, "--quick", "--no-pin", "--repetitions", "1", "--session", "quickfix", "--mode", mode]
    command += ["--json", str(path)]
    if subject == "tick":
        pytest.importorskip("websockets")
        pytest.importorskip("matplotlib")
        command += ["--plot", str(plot)]
    assert main(command) == 0
    found = json.loads(path.read_text())
    baseline = {"order": "order.baseline_quickfix_threaded", "tick": "tick.baseline"}[subject]
    own = f"{subject}.quickfix" + (".event" if mode == "event" else "")
    names = [f"{name}{pace}" for name in (baseline, own) for pace in ("", ".open_loop@1000")]
    assert {"floor.tcp_spin", "floor.tcp_block", *names} <= set(found["runs"])
    assert all(set(run) >= FIGURES for run in found["runs"].values())
    assert all("rate" in found["runs"][name] for name in names)
    assert {f"{own} / floor.tcp_spin", f"{own} / {baseline}"} <= set(found["ratios"])
    assert found["machine"]["pinned"] is None
    assert {"cpu", "kernel", "governor", "python"} <= set(found["machine"])
    assert "quickfix" in found["versions"]
    assert set(found["stages"]) == ({own} if mode == "busy" else set())
    assert not plot.exists() or plot.read_bytes().startswith(b"\x89PNG")
