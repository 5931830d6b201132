"""The watchdog: what it says of a loop that is held, when, and what it does not take for one."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.runtime.watch.watchdog import Stall, Watchdog

MS = 1_000_000


class Dog:
    """A watchdog of this thread, and what it said."""

    def __init__(self, warn_ms: int, end_ms: int) -> None:
        self.said: list[tuple[str, Stall, str]] = []
        self.ended = threading.Event()
        self.dog = Watchdog(warn_ms * MS, end_ms * MS, self._warn, self._end)
        self.dog.start()
        self.dog.turn()

    def _warn(self, stall: Stall, stack: str) -> None:
        self.said.append(("warn", stall, stack))

    def _end(self, stall: Stall, stack: str) -> None:
        self.said.append(("end", stall, stack))
        self.ended.set()

    def turn_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.dog.turn()
            time.sleep(0.01)

    def stalls(self) -> list[Stall]:
        """Return what is over, once something is."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if found := self.dog.stalls():
                return found
            self.turn_for(0.02)
        return []


@pytest.fixture
def dog() -> Iterator[Callable[..., Dog]]:
    made: list[Dog] = []

    def make(warn_ms: int = 0, end_ms: int = 0) -> Dog:
        made.append(Dog(warn_ms, end_ms))
        return made[-1]

    yield make
    for each in made:
        each.dog.stop()


def hold(seconds: float) -> None:
    """Compute for so long, as a hook does that never returns."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_loop_that_turns_is_never_named(dog: Callable[..., Dog]) -> None:
    it = dog(warn_ms=400, end_ms=500)
    it.turn_for(1)
    assert (it.said, it.dog.stalls()) == ([], [])


def test_o4_loop_that_is_held_is_named_with_its_line_and_stack_once_and_then_counted(dog: Callable[..., Dog]) -> None:
    it = dog(warn_ms=100)
    hold(1.5)
    (stall,) = it.stalls()
    ((kind, warned, stack),) = it.said
    assert (kind, warned.place.startswith("hold (")) == ("warn", True)
    assert "test_watchdog.py" in warned.place
    assert "in test_o4_loop_that_is_held" in stack
    assert 100 * MS <= warned.held_ns < 1_000 * MS < stall.held_ns < 5_000 * MS
    assert str(Stall(1_320 * MS, "on_book (a.py:7)")) == "the loop was held for 1.32 s in on_book (a.py:7)"


def test_second_limit_ends_and_is_not_reached_before(dog: Callable[..., Dog]) -> None:
    it = dog(warn_ms=100, end_ms=600)
    hold(0.3)
    it.stalls()
    assert not it.ended.is_set()
    while not it.ended.is_set():
        hold(0.05)
    assert [kind for kind, *_ in it.said] == ["warn", "warn", "end"]
    assert it.said[-1][1].held_ns >= 600 * MS
    assert it.stalls()  # what went on after all is counted as well


def test_signal_gives_a_loop_that_is_held_less_time(dog: Callable[..., Dog]) -> None:
    it = dog()
    it.dog.hurry()
    it.dog.hurry()
    until = time.monotonic() + 5
    while not it.ended.is_set() and time.monotonic() < until:
        hold(0.05)
    assert it.dog.is_hurried
    assert [kind for kind, *_ in it.said] == ["end"]


def test_signal_does_not_hurry_a_loop_that_turns(dog: Callable[..., Dog]) -> None:
    it = dog()
    it.dog.hurry()
    it.dog.hurry()
    it.turn_for(1)
    assert it.said == []


PROGRAM = """
import ctypes, os, sys, time
from engine.runtime.halt_word import HALT, Word, pack
from engine.runtime.person import the_engine
from engine.runtime.watch.watchdog import LastWord, Watchdog
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
word = pack(Word(HALT, 0, the_engine(), "held"))
dog = Watchdog(0, int(sys.argv[2]) * 1_000_000, lambda *_: None, lambda *_: time.sleep(60))
dog.start(LastWord(descriptor, word, b"held\\n", 3))
dog.turn()
print("ready", flush=True)
{hold}
"""


def started(path: Any, hold: str, end_ms: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", PROGRAM.format(hold=hold), str(path), str(end_ms)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("hold", ["ctypes.PyDLL(None).sleep(60)", "while True: pass"])
def test_o4_process_ends_though_python_is_held_or_the_end_itself_hangs(tmp_path: Any, hold: str) -> None:
    with started(tmp_path / "word", hold, 200) as process:
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (3, b"held\n")
    assert (tmp_path / "word").stat().st_size == 512


def test_process_that_was_stopped_was_not_held(tmp_path: Any) -> None:
    with started(tmp_path / "word", "while True: dog.turn(); time.sleep(0.01)", 1_500) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(3.5)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        assert process.poll() is None
        process.kill()
        process.communicate()
