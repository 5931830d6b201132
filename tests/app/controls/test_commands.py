"""`halt --symbol`, `limits` and `flatten` against a running engine, by the command line and the control socket."""

from pathlib import Path

import pytest

from engine import fix
from engine.app.controls.acting import parse_limit
from engine.cli import main
from engine.errors import EngineError
from engine.journal.reader import read_all
from engine.journal.segments import RecordKind, journal_paths
from engine.risk import NO_LIMIT
from engine.trading.markets import Stop
from tests.support.engine.in_process import Rig, Start

CENT, LOT = 100, 100


class Commanded:
    """One engine, and its command line."""

    def __init__(self, rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
        self.rig = rig
        self.capsys = capsys
        self.config = rig.directory / "for-commands.toml"
        self.config.write_text(f'[engine]\nstate_dir = "{rig.directory / "engine"}"\n')

    def run(self, verb: str, *arguments: str) -> tuple[int, str, str]:
        """Run a command while the engine turns; return its status and what it said."""
        command = [verb, str(self.config), *arguments]
        status = self.rig.loop.run_until_complete(self.rig.loop.run_in_executor(None, main, command))
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def notes(self) -> str:
        paths = journal_paths(self.rig.directory / "journal")
        return "\n".join(record.text for record in read_all(paths, []) if record.kind == RecordKind.NOTE)


def test_market_is_halted_and_resumed_by_name(rig: Start, capsys: pytest.CaptureFixture[str]) -> None:
    r = rig()
    command = Commanded(r, capsys)
    assert command.run("halt", "--symbol", "RAIN", "--reason", "odd quotes")[:2] == (0, "held: RAIN\n")
    assert r.trading.markets.causes(r.rain) == Stop.HALTED
    assert not r.trading.markets.causes(r.snow)
    status, _, wrong = command.run("resume", "--symbol", "SNOW")
    assert (status, "market 'SNOW' is not halted by name; there is market RAIN" in wrong) == (1, True)
    assert "market RAIN: halted by" in command.run("limits")[1]
    assert command.run("resume", "--symbol", "RAIN", "--reason", "fine")[:2] == (0, "lifted: RAIN\n")
    assert not r.trading.markets.causes(r.rain)
    assert "odd quotes" in command.notes()


def test_strategy_by_its_name_is_all_of_the_engine(rig: Start, capsys: pytest.CaptureFixture[str]) -> None:
    r = rig()
    command = Commanded(r, capsys)
    name = r.engine.config.strategy.path
    assert "unknown strategy 'Nobody': this engine has" in command.run("halt", "--strategy", "Nobody")[2]
    assert command.run("halt", "--strategy", name.rpartition(":")[2])[0] == 0
    assert r.trading.is_halted
    assert command.run("resume", "--strategy", name)[0] == 0
    assert not r.trading.is_halted


def test_limit_is_set_shown_and_reset(rig: Start, capsys: pytest.CaptureFixture[str]) -> None:
    r = rig()
    command = Commanded(r, capsys)
    filed = r.trading.risk.limits.max_order_qty
    status, said, wrong = command.run("limits", "set", "max_order_qty", "0.5", "--reason", "nervous")
    assert (status, wrong) == (0, "")
    assert "max_order_qty is 0.50, not" in said
    assert r.trading.risk.limits.max_order_qty == LOT // 2
    assert "nervous" in command.notes()
    assert "changed  max_order_qty is 0.50" in command.run("limits")[1]
    assert command.run("limits", "reset", "max_order_qty", "--reason", "calm")[0] == 0
    assert r.trading.risk.limits.max_order_qty == filed


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("set", "max_order_qty", "0.5"), 2, "say why"),
        (("set", "max_order_qty"), 2, "set NAME VALUE"),
        (("show", "max_order_qty"), 2, "set NAME VALUE"),
        (("set", "max_order_size", "1", "--reason", "x"), 1, "no limit that can be set"),
        (("set", "max_order_qty", "much", "--reason", "x"), 1, "max_order_qty: not a decimal number"),
        (("set", "max_position", "1", "--symbol", "HAIL", "--reason", "x"), 1, "unknown market 'HAIL'"),
        (("reset", "max_order_qty", "--reason", "x"), 1, "as the configuration says"),
    ],
)
def test_change_that_cannot_be_says_why(
    rig: Start, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, words: str
) -> None:
    command = Commanded(rig(), capsys)
    found, _, wrong = command.run("limits", *arguments)
    assert (found, words in wrong) == (status, True), wrong


def test_flatten_says_what_it_will_do_and_does_it(rig: Start, capsys: pytest.CaptureFixture[str]) -> None:
    r = rig()
    command = Commanded(r, capsys)
    r.other_enters("2", "5", "0.41")
    order = r.desk.buy(r.rain, 41 * CENT, 5 * LOT)
    assert order is not None
    r.until_status(order, fix.Status.FILLED)
    r.other_enters("1", "2", "0.40")
    r.other_enters("1", "9", "0.39")
    r.until(lambda: r.trading.book(r.rain).best_bid == 40 * CENT, "a bid")
    status, said, _ = command.run("flatten", "--symbol", "RAIN", "--dry-run")
    assert (status, said.startswith("RAIN: sell 5.00, ")) == (0, True)
    assert r.engine.portfolio[r.rain].net == 5 * LOT
    status, said, wrong = command.run("flatten", "--symbol", "RAIN", "--reason", "enough")
    assert (status, wrong) == (0, "")
    assert "RAIN: flat, 0.00 held, 5.00 before" in said
    assert "until `fixlane resume` with --symbol RAIN" in said
    assert r.engine.portfolio[r.rain].net == 0
    assert "FLATTEN: RAIN: flat" in command.notes()


@pytest.mark.parametrize("verb", ["halt", "resume"])
def test_scope_without_an_engine_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert main([verb, "--state-dir", str(tmp_path), "--symbol", "RAIN"]) == 2
    assert "no engine answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_position", "1.5", 150),
        ("max_open_orders", "7", 7),
        ("max_open_cost", "2", 2_000_000),
        ("collar_own", "0.05", 500),
        ("max_book_age", "1.5s", 1_500_000_000),
        ("max_daily_loss", "none", NO_LIMIT),
    ],
)
def test_value_is_read_as_in_the_configuration(name: str, text: str, value: int) -> None:
    assert parse_limit(name, text, (4, 2)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_open_orders", "7.5"),
        ("max_open_orders", "-7"),
        ("max_open_orders", "7" * 5000),
        ("max_open_orders", "\u0667"),
        ("max_position", "-1"),
        ("collar_own", ""),
    ],
)
def test_value_that_means_nothing_is_refused(name: str, text: str) -> None:
    with pytest.raises(EngineError, match=name):
        parse_limit(name, text, (4, 2))
