"""A demo that is recorded can be run again as history, with the latency that it had."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.config.shipped import config_path

pytestmark = pytest.mark.timeout(300)


def fixlane(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_a_recorded_demo_is_history(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    demo = fixlane("demo", "--seconds", 15, "--no-compare", "--record", folder)
    assert demo.returncode == 0, demo.stderr
    again = fixlane("demo", "--seconds", 1, "--no-compare", "--record", folder)
    assert again.returncode == 2
    assert "a recording is there already" in again.stderr
    result, audit = tmp_path / "result.json", folder / "audit.log"
    ran = fixlane(
        "backtest", config_path("engine.toml"), "--data", folder, "--latency-from", audit, "--json", result,
        "--against-live",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    told = json.loads(result.read_text())
    assert told["fills"] > 0
    (own,) = folder.glob("own-*.jsonl")
    reports = [json.loads(line) for line in own.read_text().splitlines()]
    again = told["honesty"]["again"]
    assert again["live"] == sum(each.get("exec_type") == "F" for each in reports) > 0
    assert 0 < again["equal"] <= min(again["live"], again["again"])
    assert sum(again["only_live"].values()) == again["live"] - again["equal"]
    assert sum(again["only_again"].values()) == again["again"] - again["equal"]
    assert any("of our own trading" in each for each in told["honesty"]["assumptions"])
    assert any("measured of" in each for each in told["honesty"]["assumptions"])
    both = fixlane("backtest", config_path("engine.toml"), "--data", folder, "--latency-from", audit, "--latency", 5)
    assert both.returncode == 2
    assert "--latency-from says how long each way takes" in both.stderr
