"""Runs that start, trade and take snapshots, each killed at a moment of chance: every fill comes back, once."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.order_reports import INSTRUMENTS, RAIN
from tests.support.places import ROOT

RUNS = 4


@pytest.mark.parametrize("seed", range(3))
def test_o12_kills_at_any_moment_lose_no_fill_and_count_none_twice(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    directory = tmp_path / "journal"
    directory.mkdir()
    said = 0
    for run in range(RUNS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.starting_child", str(directory), f"R{run}"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with child:
            assert child.stdout is not None
            numbers = [int(child.stdout.readline()) for _ in range(source.randint(1, 60))]
            time.sleep(source.random() / 50)
            child.kill()
            numbers += [int(line) for line in child.stdout.read().split("\n")[:-1]]
        said += numbers[-1]
        portfolio = Portfolio(INSTRUMENTS)
        recover(journal_paths(directory), INSTRUMENTS, Orders("Z"), portfolio)
        assert said <= portfolio[RAIN].net <= said + 1  # the last one may not have been said
        said = portfolio[RAIN].net
    assert "sound" in list(verify(directory))[-1]
