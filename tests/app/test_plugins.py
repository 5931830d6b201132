"""Commands of other packages: found by their entry points, and harmless where they are missing or broken."""

from importlib.metadata import EntryPoint

import pytest

from engine import cli
from engine.app import plugins
from engine.app.plugins import GROUP, Subparsers

JOURNAL_HELP = "print a journal's records"


def add_greeting(commands: Subparsers) -> None:
    greeting = commands.add_parser("greet", help="say hello")
    greeting.add_argument("--name")
    greeting.set_defaults(run=lambda arguments: print(f"hello {arguments.name}"))


def add_broken(commands: Subparsers) -> None:
    commands.add_parser("greet")
    raise ValueError("half way")


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], points: dict[str, str], *argv: str
) -> tuple[int, str, str]:
    """Return the exit status and what was written, where the group has these entry points and no others."""
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint(name, value, group) for name, value in points.items()]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    try:
        status = cli.main(argv)
    except SystemExit as end:
        assert isinstance(end.code, int)
        status = end.code
    assert asked == [GROUP] == ["fixlane.commands"]
    output = capsys.readouterr()
    return status, output.out, output.err


def test_command_of_another_package_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    points = {"greet": f"{__name__}:add_greeting"}
    assert run(monkeypatch, capsys, points, "greet", "--name", "Ada") == (0, "hello Ada\n", "")
    assert "say hello" in run(monkeypatch, capsys, points, "--help")[1]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("absent_package.commands:add", "it needs absent_package, which is not installed"),
        (f"{__name__}:absent", "cannot be loaded: AttributeError"),
        (f"{__name__}:add_broken", "cannot be loaded: ValueError('half way')"),
        ("tests.absent:add", "it needs tests.absent, which is not installed"),
    ],
)
@pytest.mark.parametrize("rest", [(), ("--json", "x"), ("--help",), ("a", "-b", "--", "c")])
def test_command_that_cannot_be_loaded_ends_with_status_2_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, reason: str, rest: tuple[str, ...]
) -> None:
    status, output, errors = run(monkeypatch, capsys, {"greet": value}, "greet", *rest)
    assert (status, output) == (2, "")
    assert errors.startswith("fixlane: greet: ") and reason in errors


def test_harness_that_is_not_installed_is_run_from_a_checkout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(plugins.ELSEWHERE, "absent_package", plugins.ELSEWHERE["bench"])
    status, _, errors = run(monkeypatch, capsys, {"bench": "absent_package.arguments:add"}, "bench", "order", "--quick")
    assert status == 2
    assert errors == (
        "fixlane: bench: the latency harness is not part of the wheel:"
        " run it from a checkout: make bench SUBJECT=... ARGS=...\n"
    )


def test_command_that_cannot_be_loaded_is_listed_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points = {"greet": f"{__name__}:add_greeting", "wave": "absent_package:add"}
    status, output, _ = run(monkeypatch, capsys, points, "--help")
    assert status == 0
    assert "not available here" in output
    assert JOURNAL_HELP in output
    assert run(monkeypatch, capsys, points, "check", "/absent.toml")[0] == 2


def test_command_of_the_engine_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output, _ = run(monkeypatch, capsys, {"halt": f"{__name__}:add_broken"}, "halt", "--help")
    assert (status, "usage: fixlane halt" in output) == (0, True)
