"""`sessions`: what many idle acceptor sessions cost, as a part of one core and in memory for each.

The acceptor has its file store and dictionary on and sleeps between events. Its memory is the growth of what is
resident from before the first logon to the end, files that are mapped included; its time is what its process used.

Errors  BenchError where a process failed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.child import BenchError
from bench.report.results import Figures
from bench.subjects import idle_acceptor, idle_clients
from bench.subjects.idle_acceptor import Cost

LOGON_TIMEOUT_S = 30.0
LOOK_S = 0.05


@dataclass(frozen=True)
class Idle:
    """How many sessions, with which heartbeat, for how long."""

    count: int
    heart_bt_int: int
    seconds: float


FULL = Idle(1000, 30, 60.0)
QUICK = Idle(50, 1, 3.0)


class Process:
    """A process that answers on a pipe, ("done", value) or ("failed", text), and ends when it is closed."""

    def __init__(self, serve: Callable[..., None], *arguments: Any) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()
        self.first = self.result()

    def result(self) -> Any:
        try:
            outcome, value = self._pipe.recv()
        except EOFError:
            raise BenchError("a process of the subject died") from None
        if outcome != "done":
            raise BenchError(str(value))
        return value

    def cost(self) -> Cost:
        self._pipe.send("cost")
        cost: Cost = self.result()
        return cost

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(10)
        self._process.kill()


def name_of(idle: Idle) -> str:
    """Return the name of a run of idle sessions."""
    return f"sessions.idle_{idle.count}"


def measure(idle: Idle, cores: tuple[int, int] | None) -> Figures:
    """Log all on, leave them alone, and return what that cost the acceptor."""
    client_core, acceptor_core = cores if cores else (None, None)
    with TemporaryDirectory(prefix="fixlane-sessions-") as directory:
        acceptor = Process(idle_acceptor.serve, idle.count, Path(directory), acceptor_core)
        with acceptor:
            before = acceptor.cost()
            clients = Process(idle_clients.serve, idle.count, idle.heart_bt_int, acceptor.first, client_core)
            with clients:
                begun = _all_logged_on(acceptor, idle.count)
                begun_ns = time.monotonic_ns()
                time.sleep(idle.seconds)
                ended = acceptor.cost()
                passed_ns = time.monotonic_ns() - begun_ns
    return {
        "sessions": idle.count,
        "logged_on": ended.logged_on,
        "ended": ended.ended,
        "heart_bt_int": idle.heart_bt_int,
        "seconds": round(passed_ns / 1e9, 1),
        "cpu_share": round((ended.cpu_ns - begun.cpu_ns) / passed_ns, 5),
        "kib_each": round((ended.resident_bytes - before.resident_bytes) / idle.count / 1024, 1),
    }


def stayed(figures: Figures) -> bool:
    """Return whether every session was logged on all the time."""
    return bool(figures["logged_on"] == figures["sessions"] and not figures["ended"])


def text(name: str, figures: Figures) -> str:
    """Return the figures as one line for the terminal."""
    return (
        f"{name}: {figures['logged_on']} of {figures['sessions']} sessions logged on after {figures['seconds']} s,"
        f" {figures['ended']} ended, HeartBtInt {figures['heart_bt_int']}:"
        f" {figures['cpu_share']:.2%} of one core, {figures['kib_each']:.1f} KiB each"
    )


def _all_logged_on(acceptor: Process, count: int) -> Cost:
    """Await every logon; the sessions that are missing later are counted there."""
    deadline_s = time.monotonic() + LOGON_TIMEOUT_S
    while True:
        cost = acceptor.cost()
        if cost.logged_on + cost.ended >= count or time.monotonic() > deadline_s:
            return cost
        time.sleep(LOOK_S)
