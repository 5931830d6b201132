"""Idle acceptor sessions: all stay, one that is lost is noticed, and what they cost is counted."""

import json
import resource
import socket
from io import BufferedReader
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bench.child import BenchError
from bench.subjects import idle_acceptor, idle_clients, sessions
from bench.subjects.idle_acceptor import allow_sockets
from bench.subjects.sessions import Idle
from engine.cli import main
from engine.errors import ConfigError


def hang_up(pipe: Connection, count: int, heart_bt_int: int, port: int, core: int | None) -> None:
    """Log all on, and one of them off again without a word."""
    clients = [idle_clients.Client(number, port, heart_bt_int) for number in range(count)]
    for client in clients:
        assert client.read()
    pipe.send(("done", None))
    clients[0].socket.close()
    with pytest.raises(EOFError):
        pipe.recv()


def test_sessions_stay_logged_on_by_their_heartbeats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    assert main(["bench", "sessions", "--quick", "--no-pin", "--seconds", "4", "--json", str(file)]) == 0
    found = json.loads(file.read_text())["sessions"]["sessions.idle_50"]
    assert (found["sessions"], found["logged_on"], found["ended"]) == (50, 50, 0)
    assert 0 < found["cpu_share"] < 1
    assert 1 < found["kib_each"] < 1000
    assert "50 of 50 sessions logged on" in capsys.readouterr().out


def test_lost_session_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(idle_clients, "serve", hang_up)
    monkeypatch.setattr(sessions, "QUICK", Idle(5, 30, 0.5))
    assert main(["bench", "sessions", "--quick", "--no-pin"]) == 1
    assert "4 of 5 sessions logged on after 0.5 s, 1 ended" in capsys.readouterr().out


def test_clients_send_heartbeats_unasked_and_answer_test_requests() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = Pipe()
    thread = Thread(target=idle_clients.serve, args=(theirs, 2, 1, listener.getsockname()[1], None))
    thread.start()
    peers = [listener.accept()[0] for _ in range(2)]
    files = [peer.makefile("rb") for peer in peers]
    try:
        assert [message(file)[35] for file in files] == ["A", "A"]
        assert [message(file)[35] for file in files] == ["0", "0"]
        peers[0].sendall(b"8=FIX.4.4\x019=5\x0135=1\x01112=why\x0110=000\x01")
        answers = [message(files[0]) for _ in range(2)]
        assert "why" in [answer.get(112) for answer in answers]
    finally:
        ours.close()
        thread.join()
        closing: list[Any] = [*files, *peers, listener]
        for one in closing:
            one.close()


def message(file: BufferedReader) -> dict[int, str]:
    """Read one message."""
    fields: dict[int, str] = {}
    while 10 not in fields:
        text = b""
        while not text.endswith(b"\x01"):
            text += file.read(1)
        tag, _, value = text[:-1].decode().partition("=")
        fields[int(tag)] = value
    return fields


def test_session_that_never_logs_on_is_a_failure() -> None:
    figures = {"sessions": 5, "logged_on": 4, "ended": 0}
    assert not sessions.stayed(figures)
    assert sessions.stayed(figures | {"logged_on": 5})


def test_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot pin to core 4095"):
        sessions.Process(idle_acceptor.serve, 1, tmp_path, 4095)


def test_too_few_descriptors_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 1024))
    with pytest.raises(ConfigError, match="2064 descriptors are needed and this process may have 1024"):
        allow_sockets(2000)


def test_limit_of_descriptors_is_raised_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: raised.append(limits))
    allow_sockets(2000)
    assert raised == [(2064, 4096)]
