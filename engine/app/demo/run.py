"""One demo from its flags to its exit status.

Units   as in the results: latencies in ns, position in the instrument's size unit, pnl in money units.
Errors  the simulator's own words if it does not start or dies; the demo fails if the two records of the trading differ.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop

from engine.app.demo.configs import ACCOUNT, Pair, demo_pair, native_busy, with_ports
from engine.app.demo.display import Display
from engine.app.demo.figures import compare, results
from engine.app.demo.look import read_facts
from engine.app.demo.stepped import trade_in_steps
from engine.app.demo.summary import summary
from engine.app.engine import Engine
from engine.app.running import obey_signals, running_mode
from engine.config.sections import EngineConfig
from engine.errors import EngineError
from engine.runtime import log
from engine.runtime.latency import LatencyCounts
from engine.runtime.modes import BUSY
from engine.sim.child import SimChild

NATIVE = "native"
BESIDE_S = 3.0  # how long the native session trades beside the pair that ran


def demo(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 when both sides agree at the end, 1 otherwise."""
    with TemporaryDirectory(prefix="fixlane-demo-") as directory:
        pair = demo_pair(Path(directory), arguments)
        listener = log.start("warning", pair.directory / "engine.log")
        try:
            result = step(pair, arguments.steps) if arguments.steps else run(pair, arguments)
        finally:
            listener.stop()
    print(summary(result))
    beside = result.get("native_busy")
    differences = compare(result) + [f"native busy: {each}" for each in (compare(beside) if beside else ())]
    for difference in differences:
        print(f"fixlane: {difference}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if differences else 0


def step(pair: Pair, steps: int) -> dict[str, Any]:
    """Trade in this process, in steps: the same in every run."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        run = runner.run(trade_in_steps(pair.venue, partial(with_ports, pair.engine), ACCOUNT, steps))
    result = results(run.engine, run.seconds)
    result |= {"mode": "stepped", "venue": msgspec.structs.asdict(run.venue), "replayed": 0}
    return result | {"record": run.digest, "conversation": run.conversation}


def run(pair: Pair, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trade as the flags say, then over the native session beside it where that can be measured."""
    print("fixlane: starting the simulated venue", file=sys.stderr)
    result = trade_with_child(pair, arguments.seconds, is_shown=True)
    cores = sorted(os.sched_getaffinity(0))
    section = pair.engine.engine
    is_same = section.session == NATIVE and section.mode == BUSY
    was_interrupted = result["seconds"] < arguments.seconds
    is_wanted = len(cores) > 1 and not (arguments.no_compare or is_same or was_interrupted)
    result["native_busy"] = trade_beside(pair, cores) if is_wanted else None
    return result


def trade_beside(pair: Pair, cores: list[int]) -> dict[str, Any] | None:
    """Return what the same demo does on the native session in busy mode; None, and why, where it cannot run."""
    print(f"fixlane: the same for {BESIDE_S:.0f} s, session native, mode busy, a core for each side", file=sys.stderr)
    try:
        # The first and the last core are not two threads of one, unless there are no others.
        result = trade_with_child(native_busy(pair, cores[0], cores[-1]), BESIDE_S)
    except EngineError as error:
        print(f"fixlane: native busy was not measured: {error}", file=sys.stderr)
        return None
    except KeyboardInterrupt:
        return None
    return {name: value for name, value in result.items() if name != "last_book"}


def trade_with_child(pair: Pair, seconds: float, is_shown: bool = False) -> dict[str, Any]:
    """Trade against a venue in a process of its own."""
    with SimChild(pair.venue, pair.directory) as venue:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            config = with_ports(pair.engine, venue.fix_port, venue.feed_port)
            is_captured = bool(pair.venue.capture.files)
            result = runner.run(trade(config, venue, seconds, is_shown, is_captured))
        result["venue"] = venue.ask("summary", account=ACCOUNT)
        result["replayed"] = venue.ask("status")["replayed"]
    return result


async def trade(
    config: EngineConfig, venue: SimChild, seconds: float, is_shown: bool, is_captured: bool
) -> dict[str, Any]:
    """Run the engine for `seconds`, or until SIGINT, and return what happened; raise if the venue dies."""
    loop = asyncio.get_running_loop()
    engine = Engine(config, loop)
    obey_signals(engine, loop)
    display = Display(engine, read_facts(engine, seconds, is_captured)) if is_shown else None
    started, used = time.monotonic(), time.process_time()
    try:
        with running_mode(config, loop, engine):
            end = loop.call_later(seconds, engine.stop)
            showing = loop.create_task(display.show()) if display else None
            await run_while_alive(engine, venue)
            end.cancel()
            if showing:
                showing.cancel()
        seconds = time.monotonic() - started
        result = results(engine, seconds) | {"cpu_share": round((time.process_time() - used) / seconds, 2)}
    finally:
        if display:
            display.close()
    return result | ({"refresh_ns": LatencyCounts(display.cost).summary()} if display else {})


async def run_while_alive(engine: Engine, venue: SimChild) -> None:
    """Run the engine to its orderly end; if the venue dies before it, end it at once and raise the venue's words."""
    loop = asyncio.get_running_loop()
    running, died = loop.create_task(engine.run()), asyncio.Event()
    loop.add_reader(venue.output.fileno(), died.set)
    dying = loop.create_task(died.wait())
    try:
        await asyncio.wait((running, dying), return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(venue.output.fileno())
        dying.cancel()
    if not running.done():
        running.cancel()
        await engine.close()
        raise venue.death()
    await running
