"""The same input gives the same files: again, with another hash seed, in another folder, beside a silent market."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import CONFIG, ROOT
from tests.support.recorded import Recording, wandering

pytest.importorskip("pyarrow")

OF_MARKETS = ("orders.parquet", "fills.parquet", "equity.parquet")


def files(data: Path, out: Path, seed: str, *words: str) -> dict[str, bytes]:
    """Return every file of a backtest of the sample in a process of its own."""
    command = [sys.executable, "-m", "engine", "backtest", str(CONFIG / "engine.toml"), "--latency", "5", *words]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--data", str(data), "--out", str(out)],
        env=environment,
        cwd=data.parent,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".json", ".html", ".parquet")}


@pytest.mark.parametrize("words", [(), ("--fast",)], ids=["slow", "fast"])
def test_files_are_the_same_each_time_and_anywhere(tmp_path: Path, words: tuple[str, ...]) -> None:
    here, there = tmp_path / "here" / "data", tmp_path / "there" / "deeper" / "others"
    for folder in (here, there):
        folder.mkdir(parents=True)
        wandering(11, 600).write(folder)
    first = files(here, tmp_path / "first", "1", *words)
    assert len(first) >= 5 and b"B-1" in first["orders.parquet"]
    assert files(here, tmp_path / "again", "1", *words) == first
    assert files(here, tmp_path / "seed", "2", *words) == first
    assert files(there, tmp_path / "there" / "out", "3", *words) == first
    silent = Recording("SNOW")
    silent.snapshot(5, {}, {})
    beside = tmp_path / "beside"
    shutil.copytree(here, beside)
    silent.write(beside)
    found = files(beside, tmp_path / "out", "1", *words)
    assert {name: found[name] for name in OF_MARKETS} == {name: first[name] for name in OF_MARKETS}
