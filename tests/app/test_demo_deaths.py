"""A demo whose venue dies ends at once: exit status 1, the venue's own words, no traceback."""

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.config.shipped import config_path
from engine.errors import EngineError
from engine.sim.child import SimChild
from engine.sim.config import SimConfig, load_config

SECONDS = 60  # how long the demo would trade; a test that takes half of it fails
AT_ONCE_S = SECONDS / 2
MARKET = "KXMADE-26DEC01-T1"
Event = dict[str, Any]


def event(number: int, kind: str, **message: object) -> Event:
    head = {"market_ticker": MARKET, "market_id": "0"}
    return {"recv_ms": 1_000 + 10 * number, "event": {"type": kind, "sid": 1, "seq": number, "msg": head | message}}


SNAPSHOT = event(
    0,
    "orderbook_snapshot",
    yes_dollars_fp=[[f"0.{price}00", "50.00"] for price in range(30, 40)],
    no_dollars_fp=[[f"0.{price}00", "70.00"] for price in range(40, 55)],
)


def delta(number: int, price: str = "0.3500") -> Event:
    return event(number, "orderbook_delta", price_dollars=price, delta_fp="1.00", side="yes", ts_ms=number)


def write(path: Path, *events: Event) -> Path:
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(each) + "\n" for each in events)
    return path


def cut(directory: Path) -> list[Path]:
    path = write(directory / "cut.ndjson.gz", SNAPSHOT, *map(delta, range(1, 200)))
    path.write_bytes(path.read_bytes()[:-9])
    return [path]


def without_a_book(directory: Path) -> list[Path]:
    return [write(directory / "late.ndjson.gz", *map(delta, range(1, 200)))]


def without_its_grid(directory: Path) -> list[Path]:
    return [write(directory / "tapered.ndjson.gz", SNAPSHOT, delta(1), delta(2, "0.0050"))]


def of_two_markets(directory: Path) -> list[Path]:
    stranger = delta(1)
    stranger["event"]["msg"]["market_ticker"] = "KXOTHER"
    return [write(directory / "mixed.ndjson.gz", SNAPSHOT, stranger)]


def demo(*arguments: object) -> tuple[int, str, str, float]:
    """Return exit status, output, errors and duration of a demo."""
    command = [sys.executable, "-m", "engine", "demo", "--seconds", str(SECONDS), *map(str, arguments)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr, time.monotonic() - started


@pytest.mark.parametrize("pair", ["native", "quickfix"])
@pytest.mark.parametrize(
    ("made", "words"),
    [
        (cut, r"cut\.ndjson\.gz is cut or damaged after line 200: Compressed file ended before .*"),
        (without_a_book, rf"{MARKET}: the capture changes a book before it shows one: let it begin at an .*"),
        (without_its_grid, rf"{MARKET}: captured price 0\.0050 is off its grid; put the event's .*"),
        (of_two_markets, rf"a frame of KXOTHER in the capture of {MARKET}: one market per file"),
    ],
)
def test_o22_demo_ends_at_once_with_the_words_of_a_venue_that_dies(
    tmp_path: Path, made: Any, words: str, pair: str
) -> None:
    flags = ("--session", pair, "--acceptor", pair, "--capture", *made(tmp_path))
    status, output, errors, seconds = demo(*flags)
    last = errors.splitlines()[-1]
    assert (status, output) == (1, "")
    assert re.fullmatch(rf"fixlane: the simulated venue died: (/.*/)?{words}", last), errors
    assert "Traceback" not in errors
    assert seconds < AT_ONCE_S


def test_o23_overlapping_files_of_one_market_are_refused_before_anything_starts(tmp_path: Path) -> None:
    one = write(tmp_path / "1.ndjson.gz", SNAPSHOT, delta(1), delta(9))
    two = write(tmp_path / "2.ndjson.gz", delta(8), delta(10))
    status, output, errors, _ = demo("--capture", one, two)
    assert (status, output) == (2, "")
    assert errors == (
        f"fixlane: {one} and {two} both hold {MARKET} at recv_ms 1080: "
        "give one of the two, or cut one where the other begins\n"
    )


def test_files_of_one_market_that_follow_each_other_are_one_replay(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    one = write(tmp_path / "1.ndjson.gz", SNAPSHOT, *map(delta, range(1, 50)))
    two = write(tmp_path / "2.ndjson.gz", *map(delta, range(50, 99)))
    flags = ("--json", path, "--no-compare", "--speed", "0", "--capture", two, one)
    command = [sys.executable, "-m", "engine", "demo", "--seconds", "3", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text())
    assert result["replayed"] == 99
    assert [3_500, 5_000 + 98 * 100] in result["last_book"][MARKET]["bids"]


def test_demo_ends_at_once_when_its_venue_is_killed() -> None:
    command = [sys.executable, "-m", "engine", "demo", "--seconds", str(SECONDS)]
    started = time.monotonic()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    running.stderr.readline()  # that the venue starts
    while not (venue := child_of(running.pid)) or not listens(venue):
        assert time.monotonic() < started + AT_ONCE_S
        time.sleep(0.1)
    time.sleep(1)
    os.kill(venue, signal.SIGKILL)
    killed = time.monotonic()
    output, errors = running.communicate(timeout=100)
    assert time.monotonic() < killed + 5
    assert (running.returncode, output) == (1, "")
    assert errors == "fixlane: the simulated venue died: killed by signal 9\n"


def child_of(pid: int) -> int:
    """Return the one child of a process, 0 while it has none."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return int(found[0]) if found else 0


def listens(pid: int) -> bool:
    """Say whether a process holds a socket already."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(entry).startswith("socket:"):
                return True
    return False


# The venue as a child


def venue_config(directory: Path, **changes: Any) -> SimConfig:
    config = load_config(config_path("sim.toml"))
    replace = msgspec.structs.replace
    ports = {name: replace(getattr(config, name), port=0) for name in ("feed", "fix", "control")}
    return replace(config, state_path=str(directory / "venue"), **ports, **changes)


def test_venue_that_cannot_start_leaves_its_words_and_no_process(tmp_path: Path) -> None:
    config = venue_config(tmp_path)
    config = msgspec.structs.replace(config, capture=msgspec.structs.replace(config.capture, files=["/absent.gz"]))
    with pytest.raises(EngineError, match=r"did not start: .*No such file or directory: '/absent\.gz'"):
        SimChild(config, tmp_path)


def test_question_to_a_dead_venue_is_answered_with_its_death(tmp_path: Path) -> None:
    with SimChild(venue_config(tmp_path), tmp_path) as venue:
        assert venue.ask("status")["replayed"] == 0
        with pytest.raises(EngineError, match="cmd must be one of"):
            venue.ask("dance")
        venue.process.terminate()
        venue.process.wait(10)
        with pytest.raises(EngineError, match="the simulated venue died: exit status 0"):
            venue.ask("status")
