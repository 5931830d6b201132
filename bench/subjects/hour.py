"""`soak --minutes N`: what an hour of trading leaves behind; exit status 1 if it costs memory, descriptors or time.

A demo trades at full rate in processes of its own. Beside it a desk, the whole path but its sockets, works a part of
every minute: markets come, are quoted, traded in, settle and go, as fast as they can. At each minute's end this old
desk and one that was made just then take turns, so that a noisy moment hits both alike. All must stay as in the first
tenth of the time: memory within 2 %, descriptors, the ratio of the two desks' times within 2 %.

Units   times in ns from the frame's entry into the loop to the order's bytes; memory in bytes outside of files.
Errors  BenchError where the demo ends before its time, with its words.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.child import BenchError
from bench.subjects.rolling import TurningDesk, anonymous_bytes, compared, descriptors, rolled

YOUNG_MARKETS = 400
MOST_GROWTH, MOST_RATIO, MOST_DESCRIPTORS = 1.02, 1.02, 2
KEPT_BYTES = 700  # of an order or a replace of the demo, whose markets stay
WARM = 10  # a part of the time, in which everything takes the room that it needs
LONGER = 2.0  # than asked for: a minute of a busy machine may take more
END_S = 60.0  # for the demo to end and compare its books


class SoakPace(NamedTuple):
    """How long it lasts, and what happens in each of its parts."""

    minutes: int
    minute_s: float = 60.0
    work_s: float = 5.0  # of the old desk in each minute
    frames: int = 400  # whole climbs and descents of the ask in each turn of the comparison


class MinuteReading(NamedTuple):
    """What a minute ended with."""

    desk_bytes: int
    desk_descriptors: int
    demo_bytes: int
    demo_descriptors: int
    ratio: float  # p50 of the old desk by the young one's
    markets: int
    orders: int


class WatchedDemo:
    """A demo in a process of its own, seen from outside."""

    def __init__(self, seconds: float, folder: Path) -> None:
        self._result, self._words = folder / "demo.json", folder / "demo.err"
        command = [sys.executable, "-m", "engine", "demo", "--no-compare"]
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                [*command, "--seconds", f"{seconds:.0f}", "--json", str(self._result)],
                stdout=subprocess.DEVNULL,
                stderr=words,
            )

    def look(self) -> tuple[int, int]:
        """Return memory and descriptors; BenchError where it has ended."""
        if self._process.poll() is not None:
            raise BenchError(f"the demo has ended: {self._said()}")
        return anonymous_bytes(self._process.pid), descriptors(self._process.pid)

    def end(self) -> dict[str, Any]:
        """End it in order; return its figures, BenchError where the venue's record is another."""
        self._process.send_signal(signal.SIGINT)
        if self._process.wait(END_S):
            raise BenchError(f"the demo failed: {self._said()}")
        result: dict[str, Any] = json.loads(self._result.read_text())
        return result

    def close(self) -> None:
        """End it whatever it does."""
        self._process.kill()
        self._process.wait()

    def _said(self) -> str:
        return self._words.read_text(errors="replace").strip()[-1000:] or "no word"


def run(pace: SoakPace, to: Path | None = None) -> int:
    """Soak, print each minute and the verdict, write all to a file; return 1 where more than allowed was left."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as open_:
        demo = WatchedDemo(pace.minutes * pace.minute_s * LONGER + END_S, Path(directory))
        open_.callback(demo.close)
        old = TurningDesk(Path(directory, "old"))
        open_.callback(old.journal.close)
        rolled(old, YOUNG_MARKETS)
        readings = [_minute(old, demo, Path(directory, str(number)), pace) for number in range(pace.minutes)]
        result = demo.end()
    failures = verdict(readings, result["orders"] + result["replaces"])
    for failure in failures:
        print(f"FAILED: {failure}")
    agreed = f"the demo sent {result['orders']} orders, both sides agree"
    print(f"{pace.minutes} minutes, {len(failures)} failures; {agreed}")
    if to is not None:
        minutes = [reading._asdict() for reading in readings]
        to.write_text(json.dumps({"minutes": minutes, "demo": result, "failures": failures}, indent=1) + "\n")
    return 1 if failures else 0


def verdict(readings: list[MinuteReading], requests: int) -> list[str]:
    """Return what did not stay as it was in the first tenth of the time."""
    later = readings[max(2, len(readings) // WARM) :]
    warm, found = later[0], []
    grown = max(each.desk_bytes for each in later) / warm.desk_bytes
    if grown > MOST_GROWTH:
        found.append(f"desk: memory grew to {grown:.3f}")
    more = max(each.demo_bytes for each in later) - warm.demo_bytes
    if more > warm.demo_bytes * (MOST_GROWTH - 1) + requests * KEPT_BYTES:
        found.append(f"demo: memory grew by {more} bytes with {requests} requests: each may keep {KEPT_BYTES}")
    for name in ("desk_descriptors", "demo_descriptors"):
        first, most = getattr(warm, name), max(getattr(each, name) for each in later)
        if most > first + MOST_DESCRIPTORS:
            found.append(f"{name.replace('_', ': ')} grew from {first} to {most}")
    ratio = median(each.ratio for each in later)
    if ratio > MOST_RATIO:
        found.append(f"desk: frame to order takes {ratio:.3f} of a young one's, median of {len(later)} minutes")
    return found


def _minute(old: TurningDesk, demo: WatchedDemo, folder: Path, pace: SoakPace) -> MinuteReading:
    began = time.monotonic()
    while time.monotonic() < began + pace.work_s:
        old.roll()
    desk = anonymous_bytes(), descriptors()  # before there is another desk
    young = TurningDesk(folder)
    try:
        rolled(young, YOUNG_MARKETS)
        ratio = compared(young, old, pace.frames)
    finally:
        young.journal.close()
    reading = MinuteReading(*desk, *demo.look(), ratio, old.made, old.fills)
    print(_line(reading), flush=True)
    time.sleep(max(began + pace.minute_s - time.monotonic(), 0.0))
    return reading


def _line(reading: MinuteReading) -> str:
    mib = f"desk {reading.desk_bytes / 2**20:.2f} MiB, demo {reading.demo_bytes / 2**20:.2f} MiB"
    held = f"{reading.desk_descriptors} and {reading.demo_descriptors} descriptors"
    return f"{mib}, {held}, {reading.markets} markets, {reading.orders} orders, old to young {reading.ratio:.4f}"
