"""A whole engine with two strategies: what each keeps, what it is told by name, and what a person sees."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine.app.engine import Engine
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.config.strategies import NO_STRATEGY, MemberSection
from engine.errors import ConfigError, EngineError
from engine.ops.control import OperatorRequest
from engine.ops.metrics.families import _by_strategy
from engine.ops.status.facts import facts
from engine.ops.status.page import page
from engine.ops.view.reader import ViewReader
from engine.risk.limits import StrategyLimits
from engine.runtime.person import this_process
from engine.strategy import Strategy
from tests.app.test_check import RUNS, SESSION_FILE


class Counting(Strategy):
    """Counts its starts, in steps of its own."""

    count = 0
    step = 1

    def __init__(self, parameters: object = None) -> None:
        super().__init__(parameters)
        self.signals: list[tuple[str, str]] = []

    def on_load(self, state: Any) -> None:
        self.count = self.step + (state or 0)

    def on_save(self) -> int:
        return self.count

    def on_signal(self, name: str, value: str) -> None:
        self.signals.append((name, value))


class Leaping(Counting):
    """Counts in tens."""

    step = 10


class Knobs(msgspec.Struct):
    edge: int = 0


class Tuned(Counting):
    """Takes other parameters while it runs."""

    Parameters = Knobs

    def on_parameters(self, parameters: Any) -> None:
        self.count = parameters.edge


@pytest.fixture
def config(written: Callable[..., Path], tmp_path: Path) -> EngineConfig:
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "initiator.cfg").write_text(SESSION_FILE)
    config = load(written(RUNS.replace("[feed]", '[journal]\ndirectory = "journal"\n\n[feed]', 1)))
    several = {
        "one": MemberSection(path=f"{__name__}:Counting"),
        "ten": MemberSection(path=f"{__name__}:Leaping", on_error="stop", limits=StrategyLimits(max_open_orders=3)),
    }
    return replace(config, strategy=NO_STRATEGY, strategies=several)


def with_engine(config: EngineConfig, look: Callable[[Engine], Any]) -> Any:
    async def run() -> Any:
        engine = Engine(config, asyncio.get_running_loop())
        engine.tick()
        try:
            return look(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


def strategy(engine: Engine, name: str) -> Any:
    return engine.trading.team.members[name].strategy


def ask(engine: Engine, action: str, **arguments: object) -> Any:
    return engine.actions[action](OperatorRequest(action, "test", arguments, this_process()))


def test_each_keeps_its_own_state(config: EngineConfig) -> None:
    counts = [
        with_engine(config, lambda engine: [strategy(engine, name).count for name in ("one", "ten")]) for _ in range(3)
    ]
    assert counts == [[1, 10], [2, 20], [3, 30]]
    renamed = {"one": config.strategies["one"], "other": config.strategies["ten"]}
    fresh = replace(config, strategies=renamed)
    assert with_engine(fresh, lambda engine: [strategy(engine, name).count for name in renamed]) == [4, 10]


def test_a_signal_needs_a_name_and_goes_to_it_alone(config: EngineConfig) -> None:
    def look(engine: Engine) -> None:
        assert ask(engine, "signal", name="fair", value="4", strategy="ten") == {"told": "fair"}
        assert (strategy(engine, "one").signals, strategy(engine, "ten").signals) == ([], [("fair", "4")])
        with pytest.raises(EngineError, match="say which strategy: --strategy NAME, this engine has one, ten"):
            ask(engine, "signal", name="fair", value="4")

    with_engine(config, look)


def test_parameters_are_those_of_the_table_with_its_name(config: EngineConfig, tmp_path: Path) -> None:
    file = tmp_path / "given.toml"
    given = '[strategies.one]\nclass = "{0}:Tuned"\nparameters = {{ edge = 1 }}\n'
    given += '[strategies.ten]\nclass = "{0}:Tuned"\nparameters = {{ edge = 7 }}\n'
    file.write_text(given.format(__name__))
    tuned = MemberSection(path=f"{__name__}:Tuned", parameters={"edge": 3})
    both = replace(config, strategies={"one": tuned, "ten": tuned})

    def look(engine: Engine) -> list[int]:
        assert ask(engine, "parameters", config=str(file), strategy="ten") == {"changed": ["edge"]}
        with pytest.raises(ConfigError, match=r"strategies\.one\.class is None"):
            file.write_text("[strategies]\n")
            ask(engine, "parameters", config=str(file), strategy="one")
        return [strategy(engine, name).parameters.edge for name in ("one", "ten")]

    assert with_engine(both, look) == [3, 7]


def test_a_hold_by_name_stops_one_and_lasts(config: EngineConfig) -> None:
    def hold(engine: Engine) -> None:
        assert ask(engine, "hold", scope="strategy", name="ten") == {"held": "strategy ten"}
        with pytest.raises(EngineError, match="unknown strategy 'two': this engine has one, ten"):
            ask(engine, "hold", scope="strategy", name="two")
        with pytest.raises(EngineError, match="flatten closes a market, an event or all"):
            ask(engine, "flatten", scope="strategy", name="ten")

    def look(engine: Engine) -> dict[str, str]:
        return {name: each["state"] for name, each in engine.status()["strategies"].items()}  # type: ignore[attr-defined]

    def lift(engine: Engine) -> None:
        assert ask(engine, "lift", scope="strategy", name="ten") == {"lifted": "strategy ten"}

    with_engine(config, hold)
    assert with_engine(config, look) == {"one": "trading", "ten": "stopped", "": "nobody's"}
    with_engine(config, lift)
    assert with_engine(config, look)["ten"] == "trading"


def test_what_the_engine_stopped_by_itself_is_ended_by_resume_what_a_person_did_is_not(config: EngineConfig) -> None:
    def look(engine: Engine) -> None:
        team = engine.trading.team
        team.members["ten"].failed("on_book", ValueError("wrong"))
        ask(engine, "hold", scope="strategy", name="one")
        assert "hook on_book raised ValueError: wrong" in team.members["ten"].reason
        engine.supervisor.resume("looked at it")
        assert [bool(member.reason) for member in team.members.values()] == [True, False]

    with_engine(config, look)


class Forgetful(Counting):
    """Cannot read what it kept."""

    def on_load(self, state: Any) -> None:
        raise ValueError("unreadable")


def test_one_that_fails_before_trading_begins_stays_stopped(config: EngineConfig) -> None:
    several = config.strategies | {"ten": MemberSection(path=f"{__name__}:Forgetful", on_error="stop")}

    def look(engine: Engine) -> tuple[dict[str, str], list[str]]:
        engine.tick()
        return engine.trading.team.stopped, [hold.name for hold in engine.risk_desk.holds.all()]

    stopped, held = with_engine(replace(config, strategies=several), look)
    assert list(stopped) == held == ["ten"] and "hook on_load raised ValueError: unreadable" in stopped["ten"]


def test_own_limits_are_shown_and_warned_of(config: EngineConfig) -> None:
    said = with_engine(config, lambda engine: ask(engine, "limits")["limits"])
    assert "max_open_orders of strategy ten 0 of 3, 0 %" in said


def test_status_has_a_line_for_each(config: EngineConfig, tmp_path: Path) -> None:
    def look(engine: Engine) -> list[str]:
        ask(engine, "hold", scope="strategy", name="ten")
        engine._publisher.open()
        view = ViewReader(engine.config.engine.state_dir).read()
        found = {each.name: each for each in _by_strategy(view)}
        assert [(sample.labels["strategy"], sample.value) for sample in found["fixlane_strategy_stopped"].samples] == [
            ("one", 0), ("ten", 1), ("nobody", 0),
        ]  # fmt: skip
        return page(facts(view))

    lines = [line for line in with_engine(config, look) if line.startswith("strategy")]
    assert lines[0] == "strategy one: trading; 0 live, 0 fills; day 0.000000, all 0.000000, fees 0.000000"
    assert lines[1].startswith("strategy ten: stopped: halted by ") and lines[2].startswith("strategy -: nobody's;")


def test_a_class_that_is_none_is_named_with_its_table(config: EngineConfig) -> None:
    several = config.strategies | {"ten": MemberSection(path=f"{__name__}:Missing")}
    with pytest.raises(ConfigError, match=r'strategies\.ten\.class: ".*:Missing" is no module:Class'):
        with_engine(replace(config, strategies=several), lambda engine: None)
