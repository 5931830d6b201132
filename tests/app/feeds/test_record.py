"""Recorded frames of a simulated venue: killed, read back, checked, converted, run on."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.backtest.capture.frames import find
from engine.backtest.capture.index import INDEX, read_index
from engine.backtest.history import timed
from engine.cli import main
from tests.support.engine.process import Pair, wait_for


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path, "native")
    pair.start_venue()
    yield pair
    pair.close()


def size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("*.zst"))


def test_recorder_that_is_killed_leaves_what_it_heard_for_a_backtest(pair: Pair, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    recorder = subprocess.Popen([sys.executable, "-m", "engine", "record", str(pair.config), "--out", str(out)])
    try:
        wait_for(lambda: out.exists() and size(out) > 20_000, "frames")
    finally:
        recorder.kill()
        recorder.wait()
    assert read_index(out) == []  # nothing was closed
    assert main(["data", "check", str(out)]) == 0
    frames = timed([out])
    assert len(frames) > 100
    assert {each.frame.kind for each in frames} >= {"orderbook_snapshot", "orderbook_delta"}
    result = tmp_path / "result.json"
    assert main(["backtest", str(pair.config), "--data", str(out), "--json", str(result)]) == 0
    assert json.loads(result.read_bytes())


def test_recorder_that_is_stopped_names_its_files_in_the_index(pair: Pair, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    recorder = subprocess.Popen([sys.executable, "-m", "engine", "record", str(pair.config), "--out", str(out)])
    try:
        wait_for(lambda: out.exists() and size(out) > 5_000, "frames")
        recorder.send_signal(signal.SIGTERM)
        assert recorder.wait(20) == 0
    finally:
        recorder.kill()
        recorder.wait()
    (entry,) = read_index(out)
    assert [each.name for each in find([out])] == [entry.file]
    assert (entry.dropped, entry.bytes) == (0, size(out))
    assert entry.frames >= len(timed([out]))


def test_engine_records_while_it_trades_with_its_own_orders_beside(pair: Pair, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    pair.config.write_text(pair.config.read_text() + f'\n[record]\ndirectory = "{out}"\n')
    pair.start_engine()
    assert pair.engine is not None
    pair.wait_until_trading()
    wait_for(lambda: size(out) > 20_000, "frames")
    wait_for(lambda: any(b"\x01" in each.read_bytes() for each in (tmp_path / "journal").glob("*.journal")), "orders")
    pair.engine.terminate()
    pair.engine.wait(20)
    assert len(timed([out])) > 10
    assert (out / INDEX).exists()
    (own,) = out.glob("own-*.jsonl")
    kinds = {json.loads(line)["kind"] for line in own.read_text().splitlines()}
    assert {"NEW", "REPORT"} <= kinds
