"""What each of several strategies holds comes back from a journal, whoever wrote the runs before."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.fix import BUY, SELL
from engine.journal.markets import MarketNames
from engine.journal.reader import read_all, read_header
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.told import Denials
from engine.journal.view.dump import dump
from engine.journal.view.entries import EntryReader, Question
from engine.journal.writer import Journal
from engine.orders.options import options_with
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.portfolio.shared import NOBODY, SharedPortfolio
from engine.risk.codes import RiskReject
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill

NAMES = ("maker", "taker")


class TeamDesk:
    """One start of an engine with two strategies, or, not `is_shared`, with one."""

    def __init__(self, directory: Path, nonce: str, is_shared: bool = True) -> None:
        self.orders = Orders(nonce)
        self.portfolio: Any = SharedPortfolio(INSTRUMENTS, NAMES) if is_shared else Portfolio(INSTRUMENTS)
        paths = journal_paths(directory) if directory.exists() else []
        self.recovered = recover(paths, INSTRUMENTS, self.orders, self.portfolio, 0)
        self.journal = Journal(directory, nonce, INSTRUMENTS, 1, segment_bytes=2**16, open_count=-1)
        self.snapshots = Snapshots(self.journal, self.orders, self.portfolio)
        self.snapshots.take()
        self.count = 0

    def trade(self, owner: str, market: Any, side: int, qty: int, price: int) -> None:
        options = options_with(False, "", "", owner)
        order = self.orders.open(market, side, price, 2 * qty, fix.Type.LIMIT, fix.Tif.GTC, False, 0, 1, "", options)
        self.journal.append_new(order, 1)
        self.count += 1
        made = fill(order, qty, f"{self.orders.nonce}{self.count}", price, symbol=market.symbol, side=side)
        for each in (ack(order), made):
            self.portfolio.book(self.orders.apply(each))
            self.journal.append_report(each, 1)

    def settle(self, market: Any, price: int) -> None:
        self.journal.append_settle(market, price, 0, 1)
        self.portfolio.settle(market, price, 0)

    def stands(self) -> Any:
        owners = [(order.cl_ord_id, order.owner) for order in self.orders.live()]
        held = {
            name: [(each.net, each.cash, each.cost, each.fees, each.is_settled) for each in share]
            for name, share in self.portfolio.shares.items()
        }
        return owners, held, {name: share.day() for name, share in self.portfolio.shares.items()}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), runs=st.lists(st.integers(1, 25), min_size=1, max_size=4))
def test_shares_are_what_they_were_after_any_number_of_starts(seed: int, runs: list[int]) -> None:
    source = random.Random(seed)
    with TemporaryDirectory() as name:
        directory, stood = Path(name), None
        for run, steps in enumerate(runs):
            desk = TeamDesk(directory, f"R{run}")
            assert stood is None or desk.stands() == stood
            for _ in range(steps):
                market, owner = source.choice(INSTRUMENTS), source.choice((NOBODY, *NAMES, "gone"))
                desk.trade(owner, market, source.choice((BUY, SELL)), source.randint(1, 9), source.randint(1, 99) * 100)
                if source.random() < 0.1:
                    desk.settle(market, 10_000)
                if source.random() < 0.1:
                    desk.journal.roll()
                    desk.snapshots.take()
            stood = desk.stands()
            desk.journal.close()
        last = TeamDesk(directory, "Z")
        last.journal.close()
        assert last.stands() == stood
        for market in INSTRUMENTS:
            for field in ("net", "cash", "fees"):
                whole = getattr(last.portfolio[market], field)
                assert whole == sum(getattr(share[market], field) for share in last.portfolio.shares.values())


def test_what_an_engine_with_one_strategy_left_is_nobodys(tmp_path: Path) -> None:
    alone = TeamDesk(tmp_path, "A", is_shared=False)
    alone.trade("", RAIN, BUY, 5, 4_000)
    alone.journal.close()
    team = TeamDesk(tmp_path, "B")
    assert [(name, share[RAIN].net) for name, share in team.portfolio.shares.items()] == [
        ("maker", 0), ("taker", 0), (NOBODY, 5),
    ]  # fmt: skip
    team.trade("maker", RAIN, SELL, 2, 4_100)
    team.journal.close()
    again = TeamDesk(tmp_path, "C", is_shared=False)  # which does not divide, and loses nothing of the whole
    assert again.portfolio[RAIN].net == 3
    again.journal.close()
    last = TeamDesk(tmp_path, "D")
    assert sum(share[RAIN].net for share in last.portfolio.shares.values()) == 3
    last.journal.close()


def test_the_day_of_each_share_goes_on(tmp_path: Path) -> None:
    desk = TeamDesk(tmp_path, "A")
    desk.trade("maker", SNOW, BUY, 5, 4_000)
    desk.portfolio.start_day(7)
    desk.trade("maker", SNOW, SELL, 5, 4_100)
    desk.snapshots.end()
    desk.journal.close()
    again = TeamDesk(tmp_path, "B")
    for each in (desk, again):
        assert each.portfolio.share("maker").day() == (7, -7)
        assert each.portfolio.share("maker").day_pnl == 500 - 7
    again.journal.close()


def test_a_denial_is_recorded_with_who_asked(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "J", INSTRUMENTS, 1)
    name = ["taker"]
    denials = Denials(journal, lambda: 1, lambda: name[0])
    denials.record("", RiskReject.MAX_POSITION, RAIN, BUY, 4_000, 6)
    name[0] = ""
    denials.record("", RiskReject.MAX_POSITION, RAIN, BUY, 4_000, 6)
    journal.close()
    lines = [line for line in dump(tmp_path) if "DENIAL" in line]
    assert [line.endswith(", by taker") for line in lines] == [True, False]
    found = [record for record in read_all(journal_paths(tmp_path), []) if record.kind == RecordKind.DENIAL]
    entries = [EntryReader(Question()).of(record, MarketNames(read_header(record.path))) for record in found]
    assert [entry and entry.get("strategy") for entry in entries] == ["taker", None]


def test_what_each_holds_is_shown(tmp_path: Path) -> None:
    desk = TeamDesk(tmp_path, "A")
    desk.trade("maker", RAIN, BUY, 5, 4_000)
    desk.snapshots.end()
    desk.journal.close()
    assert any("SHARE maker: 55=KXRAIN-1 net 0.05, cash -0.020000, fees 0.000007" in line for line in dump(tmp_path))
