"""The native session against QuickFIX, in both roles, with losses in between."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from engine.session.file.settings import SessionSettings, render
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.driver import SessionDriver
from engine.session.native.initiator import NativeSession
from tests.support.places import TESTS
from tests.support.session.sockets import Witness, acceptor_settings, body, initiator_settings

pytest.importorskip("quickfix", reason="QuickFIX is not installed")
SCRIPT = TESTS / "support" / "session" / "quickfix_peer.py"


class Quickfix:
    """The other process: its events so far, and a way to wait for one."""

    def __init__(self, settings: SessionSettings) -> None:
        self.file = settings.file.with_name("quickfix.cfg")
        self.file.write_text(render([settings], {"StartTime": "00:00:00", "EndTime": "00:00:00"}))
        self.events: list[str] = []
        self._changed = asyncio.Event()

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), str(self.file), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: "started" in self.events)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(line.decode().strip())
            self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(20):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"QuickFIX said only {self.events}") from None

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")

    def got(self) -> list[str]:
        return [event for event in self.events if event.startswith("got")]

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self._reading

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, ConnectionError):
            self.tell("quit")
            assert self.process.stdin is not None
            self.process.stdin.close()
        assert await self.process.wait() in (0, -signal.SIGKILL)
        await self._reading


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Both:
    """A native session, and QuickFIX in the other role."""

    def __init__(self, role: str, folder: Path, **changes: object) -> None:
        self.role, self.folder, self.port = role, folder, free_port()
        ours, theirs = (
            acceptor_settings(folder, self.port, **changes), initiator_settings(folder, self.port, **changes),
        )  # fmt: skip
        if role == "initiator":
            ours, theirs = theirs, ours
        self.ours = ours
        self.quickfix = Quickfix(theirs.replaced({"ReconnectInterval": "1", "SocketReuseAddress": "Y"}))

    async def start_ours(self) -> None:
        loop = asyncio.get_running_loop()
        self.acceptor: SessionAcceptor | None = None
        if self.role == "initiator":
            session = NativeSession(self.ours, loop, replayed=None)
            session.logon()
            self.session: SessionDriver = session
        else:
            self.acceptor = SessionAcceptor([self.ours], loop)
            (self.session,) = self.acceptor.sessions.values()
            await self.acceptor.listen()
        self.us = Witness(self.session)

    def stop_ours(self) -> None:
        if self.acceptor is not None:
            self.acceptor.close()
        self.session.close()

    async def up(self) -> None:
        if self.role == "initiator":
            await self.quickfix.start()
            await self.start_ours()
        else:
            await self.start_ours()
            await self.quickfix.start()
        await self.us.until(lambda: self.session.is_logged_on)
        await self.quickfix.until(lambda: "logon" in self.quickfix.events)


@contextlib.asynccontextmanager
async def joined(role: str, folder: Path, **changes: object) -> AsyncIterator[Both]:
    both = Both(role, folder, **changes)
    try:
        await both.up()
        yield both
    finally:
        both.stop_ours()
        await both.quickfix.stop()


def run(main: object) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main, 100))  # type: ignore[arg-type]


ROLES = pytest.mark.parametrize("role", ["initiator", "acceptor"])


@ROLES
def test_messages_cross(role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path) as both:
            for n in range(20):
                both.session.send(body(f"o{n}"))
                both.quickfix.tell(f"send 8 r{n}")
            await both.us.until(lambda: len(both.us.messages) == 20)
            await both.quickfix.until(lambda: len(both.quickfix.got()) == 20)
            assert both.us.messages == [("8", f"r{n}") for n in range(20)]
            assert both.quickfix.got() == [f"got D o{n} N" for n in range(20)]

    run(main())


@ROLES
def test_messages_lost_with_the_connection_are_fetched_by_both(role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path) as both:
            both.session.send(body("o1"))
            both.quickfix.tell("send 8 r1")
            await both.us.until(lambda: len(both.us.messages) == 1)
            await both.quickfix.until(lambda: len(both.quickfix.got()) == 1)
            await both.quickfix.kill()
            await both.us.until(lambda: not both.session.is_logged_on)
            both.session.core.transmit(body("o2"))  # as if it had been on its way
            both.quickfix.events.clear()
            await both.quickfix.start()
            await both.us.until(lambda: both.session.is_logged_on)
            # QuickFIX may have been killed before it counted o1: then it asks for that one too
            await both.quickfix.until(lambda: "got D o2 Y" in both.quickfix.events)
            before = len(both.quickfix.got())
            both.session.send(body("o3"))
            both.quickfix.tell("send 8 r2")
            await both.quickfix.until(lambda: both.quickfix.got()[before:] == ["got D o3 N"])
            await both.us.until(lambda: len(both.us.messages) == 2)
            assert both.us.messages == [("8", "r1"), ("8", "r2")]
            assert both.us.count("fault") == 0

    run(main())


@ROLES
def test_restart_of_ours_fetches_what_quickfix_kept(role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path) as both:
            both.quickfix.tell("send 8 r1")
            await both.us.until(lambda: len(both.us.messages) == 1)
            both.stop_ours()
            await both.quickfix.until(lambda: "logout" in both.quickfix.events)
            both.quickfix.tell("send 8 r2")  # QuickFIX numbers and keeps it
            await both.start_ours()
            await both.us.until(lambda: bool(both.us.messages))
            assert both.us.messages == [("8", "r2")] and both.us.count("fault") == 0

    run(main())


@ROLES
def test_logout_is_answered(role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path) as both:
            both.session.logout("done")
            await both.us.until(lambda: both.us.count("logout") == 1)
            await both.quickfix.until(lambda: "logout" in both.quickfix.events)
            assert both.us.count("fault") == 0

    run(main())


@ROLES
def test_logout_of_quickfix_is_answered(role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path) as both:
            both.quickfix.tell("quit")
            await both.us.until(lambda: both.us.count("logout") == 1)
            assert both.us.count("fault") == 0

    run(main())
