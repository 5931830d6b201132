"""Runs of many markets, as a recorder writes them: rotated, cut, dropped, past midnight; and what conversion makes."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.backtest.capture.blocks import BlockCompressor, read_blocks
from engine.backtest.capture.frame_log import FrameLog
from engine.backtest.capture.frames import find, groups, read_frames
from engine.backtest.capture.index import read_index
from engine.errors import DecodeError
from tests.backtest.rows.test_convert import event_file
from tests.support.recorded import BEGAN_MS, MS, Recording

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

from engine.backtest.rows.convert import convert
from engine.backtest.rows.reading import read_lines
from engine.backtest.rows.schema import Flag, Kind
from engine.backtest.rows.store import open_rows

MIDNIGHT_MS = 1_796_169_600_000  # the first one after the recordings of `tests.support.recorded` begin


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def frame(seq: int, symbol: str, **message: object) -> bytes:
    kind = "orderbook_delta" if "delta_fp" in message else "orderbook_snapshot"
    event = {"type": kind, "sid": 1, "seq": seq, "msg": {"market_ticker": symbol, **message}}
    return json.dumps(event).encode()


def snapshot(seq: int, symbol: str) -> bytes:
    return frame(seq, symbol, yes_dollars_fp=[["0.4000", "10.00"]], no_dollars_fp=[["0.5800", "10.00"]])


def delta(seq: int, symbol: str, change: str = "1.00") -> bytes:
    return frame(seq, symbol, side="yes", price_dollars="0.4000", delta_fp=change)


def write_run(
    directory: Path, lines: list[tuple[int, bytes, bool]], name: str = "20261201T000000.000Z-1-00001.ndjson.zst"
) -> Path:
    """Write frames, each with its time in ms and whether its read ended there."""
    text = b"".join(
        b'{"recv_ns":%d,"recv_ms":%d,"feed":0,"last":%b,"event":%b}\n'
        % (ms * MS, ms, b"true" if is_last else b"false", event)
        for ms, event, is_last in lines
    )
    path = directory / name
    path.write_bytes(BlockCompressor().block(text))
    return path


def converted(directory: Path) -> list[dict[str, list[int]]]:
    found = list(convert([directory], directory / "out", True, lambda path, line, what, text: None))
    return [{name: values.tolist() for name, values in open_rows(day.path).columns.items()} for day in found]


def test_markets_of_one_run_become_rows_of_one_day(tmp_path: Path) -> None:
    event_file(tmp_path, "RAIN")
    event_file(tmp_path, "SNOW")
    run = [(0, snapshot(1, "SNOW"), False), (0, snapshot(2, "RAIN"), True), (5, delta(3, "SNOW"), False)]
    run.append((5, delta(4, "RAIN"), True))
    write_run(tmp_path, [(BEGAN_MS + ms, event, is_last) for ms, event, is_last in run])
    (rows,) = converted(tmp_path)
    assert rows["market"] == [1, 1, 1, 0, 0, 0, 1, 0]  # places in the sorted table
    assert [bool(flags & Flag.LAST) for flags in rows["flags"]] == [False] * 5 + [True, False, True]
    assert rows["size"][-2:] == [1_100, 1_100]


def test_day_begins_with_the_books_of_the_day_before(tmp_path: Path) -> None:
    event_file(tmp_path)
    write_run(tmp_path, [(MIDNIGHT_MS - 10, snapshot(1, "RAIN"), True), (MIDNIGHT_MS - 5, delta(2, "RAIN"), True)])
    second = "20261201T000000.000Z-1-00002.ndjson.zst"
    write_run(tmp_path, [(MIDNIGHT_MS + 7, delta(3, "RAIN", "-11.00"), True)], second)
    before, after = converted(tmp_path)
    assert before["size"] == [0, 1_000, 1_000, 1_100]
    assert after["kind"] == [Kind.RESET, Kind.LEVEL, Kind.LEVEL, Kind.LEVEL]
    assert after["size"] == [0, 1_100, 1_000, 0]
    assert after["recv_ns"][0] == MIDNIGHT_MS * MS
    assert all(flags & Flag.SNAPSHOT for flags in after["flags"][:3])


def test_loss_that_the_recorder_noted_makes_the_books_stale_at_once(tmp_path: Path) -> None:
    event_file(tmp_path)
    lost = b'{"type":"recorder_lost","text":"closed"}'
    run = [snapshot(1, "RAIN"), lost, snapshot(1, "RAIN"), delta(2, "RAIN")]
    write_run(tmp_path, [(BEGAN_MS + number, event, True) for number, event in enumerate(run)])
    (rows,) = converted(tmp_path)
    assert rows["kind"][3:] == [Kind.STALE, Kind.RESET, Kind.LEVEL, Kind.LEVEL, Kind.FRESH, Kind.LEVEL]


@pytest.mark.parametrize("left", [1, 10, 20])
def test_file_that_was_cut_is_read_up_to_its_last_whole_block(tmp_path: Path, left: int) -> None:
    path = write_run(tmp_path, [(BEGAN_MS, snapshot(1, "RAIN"), True)])
    path.write_bytes(path.read_bytes() + BlockCompressor().block(b"x" * 100_000)[:left])
    told: list[str] = []
    assert [line.event.type for _, line in read_lines(path, told.append)] == ["orderbook_snapshot"]
    assert told == ["the file was cut in block 2: what was recorded is read up to there"]
    assert len(list(read_frames([path]))) == 1
    with pytest.raises(DecodeError, match="was cut in block 2"):
        list(read_lines(path))


def test_damaged_block_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path, [(BEGAN_MS, snapshot(1, "RAIN"), True)])
    path.write_bytes(path.read_bytes()[:-2] + b"xx")
    with pytest.raises(DecodeError, match="is damaged after block 0"):
        list(read_blocks(path, lambda text: None))


def test_log_writes_what_it_was_given_in_order_and_rotates(tmp_path: Path) -> None:
    clock = itertools.count(BEGAN_MS * MS, MS)
    told: list[str] = []
    log = FrameLog(tmp_path, told.append, lambda: next(clock), file_ns=20 * MS)
    log.start()
    for seq in range(1, 41):
        log.add(0, delta(seq, "RAIN"), True)
        if seq % 10 == 0:
            wait_for(lambda seq=seq: log.written == seq)  # type: ignore[misc]
    log.close()
    entries = read_index(tmp_path)
    (run,) = groups(find([tmp_path]))
    lines = [line for path in run for _, line in read_lines(path)]
    assert [line.event.seq for line in lines] == list(range(1, 41))
    assert [line.heard_ns() for line in lines] == sorted(line.heard_ns() for line in lines)
    assert sum(each.frames for each in entries) == 40
    assert [each.file for each in entries] == [path.name for path in run]
    assert len(run) >= 2
    assert told == []


def test_frames_without_room_are_dropped_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backtest.capture.frame_log.MOST_WAITING", 3)
    told: list[str] = []
    log = FrameLog(tmp_path, told.append)
    for seq in range(5):
        log.add(0, delta(seq, "RAIN"), True)
    log.close()
    assert (log.frames, log.written, log.dropped) == (5, 3, 2)
    assert told == [f"{tmp_path} is too slow: 2 frames were not recorded, 2 so far"]
    assert read_index(tmp_path)[0].dropped == 2


def test_disk_that_takes_nothing_is_told_and_the_file_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    log = FrameLog(tmp_path, told.append)
    log.add(0, snapshot(1, "RAIN"), True)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("engine.backtest.capture.writing.os.write", full)
        log.close()
    assert [text.removeprefix(f"{tmp_path}: ") for text in told] == ["No space left on device", "1 frames are lost"]
    assert list(tmp_path.glob("*.zst")) == []


def test_frame_that_is_no_json_costs_the_others_nothing(tmp_path: Path) -> None:
    log = FrameLog(tmp_path, lambda text: None)
    for each in (snapshot(1, "RAIN"), b"\xff{", b'{"type":\n"orderbook_delta","msg":{"market_ticker":"RAIN"}}'):
        log.add(0, each, True)
    log.close()
    assert [line.event.type for _, line in read_lines(find([tmp_path])[0])] == ["orderbook_snapshot", "orderbook_delta"]


def test_recording_of_one_market_and_a_run_meet_in_one_day(tmp_path: Path) -> None:
    event_file(tmp_path, "RAIN")
    event_file(tmp_path, "SNOW")
    write_run(tmp_path, [(BEGAN_MS + 1, snapshot(1, "SNOW"), True)])
    recording = Recording()
    recording.snapshot(0, {40: 10}, {42: 10})
    recording.write(tmp_path)
    (rows,) = converted(tmp_path)
    assert rows["market"] == [0, 0, 0, 1, 1, 1]
