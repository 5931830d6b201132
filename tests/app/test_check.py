"""`fixlane check`: everything that is wrong is found at once, and says where and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.app.check import check
from engine.config.shipped import config_path
from tests.support.configs import WHOLE, edited

SESSION_FILE = """
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.4
SenderCompID=ENGINE
TargetCompID=VENUE
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
FileStorePath=store
SocketConnectHost=127.0.0.1
SocketConnectPort=9880
UseDataDictionary=Y
DataDictionary=FIX44.xml

[SESSION]
"""
STRATEGY = 'class = "tests.support.configs:Quoter"'
RUNS = WHOLE.replace(STRATEGY, 'class = "tests.support.configs:Watcher"')


@pytest.fixture
def checked(written: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """Write a configuration and its session file, and return the problems."""

    def run(text: str = RUNS, session_file: str = SESSION_FILE) -> list[str]:
        (tmp_path / "fix").mkdir()
        (tmp_path / "fix" / "initiator.cfg").write_text(session_file)
        return check(written(text))[0]

    return run


def test_configuration_that_comes_with_fixlane_has_no_problems() -> None:
    assert check(config_path("engine.toml")) == ([], [])


def test_sound_configuration_has_no_problems(checked: Callable[..., list[str]]) -> None:
    assert checked() == []


def test_everything_wrong_in_one_file_and_its_session_file_is_named_at_once(checked: Callable[..., list[str]]) -> None:
    text = RUNS.replace('mode = "event"', 'mode = "evnt"').replace("max_open_orders = 64\n", "")
    problems = checked(text, SESSION_FILE.replace("HeartBtInt=30", "HeartBtInt=soon"))
    assert len(problems) == 3
    assert [word for word in ("engine.mode", "risk.max_open_orders", "HeartBtInt") for p in problems if word in p] == [
        "engine.mode",
        "risk.max_open_orders",
        "HeartBtInt",
    ]


def test_everything_that_cannot_be_built_is_named_at_once(checked: Callable[..., list[str]]) -> None:
    text = RUNS.replace('dialect = "fix44"', 'dialect = "fix43"').replace('dialect = "kalshi"', 'dialect = "kalsi"')
    problems = checked(text.replace("tests.support.configs:Watcher", "tests.support.configs:Wather"))
    assert problems[0].startswith(
        "feed.dialect: \"kalsi\" is no venue: no module 'engine.venue.kalsi'; there are fix44"
    )
    assert any(problem.startswith('session.dialect: "fix43" is no venue') for problem in problems)
    assert problems[-1].startswith(
        'strategy.class: "tests.support.configs:Wather" is no module:Class that can be imported'
    )


@pytest.mark.parametrize("name", [".", "..", ".kalshi", "os.path", "", "no such", "engine.venue"])
def test_dialect_that_is_no_venue_is_named_whatever_it_is(checked: Callable[..., list[str]], name: str) -> None:
    problems = checked(RUNS.replace('dialect = "fix44"', f'dialect = "{name}"'))
    assert problems
    assert all(problem.startswith(f'session.dialect: {"venue " if name in ("os.path", "engine.venue") else ""}"{name}"')
               for problem in problems)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1 +", "cannot|imported: SyntaxError"),
        ("raise RuntimeError('no licence')", "imported: RuntimeError: no licence"),
        ("class Own: pass", "must derive from engine.strategy.Strategy"),
        (
            "from engine.strategy import Strategy\nclass Own(Strategy):\n"
            " def __init__(self, p=None): raise KeyError('plan')",
            "cannot be made: KeyError: 'plan'",
        ),
    ],
    ids=["syntax", "import", "class", "constructor"],
)
def test_strategy_that_breaks_is_a_problem_not_a_crash(
    checked: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, fault: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"own_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    (problem,) = checked(RUNS.replace("tests.support.configs:Watcher", f"{name}:Own"))
    assert problem.startswith(f'strategy.class: "{name}:Own"')
    assert any(part in problem for part in fault.split("|"))


def test_parameters_that_a_strategy_does_not_take_are_named(checked: Callable[..., list[str]]) -> None:
    (problem,) = checked(edited(STRATEGY, STRATEGY + "\nparameters = { qty = '1', weight = 'heavy' }"))
    assert "strategy.parameters.weight" in problem


@pytest.mark.parametrize("count", [0, 2])
def test_session_file_must_hold_one_initiator(checked: Callable[..., list[str]], count: int) -> None:
    body = SESSION_FILE.replace("[SESSION]\n", "")
    body += "".join(f"[SESSION]\nSessionQualifier=Q{number}\n" for number in range(count))
    assert [problem for problem in checked(session_file=body) if "initiator.cfg" in problem]


def test_missing_session_file_is_a_problem_that_names_it(written: Callable[..., Path]) -> None:
    problems, _ = check(written(RUNS))
    assert [problem for problem in problems if "initiator.cfg" in problem]


def test_key_that_is_no_key_is_a_problem_without_the_key_in_it(
    checked: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_ID", "a-key-id")
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    credentials = '[feed.credentials]\nkey_id_env = "KEY_ID"\nprivate_key_file = "key.pem"\n'
    problems = checked(RUNS + credentials)
    assert problems
    assert not any("c2VjcmV0" in problem or "secret" in problem for problem in problems)
