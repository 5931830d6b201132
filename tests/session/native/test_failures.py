"""What fails under a session, in both roles: it is told, the connection ends, and the session goes on where it can."""

import asyncio
import contextlib
import gc
import os
import socket
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.runtime.notices import NoticeKind
from engine.session import attempts
from engine.session.native import addresses
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from tests.support.session.sockets import Witness, acceptor_settings, initiator_settings
from tests.support.session.unwilling import CLOSE, RESET, Unwilling, message, unwilling


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main, 40))


def test_s3_a_store_that_cannot_be_read_again_leaves_no_connection_open(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(CLOSE, wall_ns=time.time_ns) as venues:
            settings = initiator_settings(tmp_path, venues[0].port, RefreshOnLogon="Y")
            us = Witness(NativeSession(settings, asyncio.get_running_loop()))
            for head in (tmp_path / "us").glob("*.head"):
                head.write_bytes(b"")
            us.session.logon()
            await us.until(lambda: us.count("fault") >= 1)
            await us.until(lambda: us.session.phase != "connecting", 3)
            us.session.close()
            await asyncio.sleep(0.1)

    run(main())


def test_s3_an_acceptor_whose_store_cannot_be_read_again_is_free_for_the_next_connection(tmp_path: Path) -> None:
    async def main() -> None:
        settings = acceptor_settings(tmp_path, RefreshOnLogon="Y")
        acceptor = SessionAcceptor([settings], asyncio.get_running_loop())
        (port,) = await acceptor.listen()
        (session,) = acceptor.sessions.values()
        (head,) = (tmp_path / "peer").glob("*.head")
        sound = head.read_bytes()
        head.write_bytes(b"")
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(message(Unwilling.LOGON, 1, time.time_ns(), ("US", "PEER")))
            async with asyncio.timeout(3):
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
        assert not session.is_connected
        head.write_bytes(sound)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message(Unwilling.LOGON, 1, time.time_ns(), ("US", "PEER")))
        async with asyncio.timeout(3):
            assert b"\x0135=A\x01" in await reader.readuntil(b"\x0110=")
        writer.close()
        acceptor.close()

    run(main())


class Resolver:
    """Stands in for the resolver of a loop: answers, in turn, with these addresses or errors; the last one stays."""

    def __init__(self, *answers: list[tuple[str, int]] | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> list[Any]:
        if host == "127.0.0.1" or host == "127.0.0.2":  # an address is its own
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in answer]


@pytest.mark.parametrize(
    "error", [socket.gaierror(-3, "Temporary failure in name resolution"), UnicodeError("label too long"), ValueError()]
)
def test_s3_whatever_stops_an_attempt_the_next_one_is_made(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            settings = initiator_settings(tmp_path, venues[0].port, SocketConnectHost="venue.test", ReconnectInterval=0)
            us = Witness(NativeSession(settings, asyncio.get_running_loop()))
            told: list[tuple[NoticeKind, str]] = []
            us.session.on_notice = lambda kind, text: told.append((kind, text))
            resolver = Resolver(error, [], [("127.0.0.1", venues[0].port)])
            monkeypatch.setattr(us.session.loop, "getaddrinfo", resolver.getaddrinfo)
            us.session.logon()
            await us.logged_on()
            assert [kind for kind, _ in told] == [NoticeKind.LOGON_FAILED] * 2
            assert "venue.test has no address" in told[1][1]
            us.session.close()

    run(main())


def test_s3_a_name_whose_first_address_hangs_is_reached_at_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "CONNECT_TIMEOUT_NS", 1_000_000_000)

    async def main() -> None:
        with socket.socket() as full:  # takes no connection beyond the one that waits
            full.bind(("127.0.0.2", 0))
            full.listen(0)
            waiting = socket.create_connection(full.getsockname())
            async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns) as venues:
                settings = initiator_settings(tmp_path, venues[0].port, SocketConnectHost="venue.test")
                us = Witness(NativeSession(settings, asyncio.get_running_loop()))
                resolver = Resolver([full.getsockname(), ("127.0.0.1", venues[0].port)])
                monkeypatch.setattr(us.session.loop, "getaddrinfo", resolver.getaddrinfo)
                us.session.logon()
                await us.until(lambda: us.session.is_logged_on, 3)
                us.session.close()
            waiting.close()

    run(main())


def test_s3_a_name_whose_first_address_answers_no_logon_is_reached_at_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with unwilling(CLOSE, Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            settings = initiator_settings(tmp_path, 1, SocketConnectHost="venue.test", ReconnectInterval=0)
            us = Witness(NativeSession(settings, asyncio.get_running_loop()))
            resolver = Resolver([("127.0.0.1", venue.port) for venue in venues])
            monkeypatch.setattr(us.session.loop, "getaddrinfo", resolver.getaddrinfo)
            us.session.logon()
            await us.logged_on()
            assert [len(venue.logons) for venue in venues] == [1, 1]
            us.session.close()

    run(main())


@pytest.mark.parametrize("answer", [CLOSE, RESET])
def test_s3_hundreds_of_attempts_leave_nothing_behind(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "AT_ONCE", 10**9)
    monkeypatch.setattr(attempts, "AT_MOST", 10**9)

    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns) as (venue,):
            settings = initiator_settings(tmp_path, venue.port, ReconnectInterval=0)
            us = NativeSession(settings, asyncio.get_running_loop())
            us.logon()
            counts = []
            for wanted in (100, 500):
                async with asyncio.timeout(20):
                    while len(venue.logons) < wanted:
                        await asyncio.sleep(0.005)
                venue._writers.clear()
                gc.collect()
                counts.append((len(os.listdir("/proc/self/fd")), len(gc.get_objects())))
            us.close()
            await asyncio.sleep(0.3)
        (descriptors, objects), (later_descriptors, later_objects) = counts
        assert later_descriptors <= descriptors + 4 and later_objects <= objects + 600

    run(main())
