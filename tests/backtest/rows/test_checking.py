"""Captured frames with one fault each: it is named with file and line, and counted for its market and day."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli import main
from tests.support.recorded import Recording, wandering

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

from engine.backtest.rows.checking import Check, DataFinding, MarketDay
from tests.backtest.rows.test_convert import days, event_file


def checked(directory: Path, *, checks_seq: bool = True) -> tuple[dict[str, MarketDay], list[DataFinding]]:
    found: list[DataFinding] = []
    check = Check([directory], checks_seq, found.append)
    return {market: day for (market, _), day in check.days.items()}, found


@pytest.fixture
def rain(tmp_path: Path) -> Recording:
    event_file(tmp_path)
    recording = Recording()
    recording.snapshot(0, {40: 10}, {42: 10})
    return recording


def test_sound_capture_has_no_finding(tmp_path: Path) -> None:
    event_file(tmp_path)
    wandering(1).write(tmp_path)
    by_market, found = checked(tmp_path)
    day = by_market["RAIN"]
    assert found == []
    assert (day.snapshots, day.deltas + day.trades, day.crossed_frames, day.stale_ns) == (1, day.frames - 1, 0, 0)
    assert (day.least_skew_ns, day.most_skew_ns) == (20_000_000, 20_000_000)


def gap(rain: Recording) -> None:
    rain.seq += 3
    rain.level(100, "bid", 40, 1)


def duplicate(rain: Recording) -> None:
    rain.level(100, "bid", 40, 1)
    rain.lines.append(rain.lines[-1])


def unsorted(rain: Recording) -> None:
    rain.level(100, "bid", 40, 1)
    rain.level(50, "bid", 40, 1)


def clock_back(rain: Recording) -> None:
    rain.level(100, "bid", 40, 1)
    rain.level(100, "bid", 40, 1)
    line = json.loads(rain.lines[-1])
    line["event"]["msg"]["ts_ms"] -= 5
    rain.lines[-1] = json.dumps(line)


def below_zero(rain: Recording) -> None:
    rain.level(100, "bid", 40, -11)


def bad_side(rain: Recording) -> None:
    rain.level(100, "bid", 40, 1)
    rain.lines[-1] = rain.lines[-1].replace('"yes"', '"maybe"')


def truncated(rain: Recording) -> None:
    rain.level(100, "bid", 40, 1)
    rain.lines[-1] = rain.lines[-1][:40]


FAULTS = {
    "gap": gap, "duplicate": duplicate, "unsorted": unsorted, "below_zero": below_zero, "bad_side": bad_side,
    "unreadable": truncated,
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_fault_is_named_with_file_and_line(rain: Recording, tmp_path: Path, what: str) -> None:
    make: Callable[[Recording], None] = FAULTS[what]
    make(rain)
    path = rain.write(tmp_path)
    _, found = checked(tmp_path)
    assert [(each.what, each.file, each.line) for each in found][:1] == [(what, str(path), len(rain.lines))]
    assert main(["data", "check", str(tmp_path)]) == 1


def test_clock_that_runs_back_is_a_note(rain: Recording, tmp_path: Path) -> None:
    clock_back(rain)
    rain.write(tmp_path)
    by_market, found = checked(tmp_path)
    assert [(each.what, each.line, each.text) for each in found] == [
        ("clock_back", 3, "the venue's clock runs back 5 ms")
    ]
    assert by_market["RAIN"].found == {"clock_back": 1}
    assert main(["data", "check", str(tmp_path)]) == 0


def test_gap_of_a_file_that_was_cut_out_is_none(rain: Recording, tmp_path: Path) -> None:
    gap(rain)
    rain.write(tmp_path)
    assert checked(tmp_path, checks_seq=False)[1] == []
    assert main(["data", "check", "--filtered", str(tmp_path)]) == 0


def test_time_from_a_loss_to_the_snapshot_is_stale(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, 1)
    gap(rain)
    rain.snapshot(700, {40: 1}, {42: 1})
    rain.level(900, "bid", 40, 1)
    rain.write(tmp_path)
    assert checked(tmp_path)[0]["RAIN"].stale_ns == 600_000_000


def test_crossed_book_is_counted_and_timed(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 43, 1)
    rain.level(150, "bid", 43, -1)
    rain.write(tmp_path)
    day = checked(tmp_path)[0]["RAIN"]
    assert (day.crossed_frames, day.crossed_ns) == (1, 50_000_000)


def test_market_and_grid_that_nobody_told_are_faults(rain: Recording, tmp_path: Path) -> None:
    rain.write(tmp_path)
    event_file(tmp_path, step="")
    assert [each.what for each in checked(tmp_path)[1]] == ["no_grid"]
    (tmp_path / "RAIN.event.json").unlink()
    assert [each.what for each in checked(tmp_path)[1]] == ["unknown_market"]


def test_files_of_one_market_at_once_are_a_fault(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, 1)
    (tmp_path / "again.ndjson").write_bytes(rain.write(tmp_path).read_bytes())
    assert [each.what for each in checked(tmp_path)[1]] == ["overlap"]


def test_rows_are_checked_too(rain: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rain.level(100, "bid", 40, 1)
    rain.write(tmp_path)
    (day,), _ = days(tmp_path)
    assert main(["data", "check", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {}
    day.path.write_bytes(day.path.read_bytes()[:-9])
    assert main(["data", "check", str(day.path)]) == 1
    assert "unreadable" in capsys.readouterr().err


def test_rows_out_of_order_are_named(rain: Recording, tmp_path: Path) -> None:
    from engine.backtest.rows.row_check import check_rows
    from engine.backtest.rows.store import open_rows, read_about, write_rows

    rain.level(100, "bid", 40, 1)
    rain.write(tmp_path)
    (day,), _ = days(tmp_path)
    columns = {name: values.copy() for name, values in open_rows(day.path).columns.items()}
    columns["recv_ns"][3] = 5
    write_rows(day.path, columns, read_about(day.path))
    found: list[DataFinding] = []
    check_rows(day.path, found.append)
    assert [(each.what, each.line) for each in found] == [("unsorted", 4), ("unsorted", 4)]
