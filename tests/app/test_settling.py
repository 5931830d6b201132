"""`fixlane settle`: asked of a running engine, or written to the journal of one that does not run."""

import asyncio
import json
from pathlib import Path

import pytest

from engine import fix
from engine.cli import main
from engine.errors import JournalError
from engine.instrument import Instrument, PriceBand
from engine.journal.recovery import Recovered, recover
from engine.journal.segments import journal_paths
from engine.journal.writer import Journal
from engine.ops.control import SOCKET
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.trading.markets import Stop
from tests.support.engine.in_process import Rig, Start
from tests.support.order_reports import ack, fill

CENT, LOT = 100, 100
CENTS = [PriceBand(0, 10_000, 100)]


def markets(*symbols: str) -> tuple[Instrument, ...]:
    return tuple(Instrument(symbol, index, CENTS) for index, symbol in enumerate(symbols))


def earlier_run(directory: Path, qty: int = 5 * LOT, at_work: bool = False) -> None:
    """A run that bought at 0.40 in RAIN, and left an order there."""
    instruments = markets("SNOW", "RAIN")
    journal, orders = Journal(directory, "A", instruments, 1_000), Orders("A")

    def enter(qty: int) -> Order:
        order = orders.open(instruments[1], fix.BUY, 4_000, qty, "2", "1", False, 0, 1)
        journal.append_new(order, 1_001)
        return order

    order = enter(qty)
    for report in (ack(order), fill(order, qty, "E1", 4_000, fee=30)):
        journal.append_report(report, 1_002)
    if at_work:
        journal.append_report(ack(enter(LOT)), 1_003)
    journal.close()


def next_start(directory: Path, *symbols: str) -> tuple[Portfolio, Orders, Recovered]:
    instruments = markets(*symbols)
    portfolio, orders = Portfolio(instruments), Orders("B")
    return portfolio, orders, recover(journal_paths(directory), instruments, orders, portfolio)


def config(tmp_path: Path) -> Path:
    """A configuration with faults everywhere else."""
    path = tmp_path / "engine.toml"
    path.write_text('[engine]\nstate_dir = "state"\nmode = "none"\n[journal]\ndirectory = "journal"\n')
    return path


@pytest.mark.parametrize("at_work", [False, True])
def test_m4_held_market_that_left_the_configuration_settles_offline_and_the_engine_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], at_work: bool
) -> None:
    journal = tmp_path / "journal"
    earlier_run(journal, at_work=at_work)
    with pytest.raises(JournalError, match="fixlane settle RAIN PRICE CONFIG"):
        next_start(journal, "SNOW")
    assert main(["settle", "--reason", "the venue's notice", "RAIN", "1", str(config(tmp_path))]) == 0
    assert capsys.readouterr().out == "RAIN: settled at 1.0000, 5.00 held pay 5.000000; the next start counts it\n"
    portfolio, orders, recovered = next_start(journal, "SNOW")
    assert (portfolio.pnl, portfolio.day_pnl) == (5 * LOT * 6_000 - 30, 5 * LOT * 6_000 - 30)
    assert (orders.live(), recovered.open_count) == ([], 0)


def test_m4_settlement_of_a_market_that_is_still_configured_is_counted_at_the_start(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    earlier_run(journal)
    assert main(["settle", "--reason", "the venue's notice", "RAIN", "0.37", str(config(tmp_path))]) == 0
    portfolio, _, _ = next_start(journal, "RAIN", "SNOW")
    [rain, _] = portfolio
    assert (rain.net, rain.is_settled, portfolio.pnl) == (0, True, -5 * LOT * 300 - 30)


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["SNOW", "1"], "nothing of 'SNOW' is held or at work; there is RAIN"),
        (["HAIL", "1"], "nothing of 'HAIL' is held or at work; there is RAIN"),
        (["RAIN", "100"], "RAIN cannot settle at 100.0000: a contract pays 0 to 1.0000"),
        (["RAIN", "yes"], "not a decimal number"),
        (["RAIN", "0.00001"], "not a decimal number"),
    ],
)
def test_settlement_that_cannot_be_is_refused_and_leaves_the_journal_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], wrong: str
) -> None:
    journal = tmp_path / "journal"
    earlier_run(journal)
    before = {path.name: path.read_bytes() for path in journal_paths(journal)}
    assert main(["settle", "--reason", "the venue's notice", *arguments, str(config(tmp_path))]) == 1
    assert wrong in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in journal_paths(journal)} == before


def test_settlement_needs_to_know_where_the_journal_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settle", "--reason", "the venue's notice", "RAIN", "1", "--state-dir", str(tmp_path)]) == 2
    assert "name CONFIG, which says where its journal is" in capsys.readouterr().err
    path = tmp_path / "bare.toml"
    path.write_text('[engine]\nstate_dir = "state"\n')
    assert main(["settle", "--reason", "the venue's notice", "RAIN", "1", str(path)]) == 2
    assert "has no journal.directory that can be read" in capsys.readouterr().err


def asked(rig: Rig, **arguments: str) -> dict[str, object]:
    async def talk() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(rig.directory / "engine" / SOCKET))
        writer.write(json.dumps({"action": "settle", "reason": "test", "arguments": arguments}).encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        return answer

    answer: dict[str, object] = json.loads(rig.loop.run_until_complete(talk()))
    return answer


def test_m4_running_engine_settles_and_its_journal_knows(rig: Start) -> None:
    r = rig()
    r.other_enters("2", "5", "0.41")
    order = r.desk.buy(r.rain, 41 * CENT, 5 * LOT)
    assert order is not None
    r.until_status(order, fix.Status.FILLED)
    fees = r.engine.portfolio.fees
    assert "unknown market 'HAIL'" in str(asked(r, symbol="HAIL", price="1")["error"])
    r.trading.markets.stop(r.rain, Stop.HALTED, "to settle it")
    assert "cannot settle" in str(asked(r, symbol="RAIN", price="1.5")["error"])
    r.trading.markets.lift(r.rain, Stop.HALTED)
    assert "RAIN trades: nothing was done" in str(asked(r, symbol="RAIN", price="1")["error"])
    r.trading.markets.stop(r.rain, Stop.HALTED, "to settle it")
    assert str(asked(r, symbol="RAIN", price="1")["settled"]).startswith(
        "RAIN: settled at 1.0000, 5.00 held pay 5.0000"
    )
    assert r.engine.portfolio.day_pnl == 5 * LOT * 59 * CENT - fees
    assert r.trading.risk.exposure.gross_position == 0
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    portfolio = Portfolio(r.trading.instruments)
    recover(journal_paths(r.directory / "journal"), r.trading.instruments, Orders("again"), portfolio)
    assert portfolio.pnl == r.engine.portfolio.pnl
