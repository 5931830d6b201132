"""The process that serves metrics: what it does, and how an engine keeps one beside itself.

The engine binds the port, before it begins anything else, and hands the listening socket over. The process ends with
its engine, however that ends: it reads a pipe whose other end the engine holds. It runs below everybody's priority and
keeps off the engine's core.

Errors  ConfigError where the port cannot be had. What ends the process later is told, and it is started again.
Thread  in the engine a thread waits for the process and nothing else.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.ops.metrics.families import ViewCollector
from engine.ops.metrics.server import Listener, MetricsServer
from engine.ops.view.reader import ViewReader

NICE = 10
STOP_S = 5.0  # for the kernel to end a process that was killed
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


def serve(state_dir: Path, listener: Listener, markets: Sequence[str], parent: int | None) -> None:
    """Answer scrapes until SIGINT, SIGTERM, or the end of the pipe `parent`."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(state_dir, listener, markets, parent))


def step_aside(core: int | None) -> None:
    """Let everybody else run first, and keep off a core where there is another one."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    allowed = os.sched_getaffinity(0)
    if core is not None and allowed - {core}:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, allowed - {core})


async def _serve(state_dir: Path, listener: Listener, markets: Sequence[str], parent: int | None) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    if parent is not None:
        loop.add_reader(parent, ended.set)  # nothing is ever written there
    server = await MetricsServer(ViewCollector(ViewReader(state_dir).read, markets)).serve(listener)
    await ended.wait()
    server.close()


class MetricsChild:
    """A process that serves an engine's metrics, started again after a pause where it ends."""

    def __init__(
        self,
        state_dir: Path,
        listener: Listener,
        markets: Sequence[str],
        core: int | None,
        tell: Callable[[str], object],
    ) -> None:
        """`tell` takes words about an end that nobody asked for; it is called in another thread."""
        self._listener = listener
        descriptor = str(listener.fileno())
        command = [sys.executable, "-m", "engine", "metrics", "--state-dir", str(state_dir), "--listener", descriptor]
        command += [word for market in markets for word in ("--market", market)]
        self._command = command + ([] if core is None else ["--off-core", str(core)])
        self._tell = tell
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the process and give the port back."""
        with self._lock:
            self._closed.set()
            if self._process is not None:
                self._process.kill()  # it holds nothing that could be lost
        self._thread.join(STOP_S)
        self._listener.close()

    def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                status = self._run()
            except OSError as error:
                self._tell(f"metrics cannot be served: {error}")
            else:
                if not self._closed.is_set():
                    self._tell(f"the process that serves metrics ended with status {status}; again in {pause_s:g} s")
            if self._closed.wait(pause_s):
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _run(self) -> int:
        """Run the process once, and return the status that it ended with."""
        with self._lock:
            if self._closed.is_set():
                return 0
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,  # closed by the kernel when we end
                stdout=subprocess.DEVNULL,
                pass_fds=[self._listener.fileno()],
                start_new_session=True,  # Ctrl-C is for the engine
            )
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status
