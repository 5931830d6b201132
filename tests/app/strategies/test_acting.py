"""What an operator says to a strategy: signals, and parameters read again, all of them or none."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.app.strategies.acting import MOST_VALUE, actions
from engine.cli import main
from engine.errors import ConfigError, EngineError
from engine.ops import control
from engine.ops.control import OperatorRequest
from engine.runtime.person import this_process
from engine.strategy import Price, Size, Strategy
from tests.support.desks import Scene


class Knobs(msgspec.Struct, frozen=True):
    """Two of them."""

    qty: Size
    edge: Price = 100


class Tuned(Strategy):
    """Notes what it is told."""

    Parameters = Knobs

    def __init__(self, parameters: Knobs) -> None:
        super().__init__(parameters)
        self.told: list[Any] = []

    def on_signal(self, name: str, value: str) -> None:
        self.told.append((name, value))

    def on_parameters(self, parameters: Knobs) -> None:
        self.told.append((parameters, self.parameters is parameters))


def acting(strategy: Strategy) -> tuple[Scene, Any]:
    scene = Scene(strategy)
    found = actions(scene.loop, strategy)

    def ask(action: str, **arguments: object) -> Any:
        return found[action](OperatorRequest(action, "test", arguments, this_process()))

    return scene, ask


def config(tmp_path: Path, text: str) -> str:
    file = tmp_path / "engine.toml"
    file.write_text(text)
    return str(file)


NAME = f"{__name__}:Tuned"


def test_signal_reaches_its_hook() -> None:
    strategy = Tuned(Knobs(5))
    _, ask = acting(strategy)
    assert ask("signal", name="regime", value="calm") == {"told": "regime"}
    assert strategy.told == [("regime", "calm")]


@pytest.mark.parametrize(("name", "value"), [("", ""), ("a b", ""), ("a" * 65, ""), ("a", "x" * (MOST_VALUE + 1))])
def test_signal_that_is_none_is_refused(name: str, value: str) -> None:
    strategy = Tuned(Knobs(5))
    _, ask = acting(strategy)
    with pytest.raises(EngineError, match="a signal has a name"):
        ask("signal", name=name, value=value)
    assert strategy.told == []


def test_strategy_without_the_hook_says_so() -> None:
    _, ask = acting(Strategy())
    for action in ("signal", "parameters"):
        with pytest.raises(EngineError, match="Strategy has no on_"):
            ask(action, name="a", value="")


def test_parameters_are_read_again_in_the_units_of_the_markets(tmp_path: Path) -> None:
    strategy = Tuned(Knobs(500))
    _, ask = acting(strategy)
    text = f'[strategy]\nclass = "{NAME}"\n[strategy.parameters]\nqty = "5"\nedge = "0.02"\n[risk]\nwrong = 1\n'
    assert ask("parameters", config=config(tmp_path, text)) == {"changed": ["edge"]}
    assert strategy.told == [(Knobs(500, 200), True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "strategy.class is None"),
        ("[strategy", "is no TOML"),
        ('[strategy]\nclass = "other:Class"', "start the engine anew"),
        (f'[strategy]\nclass = "{NAME}"\n[strategy.parameters]\nqty = 5', "qty"),
        (f'[strategy]\nclass = "{NAME}"\n[strategy.parameters]\nqty = "5"\nedgy = "1"', "edgy"),
        (f'[strategy]\nclass = "{NAME}"\nparameters = 3', "no table"),
    ],
)
def test_parameters_that_are_wrong_change_nothing(tmp_path: Path, text: str, words: str) -> None:
    strategy = Tuned(Knobs(500))
    _, ask = acting(strategy)
    with pytest.raises(ConfigError, match=words):
        ask("parameters", config=config(tmp_path, text))
    assert (strategy.told, strategy.parameters) == ([], Knobs(500))


def test_file_that_is_not_there_is_an_answer(tmp_path: Path) -> None:
    _, ask = acting(Tuned(Knobs(500)))
    with pytest.raises(ConfigError, match="cannot be read"):
        ask("parameters", config=str(tmp_path / "none.toml"))


def test_commands_ask_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []
    answers = {"signal": '{"told": "regime"}', "parameters": '{"changed": ["edge"]}'}

    def ask(state_dir: Path, action: str, reason: str, arguments: Any = None) -> str:
        asked.append((action, reason, arguments))
        return answers[action]

    monkeypatch.setattr(control, "ask", ask)
    file = config(tmp_path, '[engine]\nstate_dir = "state"\n')
    assert main(["signal", file, "regime", "calm", "--reason", "news"]) == 0
    assert main(["reload", file, "--parameters"]) == 0
    assert asked == [
        ("signal", "news", {"name": "regime", "value": "calm"}),
        ("parameters", "by command", {"config": file}),
    ]
    assert capsys.readouterr().out == "told: regime\nthe strategy has its parameters; changed: edge\n"
