"""Captured feeds as files: frames byte for byte, their pace, their markets, and lines that are no frame."""

import json
from pathlib import Path

import pytest

from engine.errors import ConfigError, DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, CaptureReplay, Frame, markets, read_frames
from tests.support.sim.captured import delta, snapshot, trade, write_capture
from tests.support.sim.venue import CENT, NOON_NS, B, S


def test_frames_go_out_byte_for_byte_but_for_sid_and_seq(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [(5, *delta(S, 46, 3)), (6, "ok", {}), (9, *trade(B, 46, 3))])
    first, second = read_frames(path)
    assert (first.recv_ns, first.symbol, first.kind) == (5_000_000, "A", DELTA)
    assert first.wire(7, 8) == (
        b'{"type":"orderbook_delta","sid":7,"seq":8,"msg":{"market_ticker":"A","price_dollars":"0.5400",'
        b'"delta_fp":"3.00","ts_ms":0,"side":"no"}}'
    )
    assert second.wire(1, 2).startswith(b'{"type":"trade","sid":1,"seq":2,"msg":{"market_ticker":"A"')


def test_no_prices_can_be_sent_on_the_yes_scale() -> None:
    kind, message = delta(S, 46, 3)
    ask = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(ask.wire(1, 1, use_yes_price=True))["msg"] == message | {"price_dollars": "0.4600"}
    kind, message = snapshot({44: 50}, {46: 30})
    book = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(book.wire(1, 1, use_yes_price=True))["msg"]["no_dollars_fp"] == [["0.4600", "30.00"]]
    kind, message = delta(B, 44, 3)
    bid = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(bid.wire(1, 1, use_yes_price=True))["msg"] == message


def test_replay_hands_out_frames_when_they_are_due(tmp_path: Path) -> None:
    """Each file begins when the replay does, whatever its day; twice as fast halves the waits."""
    one = write_capture(tmp_path / "A.ndjson", [(100, *delta(B, 44, 1)), (300, *delta(B, 44, 2))])
    two = write_capture(tmp_path / "B.ndjson", [(9_000, *delta(B, 44, 1)), (9_100, *delta(B, 44, 2))], "B")
    paths = [path.rename(path.with_suffix(".ndjson.gz")) for path in (one, two)]
    replay = CaptureReplay(paths, speed=2.0, start_ns=NOON_NS)
    seen = []
    while replay.next_ns is not None:
        due_ns = replay.next_ns
        assert replay.due(due_ns - 1) == []
        seen.append((due_ns - NOON_NS, [frame.symbol for frame in replay.due(due_ns)]))
    assert seen == [(0, ["A", "B"]), (50_000_000, ["B"]), (100_000_000, ["A"])]
    assert replay.count == 4


def test_replay_at_speed_zero_is_as_fast_as_asked(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [(100 * n, *delta(B, 44, 1)) for n in range(5)])
    replay = CaptureReplay([path], speed=0, start_ns=NOON_NS)
    assert [len(replay.due(NOON_NS, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    assert replay.next_ns is None


@pytest.mark.parametrize("line", ["{", "{}", '{"recv_ms":1,"event":{"type":"trade","msg":{}}}'])
def test_line_that_is_no_frame_is_a_decode_error_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "A.ndjson"
    path.write_text(line + "\n")
    with pytest.raises(DecodeError, match=r"A\.ndjson line 1 is no captured frame"):
        list(read_frames(path))


def test_markets_take_their_grid_from_the_event_beside_them(tmp_path: Path) -> None:
    tapered = write_capture(tmp_path / "A.ndjson.gz", [(1, *delta(B, 44, 1))])
    cent = write_capture(tmp_path / "B.ndjson.gz", [(1, *delta(B, 44, 1))], "B")
    bands = [("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100"), ("0.9000", "1.0000", "0.0010")]
    ranges = [{"start": start, "end": end, "step": step} for start, end, step in bands]
    market = {"ticker": "A", "event_ticker": "EVENT", "price_ranges": ranges, "status": "finalized"}
    (tmp_path / "EVENT.event.json").write_text(json.dumps({"response": {"event": {}, "markets": [market]}}))
    first, second = markets([tapered, cent])
    assert (first.symbol, first.event, first.index, first.is_valid_price(15)) == ("A", "EVENT", 0, False)
    assert (first.is_valid_price(10), first.is_valid_price(1_010)) == (True, False)
    assert (second.symbol, second.event, second.index, second.is_valid_price(10)) == ("B", "B", 1, False)
    assert second.grid is not None and second.grid.bands == tuple(type(band)(100, 9_900, 100) for band in CENT)


def test_capture_without_frames_is_a_decode_error(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [])
    with pytest.raises(DecodeError, match="holds no frame"):
        markets([path])


def test_o24_recording_that_begins_with_acknowledgements_is_read_over_them(tmp_path: Path) -> None:
    path = tmp_path / "A.ndjson"
    told = [{"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}}, {"id": 2, "type": "ok"}]
    for kind, message in (snapshot({44: 50}, {46: 30}), delta(B, 44, 1)):
        told.append({"type": kind, "sid": 1, "seq": 1, "msg": {"market_ticker": "A", **message}})
    path.write_text("".join(json.dumps({"recv_ms": 7, "event": event}) + "\n" for event in told))
    assert [(frame.symbol, frame.kind) for frame in read_frames(path)] == [("A", SNAPSHOT), ("A", DELTA)]
    assert [market.symbol for market in markets([path])] == ["A"]


@pytest.mark.parametrize("kept", [30, -9])
def test_cut_file_is_a_decode_error_that_names_it(tmp_path: Path, kept: int) -> None:
    """Cut before its first line, and within the check sum at its end."""
    path = write_capture(tmp_path / "A.ndjson.gz", [(n, *delta(B, 44, 1)) for n in range(100)])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DecodeError, match=rf"A\.ndjson\.gz is cut or damaged after line {0 if kept > 0 else 100}: "):
        list(read_frames(path))


def test_file_that_is_no_gzip_is_a_decode_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "A.ndjson.gz").write_text("plain\n")
    with pytest.raises(DecodeError, match=r"A\.ndjson\.gz is cut or damaged after line 0: Not a gzipped file"):
        markets([tmp_path / "A.ndjson.gz"])


def test_files_of_one_market_follow_one_another_as_they_were_received(tmp_path: Path) -> None:
    """Whatever their order; another market still begins when the replay does."""
    day = write_capture(tmp_path / "1.ndjson.gz", [(100, *delta(B, 44, 1)), (300, *delta(B, 44, 2))])
    next_day = write_capture(tmp_path / "2.ndjson.gz", [(300, *delta(B, 44, 3)), (500, *delta(B, 44, 4))])
    other = write_capture(tmp_path / "3.ndjson.gz", [(9_000, *delta(B, 44, 5))], "B")
    files = [next_day, other, day]
    assert [(market.symbol, market.index) for market in markets(files)] == [("A", 0), ("B", 1)]
    replay = CaptureReplay(files, speed=1.0, start_ns=NOON_NS)
    seen = []
    while replay.next_ns is not None:
        due_ns = replay.next_ns
        seen += [
            (frame.symbol, (due_ns - NOON_NS) // 1_000_000, frame.message().delta_fp) for frame in replay.due(due_ns)
        ]
    assert seen == [("A", 0, "1.00"), ("B", 0, "5.00"), ("A", 200, "2.00"), ("A", 200, "3.00"), ("A", 400, "4.00")]


def test_files_of_one_market_that_overlap_are_refused_by_name(tmp_path: Path) -> None:
    one = write_capture(tmp_path / "1.ndjson.gz", [(100, *delta(B, 44, 1)), (300, *delta(B, 44, 2))])
    two = write_capture(tmp_path / "2.ndjson.gz", [(299, *delta(B, 44, 3)), (500, *delta(B, 44, 4))])
    with pytest.raises(ConfigError, match=r"1\.ndjson\.gz and .*2\.ndjson\.gz both hold A at recv_ms 299: give one"):
        markets([two, one])
