"""In the busy loop TLS of feed and session is done in the loop's own turn: no thread, no sleep, no turn in between."""

import asyncio
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import uvloop

from bench.plan import TICK, Pace, Plan, Repetition
from bench.rig import Rig
from bench.subjects import tick
from bench.subjects.frames import bench_instrument, stairs
from bench.subjects.strategies import AskTaker
from bench.venue import certificate, kalshi
from bench.venue.process import MeasuringVenue, _Server

FRAMES = 40
MOST_TURNS = 1_000
MS = 1_000_000
TICK_PLAN = Plan(TICK, "native", "busy", (Pace("", FRAMES, 20 * MS),), warm_up=20, has_tls=True, is_kalshi=True)


def threads() -> int:
    """Return how many threads this process has, those without a name in Python too."""
    return len(os.listdir("/proc/self/task"))


class Turns:
    """Counts the turns of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.count = 0
        self._next()

    def _next(self) -> None:
        self.count += 1
        self._loop.call_soon(self._next)


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    yield made
    made.hang_up()
    for each in (made._front, made._feed_front, *made._listeners):
        if each is not None:
            each.close()


async def turns_until_the_order(server: _Server, state: Path) -> tuple[list[int], int]:
    """Return for each of some frames how many turns it took, and by how many threads the process grew."""
    file = certificate.file(state)
    key, public_key = kalshi.made_key()
    fix_port, feed_port, *_ = server.ports
    rig = Rig("native", state, fix_port, feed_port, bench_instrument(), AskTaker(), file, key)
    faults: list[str] = []
    rig.on_fault = faults.append
    loop = asyncio.get_running_loop()
    try:
        await asyncio.gather(asyncio.to_thread(server.accept_fix, file, public_key), rig.connect_session())
        await asyncio.gather(asyncio.to_thread(server.accept_feed, stairs(), file, public_key), rig.connect_feed())
        await loop.shutdown_default_executor()
        before = threads()
        with rig.mode("busy", None, False, lambda: 0):
            found = [await _turns(server, Turns(loop)) for _ in range(FRAMES)]
            grown = threads() - before
        assert not faults
        return found, grown
    finally:
        await rig.close()


async def _turns(server: _Server, turns: Turns) -> int:
    """Put a frame into the kernel, and count until its order is there: this is the thread that both ends share."""
    assert server._frames and server._feed_front and server._front and server._fix
    await asyncio.sleep(0)
    frame, ask = server._frames.take()
    before = turns.count
    server._feed_front.tls.sendall(frame)
    while not server._front.take() and turns.count < before + MOST_TURNS:
        await asyncio.sleep(0)
    passed = turns.count - before
    assert server._fix.take() == [(ord("1"), ask)]
    server._front.give()
    return passed


def test_frame_is_decrypted_and_its_order_encrypted_within_one_turn(server: _Server, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        turns, new_threads = runner.run(turns_until_the_order(server, tmp_path))
    assert new_threads <= 0  # one of the connecting may still have been ending
    assert median(turns) == 1


async def sleeps(mode: str, state: Path) -> int:
    """Return how often this thread slept while frames came from another process, far apart."""
    counted: list[int] = []

    plan = replace(TICK_PLAN, mode=mode)
    run_closed = tick._run_closed

    async def watched(pace: Pace, venue: MeasuringVenue) -> Any:
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        samples = await run_closed(pace, venue)
        counted.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before)
        return samples

    with pytest.MonkeyPatch.context() as patch, MeasuringVenue(None) as venue:
        patch.setattr(tick, "_run_closed", watched)
        await tick.measure(plan, venue, state, Repetition())
    return counted[-1]


@pytest.mark.parametrize(("mode", "sleeps_for_each"), [("busy", False), ("event", True)])
def test_busy_loop_does_not_sleep_for_a_frame_over_tls(tmp_path: Path, mode: str, sleeps_for_each: bool) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(sleeps(mode, tmp_path))
    assert (found >= FRAMES) == sleeps_for_each
