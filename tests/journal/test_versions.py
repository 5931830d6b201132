"""A journal of every version that was ever written is read, shown, verified, and gone on with."""

import json
from pathlib import Path

import pytest

from engine.fix import BUY, Status
from engine.journal.archive import compress
from engine.journal.framing import Record
from engine.journal.recovery import recover
from engine.journal.segments import VERSION, RecordKind, journal_paths
from engine.journal.snapshot import Restored
from engine.journal.view.dump import dump
from engine.journal.view.entries import Question
from engine.journal.view.export import entries
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.journal.test_snapshot import Desk, closing
from tests.support import old_journals
from tests.support.order_reports import INSTRUMENTS, RAIN

__all__ = ["closing"]


@pytest.fixture(params=old_journals.VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[int, Path]:
    old_journals.write(tmp_path / "journal", request.param)
    return request.param, tmp_path / "journal"


def test_every_version_has_its_journal() -> None:
    assert tuple(range(1, VERSION + 1)) == old_journals.VERSIONS


def stands(orders: Orders, portfolio: Portfolio) -> tuple[list[tuple[str, str, int, int]], tuple[int, int, int]]:
    live = [(each.cl_ord_id, each.ord_status, each.cum_qty, each.leaves_qty) for each in orders.live()]
    return live, (portfolio[RAIN].net, portfolio[RAIN].cash, portfolio[RAIN].fees)


HELD = [("R1-2", Status.UNKNOWN, 0, 5), ("R1-1", Status.PARTIALLY_FILLED, 4, 6)], (4, -16_800, 7)


def test_journal_of_every_version_is_read_and_gone_on_with(old: tuple[int, Path]) -> None:
    version, directory = old
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    found = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    live, held = stands(orders, portfolio)
    assert (sorted(live), held) == (sorted(HELD[0]), HELD[1])
    assert found.dropped == []
    assert [order.cl_ord_id for order in found.unknown] == ["R1-2"]
    assert len(found.doubts) == (version > 3)  # a machine that was started again, where it is known
    desk = Desk(directory, "N")
    desk.trade(BUY, 3, 4_200)
    desk.journal.close()
    again = Desk(directory, "M")
    assert again.portfolio[RAIN].net == 7
    again.journal.close()


def test_journal_of_every_version_is_shown_and_verified(old: tuple[int, Path]) -> None:
    version, directory = old
    assert "2 segments" in list(verify(directory))[-1]
    assert f"version {version}" in list(dump(directory))[0]
    kinds = {entry["kind"] for entry in entries(directory, Question())}
    wanted = {"NEW", "REPORT", "NOTE", "END"}
    for since, names in ((2, {"LINK", "STATE"}), (3, {"LIST", "RETIRE"}), (4, {"OPERATOR", "DENIAL", "CONFIG"})):
        wanted |= names if version >= since else set()
    wanted |= {"SESSION", "RECONCILE", "STANDING"} if version >= 5 else set()
    assert kinds == wanted
    (_, ack, *_) = entries(directory, Question(order="R1-1"))
    assert ack["order_id"] == "V-R1-1"


def test_compressed_segment_of_every_version_is_read(old: tuple[int, Path]) -> None:
    _, directory = old
    compress(journal_paths(directory)[0])
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    assert portfolio[RAIN].net == 4


def test_order_of_a_first_snapshot_is_taken_without_what_later_ones_add() -> None:
    fields: list[object] = ["R1-1", "V1", 1, 4_200, 10, 4, 6, 16_800, "2", "1", False, 0, "1", "", "", 0, 0, False]
    state = json.dumps([fields, [], ["R1-1"]])
    orders = Orders("N")
    restored = Restored(orders, Portfolio(INSTRUMENTS), lambda listing: RAIN)
    restored.take(Record(RecordKind.STATE, 0, (1, 1, 0, 0), "R1-1", Path("x"), 0, 0), {})
    restored.take(Record(RecordKind.ORDER, 0, (0,), state, Path("x"), 0, 0), {0: RAIN})
    (order,) = orders.live()
    assert (order.cl_ord_id, order.leaves_qty, order.fee_rest, restored.day_pnl) == ("R1-1", 6, 0, 0)
