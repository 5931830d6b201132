"""The control socket: what each line is answered, and to whom."""

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.ops.control import SOCKET, ask, serve

USAGE = {"error": 'send one line of JSON: {"action": "status", "reason": "..."}'}


def asked(directory: Path, *requests: Any, raw: bool = False) -> tuple[list[tuple[str, str]], list[Any]]:
    """Serve, send each request, and return what was done and what was answered."""
    done: list[tuple[str, str]] = []

    def halt(reason: str) -> None:
        done.append(("halt", reason))

    async def run() -> list[Any]:
        actions: dict[str, Callable[[str], object]] = {"halt": halt}
        server = await serve(directory, actions, lambda: {"state": "halted" if done else "trading"})
        mode = stat.S_IMODE((directory / SOCKET).stat().st_mode)
        try:
            if raw:
                answers = [await exchange(directory, line) for line in requests]
            else:
                answers = [json.loads(await asyncio.to_thread(ask, directory, *each)) for each in requests]
        finally:
            server.close()
        assert mode == 0o600
        return answers

    return done, asyncio.run(asyncio.wait_for(run(), 5))


async def exchange(directory: Path, line: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(str(directory / SOCKET))
    writer.write(line)
    writer.write_eof()
    try:
        answer = await reader.read()
    except ConnectionError:  # what it had not read yet makes the kernel reset the connection
        answer = b""
    writer.close()
    return json.loads(answer) if answer else None


def test_status_answers_and_does_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path, ("status", "")) == ([], [{"state": "trading"}])


def test_action_is_done_with_its_reason_before_the_answer(tmp_path: Path) -> None:
    assert asked(tmp_path, ("halt", "fire")) == ([("halt", "fire")], [{"state": "halted"}])


def test_unknown_action_is_answered_and_never_acted_on(tmp_path: Path) -> None:
    done, answers = asked(tmp_path, ("hlat", "fire"))
    assert (done, answers) == ([], [{"error": "unknown action 'hlat': use status, halt"}])


@pytest.mark.parametrize("line", [b"\n", b"halt\n", b"[]\n", b'"halt"\n', b"{}\n", b"\xff\xfe\n", b"3\n", b""])
def test_line_that_is_no_request_is_told_how_to_ask(tmp_path: Path, line: bytes) -> None:
    assert asked(tmp_path, line, raw=True) == ([], [USAGE])


def test_action_that_is_no_word_is_not_acted_on(tmp_path: Path) -> None:
    done, (answer,) = asked(tmp_path, b'{"action": ["halt"]}\n', raw=True)
    assert (done, list(answer)) == ([], ["error"])


def test_endless_line_is_dropped_and_the_next_asker_is_answered(tmp_path: Path) -> None:
    done, answers = asked(tmp_path, b"x" * 100_000, b'{"action": "status"}\n', raw=True)
    assert answers == [None, {"state": "trading"}]


def test_asking_where_no_engine_listens_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{SOCKET}: no engine answers .*is it running with this state_dir"):
        ask(tmp_path, "status", "")


def test_second_engine_in_one_directory_is_refused_and_a_dead_ones_socket_is_not(tmp_path: Path) -> None:
    async def run() -> None:
        first = await serve(tmp_path, {}, dict)
        with pytest.raises(ConfigError, match="an engine runs here already"):
            await serve(tmp_path, {}, dict)
        first.close()
        await first.wait_closed()
        (await serve(tmp_path, {}, dict)).close()

    asyncio.run(asyncio.wait_for(run(), 5))


def test_directory_too_deep_for_a_socket_is_a_configuration_error(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(ConfigError, match="engine.state_dir: cannot listen on"):
        asyncio.run(serve(deep, {}, dict))
