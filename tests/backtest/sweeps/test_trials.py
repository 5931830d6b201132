"""What makes another trial of a backtest, and what does not."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.app.backtest.identity import RunOptions, configuration_of
from engine.backtest.core.settings import QueueModel
from engine.backtest.latency import Latency
from engine.cli import main
from engine.config.engine import load
from engine.config.shipped import config_path
from tests.support.recorded import wandering


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wandering(3, 60).write(tmp_path_factory.mktemp("frames"))


def trials(frames: Path, folder: Path, runs: Sequence[Sequence[str]]) -> list[int]:
    """How many trials there are, as each run's result says."""
    found = []
    for words in runs:
        path = folder / "result.json"
        command = [
            "backtest",
            config_path("engine.toml"),
            "--data",
            frames,
            "--ledger",
            folder / "trials",
            "--json",
            path,
        ]
        assert main([*map(str, command), *words]) == 0
        told: dict[str, Any] = json.loads(path.read_bytes())
        found.append(told["honesty"]["trials"])
    return found


def test_each_option_that_changes_a_run_is_a_trial_and_no_other(frames: Path, tmp_path: Path) -> None:
    runs: list[list[str]] = [
        [],
        ["--queue", "risk-averse"],  # as before
        ["--queue", "optimistic"],
        ["--queue", "power"],
        ["--queue", "power:1"],  # the same by another name
        ["--queue", "matched/power"],
        ["--latency", "5"],
        ["--latency", "5", "--queue", "power"],
        ["--latency", "5", "--latency-new", "5"],  # as before
        ["--venue-delay", "1"],
        ["--sensitivity"],  # looks at the same run from other sides
    ]
    assert trials(frames, tmp_path, runs) == [1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 7]


def test_configuration_is_another_by_each_part_that_a_run_reads() -> None:
    config, latency = load(config_path("engine.toml")), Latency()
    feed, fees = config.feed, config.fees
    others = [
        configuration_of(config, latency),
        configuration_of(config, replace(latency, new_ns=1)),
        configuration_of(config, latency, RunOptions(QueueModel("log"))),
        configuration_of(config, latency, RunOptions(quote_size=100)),
        configuration_of(config, latency, RunOptions(quote_size=100, max_age_ns=1)),
        configuration_of(replace(config, feed=replace(feed, watch_depth=feed.watch_depth + 1)), latency),
        configuration_of(replace(config, feed=replace(feed, max_gap_ns=1)), latency),
        configuration_of(replace(config, fees=replace(fees, **different(fees))), latency),
        configuration_of(replace(config, risk=replace(config.risk, max_open_orders=1)), latency),
    ]
    assert len(set(others)) == len(others)
    assert configuration_of(replace(config, log=replace(config.log, level="error")), latency) == others[0]


def different(struct: Any) -> dict[str, Any]:
    """One field of a struct with another value."""
    name, value = next((each, getattr(struct, each)) for each in struct.__struct_fields__)
    return {name: f"{value}x" if isinstance(value, str) else (value or 0) + 1}
