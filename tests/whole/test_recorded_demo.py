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
    ran = fixlane("backtest", config_path("engine.toml"), "--data", folder, "--latency-from", audit, "--json", result)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(result.read_text())
    assert told["fills"] > 0
    assert any("measured of" in each for each in told["honesty"]["assumptions"])
    both = fixlane("backtest", config_path("engine.toml"), "--data", folder, "--latency-from", audit, "--latency", 5)
    assert both.returncode == 2
    assert "--latency-from says how long each way takes" in both.stderr
