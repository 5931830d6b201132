"""`fixlane reconcile` and `fixlane reload` wait for the engine, print what it says, and never hang."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.app.account import commands
from engine.cli import main
from engine.ops import control


class Answering:
    """An engine that takes so many questions before an errand is done."""

    def __init__(self, lines: list[str], is_good: bool, looks: int = 2) -> None:
        self.lines, self.is_good, self.looks = lines, is_good, looks
        self.asked: list[tuple[str, str, Any]] = []

    def ask(self, state_dir: Path, action: str, reason: str, arguments: Any = None) -> str:
        self.asked.append((action, reason, arguments))
        if action != "errand":
            return json.dumps({"errand": 7})
        self.looks -= 1
        done = {"is_done": True, "is_good": self.is_good, "lines": self.lines}
        return json.dumps({"is_done": False} if self.looks >= 0 else done)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "LOOK_S", 0.001)


@pytest.mark.parametrize(("is_good", "status"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("verb", ["reconcile", "reload"])
def test_command_prints_what_came_of_it(
    verb: str,
    is_good: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = Answering(["RAIN: fill missed\x1b[2J", "done"], is_good)
    monkeypatch.setattr(control, "ask", engine.ask)
    assert main([verb, "--state-dir", str(tmp_path), "--reason", "it is time"]) == status
    assert capsys.readouterr().out == "RAIN: fill missed [2J\ndone\n"
    assert engine.asked == [(verb, "it is time", None), *[("errand", "", {"errand": 7})] * 3]


def test_errand_without_end_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(control, "ask", Answering([], True, looks=10**9).ask)
    monkeypatch.setattr(commands, "PATIENCE_S", 0.01)
    assert main(["reconcile", "--state-dir", str(tmp_path)]) == 1
    assert "reconcile: not done within 0.01 s" in capsys.readouterr().err


def test_no_engine_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reload", "--state-dir", str(tmp_path)]) == 2
    assert "no engine answers" in capsys.readouterr().err
