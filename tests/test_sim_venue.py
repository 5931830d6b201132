"""Every fault of the venue, one at a time, as its clients see it; and how the process begins and ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from engine.errors import EngineError
from tests.captures import DIRECTORY, FILES, frames
from tests.sim_clients import FeedClient, FixClient, Frame, pick, wait_for
from tests.sim_process import ROOT, SimProcess, Start, write_config

NOON = "20261123-12:00:00"


def subscribed(sim: SimProcess, **options: bool) -> FeedClient:
    """A client of RAIN's book whose snapshot has arrived."""
    feed = sim.feed(**options)
    feed.send("subscribe", channels=["orderbook_delta"], market_ticker="RAIN", use_yes_price=True)
    feed.take_until("orderbook_snapshot")
    return feed


def logged_on(sim: SimProcess, account: str = "CLIENT") -> FixClient:
    client = sim.fix(account)
    client.logon()
    return client


def buy(client: FixClient, cl_ord_id: str, price: str = "0.41") -> None:
    """Enter an order and take its first report."""
    client.order(cl_ord_id, "1", "25", price)
    assert pick(client.receive(), 11, 150) == (cl_ord_id, "0")


# Feed


def test_dropped_feed_ends_without_a_close_and_starts_anew(venue: SimProcess) -> None:
    feed = subscribed(venue)
    venue("drop_feed")
    feed.wait(lambda: not feed.is_open)
    assert feed.close_code is None
    again = venue.feed()
    again.send("subscribe", channels=["orderbook_delta"], market_ticker="RAIN", use_yes_price=True)
    assert [frame.get("seq") for frame in again.take(2)] == [None, 1]


def test_silent_feed_tells_everything_afterwards_in_order(simulator: Start) -> None:
    sim = simulator(sections="[feed]\nping_seconds = 0.02")
    feed, client = subscribed(sim, enable_auto_pong=False), logged_on(sim)
    feed.wait(lambda: feed.pings)
    sim("silent_feed", duration_ms=200)
    feed.pings.clear()
    started = time.monotonic()
    for number in range(3):
        buy(client, f"a{number}")
    feed.wait(lambda: len(feed.frames) == 3)
    assert time.monotonic() - started > 0.15
    assert [frame["seq"] for frame in feed.frames] == [2, 3, 4]
    assert len(feed.pings) <= 1


def test_delayed_feed_keeps_its_order(venue: SimProcess) -> None:
    feed, client = subscribed(venue), logged_on(venue)
    venue("delay_feed", delay_ms=100)
    started = time.monotonic()
    buy(client, "a1")
    buy(client, "a2")
    frames = feed.take(2)
    assert time.monotonic() - started > 0.09
    venue("clear", kind="delay_feed")
    buy(client, "a3")
    assert [frame["seq"] for frame in frames + feed.take()] == [2, 3, 4]


def test_skipped_seq_loses_a_change_that_a_snapshot_brings_back(venue: SimProcess) -> None:
    feed, client = subscribed(venue), logged_on(venue)
    venue("skip_seq")
    buy(client, "lost", "0.41")
    buy(client, "told", "0.40")
    delta = feed.take()[0]
    assert (delta["seq"], delta["msg"]["price_dollars"]) == (3, "0.4000")
    feed.send("update_subscription", sid=1, action="get_snapshot", market_tickers=["RAIN"])
    snapshot = feed.take()[0]
    assert (snapshot["seq"], snapshot["msg"]["yes_dollars_fp"]) == (4, [["0.4000", "25.00"], ["0.4100", "25.00"]])


def test_repeated_seq_sends_one_change_twice(venue: SimProcess) -> None:
    feed, client = subscribed(venue), logged_on(venue)
    venue("repeat_seq", symbol="RAIN")
    buy(client, "a1")
    buy(client, "a2")
    first, second, third = feed.take(3)
    assert first == second
    assert (first["seq"], third["seq"]) == (2, 3)


def test_unknown_level_takes_what_is_not_there(venue: SimProcess) -> None:
    feed = subscribed(venue)
    venue("unknown_level", symbol="RAIN", count=2)
    frames = feed.take(2)
    assert [(frame["seq"], frame["msg"]["side"], frame["msg"]["delta_fp"]) for frame in frames] == [
        (2, "yes", "-1.00"),
        (3, "yes", "-1.00"),
    ]
    assert venue("book", symbol="RAIN") == {"bids": [], "asks": []}


# Orders


def test_next_order_is_rejected_and_no_other(venue: SimProcess) -> None:
    client = logged_on(venue)
    venue("reject_order")
    client.order("a1", "1", "25", "0.41")
    assert pick(client.receive(), 11, 150, 103, 58) == ("a1", "8", "99", "INTERNAL_ERROR")
    buy(client, "a2")


def test_orders_are_cancelled_unasked(venue: SimProcess) -> None:
    client, other = logged_on(venue), logged_on(venue, "OTHER")
    buy(client, "a1")
    buy(client, "a2")
    buy(other, "b1")
    venue("cancel_orders", account="CLIENT")
    assert [pick(client.receive(), 11, 41, 150, 151) for _ in range(2)] == [
        ("a1", "", "4", "0.00"),
        ("a2", "", "4", "0.00"),
    ]
    assert venue("orders", account="CLIENT")["orders"] == []
    assert len(venue("orders", account="OTHER")["orders"]) == 1


def test_late_cancel_finds_a_part_filled(venue: SimProcess) -> None:
    client = logged_on(venue)
    fills = venue("summary", account="CLIENT")["fills"]
    buy(client, "a1")
    venue("late_cancel", delay_ms=50, fill_qty=1000)
    started = time.monotonic()
    client.cancel("c1", "a1")
    told = [client.receive(), client.receive()]
    assert time.monotonic() - started > 0.045
    assert [pick(each, 11, 150, 39, 14, 151) for each in told] == [
        ("a1", "F", "1", "10.00", "15.00"),
        ("c1", "4", "4", "10.00", "0.00"),
    ]
    assert venue("summary", account="CLIENT")["fills"] == fills + 1


def test_late_cancel_comes_too_late(venue: SimProcess) -> None:
    client = logged_on(venue)
    buy(client, "a1")
    venue("late_cancel", delay_ms=20, fill_qty=-1)
    client.cancel("c1", "a1")
    assert [pick(client.receive(), 35, 11, 39, 102) for _ in range(2)] == [("8", "a1", "2", ""), ("9", "c1", "2", "0")]


def test_closed_market_expires_orders_and_takes_none(venue: SimProcess) -> None:
    client = logged_on(venue)
    buy(client, "a1")
    venue("close_market", symbol="RAIN")
    assert pick(client.receive(), 11, 39, 150) == ("a1", "C", "C")
    client.order("a2", "1", "25", "0.41")
    assert pick(client.receive(), 150, 103, 58) == ("8", "2", "MARKET_INACTIVE")
    venue("open_market", symbol="RAIN")
    buy(client, "a3")
    venue("pause_market", symbol="RAIN")
    client.cancel("c3", "a3")
    assert pick(client.receive(), 11, 150) == ("c3", "4")


# Session


def test_dropped_session_ends_without_logout_and_goes_on_with_its_numbers(venue: SimProcess) -> None:
    client, other = logged_on(venue), logged_on(venue, "OTHER")
    buy(client, "a1")
    venue("drop_fix", account="CLIENT")
    with pytest.raises(ConnectionError):
        client.receive()
    buy(other, "b1")
    again = venue.fix(out=client.out)
    assert pick(again.logon(), 34, 35) == ("3", "A")
    again.cancel("c1", "a1")
    assert pick(again.receive(), 34, 11, 150) == ("4", "c1", "4")


def test_silent_session_answers_afterwards(venue: SimProcess) -> None:
    client = logged_on(venue)
    venue("silent_fix", duration_ms=200)
    client.send("1", (112, "there?"))
    client.order("a1", "1", "25", "0.41")
    client.expect_nothing(0.1)
    assert [pick(client.receive(), 35, 112, 11) for _ in range(2)] == [("0", "there?", ""), ("8", "", "a1")]


def test_silent_session_still_reports_what_happened_meanwhile(venue: SimProcess) -> None:
    client = logged_on(venue)
    buy(client, "a1")
    venue("silent_fix", duration_ms=100)
    venue("cancel_orders")
    client.expect_nothing(0.05)
    assert pick(client.receive(), 11, 150) == ("a1", "4")


def test_delayed_session_keeps_its_order(venue: SimProcess) -> None:
    client = logged_on(venue)
    venue("delay_fix", delay_ms=100, duration_ms=20)
    started = time.monotonic()
    client.order("a1", "1", "25", "0.41")
    client.order("a2", "1", "25", "0.41")
    assert [pick(client.receive(), 34, 11) for _ in range(2)] == [("2", "a1"), ("3", "a2")]
    assert time.monotonic() - started > 0.09


def test_garbled_messages_do_not_end_the_venue(venue: SimProcess) -> None:
    random = Random(7)
    client = logged_on(venue)
    fields = [
        (11, "a1"),
        (54, "1"),
        (38, "25"),
        (40, "2"),
        (44, "0.41"),
        (55, "RAIN"),
        (59, "6"),
        (60, NOON),
        (126, NOON),
    ]
    alphabet = ["", "-1", "1e5", "9" * 40, "\u00e9", "=", "0.415", "A", "20261123-23:59:60", "NaN", "6 6 6"]
    for number in range(400):
        mutated = [(tag, random.choice(alphabet) if random.random() < 0.2 else text) for tag, text in fields]
        random.shuffle(mutated)
        client.send(random.choice("DFGHq"), *mutated[: random.randint(1, len(mutated))], (530, random.choice("1678")))
        if number % 50 == 49:
            client.send("1", (112, f"alive-{number}"))
            while client.receive().get(112) != f"alive-{number}":
                pass
    client.order("good", "1", "25", "0.41")
    while (told := client.receive()).get(11) != "good":
        assert told[35] in ("8", "9", "j", "r", "3")
    assert told[150] == "0"


# Configuration and control


def test_fault_of_the_configuration_comes_at_its_time(simulator: Start) -> None:
    sim = simulator(sections='[[faults]]\nkind = "drop_feed"\nat_ms = 1500')
    feed = subscribed(sim)
    feed.wait(lambda: not feed.is_open)


def test_command_that_makes_no_sense_is_refused_in_words(venue: SimProcess) -> None:
    for cmd, arguments, words in (
        ("dance", {}, "cmd must be one of book, cancel_orders, clear"),
        ("skip_seq", {"symbol": "HAIL"}, "unknown market HAIL"),
        ("skip_seq", {"how": "often"}, "unknown field `how`"),
        ("close_market", {}, "KeyError: 'symbol'"),
    ):
        with pytest.raises(EngineError, match=words):
            venue(cmd, **arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_venue_with_a_logout(simulator: Start, number: int) -> None:
    sim = simulator()

    client = logged_on(sim)
    sim.process.send_signal(number)
    assert pick(client.receive(), 35, 58) == ("5", "venue stops")
    client.send("5")
    assert (sim.process.wait(5), sim.process.stderr.read() if sim.process.stderr else "") == (0, "")


def test_quit_and_end_of_input_end_the_venue(simulator: Start) -> None:
    sim = simulator()

    sim("quit")
    assert sim.process.wait(5) == 0
    sim = simulator()
    assert sim.process.stdin is not None
    sim.process.stdin.close()
    assert sim.process.wait(5) == 0


def test_session_is_served_between_the_ticks(simulator: Start) -> None:
    sim = simulator(top="step_ms = 60000")
    client = logged_on(sim)
    buy(client, "a1")
    sim("drop_fix")
    again = sim.fix(out=client.out)
    again.logon()
    buy(again, "a2")
    again.send("5")
    assert again.receive()[35] == "5"


def test_busy_venue_keeps_to_its_core(simulator: Start) -> None:
    sim = simulator(top='mode = "busy"\ncpu = 0')
    assert os.sched_getaffinity(sim.process.pid) == {0}
    buy(logged_on(sim), "a1")
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
