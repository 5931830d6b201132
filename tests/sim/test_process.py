"""The venue as a process: configuration, control, its beginning and end, captures from end to end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import EngineError
from tests.support.captures import DIRECTORY, FILES, frames
from tests.support.places import ROOT
from tests.support.sim.clients import Frame, pick, wait_for
from tests.support.sim.process import SimProcess, Start, on_both_acceptors, write_config


def test_fault_of_the_configuration_is_armed_from_the_start(simulator: Start) -> None:
    sim = simulator(sections='[[faults]]\nkind = "reject_order"')
    client = sim.logged_on()
    client.order("a1", "1", "25", "0.41")
    assert pick(client.receive(), 11, 150) == ("a1", "8")
    client.buy("a2")


def test_command_that_makes_no_sense_is_refused_in_words(venue: SimProcess) -> None:
    for cmd, arguments, words in (
        ("dance", {}, "cmd must be one of book, bust_fill, cancel_orders, cancel_twice, change_grid, clear"),
        ("skip_seq", {"symbol": "HAIL"}, "unknown market HAIL"),
        ("skip_seq", {"how": "often"}, "unknown field `how`"),
        ("close_market", {}, "KeyError: 'symbol'"),
    ):
        with pytest.raises(EngineError, match=words):
            venue(cmd, **arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@on_both_acceptors
def test_signal_ends_the_venue_with_a_logout(simulator: Start, number: int) -> None:
    sim = simulator()

    client = sim.logged_on()
    sim.process.send_signal(number)
    assert pick(client.receive(), 35, 58) == ("5", "venue stops")
    client.send("5")
    assert (sim.process.wait(5), sim.process.stderr.read() if sim.process.stderr else "") == (0, "")


@on_both_acceptors
def test_quit_and_end_of_input_end_the_venue(simulator: Start) -> None:
    sim = simulator()

    sim("quit")
    assert sim.process.wait(5) == 0
    sim = simulator()
    assert sim.process.stdin is not None
    sim.process.stdin.close()
    assert sim.process.wait(5) == 0


@on_both_acceptors
def test_session_is_served_between_the_ticks(simulator: Start) -> None:
    sim = simulator(top="step_ms = 60000")
    client = sim.logged_on()
    client.buy("a1")
    sim("drop_fix")
    again = sim.fix(out=client.out)
    again.logon()
    again.buy("a2")
    again.send("5")
    assert again.receive()[35] == "5"


@on_both_acceptors
def test_busy_venue_keeps_to_its_core(simulator: Start) -> None:
    sim = simulator(top='mode = "busy"\ncpu = 0')
    assert os.sched_getaffinity(sim.process.pid) == {0}
    sim.logged_on().buy("a1")
    assert sim.stop() == (0, "")


def test_venue_does_not_outlive_its_parent(tmp_path: Path) -> None:
    write_config(tmp_path)
    command = [sys.executable, "-m", "engine.sim", str(tmp_path / "sim.toml"), "--until-eof"]
    start = f"child = subprocess.Popen({command!r}, stdin=subprocess.PIPE)"
    script = f"import subprocess\n{start}\nprint(child.pid, flush=True)\nchild.wait()"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    lines = [parent.stdout.readline(), parent.stdout.readline()]
    child = next(int(line) for line in lines if line.strip().isdecimal())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not is_running(child))


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_venue_that_cannot_start_says_why(venue: SimProcess, tmp_path: Path) -> None:
    for section, words in (
        ("[feed]\nprot = 1", "unknown field `prot` - at `$.feed`"),
        (f"[feed]\nport = {venue.feed_port}", "feed.port or control.port: "),
        ("[liquidity]\ndepth = 90", "its grid needs"),
    ):
        write_config(tmp_path, section)
        command = [sys.executable, "-m", "engine.sim", str(tmp_path / "sim.toml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr


# Captures


def test_captured_frames_arrive_as_they_were_captured(simulator: Start, tmp_path: Path) -> None:
    snapshot = {"market_ticker": "GOLD", "market_id": "7", "yes_dollars_fp": [["0.40", "3.00"]]}
    change = {
        "market_ticker": "GOLD",
        "market_id": "7",
        "price_dollars": "0.3000",
        "delta_fp": "2.00",
        "side": "no",
        "ts_ms": 9,
    }
    events = [("orderbook_snapshot", snapshot), ("orderbook_delta", change)]
    lines = [
        {"recv_ms": at, "event": {"type": kind, "sid": 5, "seq": 70 + at, "msg": msg}}
        for at, (kind, msg) in enumerate(events)
    ]
    (tmp_path / "GOLD.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sim = simulator("--capture", str(tmp_path / "GOLD.ndjson"), "--speed", "0")
    feed = sim.feed()
    feed.send("subscribe", channels=["orderbook_delta"], market_ticker="GOLD", use_yes_price=False)
    told = [(frame["type"], frame["seq"], frame["msg"]) for frame in feed.take(4)[1:]]
    assert told[1:] == [("orderbook_snapshot", 2, snapshot), ("orderbook_delta", 3, change)]
    status = sim("status")
    assert (status["replayed"], status["replay_done"]) == (2, True)
    assert sim("book", symbol="GOLD") == {"bids": [[4000, 300]], "asks": [[7000, 200]]}


@pytest.mark.skipif(not FILES, reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES")
def test_whole_capture_arrives_and_leaves_the_book_it_describes(simulator: Start) -> None:
    captured = list(frames(FILES[0]))
    sim = simulator("--capture", str(FILES[0]), "--speed", "0")
    feed = sim.feed()
    symbol = json.loads(captured[0][1])["msg"]["market_ticker"]
    feed.send("subscribe", channels=["orderbook_delta", "trade"], market_ticker=symbol, use_yes_price=False)
    acknowledged, empty_book = 2, 1
    told = feed.take(len(captured) + acknowledged + empty_book)[acknowledged + empty_book :]
    assert [(frame["type"], frame["msg"]) for frame in told] == [
        (frame["type"], frame["msg"]) for frame in (json.loads(text) for _, text in captured)
    ]
    wait_for(lambda: sim("status")["replay_done"])
    assert sim("status")["replayed"] == len(captured)
    assert book_after(told) == [sorted(map(tuple, side)) for side in sim("book", symbol=symbol).values()]


def book_after(told: list[Frame]) -> list[list[tuple[int, int]]]:
    """Bids and asks of the YES book that frames with prices on their own side's scale leave."""
    sides: dict[str, dict[int, int]] = {"yes": {}, "no": {}}
    for frame in told:
        msg = frame["msg"]
        if frame["type"] == "orderbook_snapshot":
            for name in sides:
                sides[name] = {units(price): units(size) for price, size in msg.get(f"{name}_dollars_fp", ())}
        elif frame["type"] == "orderbook_delta":
            side, price = sides[msg["side"]], units(msg["price_dollars"])
            side[price] = side.get(price, 0) + units(msg["delta_fp"])
    bids = sorted((price, size) for price, size in sides["yes"].items() if size)
    return [bids, sorted((10_000 - price, size) for price, size in sides["no"].items() if size)]


def units(text: str) -> int:
    return int(text.replace(".", ""))
