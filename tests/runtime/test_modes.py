"""Loop modes: the loop turns without sleeping, the core is taken, garbage is collected only while nothing arrives."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import pytest
import uvloop

from engine.errors import ConfigError
from engine.runtime import modes
from engine.runtime._sockets import Sockets
from engine.runtime.modes import BUSY, EVENT, IDLE_NS, IdleCollector, Mode, pin


class Arrivals:
    """Now, and when the last frame came."""

    now_ns = 10**9
    last_ns = 0


T = TypeVar("T")
Act: TypeAlias = Callable[[asyncio.AbstractEventLoop, Mode], Coroutine[Any, Any, T]]


def run(mode: str, act: Act[T], core: int | None = None) -> T:
    async def main() -> T:
        loop = asyncio.get_running_loop()
        with Mode(mode, core, loop, Sockets(loop), lambda: Arrivals.last_ns, lambda: Arrivals.now_ns) as running:
            return await act(loop, running)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(main(), 5))


async def turns_of(loop: asyncio.AbstractEventLoop, running: Mode) -> int:
    """Count turns of the loop in which nothing asked for one, over 20 ms."""
    timer = loop.create_future()
    loop.call_later(0.02, timer.set_result, None)
    spinner = next((part for part in running._parts if isinstance(part, modes.Spinner)), None)
    turns = 0
    if spinner is not None:
        turn = spinner._turn

        def counted() -> None:
            nonlocal turns
            turns += 1
            turn()

        spinner._turn = counted
    await timer
    return turns


def test_busy_loop_turns_by_itself_and_an_event_loop_does_not() -> None:
    assert run(BUSY, turns_of) > 50
    assert run(EVENT, turns_of) == 0


@pytest.mark.parametrize("mode", [EVENT, BUSY])
def test_loop_serves_timers_and_other_threads_in_both_modes(mode: str) -> None:
    async def act(loop: asyncio.AbstractEventLoop, running: Mode) -> tuple[str, str]:
        timer, outside = loop.create_future(), loop.create_future()
        loop.call_later(0.001, timer.set_result, "timer")
        threading.Thread(target=lambda: loop.call_soon_threadsafe(outside.set_result, "thread")).start()
        return await timer, await outside

    assert run(mode, act) == ("timer", "thread")


def test_garbage_collector_is_frozen_and_off_in_busy_mode_and_restored_after() -> None:
    async def act(loop: asyncio.AbstractEventLoop, running: Mode) -> tuple[bool, bool]:
        return gc.isenabled(), gc.get_freeze_count() > 0

    assert run(BUSY, act) == (False, True)
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)
    assert run(EVENT, act) == (True, False)


def test_garbage_collector_that_was_off_stays_off() -> None:
    async def act(loop: asyncio.AbstractEventLoop, running: Mode) -> None:
        return None

    gc.disable()
    try:
        run(BUSY, act)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(("since_ns", "collections"), [(IDLE_NS, 0), (IDLE_NS + 1, 1)])
def test_garbage_is_collected_only_after_an_idle_time(since_ns: int, collections: int) -> None:
    async def act() -> int:
        loop = asyncio.get_running_loop()
        collector = IdleCollector(loop, lambda: 10**9 - since_ns, lambda: 10**9)
        collector.start()
        try:
            collector._check()
        finally:
            collector.stop()
        return collector.collections

    assert asyncio.run(act()) == collections


def test_core_is_taken_for_the_run_and_given_back() -> None:
    core = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)

    async def act(loop: asyncio.AbstractEventLoop, running: Mode) -> set[int]:
        return os.sched_getaffinity(0)

    assert run(EVENT, act, core) == {core}
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("core", [4_000, 2**40])
def test_core_that_cannot_be_had_is_a_configuration_error(core: int) -> None:
    with pytest.raises(ConfigError, match=f"engine.core: cannot pin to core {core}: .*; this process may use"):
        pin(core)


ORDERS_WORTH = """
import asyncio, resource, sys
from engine.runtime._sockets import Sockets
from engine.runtime.modes import Mode

async def main():
    loop = asyncio.get_running_loop()
    with Mode(sys.argv[1], None, loop, Sockets(loop), lambda: 0, lambda: 0):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        kept = [bytes(300) for _ in range(60_000)]
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

asyncio.run(main())
"""


def test_busy_mode_has_touched_the_memory_of_its_first_orders() -> None:
    def faults(mode: str) -> int:
        ran = subprocess.run([sys.executable, "-c", ORDERS_WORTH, mode], check=True, capture_output=True, text=True)
        return int(ran.stdout)

    assert faults(EVENT) > 3000
    assert faults(BUSY) < 500
