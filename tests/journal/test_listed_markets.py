"""Markets that came and went while an engine ran, as a journal brings them back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app.settling import settle_in_journal
from engine.errors import JournalError
from engine.fix import BUY, Exec
from engine.instrument import Instrument, PriceBand
from engine.journal.reader import read_all, read_header
from engine.journal.recovery import recover, recover_all
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.view.dump import dump
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.journals import journal_in
from tests.support.order_reports import INSTRUMENTS, RAIN, report
from tests.support.rosters import RollingDesk, market

TAPERED = [PriceBand(0, 1_000, 10), PriceBand(1_000, 10_000, 100)]


def traded(desk: RollingDesk, instrument: Instrument, qty: int = 10) -> None:
    """Buy some contracts of a market at 44 cents."""
    desk.trade(desk.rest(instrument, BUY, qty), qty)


def symbols(desk: RollingDesk) -> list[str]:
    return [instrument.symbol for instrument in desk.loop.instruments]


class Starts:
    """Starts of one desk on one journal, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.desks: list[RollingDesk] = []

    def again(self) -> RollingDesk:
        """End the desk that runs, and start another one behind it."""
        self.end()
        self.desks.append(RollingDesk(self._directory, f"N{len(self.desks) + 1}"))
        return self.desks[-1]

    def end(self) -> None:
        if self.desks:
            self.desks[-1].journal.close()


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    starts = Starts(tmp_path)
    yield starts
    starts.end()


@pytest.fixture
def desk(starts: Starts) -> RollingDesk:
    return starts.again()


def test_market_comes_back_whole(desk: RollingDesk, starts: Starts) -> None:
    fog = market("FOG", "WEATHER", TAPERED)
    fog.series, fog.shard, fog.close_ns = "KXFOG", 4, 99
    desk.come(fog)
    traded(desk, fog)
    later = starts.again()
    (back,) = later.loop.instruments
    assert back is not fog
    assert (back.symbol, back.event, back.series, back.shard, back.close_ns) == ("FOG", "WEATHER", "KXFOG", 4, 99)
    assert (back.limit, back.grid and back.grid.prices) == (fog.limit, fog.grid and fog.grid.prices)
    assert (later.portfolio[back].net, later.portfolio[back].cash) == (10, -44_000)


def test_market_without_a_grid_comes_back_without_one(desk: RollingDesk, starts: Starts) -> None:
    desk.roster.add([Instrument("SPOT", -1, None)])
    (back,) = starts.again().loop.instruments
    assert (back.symbol, back.grid, back.limit) == ("SPOT", None, 0)


def test_grid_that_changed_is_that_of_the_next_start(desk: RollingDesk, starts: Starts) -> None:
    fog = market("FOG")
    desk.come(fog)
    fog.grid = market("X", bands=TAPERED).grid
    desk.journal.roll()
    desk.snapshots.take()
    (back,) = starts.again().loop.instruments
    assert back.grid is not None and back.grid.prices == (fog.grid and fog.grid.prices)


def test_forgotten_market_leaves_its_money_and_no_name(desk: RollingDesk, starts: Starts) -> None:
    fog, hail = market("FOG"), market("HAIL")
    desk.come(fog)
    traded(desk, fog)
    desk.loop.settlements.pay(fog, 10_000, "the venue")
    desk.roster.remove([fog])
    desk.come(hail)
    traded(desk, hail, 3)
    assert hail.index == 0
    for _ in range(3):
        desk = starts.again()
        assert symbols(desk) == ["HAIL"]
        (back,) = desk.loop.instruments
        assert (desk.portfolio[back].net, desk.portfolio[back].cash) == (3, -13_200)
        assert desk.portfolio.past() == (56_000, 7, 0)
        assert (desk.portfolio.cash, desk.portfolio.fees) == (56_000 - 13_200, 14)
        assert desk.portfolio.gone() == []


def test_day_goes_on_with_what_forgotten_markets_made(desk: RollingDesk, starts: Starts) -> None:
    fog, hail = market("FOG"), market("HAIL")
    desk.come(fog, hail)
    traded(desk, fog)
    desk.loop.settlements.pay(fog, 10_000, "the venue")
    desk.portfolio.start_day(5)
    desk.journal.append_day(5, 0, 5)
    traded(desk, hail)
    desk.loop.settlements.pay(hail, 0, "the venue")
    desk.roster.remove([fog, hail])
    made = desk.portfolio.day_pnl
    assert made == -44_000 - 7
    later = starts.again()
    assert (later.portfolio.day_pnl, later.portfolio.pnl) == (made, desk.portfolio.pnl)
    last = starts.again()
    assert (last.portfolio.day_pnl, last.portfolio.pnl) == (made, desk.portfolio.pnl)
    last.portfolio._check()


def test_late_report_about_a_forgotten_market_counts_nowhere_live_or_replayed(
    desk: RollingDesk, starts: Starts
) -> None:
    fog = market("FOG")
    desk.come(fog)
    order = desk.rest(fog, BUY, 10)
    desk.trade(order, 10)
    desk.loop.settlements.pay(fog, 0, "the venue")
    desk.roster.remove([fog])
    cash = desk.portfolio.cash
    desk.hear(report(order.cl_ord_id, Exec.TRADE_CANCEL, exec_id="B1", exec_ref_id="N11", symbol="FOG"))
    assert desk.portfolio.cash == cash
    later = starts.again()
    assert later.portfolio.cash == cash


def test_order_that_rests_in_such_a_market_is_alive_after_a_restart(desk: RollingDesk, starts: Starts) -> None:
    fog = market("FOG")
    desk.come(fog)
    order = desk.rest(fog, BUY, 10)
    later = starts.again()
    (live,) = later.orders.live()
    assert (live.cl_ord_id, live.instrument) == (order.cl_ord_id, later.loop.instruments[0])
    later.risk.exposure._check()


def test_dump_names_each_index_by_what_it_meant_then(desk: RollingDesk, starts: Starts, tmp_path: Path) -> None:
    fog, hail = market("FOG"), market("HAIL")
    desk.come(fog)
    traded(desk, fog)
    desk.loop.settlements.pay(fog, 10_000, "the venue")
    desk.roster.remove([fog])
    desk.journal.roll()
    desk.snapshots.take()
    desk.come(hail)
    desk.rest(hail, BUY, 3)
    desk.journal.close()
    lines = [line.split(maxsplit=2)[2] for line in dump(tmp_path) if " run " not in line]
    assert [line for line in lines if line.startswith(("LIST", "RETIRE", "PAST", "NEW", "SETTLE"))] == [
        "LIST 0 is 55=FOG",
        "NEW 11=N1-1 55=FOG 54=1 38=0.10 44=0.4400 40=2 59=1",
        "SETTLE 55=FOG at 1.0000, fee 0.000000",
        "RETIRE 0 was 55=FOG",
        "PAST cash 0.056000, fees 0.000007",
        "LIST 0 is 55=HAIL",
        "NEW 11=N1-2 55=HAIL 54=1 38=0.03 44=0.4400 40=2 59=1",
    ]
    assert list(verify(tmp_path))[-1].startswith(f"{tmp_path}: sound")


def test_segment_alone_names_what_it_lists_itself(desk: RollingDesk, tmp_path: Path) -> None:
    fog = market("FOG")
    desk.come(fog)
    desk.journal.roll()
    traded(desk, fog)
    desk.journal.close()
    text = "\n".join(dump(journal_paths(tmp_path)[1]))
    assert "55=market 0 54=1 38=10 44=4400" in text


def test_markets_of_a_configuration_are_not_listed_again(tmp_path: Path) -> None:
    RollingDesk(tmp_path, "A").journal.close()
    assert [r.kind for r in read_all(journal_paths(tmp_path)) if r.kind == RecordKind.LIST] == []


def test_journal_of_version_2_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("engine.journal.segments.VERSION", 2)
        journal = journal_in(tmp_path)
        orders = Orders("J")
        order = orders.open(RAIN, BUY, 4_200, 10, "2", "1", False, 0, 1)
        journal.append_new(order, 1)
        journal.close()
    assert read_header(journal_paths(tmp_path)[0]).version == 2
    portfolio, again = Portfolio(INSTRUMENTS), Orders("K")
    recover(journal_paths(tmp_path), INSTRUMENTS, again, portfolio)
    assert [each.cl_ord_id for each in again.live()] == [order.cl_ord_id]


# Without adopting


def test_configuration_that_names_the_market_takes_it_over(desk: RollingDesk, tmp_path: Path) -> None:
    fog, hail = market("FOG"), market("HAIL")
    desk.come(fog, hail)
    traded(desk, fog)
    desk.loop.settlements.pay(fog, 10_000, "the venue")
    desk.roster.remove([fog])
    traded(desk, hail)
    desk.journal.close()
    ours = Instrument("HAIL", 0, [PriceBand(0, 10_000, 100)])
    portfolio = Portfolio([ours])
    recover(journal_paths(tmp_path), [ours], Orders("B"), portfolio)
    assert (portfolio[ours].net, portfolio.cash) == (10, 56_000 - 44_000)
    portfolio._check()


def test_held_market_that_no_configuration_names_stops_the_start(desk: RollingDesk, tmp_path: Path) -> None:
    fog = market("FOG")
    desk.come(fog)
    traded(desk, fog)
    desk.journal.close()
    with pytest.raises(JournalError, match="FOG is held or has live orders: configure it"):
        recover(journal_paths(tmp_path), INSTRUMENTS, Orders("B"), Portfolio(INSTRUMENTS))
    _, portfolio = recover_all(journal_paths(tmp_path))
    assert [(each.instrument.symbol, each.net) for each in portfolio.gone()] == [("FOG", 10)]


def test_held_market_of_a_configuration_is_not_adopted_by_its_name_alone(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    orders = Orders("J")
    order = orders.open(RAIN, BUY, 4_200, 10, "2", "1", False, 0, 1)
    journal.append_new(order, 1)
    journal.close()
    with pytest.raises(JournalError, match="KXRAIN-1 is held or has live orders"):
        recover(journal_paths(tmp_path), (), Orders("B"), Portfolio(()), adopts=True)


def test_market_is_settled_beside_a_stopped_engine(desk: RollingDesk, starts: Starts, tmp_path: Path) -> None:
    fog = market("FOG")
    desk.come(fog)
    traded(desk, fog)
    desk.journal.close()
    assert settle_in_journal(tmp_path, "FOG", "1", "by hand") == (
        "FOG: settled at 1.0000, 0.10 held pay 0.100000; the next start counts it"
    )
    later = starts.again()
    (back,) = later.loop.instruments
    assert (later.portfolio[back].is_settled, later.portfolio[back].net, later.portfolio.pnl) == (True, 0, 56_000 - 7)
    later.roster.remove([back])
    last = starts.again()
    assert (symbols(last), last.portfolio.pnl) == ([], 56_000 - 7)
    last.journal.close()
