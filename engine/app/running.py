"""An engine as a process: its log, its signals, its watchdog, how its loop waits, and the status that it ends with.

Errors  what the parts raise before anything is connected.
Thread  the main thread, which becomes the loop thread.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

import uvloop

from engine.app.engine import Engine
from engine.app.watching import LoopWatch
from engine.config.engine import EngineConfig
from engine.runtime import log, modes

LOGGER = logging.getLogger(log.LOGGER)
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
BY_SIGNAL = "by signal SIGUSR1"


def run(config: EngineConfig) -> int:
    """Run an engine until SIGINT or SIGTERM; SIGUSR1 halts trading. Return the exit status."""
    listener = log.start(config.log.level, config.log.file)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_run(config, listener))
    finally:
        listener.stop()


async def _run(config: EngineConfig, listener: log.Listener) -> int:
    loop = asyncio.get_running_loop()
    engine = Engine(config, loop)
    obey_signals(engine, loop)
    # The watchdog's threads begin before the loop's is pinned: they would share its core.
    with LoopWatch(engine, listener.flush) as watch, running_mode(config, loop, engine):
        for number in ENDING:
            also_at_once(number, watch.hurry)
        also_at_once(signal.SIGUSR1, lambda: watch.halt(BY_SIGNAL))
        await engine.run()
    return 1 if engine.trading.orders.live_count else 0


def obey_signals(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """Let SIGINT, SIGTERM and SIGQUIT end the engine in order, and SIGUSR1 halt it; SIGHUP is for rotated logs."""
    for number in ENDING:
        loop.add_signal_handler(number, engine.stop)
    loop.add_signal_handler(signal.SIGHUP, LOGGER.warning, "SIGHUP: a log that was renamed is begun anew")
    loop.add_signal_handler(signal.SIGUSR1, engine.supervisor.halt, BY_SIGNAL)


def also_at_once(number: signal.Signals, act: Callable[[], object]) -> None:
    """Let a signal that the loop takes call `act` too, at the next line of Python, also while the loop is held."""
    for_the_loop = signal.getsignal(number)
    assert callable(for_the_loop)

    def both(taken: int, frame: FrameType | None) -> None:
        """Tell the loop, and act."""
        for_the_loop(taken, frame)
        act()

    signal.signal(number, both)
    signal.siginterrupt(number, False)


def running_mode(config: EngineConfig, loop: asyncio.AbstractEventLoop, engine: Engine) -> modes.Mode:
    """Return the context in which the loop waits as the configuration says."""
    section = config.engine
    return modes.Mode(
        section.mode, section.core, loop, engine.sockets, lambda: engine.trading.last_frame_ns, time.monotonic_ns
    )
