"""`fixlane demo` as a user runs it: in a process of its own, judged by its JSON and by the venue's record."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.captures import FILES

Levels = dict[str, list[list[int]]]


def run_demo(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """Run the demo to its end and return its JSON."""
    path = tmp_path / "demo.json"
    command = [sys.executable, "-m", "engine", "demo", "--json", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "agrees" in done.stdout
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def test_demo_ends_with_what_the_native_session_does_beside_it(tmp_path: Path) -> None:
    result = run_demo(tmp_path, "--seconds", "2")
    beside = result["native_busy"]
    if len(os.sched_getaffinity(0)) < 2:
        assert beside is None
        return
    assert (beside["session"], beside["mode"]) == ("native", "busy")
    assert (result["session"], result["mode"]) == ("quickfix", "event")
    assert 3 <= beside["seconds"] < 9
    assert 0 < beside["cpu_share"] <= 1.05
    for name in ("tick_to_order_ns", "order_round_trip_ns"):
        assert beside[name]["n"] > 0
    assert_agrees_with_the_venue(beside)


def assert_agrees_with_the_venue(result: dict[str, Any]) -> None:
    venue = result["venue"]
    assert result["fills"] == venue["fills"]
    assert result["position"] == {symbol: net for symbol, net in venue["positions"].items() if net}
    assert result["cash"] == venue["cash"]
    worth = sum(net * result["marks"][symbol] for symbol, net in venue["positions"].items())
    assert result["pnl"] == venue["cash"] + worth


@pytest.mark.parametrize(
    ("mode", "session", "acceptor"),
    [
        ("event", "quickfix", "quickfix"),
        ("busy", "quickfix", "native"),
        ("busy", "native", "quickfix"),
        ("event", "native", "native"),
    ],
)
def test_demo_trades_and_agrees_with_the_venue_fill_by_fill(
    tmp_path: Path, mode: str, session: str, acceptor: str
) -> None:
    flags = ("--no-compare", "--mode", mode, "--session", session, "--acceptor", acceptor)
    result = run_demo(tmp_path, "--seconds", "6", *flags)
    assert result["frames"] > 1000
    assert result["gaps"] == 0
    for name in ("orders", "acks", "fills", "cancels", "replaces"):
        assert result[name] > 0, name
    assert result["tick_to_order_ns"]["n"] > 0
    assert result["order_round_trip_ns"]["n"] > 0
    assert result["refresh_ns"]["n"] > 0
    assert result["native_busy"] is None
    assert_agrees_with_the_venue(result)


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(each) for each in found.stdout.split()]


def test_interrupted_demo_cancels_logs_out_and_leaves_nothing_running(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    command = [sys.executable, "-m", "engine", "demo", "--seconds", "60", "--json", str(path)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    children, until = children_of(demo.pid), time.monotonic() + 30
    while not children and time.monotonic() < until:
        time.sleep(0.1)
        children = children_of(demo.pid)
    time.sleep(4)  # whatever it is doing then, it must end cleanly
    demo.send_signal(signal.SIGINT)
    output, errors = demo.communicate(timeout=30)
    assert demo.returncode == 0, errors
    assert "agrees" in output
    assert children
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    result = json.loads(path.read_text())
    assert result["native_busy"] is None
    assert_agrees_with_the_venue(result)


def assert_every_frame_counted(result: dict[str, Any], frames: int) -> None:
    """The venue greets a subscription with one snapshot of the market and three acknowledgements, then replays."""
    assert result["replayed"] == frames
    assert result["book_updates"] + result["trades"] == frames + 1
    assert result["frames"] == frames + 4


def made_capture(path: Path) -> list[dict[str, Any]]:
    """Write a capture of invented frames and return its events."""

    def frame(kind: str, **message: object) -> dict[str, Any]:
        head = {"market_ticker": "KXMADE-26DEC01-T1", "market_id": "0"}
        return {"type": kind, "sid": 1, "seq": len(events) * 3 + 7, "msg": head | message}

    events: list[dict[str, Any]] = []
    bids, asks = [[f"0.{p:02}00", "50.00"] for p in range(30, 40)], [[f"0.{p:02}00", "70.00"] for p in range(40, 55)]
    events.append(frame("orderbook_snapshot", yes_dollars_fp=bids, no_dollars_fp=asks))
    for number in range(400):
        price, change = f"0.{30 + number % 10:02}00", "5.00" if number // 10 % 2 else "-5.00"
        side = "yes" if number % 3 else "no"
        if side == "no":
            price = f"0.{40 + number % 10:02}00"
        events.append(frame("orderbook_delta", price_dollars=price, delta_fp=change, side=side, ts_ms=1000 + number))
    with gzip.open(path, "wt") as file:
        for number, event in enumerate(events):
            file.write(json.dumps({"recv_ms": 1000 + number, "event": event}) + "\n")
    return events


def replay(events: list[dict[str, Any]]) -> Levels:
    """The book after all events, kept in plain dicts of integers."""
    sides: dict[str, dict[int, int]] = {"yes": {}, "no": {}}
    for event in events:
        message = event["msg"]
        if event["type"] == "orderbook_snapshot":
            for side in sides:
                rows = message.get(f"{side}_dollars_fp", [])
                sides[side] = {round(float(p) * 10_000): round(float(s) * 100) for p, s in rows}
        elif event["type"] == "orderbook_delta":
            levels, price = sides[message["side"]], round(float(message["price_dollars"]) * 10_000)
            size = levels.get(price, 0) + round(float(message["delta_fp"]) * 100)
            assert size >= 0
            if size:
                levels[price] = size
            else:
                del levels[price]
    bids = sorted(([p, s] for p, s in sides["yes"].items()), reverse=True)
    asks = sorted([10_000 - p, s] for p, s in sides["no"].items())
    return {"bids": bids, "asks": asks}


def test_replayed_capture_ends_with_the_book_of_an_independent_replay(tmp_path: Path) -> None:
    path = tmp_path / "KXMADE-26DEC01-T1.ndjson.gz"
    events = made_capture(path)
    result = run_demo(tmp_path, "--capture", str(path), "--speed", "0", "--seconds", "4", "--no-compare")
    assert result["last_book"] == {"KXMADE-26DEC01-T1": replay(events)}
    assert_every_frame_counted(result, len(events))
    assert_agrees_with_the_venue(result)


@pytest.mark.skipif(not FILES, reason="the captured feeds are not here: set FIXLANE_CAPTURES to their directory")
def test_replayed_real_capture_ends_with_the_book_of_an_independent_replay(tmp_path: Path) -> None:
    with gzip.open(FILES[0], "rt") as file:
        events = [json.loads(line)["event"] for line in file]
    result = run_demo(tmp_path, "--capture", os.fspath(FILES[0]), "--speed", "0", "--seconds", "12", "--no-compare")
    ticker = events[0]["msg"]["market_ticker"]
    assert result["last_book"] == {ticker: replay(events)}
    assert_every_frame_counted(result, len(events))
    assert_agrees_with_the_venue(result)
