"""The frames that drive `tick`: which of them provoke an order, and recordings."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bench import child
from bench.plan import TICK, Pace, Plan
from bench.subjects import frames
from bench.subjects.tick import recorded_schedule
from bench.suite import with_capture
from engine.book import ASK, BID

MARKET = "KXTEST-26NOV23-T1"
NS_PER_MS = 1_000_000


def snapshot() -> dict[str, Any]:
    return {
        "type": "orderbook_snapshot",
        "msg": {
            "market_ticker": MARKET,
            "yes_dollars_fp": [["0.4000", "10.00"], ["0.4100", "5.00"]],
            "no_dollars_fp": [["0.5500", "10.00"], ["0.5600", "7.00"]],  # asks at 0.45 and 0.44
        },
    }


def delta(side: str, price: str, change: str) -> dict[str, Any]:
    message = {"market_ticker": MARKET, "price_dollars": price, "delta_fp": change, "side": side, "ts_ms": 1}
    return {"type": "orderbook_delta", "msg": message}


def trade() -> dict[str, Any]:
    message = {
        "market_ticker": MARKET,
        "yes_price_dollars": "0.4400",
        "count_fp": "1.00",
        "taker_side": "yes",
        "ts_ms": 1,
    }
    return {"type": "trade", "msg": message}


EVENTS = [
    (delta("yes", "0.4200", "1.00"), False, 4400),  # the bid moves
    (delta("no", "0.5600", "-7.00"), True, 4500),  # the ask moves up
    (trade(), False, 4500),
    (delta("no", "0.5500", "1.00"), False, 4500),  # its size changes
    (delta("no", "0.5600", "2.00"), True, 4400),
    (delta("yes", "0.4200", "-1.00"), False, 4400),
    (delta("no", "0.5600", "5.00"), False, 4400),
]


def recording(path: Path, events: list[dict[str, Any]], apart_ms: int = 2) -> Path:
    lines = [{"recv_ms": 1000 + apart_ms * number, "event": event} for number, event in enumerate(events)]
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def test_every_step_of_the_stairs_provokes_an_order() -> None:
    script = frames.stairs()
    assert all(script.is_due)
    assert all(abs(a - b) == 100 for a, b in zip(script.asks, script.asks[1:] + script.asks[:1], strict=True))


def test_sequence_number_stands_where_the_script_says() -> None:
    script = frames.stairs()
    numbers = [int(frame[at : at + 10]) for frame, at in zip(script.frames, script.seq_at, strict=True)]
    assert numbers == list(range(script.first_seq, script.first_seq + len(numbers)))


def test_recorded_frame_provokes_an_order_where_the_ask_moved(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.ndjson.gz", [trade(), snapshot(), *(event for event, _, _ in EVENTS)])
    script = frames.captured(path, 100)
    assert list(zip(script.is_due, script.asks, strict=True)) == [(due, ask) for _, due, ask in EVENTS]
    assert frames.instrument(path).symbol == MARKET


def test_recorded_deltas_end_at_the_next_snapshot(tmp_path: Path) -> None:
    events = [
        snapshot(),
        delta("no", "0.5600", "-7.00"),
        trade(),
        delta("yes", "0.4200", "1.00"),
        snapshot(),
        EVENTS[0][0],
    ]
    _, sides, prices, changes = frames.captured_deltas(recording(tmp_path / "a.ndjson.gz", events))
    assert (list(sides), list(prices), list(changes)) == ([ASK, BID], [4400, 4200], [-700, 100])


def test_schedule_keeps_the_recorded_pace_or_a_multiple() -> None:
    times_ns = [5 * NS_PER_MS, 5 * NS_PER_MS, 9 * NS_PER_MS]
    assert recorded_schedule(times_ns, NS_PER_MS) == [0, 0, 4 * NS_PER_MS]
    assert recorded_schedule(times_ns, NS_PER_MS // 4) == [0, 0, NS_PER_MS]


@pytest.mark.parametrize("stack", ["quickfix", "baseline"])
def test_recording_drives_the_engine(tmp_path: Path, stack: str) -> None:
    if stack == "baseline":
        pytest.importorskip("websockets")
    path = recording(tmp_path / "a.ndjson.gz", [snapshot(), *(event for event, _, _ in EVENTS * 20)])
    plan = with_capture(Plan(TICK, stack, warm_up=len(EVENTS), floor_count=0), path, 2.0, len(EVENTS) * 19)
    samples = child.run(plan).samples["capture@2x"]
    assert samples.sent == len(EVENTS) * 19
    assert len(samples.values_ns) + samples.annulled == 2 * 19
    assert samples.scheduled_ns == (len(EVENTS) * 19 - 1) * NS_PER_MS
    assert plan.paces == (Pace("capture@2x", len(EVENTS) * 19, NS_PER_MS // 2, True),)
