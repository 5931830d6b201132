"""The command line: exit statuses, and messages that say what is wrong, where, and what to do."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cli
from engine.app import commands
from engine.config.shipped import config_path
from engine.errors import ConfigError, SessionError
from tests.support.configs import WHOLE
from tests.support.places import ROOT

OLD_JOURNAL = ROOT / "tests" / "journal" / "files" / "000001-0001.journal"


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Return the exit status and what was written to standard output and error."""
    try:
        status = cli.main([str(argument) for argument in argv])
    except SystemExit as end:
        assert isinstance(end.code, int)
        status = end.code
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "COMMAND"),
        (("dmo",), "invalid choice: 'dmo'"),
        (("demo", "--seconds", "soon"), "--seconds: 'soon' must be a number that is not below 0"),
        (("demo", "--seconds=-1"), "--seconds: '-1' must be a number"),
        (("demo", "--seconds", "nan"), "--seconds: 'nan' must be a number"),
        (("demo", "--speed=-1"), "--speed: '-1' must be a number"),
        (("demo", "--mode", "lazy"), "--mode: invalid choice: 'lazy'"),
        (("demo", "--session", "fast"), "--session: invalid choice: 'fast'"),
        (("demo", "--capture", "/absent.gz"), "--capture: /absent.gz: no file that can be read"),
        (("demo", "--json", "/absent/x.json"), "--json: /absent/x.json: cannot be written"),
        (("demo", "--json", "/"), "--json: /: cannot be written"),
        (("sim", "--capture", "/absent.gz"), "--capture: /absent.gz: no file that can be read"),
        (("sim", "/absent.toml"), "/absent.toml cannot be read: No such file or directory"),
        (("run", "/absent.toml"), "/absent.toml: cannot be read: No such file or directory"),
        (("check", "/absent.toml"), "/absent.toml: cannot be read: No such file or directory"),
        (("control", "/absent.toml", "status"), "/absent.toml: cannot be read: No such file or directory"),
        (("status",), "name CONFIG or --state-dir DIR, one of them"),
        (("status", "--json", "--watch", "x.toml"), "--watch: not allowed with argument --json"),
        (("status", "--state-dir", "/absent"), "/absent: no such directory"),
        (("metrics", "--port", "0", "x.toml"), "--port: '0' must be a port, 1 to 65535"),
        (("metrics",), "name CONFIG or --state-dir DIR, one of them"),
        (("control", "/absent.toml", "explode"), "invalid choice: 'explode'"),
        (("status", "/absent.toml"), "/absent.toml: cannot be read: No such file or directory"),
        (("halt", "/absent.toml"), "/absent.toml: cannot be read: No such file or directory"),
        (("halt",), "name CONFIG or --state-dir DIR, one of them"),
        (("halt", "a.toml", "--state-dir", "/tmp"), "name CONFIG or --state-dir DIR, one of them"),
        (("resume", "--state-dir", "/absent"), "/absent: no such directory: nothing was done"),
        (("journal", "/absent.journal"), "PATH: /absent.journal: no file that can be read"),
        (("compare", "/absent.json", "/absent.json"), "/absent.json"),
        (("echo", "/absent.cfg"), "/absent.cfg"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, tuple) else "",
)
def test_wrong_use_ends_with_status_2_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], words: str
) -> None:
    status, _, errors = run(capsys, *argv)
    assert status == 2
    assert words in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("text", ["[engine", "\x00", "\xff", WHOLE.replace("per_second", "per_secnd")])
def test_broken_configuration_ends_with_status_2_in_every_command(
    capsys: pytest.CaptureFixture[str], written: Callable[..., Path], command: str, text: str
) -> None:
    path = written(text)
    status, _, errors = run(capsys, command, path)
    assert status == 2
    assert "engine.toml" in errors or "risk.rate.per_secnd: unknown key, did you mean per_second?" in errors


def test_check_of_a_sound_configuration_ends_with_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    path = config_path("engine.toml")
    protections = (
        "session FIX.4.4:FIXLANE->SIMVENUE: plain TCP: no word of TLS in the file\n"
        "feed ws://127.0.0.1:9180/trade-api/ws/v2: plain TCP: feed.url begins with ws:\n"
    )
    assert run(capsys, "check", path) == (0, f"{protections}{path}: no problems\n", "")


def test_check_counts_the_problems(capsys: pytest.CaptureFixture[str], written: Callable[..., Path]) -> None:
    path = written(WHOLE.replace('mode = "event"', 'mode = "evnt"').replace("max_open_orders = 64\n", ""))
    status, output, errors = run(capsys, "check", path)
    assert status == 2
    assert output == f"{path}: {len(errors.splitlines())} problems\n"
    assert {line.split(":")[0] for line in errors.splitlines()} >= {"engine.mode", "risk.max_open_orders"}


def test_control_where_no_engine_runs_ends_with_status_2_and_asks_whether_it_runs(
    capsys: pytest.CaptureFixture[str], written: Callable[..., Path]
) -> None:
    status, _, errors = run(capsys, "control", written(WHOLE), "status")
    assert status == 2
    assert "no engine answers" in errors
    assert "is it running with this state_dir?" in errors


def test_help_starts_without_the_libraries_of_the_commands() -> None:
    program = (
        "import sys\n"
        "from engine.cli import parser\n"
        "parser().format_help()\n"
        "print(*sorted(set(sys.modules) & set(sys.argv[1:])))\n"
    )
    heavy = [
        "quickfix",
        "uvloop",
        "picows",
        "cryptography",
        "prometheus_client",
        "hdrh",
        "asyncio",
        "engine.app.engine",
    ]
    done = subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(None, 0), (0, 0), (1, 1), (ConfigError("x"), 2), (SessionError("x"), 1), (OSError("x"), 1),
     (KeyboardInterrupt(), 0)],
)  # fmt: skip
def test_outcome_of_a_command_is_its_exit_status(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    outcome: BaseException | int | None,
    status: int,
) -> None:
    def act(arguments: argparse.Namespace) -> int | None:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(commands, "journal", act)
    found, _, errors = run(capsys, "journal", config_path("engine.toml"))
    assert found == status
    assert errors == ("fixlane: x\n" if isinstance(outcome, Exception) else "")


def test_file_that_is_no_journal_is_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, errors = run(capsys, "journal", config_path("engine.toml"))
    assert status == 1
    assert errors.startswith(f"fixlane: {config_path('engine.toml')}")


@pytest.mark.parametrize(
    "command", ["", "demo", "run", "check", "control", "halt", "sim", "journal", "bench", "compare"]
)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, output, _ = run(capsys, *([command] if command else []), "--help")
    assert status == 0
    assert output.startswith("usage: fixlane")


def test_results_are_json(tmp_path: Path) -> None:
    assert cli.writable(str(tmp_path / "x.json")) == tmp_path / "x.json"
    (tmp_path / "x.json").write_text(json.dumps({}))
    assert cli.writable(str(tmp_path / "x.json")) == cli.readable(str(tmp_path / "x.json"))


def test_o29_output_that_nobody_reads_ends_quietly() -> None:
    command = [sys.executable, "-m", "engine", "journal", str(OLD_JOURNAL)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(30)) == (b"", 141)
