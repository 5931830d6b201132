"""What other processes see of a whole engine: while it trades, hangs, is killed, and has ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.ops.metrics.server import listen
from tests.ops.metrics.test_process import children, scrape
from tests.support.engine.process import Pair, free_port, wait_for
from tests.support.views import families, samples


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path, "native")
    pair.start_venue()
    yield pair
    pair.close()


def look(pair: Pair, *flags: str) -> tuple[int, str, str]:
    """Run `fixlane status` on the state directory alone."""
    command = [sys.executable, "-m", "engine", "status", "--state-dir", str(pair.directory / "state"), *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def with_metrics(pair: Pair) -> int:
    """Give the engine a port for its metrics, and return it."""
    port = free_port()
    text = pair.config.read_text()
    assert "\nport = 0 " in text
    pair.config.write_text(text.replace("\nport = 0 ", f"\nport = {port} "))
    return port


def test_status_follows_an_engine_from_its_trading_to_its_end(pair: Pair) -> None:
    assert look(pair)[0] == 2
    pair.start_engine()
    said = pair.wait_until_trading()
    status, output, _ = look(pair, "--json")
    found: dict[str, Any] = json.loads(output)
    assert (status, found["engine"], found["state"], found["logged_on"]) == (0, "running", "trading", True)
    assert found["pid"] == pair.engine.pid if pair.engine else False
    of_the_socket = {"missing_books", "stopped_markets", "market_data_lag_s"}  # by other words here
    assert set(said) - of_the_socket <= set(found)  # whoever read the socket's answer finds the same
    pair.act("halt", "for a look")
    wait_for(lambda: look(pair)[0] == 3, "the halt")
    assert look(pair)[1].startswith("HALTED: for a look")
    assert pair.engine is not None
    pair.engine.terminate()
    pair.engine.wait()
    status, output, _ = look(pair)
    assert (status, output.split()[0]) == (5, "ENDED")


def test_engine_that_hangs_is_stuck_and_one_that_was_killed_is_gone(pair: Pair) -> None:
    pair.start_engine()
    pair.wait_until_trading()
    assert pair.engine is not None
    wait_for(lambda: look(pair)[1].startswith("TRADING"), "a view of it")
    pair.engine.send_signal(signal.SIGSTOP)
    wait_for(lambda: look(pair)[0] == 4, "the engine to be stuck")
    assert look(pair)[1].startswith("STUCK ")
    pair.engine.kill()
    pair.engine.wait()
    status, output, _ = look(pair)
    assert status == 5
    assert f"because process {pair.engine.pid} is gone without a word; it was trading" in output.splitlines()[0]
    pair.start_engine()  # and the next one takes the place of the picture that was left
    wait_for(lambda: look(pair)[0] == 0, "the next engine")


def test_o15_silent_connections_and_a_fast_scraper_leave_the_control_socket_its_answers(pair: Pair) -> None:
    port = with_metrics(pair)
    pair.start_engine()
    pair.wait_until_trading()
    wait_for(lambda: scrape(port), "metrics")
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(250)]
    end, slowest_s = time.monotonic() + 2, 0.0
    while time.monotonic() < end:
        begun = time.monotonic()
        assert pair.status()["state"] == "trading"
        slowest_s = max(slowest_s, time.monotonic() - begun)
        assert "fixlane_engine_up 1.0" in scrape(port)
        time.sleep(0.05)  # the socket has a bound of its own
    for each in silent:
        each.close()
    assert slowest_s < 1
    found = families(scrape(port))
    assert samples(found["fixlane_trading_state"])["trading",] == 1
    assert samples(found["fixlane_feed_frames"])["applied",] > 0


def test_metrics_end_with_their_engine_however_that_ends(pair: Pair) -> None:
    port = with_metrics(pair)
    pair.start_engine()
    wait_for(lambda: scrape(port), "metrics")
    pair.kill_engine()
    wait_for(lambda: not children(str(pair.directory / "state")), "the end of the metrics")
    listen(port).close()


def test_o16_start_on_a_taken_port_says_so_and_leaves_nothing_behind(pair: Pair) -> None:
    port = with_metrics(pair)
    with listen(port):
        for command in ("run", "check"):
            line = [sys.executable, "-m", "engine", command, str(pair.config)]
            done = subprocess.run(line, capture_output=True, text=True, timeout=60)
            assert done.returncode == 2
            assert f"[metrics] port {port}: " in done.stderr and "choose a free one" in done.stderr
    assert not (pair.directory / "journal").exists()
    assert not (pair.directory / "state").exists()


def test_check_beside_a_running_engine_does_not_take_its_own_port_for_a_strangers(pair: Pair) -> None:
    port = with_metrics(pair)
    pair.start_engine()
    wait_for(lambda: scrape(port), "metrics")
    line = [sys.executable, "-m", "engine", "check", str(pair.config)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONWARNINGS": ""})
    assert (done.returncode, done.stderr.count("[metrics]")) == (0, 0)
