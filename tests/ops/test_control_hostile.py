"""Hostile clients of the control socket: none of them keeps an operator from an answer, or makes the engine grow."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.errors import EngineError
from engine.ops import control
from engine.ops.control import MOST_CLIENTS, SOCKET, NotAnswering, OperatorSocket, ask

STATUS = b'{"action": "status"}\n'


def served(directory: Path, talk: Callable[[OperatorSocket], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        server = OperatorSocket({}, lambda: {"state": "trading"}, print)
        await server.start(directory)
        try:
            return await talk(server)
        finally:
            server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(run(), 20))


def opened(directory: Path) -> socket.socket:
    """Return a connection that does not wait for anybody."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.setblocking(False)
    client.connect(str(directory / SOCKET))
    return client


async def silent(directory: Path, count: int, first_bytes: bytes = b"") -> list[socket.socket]:
    """Open so many connections, and let the server take each."""
    clients = []
    for _ in range(count):
        clients.append(opened(directory))
        clients[-1].send(first_bytes)
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    return clients


async def is_answered(directory: Path) -> bool:
    return await asyncio.to_thread(ask, directory, "status", "") == '{"state": "trading"}'


@pytest.mark.parametrize("beginning", [b"", b'{"action": "status"', b"x" * 10_000])
def test_clients_that_say_nothing_more_do_not_keep_others_out(tmp_path: Path, beginning: bytes) -> None:
    async def talk(server: OperatorSocket) -> None:
        descriptors = len(os.listdir("/proc/self/fd"))
        clients = await silent(tmp_path, 250, beginning)
        assert len(server._clients) == MOST_CLIENTS
        assert len(os.listdir("/proc/self/fd")) - descriptors <= 250 + MOST_CLIENTS
        assert await is_answered(tmp_path)
        for client in clients:
            client.close()

    served(tmp_path, talk)


def test_silent_client_is_let_go_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TIMEOUT_S", 0.1)

    async def talk(server: OperatorSocket) -> None:
        (client,) = await silent(tmp_path, 1)
        with client:
            assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
        assert not server._clients

    served(tmp_path, talk)


def test_client_that_sends_a_byte_at_a_time_is_let_go_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TIMEOUT_S", 0.2)

    async def talk(server: OperatorSocket) -> None:
        (client,) = await silent(tmp_path, 1)
        with pytest.raises(OSError):
            while True:
                client.send(b"x")
                await asyncio.sleep(0.01)
        client.close()
        assert await is_answered(tmp_path)

    served(tmp_path, talk)


def test_client_that_reads_no_answer_is_let_go_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TIMEOUT_S", 1.0)

    async def talk(server: OperatorSocket) -> None:
        server._status = lambda: {"state": "x" * 5_000_000}
        clients = await silent(tmp_path, 3, STATUS)
        assert len(server._clients) == 3
        while server._clients:
            await asyncio.sleep(0.02)
        for client in clients:
            client.close()

    served(tmp_path, talk)


def test_half_closed_clients_are_answered(tmp_path: Path) -> None:
    async def talk(server: OperatorSocket) -> list[bytes]:
        clients = await silent(tmp_path, 20, STATUS.rstrip())
        for client in clients:
            client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.1)
        answers = [client.recv(1_000) for client in clients]
        for client in clients:
            client.close()
        return answers

    assert served(tmp_path, talk) == [b'{"state": "trading"}\n'] * 20


def test_clients_that_leave_before_their_answer_leave_nothing_behind(tmp_path: Path) -> None:
    async def talk(server: OperatorSocket) -> None:
        for client in await silent(tmp_path, 30, STATUS):
            client.close()
        await asyncio.sleep(0.1)
        assert not server._clients
        assert await is_answered(tmp_path)

    served(tmp_path, talk)


def test_burst_of_huge_lines_leaves_the_loop_its_turns(tmp_path: Path) -> None:
    async def talk(server: OperatorSocket) -> None:
        clients = await silent(tmp_path, MOST_CLIENTS, b"y" * 60_000)
        await asyncio.sleep(0.1)
        assert not server._clients
        assert await is_answered(tmp_path)
        for client in clients:
            client.close()

    served(tmp_path, talk)


def test_engine_that_takes_no_connection_is_there_and_does_not_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stuck:
        stuck.bind(str(tmp_path / SOCKET))
        stuck.listen(0)
        with pytest.raises(NotAnswering, match="does not answer"):
            ask(tmp_path, "status", "", timeout_s=0.1)


@pytest.mark.parametrize(("action", "is_done"), [("resume", False), ("settle", False), ("halt", True), ("stop", True)])
def test_o8_what_a_held_engine_finds_late_gives_no_risk_back(tmp_path: Path, action: str, is_done: bool) -> None:
    done: list[str] = []
    told: list[str] = []

    async def talk(_: OperatorSocket) -> None:
        acts = {name: lambda request: done.append(request.action) for name in ("resume", "settle", "halt", "stop")}
        server = OperatorSocket(acts, lambda: {}, print, told.append)
        (tmp_path / "held").mkdir()
        await server.start(tmp_path / "held")
        client = opened(tmp_path / "held")
        client.send(f'{{"action": "{action}"}}\n'.encode())
        client.close()  # its patience was over before the loop turned
        await asyncio.sleep(0.05)
        server.close()

    served(tmp_path, talk)
    assert done == [action] * is_done
    assert [each.partition(": ")[2] for each in told] == (
        [] if is_done else [f"{action}: who asked has left unanswered; nothing was done"]
    )


def test_o8_client_that_ended_its_line_only_is_answered(tmp_path: Path) -> None:
    async def talk(server: OperatorSocket) -> bytes:
        client = opened(tmp_path)
        client.send(b'{"action": "status"}')
        client.shutdown(socket.SHUT_WR)
        with client:
            return await asyncio.get_running_loop().sock_recv(client, 100)

    assert served(tmp_path, talk) == b'{"state": "trading"}\n'


@pytest.mark.parametrize("answer", ["hello", "[1]", "�", "{}", '"a"', "[" * 100_000])
def test_o8_an_answer_of_something_else_is_named(answer: str) -> None:
    with pytest.raises(EngineError, match="no engine of this version answers: .*; whether it did anything is unknown"):
        control.read_answer(answer, "state")
