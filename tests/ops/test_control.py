"""The control socket: what each line is answered, and to whom."""

import asyncio
import json
import os
import pwd
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Never

import pytest

from engine.errors import ConfigError, SessionError
from engine.ops.control import (
    ASKS_PER_SECOND,
    REQUEST_BYTES,
    SOCKET,
    USAGE,
    Action,
    NotRunning,
    OperatorRequest,
    OperatorSocket,
    ask,
)

ME = f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()}, pid {os.getpid()})"


class Desk:
    """What a control socket acts on: `done` and `notes` hold what happened."""

    def __init__(self) -> None:
        self.done: list[OperatorRequest] = []
        self.notes: list[str] = []
        self.actions: dict[str, Action] = {"halt": self.done.append, "fail": self.fail, "refuse": self.refuse}

    def fail(self, request: OperatorRequest) -> Never:
        raise KeyError("plan")

    def refuse(self, request: OperatorRequest) -> Never:
        raise SessionError("not while logged on")

    def serve(self, directory: Path, talk: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `talk` returns while the socket is served."""

        async def run() -> Any:
            server = OperatorSocket(self.actions, lambda: {"state": "halted" if self.done else "trading"}, self.note)
            await server.start(directory)
            try:
                assert stat.S_IMODE((directory / SOCKET).stat().st_mode) == 0o600
                return await talk()
            finally:
                server.close()

        return asyncio.run(asyncio.wait_for(run(), 10))

    def note(self, text: str) -> None:
        self.notes.append(text)


def asked(directory: Path, *requests: Any) -> tuple[Desk, list[Any]]:
    """Serve, ask each, and return what was acted on and what was answered."""
    desk = Desk()

    async def talk() -> list[Any]:
        return [json.loads(await asyncio.to_thread(ask, directory, *each)) for each in requests]

    return desk, desk.serve(directory, talk)


def sent(directory: Path, *lines: bytes) -> tuple[Desk, list[Any]]:
    """Serve, send each of the lines, and return what was acted on and what was answered."""
    desk = Desk()

    async def talk() -> list[Any]:
        return [await exchange(directory, line) for line in lines]

    return desk, desk.serve(directory, talk)


async def exchange(directory: Path, line: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(str(directory / SOCKET))
    writer.write(line)
    writer.write_eof()
    answer = await reader.readline()
    writer.close()
    return json.loads(answer)


def test_status_answers_does_nothing_and_is_not_noted(tmp_path: Path) -> None:
    desk, answers = asked(tmp_path, ("status", ""))
    assert (desk.done, desk.notes, answers) == ([], [], [{"state": "trading"}])


def test_action_is_done_with_reason_arguments_and_person_before_the_answer(tmp_path: Path) -> None:
    desk, answers = asked(tmp_path, ("halt", "fire", {"out": 7}))
    assert answers == [{"state": "halted"}]
    ((action, reason, arguments, person),) = desk.done
    assert (action, reason, arguments, str(person)) == ("halt", "fire", {"out": 7}, ME)
    assert desk.notes == [f"halt asked for by {ME}: fire"]


def test_action_answers_with_what_it_returns(tmp_path: Path) -> None:
    desk = Desk()
    desk.actions["set-next"] = lambda request: {"next_out": request.arguments["out"]}

    async def talk() -> str:
        return await asyncio.to_thread(ask, tmp_path, "set-next", "lost store", {"out": 12})

    assert json.loads(desk.serve(tmp_path, talk)) == {"next_out": 12}


def test_refused_action_is_answered_with_why_and_noted_with_who(tmp_path: Path) -> None:
    desk, answers = asked(tmp_path, ("refuse", "now"))
    assert answers == [{"error": "not while logged on"}]
    assert desk.notes == [f"refuse asked for by {ME}: now", f"'refuse' of {ME} refused: not while logged on"]


def test_action_that_fails_is_answered_and_the_next_is_too(tmp_path: Path) -> None:
    desk, answers = asked(tmp_path, ("fail", ""), ("halt", "fire"))
    assert answers == [{"error": "fail failed: KeyError: 'plan'; the log says where"}, {"state": "halted"}]


def test_unknown_action_is_answered_noted_and_never_acted_on(tmp_path: Path) -> None:
    desk, answers = asked(tmp_path, ("hlat", "fire"))
    error = "unknown action 'hlat': use status, halt, fail, refuse"
    assert (desk.done, desk.notes) == ([], [f"'hlat' of {ME} refused: {error}"])
    assert answers == [{"error": error}]


@pytest.mark.parametrize(
    "line",
    [
        *(b"\n", b"halt\n", b"[]\n", b'"halt"\n', b"{}\n", b"\xff\xfe\n", b"3\n", b"", b"[" * 10_000 + b"\n"),
        *(b'{"action": ["halt"]}\n', b'{"action": "halt", "reason": 3}\n', b'{"action": "halt", "arguments": []}\n'),
        *(b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\n", b"8=FIX.4.4\x019=5\x01\n", b"\x00" * 512),
    ],
)
def test_line_that_is_no_request_is_told_how_to_ask(tmp_path: Path, line: bytes) -> None:
    desk, answers = sent(tmp_path, line)
    assert (desk.done, answers) == ([], [{"error": USAGE}])


@pytest.mark.parametrize("size", [REQUEST_BYTES + 1, 100_000])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_endless_line_is_told_its_bound_and_the_next_asker_is_answered(tmp_path: Path, size: int, end: bytes) -> None:
    desk, answers = sent(tmp_path, b"x" * size + end, b'{"action": "status"}\n')
    assert answers == [{"error": "a request is one line of at most 16384 bytes"}, {"state": "trading"}]


def test_reason_is_one_printable_line_of_bounded_length(tmp_path: Path) -> None:
    desk, _ = asked(tmp_path, ("halt", "fire\n\x1b[31mnow\ud800" + "!" * 9_000))
    (request,) = desk.done
    assert request.reason.startswith("fire [31mnow !!!")
    assert len(request.reason) == 400


def test_line_in_pieces_and_two_lines_at_once_are_one_request(tmp_path: Path) -> None:
    async def talk() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
        for piece in (b'{"action": ', b'"halt"}', b'\n{"action": "halt"}\n'):
            writer.write(piece)
            await asyncio.sleep(0.01)
        answer = await reader.read()
        writer.close()
        return answer

    desk = Desk()
    assert json.loads(desk.serve(tmp_path, talk)) == {"state": "halted"}
    assert len(desk.done) == 1


def test_process_that_asks_too_often_is_held_back_and_its_halt_is_not(tmp_path: Path) -> None:
    line = b'{"action": "status"}\n'
    desk, answers = sent(tmp_path, *[line] * (2 * ASKS_PER_SECOND + 2), b'{"action": "halt"}\n')
    assert {"error": "more than 50 requests a second; ask less often"} in answers
    assert answers[-1] == {"state": "halted"}


def test_asking_where_no_engine_listens_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=rf"{SOCKET}: no engine answers .*is it running with this state_dir"):
        ask(tmp_path, "status", "")


def test_second_engine_in_one_directory_is_refused_and_a_dead_ones_socket_is_not(tmp_path: Path) -> None:
    async def run() -> None:
        first, second, third = (OperatorSocket({}, dict, print) for _ in range(3))
        await first.start(tmp_path)
        with pytest.raises(ConfigError, match="an engine runs here already"):
            await second.start(tmp_path)
        first.close()
        await third.start(tmp_path)
        third.close()

    asyncio.run(asyncio.wait_for(run(), 5))


def test_directory_too_deep_for_a_socket_is_a_configuration_error(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(ConfigError, match="engine.state_dir: cannot listen on"):
        asyncio.run(OperatorSocket({}, dict, print).start(deep))
    with pytest.raises(NotRunning, match="no engine answers"):
        ask(deep, "status", "")
