"""`fixlane bench backtest`: every row is there, and means what it says."""

import json
from pathlib import Path

import pytest

from engine.cli import main

pytest.importorskip("pyarrow")


def test_every_run_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    assert main(["bench", "backtest", "--quick", "--json", str(file)]) == 0
    found = json.loads(file.read_text())["backtest"]
    sets = ("sets.2", "sets.4", "sets.8", "sets.16")
    quoters = ("quoter.risk-averse", "quoter.power:1", "quoter.log", "quoter.matched")
    python = ("python.looking", "python.quoting")
    plain = ("plain.looking", "plain.quoting", "plain.sets", "day.1000")
    peers = [f"{peer}.{run}" for peer in ("hftbacktest", "nautilus_trader") for run in ("replay", "looking", "quoting")]
    names = ("convert", "replay", *quoters, *python, *sets, "sweep.16", *plain, *peers)
    assert list(found) == [f"backtest.{name}" for name in names]
    rated = [name for name in names if name not in ("sweep.16", "plain.sets", *peers)]
    assert all(found[f"backtest.{name}"]["rate"] > 0 for name in rated)
    assert all(found[f"backtest.{name}"]["skipped"] for name in peers)
    assert 0 < found["backtest.day.1000"]["resident_bytes"] < 2**30
    assert found["backtest.plain.looking"]["requests"] == 0 < found["backtest.plain.quoting"]["fills"]
    assert found["backtest.plain.sets"]["one_more"] > 0
    assert found["backtest.replay"]["requests"] == 0 < found["backtest.quoter.matched"]["fills"]
    assert found["backtest.python.looking"]["requests"] == 0 < found["backtest.python.quoting"]["requests"]
    printed = capsys.readouterr().out
    assert "backtest.sets.16" in printed and "ns a row" in printed
