"""The simulated venue as a process: pinning, signals, the ready line, exit status.

Errors  `run` raises none: it prints them and returns the exit status.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable

import msgspec
import uvloop

from engine.errors import ConfigError, EngineError
from engine.sim.commands import Commands
from engine.sim.config import SimConfig
from engine.sim.control import Command
from engine.sim.kalshi.commands import KalshiCommands
from engine.sim.kalshi.config import KalshiSimConfig
from engine.sim.kalshi.venue import KalshiVenue
from engine.sim.turning import Turning
from engine.sim.venue import Venue

Made = tuple[Venue | KalshiVenue, dict[str, Command]]


def make(config: SimConfig | KalshiSimConfig) -> Made:
    """Return the venue of a configuration and the commands of its control port; ConfigError where it cannot start."""
    if isinstance(config, KalshiSimConfig):
        kalshi = KalshiVenue(config)
        return kalshi, KalshiCommands(kalshi).table()
    venue = Venue(config)
    return venue, Commands(venue).table()


def run(
    config: SimConfig | KalshiSimConfig,
    *,
    until_eof: bool = False,
    make: Callable[[SimConfig | KalshiSimConfig], Made] = make,
) -> int:
    """Run a venue until SIGINT, SIGTERM, `quit`, or the end of standard input if asked; return the exit status.

    Prints one JSON line when it listens: {"ready": true, "feed_port", "fix_port", "control_port"}, and of Kalshi more.
    """
    if config.cpu >= 0:
        os.sched_setaffinity(0, {config.cpu})
    if until_eof:  # the parent reads our standard error at the end only, and a full pipe would stop us
        logging.getLogger("engine").addHandler(logging.NullHandler())
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(make, config, until_eof))
    except (EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


async def _serve(
    make: Callable[[SimConfig | KalshiSimConfig], Made], config: SimConfig | KalshiSimConfig, until_eof: bool
) -> None:
    venue, commands = make(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, venue.stop)
    if until_eof:
        loop.add_reader(sys.stdin.fileno(), _stop_at_eof, venue)
    ports = await venue.start(commands)
    gc.freeze()
    print(msgspec.json.encode({"ready": True, **ports}).decode(), flush=True)
    await venue.run()


def _stop_at_eof(venue: Turning) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        venue.stop()
