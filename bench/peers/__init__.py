"""Other clients measured beside the engine, in C and C++: built here, run as processes of their own on its core.

`c_client` keeps no session and shows what no engine can be faster than; `quickfix_cpp` is QuickFIX without Python,
left out where its library is not installed.

Errors  ConfigError without a compiler; BenchError where a client failed, with what it said.
"""

import asyncio
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from bench.plan import C_CLIENT, QUICKFIX_CPP, Pace, Plan, Repetition, Samples
from bench.report import host
from bench.venue import session_file
from bench.venue.process import MeasuringVenue
from engine.errors import ConfigError, EngineError

FOLDER = Path(__file__).parent
IDLE_NS = 5_000_000_000
CC = ("cc", "-O2", "-std=c11")
CXX = ("c++", "-O2", "-std=c++14", "-Wno-deprecated")  # QuickFIX 1.15 says throw(...), which C++17 does not know
INT64 = 8


class PeerError(EngineError):
    """A client did not do what it is for."""


@contextmanager
def built() -> Iterator[dict[str, Path]]:
    """Compile the clients that can be built here; yield their programs by name while they exist."""
    with TemporaryDirectory(prefix="fixlane-peers-") as name:
        folder = Path(name)
        programs = {C_CLIENT: folder / C_CLIENT}
        _compile(FOLDER / "c_client.c", programs[C_CLIENT], CC)
        if has_quickfix():
            programs[QUICKFIX_CPP] = folder / QUICKFIX_CPP
            _compile(FOLDER / "quickfix_client.cpp", programs[QUICKFIX_CPP], CXX, "-lquickfix")
        else:
            print(
                f"order.{QUICKFIX_CPP} is left out: QuickFIX's C++ library is not here (Debian: libquickfix-dev)",
                file=sys.stderr,
            )
        yield programs


def has_quickfix() -> bool:
    """Return whether a C++ program that uses QuickFIX can be compiled."""
    if which(CXX[0]) is None:
        return False
    probe = [*CXX, "-E", "-include", "quickfix/SocketInitiator.h", "-x", "c++", os.devnull]
    return subprocess.run(probe, capture_output=True).returncode == 0


async def measure(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    """Run every pace of the plan in the client's process."""
    assert plan.program is not None
    argument = str(venue.fix_port) if plan.stack == C_CLIENT else str(_session_file(state, venue.fix_port))
    venue.start("accept_fix")
    pipe = asyncio.subprocess.PIPE
    client = await asyncio.create_subprocess_exec(plan.program, argument, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        if plan.engine_core is not None and os.sched_getaffinity(client.pid) != {plan.engine_core}:
            raise host.PinError(f"{plan.stack} is not on core {plan.engine_core}")
        await _unless_it_ends(client, venue)
        await _run(Pace("", plan.warm_up, 0), client, venue)
        for pace in plan.paces:
            result.samples[pace.name] = await _run(pace, client, venue)
    finally:
        with suppress(ProcessLookupError):
            client.kill()
        await client.wait()


async def _unless_it_ends(client: asyncio.subprocess.Process, venue: MeasuringVenue) -> None:
    """Await the client's logon."""
    ended, accepted = asyncio.ensure_future(client.wait()), asyncio.ensure_future(venue.finish())
    await asyncio.wait((ended, accepted), return_when=asyncio.FIRST_COMPLETED)
    if not accepted.done():
        accepted.cancel()
        raise PeerError(await _last_words(client))
    ended.cancel()
    accepted.result()


async def _run(pace: Pace, client: asyncio.subprocess.Process, venue: MeasuringVenue) -> Samples:
    assert client.stdin is not None and client.stdout is not None
    started, started_cpu = time.perf_counter(), _cpu_s(client.pid)
    venue.start("answer", pace.count, IDLE_NS)
    client.stdin.write(b"%d %d\n" % (pace.count, pace.interval_ns))
    try:
        taken = await client.stdout.readexactly(INT64 * pace.count)
    except asyncio.IncompleteReadError:
        raise PeerError(await _last_words(client)) from None
    seconds, cpu_s = time.perf_counter() - started, _cpu_s(client.pid) - started_cpu
    await venue.finish()
    return Samples(array("q", taken), seconds, cpu_s, pace.count, pace.count)


def _cpu_s(process: int) -> float:
    """Return the user and system time of a process, to a hundredth of a second."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


async def _last_words(client: asyncio.subprocess.Process) -> str:
    assert client.stderr is not None
    return (await client.stderr.read()).decode().strip() or f"ended with status {await client.wait()}"


def _session_file(state: Path, port: int) -> Path:
    """Return the session file of all subjects, its dictionary named by its path."""
    path = session_file.write(state, port)
    path.write_text(path.read_text().replace("FIX44.xml", f"{sys.prefix}/share/quickfix/FIX44.xml"))
    return path


def _compile(source: Path, program: Path, compiler: Sequence[str], *libraries: str) -> None:
    if which(compiler[0]) is None:
        raise ConfigError(f"{source.name}: there is no compiler {compiler[0]}: install one (Debian: build-essential)")
    command = [*compiler, "-o", str(program), str(source), *libraries]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(f"{source.name} was not compiled:\n{done.stderr[-2000:]}")
