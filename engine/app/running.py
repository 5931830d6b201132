"""An engine as a process: its log, its signals, its watchdog, how its loop waits, and the status that it ends with.

Errors  what the parts raise before anything is connected.
Thread  the main thread, which becomes the loop thread; with metrics another one, which only waits for their process.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import Any

import uvloop

from engine.app.engine import Engine
from engine.app.seams import LIVE, Seams
from engine.app.watching import LoopWatch
from engine.config.sections import EngineConfig
from engine.ops.metrics.process import MetricsChild
from engine.ops.metrics.server import Listener, listen
from engine.runtime import log, modes
from engine.runtime.departure import Departure, no_forks
from engine.runtime.notices import NoticeKind

LOGGER = logging.getLogger(log.LOGGER)
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
# What else would end the process at once, with its orders alive; not what a fault of the program itself raises
STRAY = tuple(
    signal.Signals[name]
    for name in ["SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGPWR", "SIGIO", "SIGSTKFLT"]
    if name in signal.Signals.__members__
)
BY_SIGNAL = "by signal SIGUSR1"


def run(config: EngineConfig, seams: Seams = LIVE) -> int:
    """Run an engine until SIGINT or SIGTERM; SIGUSR1 halts trading. Return the exit status."""
    with ExitStack() as around:
        around.enter_context(no_forks())
        # First of all, so that a start that fails over it leaves nothing behind
        scraped = around.enter_context(listen(config.metrics.port)) if config.metrics.port else None
        writer = log.start(config.log.level, config.log.file)
        around.callback(writer.stop)
        departure = Departure(writer)
        around.callback(departure.end)
        runner = around.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        engines: list[Engine] = []
        status = until_done(runner.get_loop(), _run(config, writer, scraped, engines, seams), engines)
        departure.begin(status)
        return status


async def _run(
    config: EngineConfig, writer: log.Listener, scraped: Listener | None, engines: list[Engine], seams: Seams
) -> int:
    loop = asyncio.get_running_loop()
    engine = Engine(config, loop, seams)
    engines.append(engine)
    writer.tell = log_lost(telling(engine, loop, NoticeKind.LOG_LOST))
    obey_signals(engine, loop)
    for number in STRAY:
        loop.add_signal_handler(number, end, engine, number)
    with ExitStack() as beside:
        if scraped is not None:
            beside.callback(metrics_child(config, scraped, engine, loop).close)
        # The watchdog's threads begin before the loop's is pinned: they would share its core.
        watch = beside.enter_context(LoopWatch(engine, writer.flush))
        for number in (*ENDING, *STRAY):
            also_at_once(number, watch.hurry)
        also_at_once(signal.SIGUSR1, lambda: watch.halt(BY_SIGNAL))
        try:
            beside.enter_context(running_mode(config, loop, engine))
        except BaseException:
            engine.abandon()
            raise
        await engine.run()
    return 1 if engine.trading.orders.live_count else 0


def until_done(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, int], engines: list[Engine]) -> int:
    """Run a loop until `main` is done; a loop that somebody stops halts the engine, which takes its orders away."""
    task = loop.create_task(main)
    while True:
        try:
            return loop.run_until_complete(task)
        except RuntimeError as error:
            if task.done() or not engines:
                raise
            loop.call_soon(engines[0].halt, f"the loop was stopped by other code than ours: {error}")


def metrics_child(
    config: EngineConfig, listener: Listener, engine: Engine, loop: asyncio.AbstractEventLoop
) -> MetricsChild:
    """Return the process that serves this engine's metrics; its ends are told on the loop."""
    tell = telling(engine, loop, NoticeKind.METRICS_LOST)
    section = config.engine
    return MetricsChild(section.state_dir, listener, config.metrics.markets, section.core, tell)


def telling(engine: Engine, loop: asyncio.AbstractEventLoop, kind: NoticeKind) -> Callable[[str], object]:
    """Return what takes the words of another thread, and tells them on the loop."""

    def tell(text: str) -> None:
        """Hand the words to the loop."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(partial(engine.trading.notices.tell, kind, text))

    return tell


def log_lost(tell: Callable[[str], object]) -> Callable[[str], object]:
    """Return what tells of lost lines on standard error too, since the log may be where they are lost."""

    def lost(text: str) -> None:
        """Say it twice."""
        log.say(text)
        tell(text)

    return lost


def obey_signals(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """Let SIGINT, SIGTERM and SIGQUIT end the engine in order, and SIGUSR1 halt it.

    SIGHUP is for rotated logs. SIGTSTP, the Ctrl-Z of a terminal, would leave orders alone for as long as it likes.
    """
    for number in ENDING:
        loop.add_signal_handler(number, end, engine, number)
    loop.add_signal_handler(signal.SIGTSTP, LOGGER.warning, "SIGTSTP: an engine that sleeps guards no order: ignored")
    loop.add_signal_handler(signal.SIGHUP, LOGGER.warning, "SIGHUP: a log that was renamed is begun anew")
    loop.add_signal_handler(signal.SIGUSR1, engine.halt, BY_SIGNAL)


def end(engine: Engine, number: signal.Signals) -> None:
    """Say which signal ends the engine, and end it in order."""
    engine.supervisor.note(f"STOP: by signal {number.name}")
    engine.stop()


def also_at_once(number: signal.Signals, act: Callable[[], object]) -> None:
    """Let a signal that the loop takes call `act` too, at the next line of Python, also while the loop is held."""
    for_the_loop = signal.getsignal(number)
    assert callable(for_the_loop)

    def both(taken: int, frame: FrameType | None) -> None:
        """Tell the loop, and act."""
        for_the_loop(taken, frame)
        act()

    signal.signal(number, both)  # which interrupts what waits in the system, a lock too, unlike the loop's own way


def running_mode(config: EngineConfig, loop: asyncio.AbstractEventLoop, engine: Engine) -> modes.Mode:
    """Return the context in which the loop waits as the configuration says."""
    section = config.engine
    return modes.Mode(
        section.mode, section.core, loop, engine.sockets, lambda: engine.trading.last_frame_ns, time.monotonic_ns
    )
