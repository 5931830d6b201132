"""What is shown while the demo trades: a screen on a terminal, a short line every few seconds elsewhere.

Cost    for the loop a refresh is one look and one write to a pipe; `Display.cost` counts what it takes.
Thread  the loop thread; the screen is drawn by a process of its own, see `screen`.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time

import msgspec

from engine.app.demo.amounts import dollars, microseconds
from engine.app.demo.look import DemoFacts, Look, Looker
from engine.app.engine import Engine
from engine.runtime.latency import LatencyRecorder

REFRESH_S = 0.25
PLAIN_REFRESH_S = 5.0  # where there is no terminal to draw on
COLUMNS = 80
DUMB = ("", "dumb", "unknown")
PATIENCE_S = 3.0


class Display:
    """Shows an engine from `show` until it is closed."""

    def __init__(self, engine: Engine, facts: DemoFacts) -> None:
        self.cost = LatencyRecorder()  # how long the loop was held up by each refresh
        self._watch = Looker(engine)
        self._facts = facts
        self._screen = Screen(facts) if is_terminal() else None

    async def show(self) -> None:
        """Refresh until cancelled."""
        started_ns = time.monotonic_ns()
        while True:
            await asyncio.sleep(REFRESH_S if self._screen else PLAIN_REFRESH_S)
            begun_ns = time.monotonic_ns()
            self._refresh((begun_ns - started_ns) / 1e9)
            self.cost.record(time.monotonic_ns() - begun_ns)

    def _refresh(self, elapsed_s: float) -> None:
        look = self._watch.look(elapsed_s)
        if self._screen is not None:
            self._screen.show(look)
        else:
            print(live_line(self._facts, look), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Give the terminal back."""
        if self._screen is not None:
            self._screen.close()


class Screen:
    """Writes looks to the process that draws them; one that has no time for a look misses it."""

    def __init__(self, facts: DemoFacts) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.app.demo.screen"], stdin=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        assert self._process.stdin is not None
        self._descriptor = self._process.stdin.fileno()
        os.set_blocking(self._descriptor, False)
        self._unwritten = msgspec.json.encode(facts) + b"\n"

    def show(self, look: Look) -> None:
        """Hand over one look, or the rest of an earlier one that did not fit into the pipe."""
        rest = self._unwritten or msgspec.json.encode(look) + b"\n"
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # it is busy, or has died: no reason not to trade
            rest = rest[os.write(self._descriptor, rest) :]
        self._unwritten = rest

    def close(self) -> None:
        """End the screen, which gives the terminal back."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:  # the terminal stands still
            self._process.kill()
            self._process.wait()


def is_terminal() -> bool:
    """Say whether standard error is a terminal that can be drawn on."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in DUMB


def live_line(facts: DemoFacts, look: Look) -> str:
    """Return the look as one line; what makes it longer than `COLUMNS` is left out, the rate first."""
    market, latency = facts.markets[0], look.tick_to_order
    money = dollars(look.pnl, market.price_decimals + market.size_decimals, 2)
    rate = f"{look.frames_per_second:.0f} frames/s "
    begin = f"{look.elapsed_s:.0f} s {look.state} "
    end = (
        f"{look.orders + look.replaces + look.cancels} sent {look.fills} fills {money} $"
        f" p50 {microseconds(latency.p50_ns)} p99 {microseconds(latency.p99_ns)} us"
    )
    line = begin + rate + end
    return line if len(line) <= COLUMNS else (begin + end)[:COLUMNS]
