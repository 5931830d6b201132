"""Hostile peers at the sockets of native sessions, both roles: no crash, no growth, no starved neighbour, each told."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.session.native import driver, strangers
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from tests.support.session.sockets import Witness, acceptor_settings, body, initiator_settings
from tests.support.session.unwilling import message

PAIR = ("EVIL", "PEER")  # SenderCompID and TargetCompID of the attacker
LOGON = "35=A|98=0|108=30|141=Y|"


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)
        runner.run(asyncio.wait_for(main, 50))


class Attacked:
    """An acceptor with a well-behaved neighbour, whose round trips are measured, and an identity for the attacker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worst_s = 0.0
        self._writers: list[asyncio.StreamWriter] = []

    async def up(self, **changes: object) -> None:
        loop = asyncio.get_running_loop()
        settings = [
            acceptor_settings(self.folder, 0, TargetCompID=name, LogonTimeout=1, **changes) for name in ("US", "EVIL")
        ]
        self.acceptor = SessionAcceptor(settings, loop)
        (self.port,) = await self.acceptor.listen()
        by_peer = {key[2]: session for key, session in self.acceptor.sessions.items()}
        self.near, self.victim = by_peer["US"], by_peer["EVIL"]
        self.victim_sees = Witness(self.victim)
        self.near.on_message = lambda fields: self.near.send(body(fields.text(11), "8"))
        self.neighbour = Witness(NativeSession(initiator_settings(self.folder, self.port), loop))
        self.neighbour.session.logon()
        await self.neighbour.logged_on()
        self._beating = loop.create_task(self._beat())

    async def _beat(self) -> None:
        for number in range(10**9):
            begun = time.monotonic()
            self.neighbour.session.send(body(f"n{number}"))
            await self.neighbour.until(lambda number=number: len(self.neighbour.messages) > number)  # type: ignore[misc]
            self.worst_s = max(self.worst_s, time.monotonic() - begun)
            await asyncio.sleep(0.005)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    async def log_on(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.dial()
        writer.write(message(LOGON, 1, time.time_ns(), PAIR))
        await reader.readuntil(b"\x0110=")
        return reader, writer

    async def close(self) -> None:
        lost, beats = self.neighbour.count("logout"), not self._beating.done()
        self._beating.cancel()
        for writer in self._writers:
            writer.close()
        self.neighbour.session.close()
        self.acceptor.close()
        assert lost == 0 and beats, "the neighbour lost its session"
        assert self.worst_s < 0.5, "the neighbour waited"


@contextlib.asynccontextmanager
async def attacked(folder: Path, **changes: object) -> AsyncIterator[Attacked]:
    scene = Attacked(folder)
    await scene.up(**changes)
    yield scene
    await scene.close()


async def closed(reader: asyncio.StreamReader, seconds: float = 5) -> None:
    """Wait until the acceptor has closed this connection."""
    async with asyncio.timeout(seconds):
        with contextlib.suppress(ConnectionError):
            await reader.read()


BEFORE_LOGON = {
    "nothing": b"",
    "half a frame": b"8=FIX.4.4\x019=100\x0135=A\x01",
    "half a begin": b"8=FI",
    "giant body length": b"8=FIX.4.4\x019=99999999999999999999\x0135=A\x01",
    "large body length": b"8=FIX.4.4\x019=70000\x0135=A\x01",
    "endless number": b"8=FIX.4.4\x019=" + b"1" * 100_000,
    "garbage": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 4000,
    "garbage before 8": b"\x00\xff" * 40_000 + b"8=FIX.4.4\x01",
    "very long field": b"8=FIX.4.4\x019=60000\x0135=A\x0158=" + b"x" * 59_000,
    "frame without end": b"8=FIX.4.4\x019=5\x0135=A\x01" + b"x=" * 50_000,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),
    "another message": message("35=1|112=x|", 1, 1_767_600_000 * 10**9, PAIR),
    "an unknown session": message(LOGON, 1, 1_767_600_000 * 10**9, ("NOBODY", "PEER")),
}


@pytest.mark.parametrize("attack", BEFORE_LOGON)
def test_hostile_stranger_is_closed_in_time_and_told(
    attack: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            reader, writer = await scene.dial()
            writer.write(BEFORE_LOGON[attack])
            await closed(reader)
            assert len(scene.acceptor.strangers) == 0

    with caplog.at_level(logging.WARNING):
        run(main())
    (line,) = [record.getMessage() for record in caplog.records if "session_stranger" in record.getMessage()]
    assert "connection from 127.0.0.1 closed: " in line


def test_hostile_crowd_of_silent_connections_is_bounded_and_leaves_room(tmp_path: Path) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            for _ in range(2 * strangers.MOST_STRANGERS):
                await scene.dial()
            assert len(scene.acceptor.strangers) <= strangers.MOST_STRANGERS
            await scene.log_on()
            assert scene.victim.is_logged_on

    run(main())


def test_hostile_churn_of_connections_leaves_nothing_behind(tmp_path: Path) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            for number in range(1000):
                _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
                if number % 2:
                    writer.write(b"8=FIX.4.4\x019=100\x01")
                writer.transport.abort()
            async with asyncio.timeout(3):
                while len(scene.acceptor.strangers):
                    await asyncio.sleep(0.01)

    run(main())


def test_hostile_garbage_on_a_session_is_ignored_with_few_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            _, writer = await scene.log_on()
            for _ in range(100):
                writer.write(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01" * 200)
                await asyncio.sleep(0)
            writer.write(message("35=D|11=after|", 2, time.time_ns(), PAIR))
            await scene.victim_sees.until(lambda: scene.victim_sees.messages == [("D", "after")])

    with caplog.at_level(logging.INFO):
        run(main())
    assert 1 <= sum("garbled" in record.getMessage() for record in caplog.records) < 1000


def test_hostile_frame_in_single_bytes_is_read_and_holds_up_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            _, writer = await scene.log_on()
            for byte in message(f"35=D|11=slow|58={'x' * 2000}|", 2, time.time_ns(), PAIR):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            await scene.victim_sees.until(lambda: scene.victim_sees.messages == [("D", "slow")])

    run(main())


@pytest.mark.parametrize(
    ("flood", "text"),
    [
        ("35=1|112=x|", "more TestRequests than can be served"),
        ("35=2|7=1|16=0|", "more ResendRequests than can be served"),
    ],
)
def test_hostile_flood_of_requests_ends_the_session_and_bounds_the_store(flood: str, text: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            reader, writer = await scene.log_on()
            now_ns = time.time_ns()
            for number in range(2, 5002):
                writer.write(message(flood, number, now_ns, PAIR))
                if number % 100 == 0:
                    await asyncio.sleep(0)
            await closed(reader)
            await scene.victim_sees.until(lambda: scene.victim_sees.count("logout") == 1)
            assert text in scene.victim_sees.events[-1]
            assert scene.victim.next_sender_seq_num < 2500

    run(main())


def test_hostile_reader_that_never_reads_is_given_up_and_costs_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "FULL_SECONDS", 1.0)

    async def main() -> None:
        async with attacked(tmp_path, SocketSendBufferSize=16_384) as scene:
            reader, writer = await scene.log_on()
            transport: Any = writer.transport
            transport.pause_reading()
            report = body("r", "8", f"58={'x' * 2000}|")
            for number in range(2000):
                if scene.victim.is_logged_on:
                    scene.victim.send(report)
                if number % 20 == 0:
                    await asyncio.sleep(0)
                connection = scene.victim._connection
                if connection is not None:
                    assert connection.waiting < 512 * 1024
            await scene.victim_sees.until(lambda: scene.victim_sees.count("logout: the peer does not read") == 1)
            assert reader is not None

    run(main())


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_hostile_reset_inside_a_frame_ends_its_session_alone(cut: int, tmp_path: Path) -> None:
    async def main() -> None:
        async with attacked(tmp_path) as scene:
            _, writer = await scene.log_on()
            writer.write(message("35=D|11=cut|", 2, time.time_ns(), PAIR)[:cut])
            await asyncio.sleep(0.05)
            writer.transport.abort()
            await scene.victim_sees.until(lambda: scene.victim_sees.count("logout") == 1)
            await scene.log_on()
            await scene.victim_sees.until(lambda: scene.victim_sees.count("logon") == 2)
            assert scene.victim_sees.messages == []

    run(main())


@pytest.mark.parametrize("attack", [name for name in BEFORE_LOGON if name not in ("another message", "nothing")])
def test_hostile_venue_is_left_by_the_initiator_in_time(attack: str, tmp_path: Path) -> None:
    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                writer.write(BEFORE_LOGON[attack])
                await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = initiator_settings(tmp_path, port, LogonTimeout=1)
        us = Witness(NativeSession(settings, asyncio.get_running_loop()))
        told: list[str] = []
        us.session.on_notice = lambda kind, text: told.append(text)
        us.session.logon()
        await us.until(lambda: bool(us.session.last_error), 4)
        assert us.count("fault") == 0 and any(f"port {port}" in text for text in told)
        us.session.close()
        server.close()

    run(main())
