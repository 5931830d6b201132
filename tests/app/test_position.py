"""`fixlane position`: what a person says is held, journalled with who said so, refused while the market trades."""

from pathlib import Path

import pytest

from engine.cli import main
from engine.journal.directory import OwnedDirectory
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.trading.markets import Stop
from tests.app.test_settling import config, earlier_run, next_start
from tests.support.engine.in_process import Rig, Start

LOT = 100


def said(rig: Rig, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run `fixlane position` while the engine turns."""
    config = rig.directory / "for-commands.toml"
    config.write_text(f'[engine]\nstate_dir = "{rig.directory / "engine"}"\n')
    command = ["position", str(config), *arguments, "--reason", "the clearing statement"]
    status = rig.loop.run_until_complete(rig.loop.run_in_executor(None, main, command))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def replayed(rig: Rig) -> Portfolio:
    portfolio = Portfolio(rig.trading.instruments)
    recover(journal_paths(Path(rig.directory) / "journal"), rig.trading.instruments, Orders("again"), portfolio)
    return portfolio


def test_position_is_refused_while_its_market_trades(rig: Start, capsys: pytest.CaptureFixture[str]) -> None:
    r = rig()
    status, _, wrong = said(r, capsys, "RAIN", "5", "2.05")
    assert status == 1 and "RAIN trades: nothing was done" in wrong
    assert r.engine.portfolio[r.rain].net == 0


@pytest.mark.parametrize(("net", "cost"), [("5", "2.05"), ("-5", "-2.05")])
def test_position_is_held_counted_and_found_again(
    rig: Start, capsys: pytest.CaptureFixture[str], net: str, cost: str
) -> None:
    r = rig()
    r.trading.markets.stop(r.rain, Stop.HALTED, "to set it right")
    status, out, _ = said(r, capsys, "RAIN", net, cost)
    assert status == 0 and out.startswith(f"RAIN: {net}.00 held at ") and "the clearing statement" in out
    position = r.engine.portfolio[r.rain]
    assert (position.net, position.realised) == (int(net) * LOT, 0)
    assert r.trading.risk.exposure.gross_position == 5 * LOT
    again = replayed(r)
    assert (again[r.rain].net, again[r.rain].cost, again.cash) == (position.net, position.cost, r.engine.portfolio.cash)


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("HAIL", "5", "1"), "unknown market"),
        (("RAIN", "5", "-1"), "cannot have cost"),
        (("RAIN", "-5", "1"), "cannot have cost"),
        (("RAIN", "0", "1"), "cannot have cost"),
        (("RAIN", "5", "5.01"), "cannot have cost"),
        (("RAIN", "many", "1"), "many"),
    ],
)
def test_position_that_cannot_be_is_refused(
    rig: Start, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], wrong: str
) -> None:
    r = rig()
    r.trading.markets.stop(r.rain, Stop.HALTED, "to set it right")
    status, _, told = said(r, capsys, *arguments)
    assert status == 1 and wrong in told
    assert r.engine.portfolio[r.rain].net == 0


@pytest.mark.parametrize(("net", "cost"), [("3", "1.26"), ("-2", "-0.9"), ("0", "0")])
def test_position_without_an_engine_is_written_to_its_journal_for_the_next_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], net: str, cost: str
) -> None:
    earlier_run(tmp_path / "journal")
    arguments = ["position", str(config(tmp_path)), "RAIN", net, cost, "--reason", "the statement"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"RAIN: {net}.00 held at {float(cost):.6f}, before 5.00 at 2.000000, by ")
    assert out.endswith(": the statement; the next start counts it\n")
    portfolio, _, _ = next_start(tmp_path / "journal", "SNOW", "RAIN")
    (position,) = [each for each in portfolio if each.instrument.symbol == "RAIN"]
    assert (position.net, position.cost) == (int(net) * LOT, int(float(cost) * 1_000_000))
    assert position.realised == 0
    assert main(["journal", str(tmp_path / "journal")]) == 0
    told = capsys.readouterr().out
    assert "position RAIN" in told and "the statement" in told


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("HAIL", "5", "1"), "'HAIL' is no market that was traded under this journal; there is RAIN"),
        (("RAIN", "5", "-1"), "cannot have cost"),
        (("RAIN", "five", "1"), "five"),
    ],
)
def test_position_that_cannot_be_is_refused_without_an_engine_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], wrong: str
) -> None:
    earlier_run(tmp_path / "journal")
    before = journal_paths(tmp_path / "journal")
    assert main(["position", str(config(tmp_path)), *arguments, "--reason", "because"]) == 1
    assert wrong in capsys.readouterr().err
    assert journal_paths(tmp_path / "journal") == before


def test_nothing_is_written_to_a_journal_that_another_process_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier_run(tmp_path / "journal")
    owned = OwnedDirectory(tmp_path / "journal")
    try:
        assert main(["position", str(config(tmp_path)), "RAIN", "1", "0.4", "--reason", "because"]) == 1
        assert main(["settle", "RAIN", "1", str(config(tmp_path)), "--reason", "because"]) == 1
    finally:
        owned.release()
    assert capsys.readouterr().err.count("journal/lock: held by process") == 2
    portfolio, _, _ = next_start(tmp_path / "journal", "RAIN")
    assert next(iter(portfolio)).net == 5 * LOT
