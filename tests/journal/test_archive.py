"""Old segments are compressed and stay readable; whatever befalls them is found."""

import os
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import JournalError
from engine.fix import BUY
from engine.journal.archive import SUFFIX, bytes_of, compress
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.starts import old_segments, start_of
from engine.journal.view.dump import dump
from engine.journal.view.verify import verify
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.journal.test_snapshot import Desk
from tests.journal.test_supply import until
from tests.support.order_reports import INSTRUMENTS, RAIN


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Six runs, each with its snapshot."""
    for number in range(6):
        desk = Desk(tmp_path, f"R{number}", size=2**13)
        for _ in range(20):
            desk.trade(BUY, 1, 4_200)
        desk.journal.close()
    return tmp_path


def held(directory: Path) -> tuple[int, int]:
    portfolio = Portfolio(INSTRUMENTS)
    recover(journal_paths(directory), INSTRUMENTS, Orders("N"), portfolio)
    return portfolio[RAIN].net, portfolio[RAIN].cash


def test_only_what_no_start_reads_is_old(runs: Path) -> None:
    paths = journal_paths(runs)
    old = old_segments(runs)
    last = start_of(paths)
    assert old == paths[: start_of(paths[:last])]
    assert 0 < len(old) < last


def test_compressed_segments_are_read_as_they_were(runs: Path) -> None:
    before, lines, count = held(runs), list(dump(runs)), len(journal_paths(runs))
    old = old_segments(runs)
    sizes = [path.stat().st_size for path in old]
    for path in old:
        data = path.read_bytes()
        compress(path)
        assert not path.exists() and bytes_of(path) == data  # also by the name that it had
    assert sum(path.stat().st_size for path in runs.glob(f"*{SUFFIX}")) < sum(sizes) / 2
    assert (held(runs), list(dump(runs)), len(journal_paths(runs))) == (before, lines, count)
    assert "sound" in list(verify(runs))[-1]
    assert (runs / f"{old[0].name}{SUFFIX}").stat().st_mode & 0o777 == 0o600
    Desk(runs, "N").journal.close()


def test_every_segment_may_be_compressed_but_the_newest(runs: Path) -> None:
    before = held(runs)
    for path in journal_paths(runs)[:-1]:
        compress(path)
    assert held(runs) == before


def test_engine_compresses_behind_its_snapshots(runs: Path) -> None:
    old = old_segments(runs)
    journal = Journal(runs, "N", INSTRUMENTS, 1, segment_bytes=2**13, is_helped=True)
    journal.archive()
    until(lambda: not any(path.exists() for path in old))
    journal.archive()
    journal.close()
    assert [path.name for path in journal_paths(runs)][: len(old)] == [f"{path.name}{SUFFIX}" for path in old]
    assert "sound" in list(verify(runs))[-1]


def test_kill_between_the_two_names_leaves_both_and_one_counts(runs: Path) -> None:
    path = old_segments(runs)[0]
    data = path.read_bytes()
    compress(path)
    path.write_bytes(data)
    assert journal_paths(runs)[0] == path
    assert "sound" in list(verify(runs))[-1]
    compress(path)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["cut", "flip", "zeros", "more", "swap", "empty"])
def test_damaged_compressed_segment_is_named(runs: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    old = old_segments(runs)[:2]
    for path in old:
        compress(path)
    one, two = (path.with_name(path.name + SUFFIX) for path in old)
    data = one.read_bytes()
    damaged = {
        "cut": data[:-9],
        "flip": data[:200] + bytes([data[200] ^ 4]) + data[201:],
        "zeros": data[:100] + bytes(60) + data[160:],
        "more": data + b"x",
        "swap": two.read_bytes(),
        "empty": b"",
    }
    one.write_bytes(damaged[kind])
    assert main(["journal", str(runs), "--verify"]) == 1
    assert one.name in capsys.readouterr().err


def test_segment_that_does_not_come_back_as_it_was_is_kept(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_segments(runs)[0]
    data = path.read_bytes()
    fsync = os.fsync

    def spoil(descriptor: int) -> None:
        fsync(descriptor)
        os.pwrite(descriptor, b"\x00" * 8, 60)

    monkeypatch.setattr(os, "fsync", spoil)
    with pytest.raises(JournalError, match=r"zst\.new: damaged"):
        compress(path)
    assert path.read_bytes() == data
