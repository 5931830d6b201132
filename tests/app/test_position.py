"""`fixlane position`: what a person says is held, journalled with who said so, refused while the market trades."""

from pathlib import Path

import pytest

from engine.cli import main
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.trading.markets import Stop
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
