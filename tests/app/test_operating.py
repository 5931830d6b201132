"""The operator's commands: what each does with an engine that answers, with none, and with one that does not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.cli import main
from engine.ops import control
from engine.runtime import halt_word
from engine.runtime.halt_word import FILE, FREE, HALT, REDUCE_ONLY, Word
from engine.runtime.person import this_process
from tests.support.configs import WHOLE

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def act(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return act


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Let an engine answer whatever it is asked, with three orders of which one stays unknown."""
    asked: list[tuple[str, str]] = []
    left = {"asked": 3, "cancelled": 2, "filled": 0, "over": 0, "unknown": 1, "waiting": 0}

    def ask(state_dir: Path, action: str, reason: str) -> str:
        asked.append((action, reason))
        return json.dumps(left if action == "cancels" else {"state": "waiting", "reason": ""})

    monkeypatch.setattr(control, "ask", ask)
    return asked


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let an engine listen and never answer."""

    def ask(state_dir: Path, action: str, reason: str) -> str:
        raise control.NotAnswering(state_dir, 812, "timed out")

    monkeypatch.setattr(control, "ask", ask)
    yield


def word(directory: Path) -> Word:
    found = halt_word.read(directory)
    assert found is not None
    return found


def test_halt_sets_the_word_asks_the_engine_and_says_what_is_left(
    run: Run, tmp_path: Path, answering: list[tuple[str, str]]
) -> None:
    assert run("halt", "--state-dir", tmp_path, "--reason", "fire\nnow") == (
        1,
        "halted: 2 of 3 cancelled, 1 unknown\n",
        "",
    )
    assert answering == [("halt", "fire now"), ("cancels", "")]
    found = word(tmp_path)
    assert (found.state, found.person, found.reason) == (HALT, this_process(), "fire now")


@pytest.mark.parametrize("verb", ["halt", "reduce-only", "resume", "cancel-all", "stop"])
def test_verb_is_a_command_and_what_control_says_too(
    run: Run, tmp_path: Path, answering: list[tuple[str, str]], verb: str
) -> None:
    path = tmp_path / "engine.toml"
    path.write_text(WHOLE)
    assert run(verb, path) == run("control", path, verb)
    assert [asked for asked in answering if asked[0] != "cancels"] == [(verb, "by command")] * 2


@pytest.mark.parametrize(("verb", "state"), [("halt", HALT), ("reduce-only", REDUCE_ONLY)])
def test_verb_where_no_engine_runs_holds_the_next_start(run: Run, tmp_path: Path, verb: str, state: int) -> None:
    said = f"{tmp_path}: no engine runs here: {verb} holds the next start, until `fixlane resume`\n"
    assert run(verb, "--state-dir", tmp_path, "--reason", "fire") == (0, said, "")
    assert (word(tmp_path).state, word(tmp_path).reason) == (state, "fire")
    status, said, _ = run("resume", "--state-dir", tmp_path)
    assert (status, said.startswith("no engine runs here; the next start trades again; it was ")) == (0, True)
    assert word(tmp_path).state == FREE
    assert run("resume", "--state-dir", tmp_path)[1].endswith("nothing holds the next start, and no engine runs here\n")


def test_halt_of_a_configuration_whose_engine_never_ran_holds_its_first_start(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "engine.toml"
    path.write_text(WHOLE + "[broken")
    assert run("halt", path)[0] == 0
    assert word(tmp_path / "state").state == HALT


def test_second_halt_keeps_who_halted_first(run: Run, tmp_path: Path) -> None:
    run("halt", "--state-dir", tmp_path, "--reason", "fire")
    run("halt", "--state-dir", tmp_path, "--reason", "flood")
    assert word(tmp_path).reason == "fire"


def test_halt_repairs_a_word_that_is_damaged(run: Run, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"garbage")
    run("halt", "--state-dir", tmp_path, "--reason", "fire")
    assert (word(tmp_path).state, word(tmp_path).reason) == (HALT, "fire")


@pytest.mark.usefixtures("stuck")
def test_halt_of_an_engine_that_does_not_answer_says_what_holds_and_how_to_end_it(run: Run, tmp_path: Path) -> None:
    status, said, _ = run("halt", "--state-dir", tmp_path)
    assert (status, word(tmp_path).state) == (1, HALT)
    assert said.splitlines()[:2] == [
        f"{tmp_path}: the engine, process 812, does not answer (timed out): the halt word is set, no new order leaves",
        "to end it: kill -TERM 812, and kill -KILL 812 if that does nothing within ten seconds;",
    ]


@pytest.mark.usefixtures("stuck")
@pytest.mark.parametrize("verb", ["resume", "reduce-only"])
def test_engine_that_does_not_answer_is_not_let_out_of_its_halt(run: Run, tmp_path: Path, verb: str) -> None:
    run("halt", "--state-dir", tmp_path, "--reason", "fire")
    status, _, errors = run(verb, "--state-dir", tmp_path)
    assert (status, "does not answer" in errors) == (1, True)
    assert word(tmp_path).state == HALT


def test_refusal_of_the_engine_is_its_words_and_status_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ask", lambda *_: '{"error": "not resumed: the engine is stopping"}')
    assert run("resume", "--state-dir", tmp_path) == (1, "", "fixlane: not resumed: the engine is stopping\n")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else")
def test_member_of_the_control_group_halts_and_a_stranger_does_not(tmp_path: Path) -> None:
    group = 54_321
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    for place in (tmp_path, *tmp_path.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(0o755)
    from engine.app.operator import open_halt_word

    open_halt_word(state, lambda: 1, group).close()
    assert state.stat().st_mode & 0o777 == 0o710

    def halt(*who: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from engine.cli import main; sys.exit(main(sys.argv[1:]))"
        words = ["setpriv", "--reuid=54322", *who, sys.executable, "-c", program, "halt", "--state-dir", str(state)]
        return subprocess.run(words, capture_output=True, text=True)

    stranger = halt("--regid=54322", "--clear-groups")
    assert (stranger.returncode != 0, word(state).state) == (True, FREE), stranger
    member = halt("--regid=54322", f"--groups={group}")
    assert (member.returncode, word(state).state, word(state).person.uid) == (0, HALT, 54_322), member
