"""A start that fails says why and leaves nothing behind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.test_check import RUNS, SESSION_FILE
from tests.support.places import ROOT


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('core = "none"', "core = 63", "engine.core"),
        ('state_dir = "state"', f'state_dir = "{"x" * 120}"', "engine.state_dir"),
        ('state_dir = "state"', 'state_dir = "fix/initiator.cfg"', "engine.state_dir"),
        ('state_dir = "state"', f'state_dir = "{"x" * 300}"', "engine.state_dir"),
        ('url = "ws://127', 'url = "http://127', "feed"),
    ],
    ids=["core", "socket", "file", "name", "url"],
)
def test_o16_failed_starts_leave_no_segment(
    written: Callable[..., Path], tmp_path: Path, old: str, new: str, said: str
) -> None:
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "initiator.cfg").write_text(SESSION_FILE)
    assert old in RUNS
    path = written(RUNS.replace(old, new).replace("[feed]", '[journal]\ndirectory = "journal"\n\n[feed]'))
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "engine", "run", str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert said in done.stderr
    assert [each for each in (tmp_path / "journal").glob("*") if each.suffix in (".journal", ".new")] == []
