"""An acceptor of native sessions in a process of its own, which reports its cost so far.

Shapes  each question on the pipe is answered with a `Cost`; the acceptor ends when the pipe closes.
"""

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from bench.report import host
from engine.errors import ConfigError, EngineError
from engine.session.file.settings import load_sessions
from engine.session.native.acceptor import AcceptorSession, SessionAcceptor

ACCEPTOR = b"IDLER"
SPARE_SOCKETS = 64
SESSION_FILE = """\
[DEFAULT]
ConnectionType=acceptor
SocketAcceptAddress=127.0.0.1
SocketAcceptPort=1
NonStopSession=Y
StartTime=00:00:00
EndTime=00:00:00
UseDataDictionary=Y
DataDictionary=FIX44.xml
FileStorePath={state}/store
[SESSION]
BeginString=FIX.4.4
SenderCompID={name}
TargetCompID=*
"""


@dataclass(frozen=True)
class Cost:
    """Of an acceptor's process since its start."""

    logged_on: int
    ended: int  # sessions that were logged on and are not any more
    cpu_ns: int
    resident_bytes: int


class Counted:
    """Counts the sessions of an acceptor."""

    def __init__(self, acceptor: SessionAcceptor) -> None:
        self._sessions: list[AcceptorSession] = []
        self._ended = 0
        acceptor.on_session = self._attend

    def cost(self) -> Cost:
        logged_on = sum(session.is_logged_on for session in self._sessions)
        return Cost(logged_on, self._ended, time.process_time_ns(), _resident_bytes())

    def _attend(self, session: AcceptorSession) -> None:
        self._sessions.append(session)
        session.on_logout = self._note_end

    def _note_end(self, reason: str) -> None:
        self._ended += 1


def serve(pipe: Connection, count: int, state: Path, core: int | None) -> None:
    """Accept `count` sessions and answer what is asked until the pipe closes."""
    with answers(pipe):
        if core is not None:
            host.pin(core)
        allow_sockets(2 * count)  # each session has a connection and the lock of its store
        file = state / "acceptor.cfg"
        file.write_text(SESSION_FILE.format(state=state, name=ACCEPTOR.decode()))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_accept(pipe, file, state))


async def _accept(pipe: Connection, file: Path, state: Path) -> None:
    loop = asyncio.get_running_loop()
    any_port = {"SocketAcceptPort": "0"}  # which no file may say
    acceptor = SessionAcceptor([one.replaced(any_port) for one in load_sessions(file, state)], loop)
    counted = Counted(acceptor)
    asked = asyncio.Event()
    (port,) = await acceptor.listen()
    pipe.send(("done", port))
    loop.add_reader(pipe.fileno(), asked.set)
    try:
        while True:
            await asked.wait()
            asked.clear()
            os.set_blocking(pipe.fileno(), True)  # watching it has changed that
            try:
                pipe.recv()
            except EOFError:
                return
            pipe.send(("done", counted.cost()))
            os.set_blocking(pipe.fileno(), False)
    finally:
        loop.remove_reader(pipe.fileno())
        acceptor.close()


@contextmanager
def answers(pipe: Connection) -> Iterator[None]:
    """Report an error of this process to the parent."""
    try:
        yield
    except KeyboardInterrupt:
        return
    except (EngineError, OSError) as error:
        pipe.send(("failed", str(error)))


def allow_sockets(count: int) -> None:
    """Raise this process' limit of descriptors where it is too low."""
    needed = count + SPARE_SOCKETS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(f"{needed} descriptors are needed and this process may have {hard}: raise `ulimit -Hn`")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
