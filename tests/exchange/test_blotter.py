"""The venue's record: what is written, what it adds up to, and what survives a crash."""

from pathlib import Path

import pytest

from engine.errors import DecodeError
from engine.exchange.blotter import Blotter, EnteredOrder, Fill, read_blotter
from engine.exchange.events import Event, NewOrder
from tests.support.sim.venue import NOON_NS, B, S, Venue


def order(account: str, cl_ord_id: str, side: int, qty: int, price: int, symbol: str = "A") -> NewOrder:
    return NewOrder(account=account, cl_ord_id=cl_ord_id, symbol=symbol, side=side, order_qty=qty, price=price)


def two_trades() -> list[Event]:
    """a sells 5 and 7 contracts at 43 and 44 cents; b buys them, and sells 2 of market B at 60."""
    venue = Venue()
    requests = [
        order("a", "1", S, 500, 4300),
        order("a", "2", S, 700, 4400),
        order("b", "1", B, 1200, 4400),
        order("a", "3", B, 200, 6000, "B"),
        order("b", "2", S, 200, 6000, "B"),
        order("b", "3", S, 200, 6001, "B"),
    ]
    return [event for request in requests for event in venue.exchange.new(request, NOON_NS)]


def test_blotter_holds_orders_and_fills_in_order(tmp_path: Path) -> None:
    path = tmp_path / "blotter"
    with Blotter(path) as blotter:
        blotter.record(two_trades()[4:])
        assert read_blotter(path) == [  # flushed line by line
            EnteredOrder(NOON_NS, "b", "1", "O3", "A", B, 4400, 1200),
            Fill(NOON_NS, "b", "1", "O3", "E4", "A", B, 4300, 500, 85_785, True),
            Fill(NOON_NS, "a", "1", "O1", "E5", "A", S, 4300, 500, 0, False),
            Fill(NOON_NS, "b", "1", "O3", "E6", "A", B, 4400, 700, 120_736, True),
            Fill(NOON_NS, "a", "2", "O2", "E7", "A", S, 4400, 700, 0, False),
            EnteredOrder(NOON_NS, "a", "3", "O4", "B", B, 6000, 200),
            EnteredOrder(NOON_NS, "b", "2", "O5", "B", S, 6000, 200),
            Fill(NOON_NS, "b", "2", "O5", "E10", "B", S, 6000, 200, 33_600, True),
            Fill(NOON_NS, "a", "3", "O4", "E11", "B", B, 6000, 200, 0, False),
        ]


def test_summary_adds_up_positions_cash_and_fees(tmp_path: Path) -> None:
    with Blotter(tmp_path / "blotter") as blotter:
        blotter.record(two_trades())
        a, b = blotter.summary("a"), blotter.summary("b")
    fees = 85_785 + 120_736 + 33_600
    paid = 500 * 4300 + 700 * 4400 - 200 * 6000
    assert (a.orders, a.fills, a.fees, a.cash, a.positions) == (3, 3, 0, paid, {"A": -1200, "B": 200})
    assert (b.orders, b.fills, b.fees, b.cash, b.positions) == (2, 3, fees, -paid - fees, {"A": 1200, "B": -200})
    marks = {"A": 5000, "B": 5500}
    assert a.pnl(marks) == paid - 1200 * 5000 + 200 * 5500
    assert a.pnl(marks) + b.pnl(marks) == -fees


def test_unknown_account_has_an_empty_summary(tmp_path: Path) -> None:
    with Blotter(tmp_path / "blotter") as blotter:
        summary = blotter.summary("nobody")
    assert (summary.orders, summary.fills, summary.cash, summary.positions) == (0, 0, 0, {})


def test_ignored_accounts_leave_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "blotter"
    with Blotter(path, ignore=["a"]) as blotter:
        blotter.record(two_trades())
        assert blotter.summary("a").fills == 0
    assert {entry.account for entry in read_blotter(path)} == {"b"}


def test_blotter_that_exists_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "blotter"
    for _ in range(2):
        with Blotter(path) as blotter:
            blotter.record(two_trades())
            summary = blotter.summary("a")
    assert (summary.fills, summary.positions) == (6, {"A": -2400, "B": 400})
    assert len(read_blotter(path)) == 22


def test_line_cut_off_by_a_crash_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "blotter"
    with Blotter(path) as blotter:
        blotter.record(two_trades())
    whole = read_blotter(path)
    path.write_bytes(path.read_bytes()[:-5])
    assert read_blotter(path) == whole[:-1]
    with Blotter(path) as blotter:
        blotter.record(two_trades()[:1])
    assert read_blotter(path) == [*whole[:-1], whole[0]]


def test_line_that_is_no_entry_is_a_decode_error(tmp_path: Path) -> None:
    path = tmp_path / "blotter"
    path.write_text('{"entry":"fill"}\n')
    with pytest.raises(DecodeError, match="blotter line 1 is no blotter entry"):
        Blotter(path)
