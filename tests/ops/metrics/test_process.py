"""The process that serves metrics: begun with its engine, started again, and gone when the engine is."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from engine.ops.metrics import process
from engine.ops.metrics.process import MetricsChild
from engine.ops.metrics.server import listen
from tests.support.engine.process import free_port, wait_for
from tests.support.views import Shown, families, samples


def scrape(port: int) -> str:
    """Return the metrics, "" while nobody serves them."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as reply:
            return str(reply.read().decode())
    except OSError:
        return ""


def children(command: str) -> list[int]:
    """Return the processes in whose command line a word stands."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if command in (entry / "cmdline").read_text().split("\0"):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    shown = Shown(tmp_path)
    shown.look()
    return shown


def test_engine_keeps_a_process_that_serves_its_metrics(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_PAUSE_S", 0.05)
    told: list[str] = []
    listener = listen(0)
    port = listener.getsockname()[1]
    child = MetricsChild(shown.directory, listener, ("SNOW",), core=0, tell=told.append)
    try:
        found = families(wait_for(lambda: scrape(port), "metrics"))
        assert samples(found["fixlane_position_contracts"]) == {("SNOW",): 0}
        (pid,) = children(str(shown.directory))
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + process.NICE, 19)
        if len(os.sched_getaffinity(0)) > 1:
            assert 0 not in os.sched_getaffinity(pid)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: children(str(shown.directory)) not in ([], [pid]), "another process")
        assert wait_for(lambda: scrape(port), "metrics again")
        assert told == ["the process that serves metrics ended with status -9; again in 0.05 s"]
    finally:
        child.close()
    assert children(str(shown.directory)) == []
    assert len(told) == 1
    listen(port).close()


PARENT = """
import sys, time
from pathlib import Path
from engine.ops.metrics.process import MetricsChild
from engine.ops.metrics.server import listen

MetricsChild(Path(sys.argv[1]), listen(int(sys.argv[2])), (), None, print)
time.sleep(60)
"""


def test_process_ends_with_an_engine_that_is_killed(shown: Shown) -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", PARENT, str(shown.directory), str(port)]) as parent:
        wait_for(lambda: scrape(port), "metrics")
        parent.kill()
    wait_for(lambda: not children(str(shown.directory)), "the end of the process")
    listen(port).close()


def command(*words: object) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "engine", "metrics", *map(str, words)]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_a_state_directory_until_it_is_told_to_stop(shown: Shown, number: signal.Signals) -> None:
    port = free_port()
    with command("--state-dir", shown.directory, "--port", port) as running:
        text = wait_for(lambda: scrape(port), "metrics")
        running.send_signal(number)
        _, errors = running.communicate(timeout=10)
    assert 'fixlane_trading_state{state="trading"} 1.0' in text
    assert (running.returncode, errors) == (0, "")


def test_command_serves_where_no_engine_has_run_yet(tmp_path: Path) -> None:
    port = free_port()
    with command("--state-dir", tmp_path, "--port", port) as running:
        text = wait_for(lambda: scrape(port), "metrics")
        running.terminate()
        running.communicate(timeout=10)
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["fixlane_engine_up 0.0"]


def test_command_on_a_taken_port_says_so(tmp_path: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with command("--state-dir", tmp_path, "--port", port) as running:
            _, errors = running.communicate(timeout=20)
    assert running.returncode == 2
    assert f"[metrics] port {port}: " in errors and "Traceback" not in errors
