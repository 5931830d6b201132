"""A snapshot that is damaged: the one before it serves, with all that was written since, and it is said."""

import random
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY
from engine.journal.framing import Record
from engine.journal.reader import read
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.starts import SNAPSHOT_KINDS, start_of
from engine.journal.view.verify import verify
from tests.journal.test_snapshot import Desk
from tests.support.order_reports import RAIN, SNOW, ack, open_order

SEEDS = 60


def lives(directory: Path, runs: int = 3) -> tuple[object, ...]:
    """Some runs, each behind a snapshot; return what the last one left."""
    for number in range(runs):
        desk = Desk(directory, f"R{number}", size=2**14)
        for qty in (1, 2, 3):
            desk.trade(BUY, qty, 4_200, RAIN if qty % 2 else SNOW)
            order = open_order(desk.orders, qty, 4_100)
            desk.journal.append_new(order, 1)
            made = ack(order, order_id=f"V-{order.cl_ord_id}")
            desk.orders.apply(made)
            desk.journal.append_report(made, 1)
        desk.journal.close()
        desk.orders.on_disconnect()
    return stands(desk)


def stands(desk: Desk) -> tuple[object, ...]:
    held = [(each.net, each.cash, each.cost, each.fees) for each in desk.portfolio]
    return held, sorted((order.cl_ord_id, order.cum_qty, order.ord_status) for order in desk.orders.live())


def snapshot_of(path: Path) -> list[Record]:
    """Return the records of the snapshot at the head of a segment."""
    records = list(read(path))[1:]
    return [*records[: records[0].numbers[0] + 1]]


def hurt(path: Path, begin: int, end: int, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for at in range(begin, end):
        data[at] = source.randrange(256)
    path.write_bytes(data)


@pytest.mark.parametrize("place", ["STATE", "first", "middle", "last"])
def test_damaged_snapshot_falls_back_to_the_one_before_it_and_says_so(tmp_path: Path, place: str) -> None:
    was = lives(tmp_path)
    paths = journal_paths(tmp_path)
    path = paths[start_of(paths)]
    parts = snapshot_of(path)
    record = parts[{"STATE": 0, "first": 1, "middle": len(parts) // 2, "last": -1}[place]]
    hurt(path, record.offset + 8, record.offset + 16, random.Random(1))
    assert start_of(paths) < paths.index(path)
    desk = Desk(tmp_path, "N")
    assert stands(desk) == was
    assert desk.recovered.dropped == [f"{path} offset {record.offset}: a snapshot is damaged: the one before it serves"]
    desk.journal.close()
    with pytest.raises(JournalError, match=f"{path} offset {record.offset}"):
        print(*verify(tmp_path))
    assert stands(Desk(tmp_path, "M")) == was  # the run behind it is chained to it all the same


def test_damage_behind_a_snapshot_is_no_snapshots(tmp_path: Path) -> None:
    lives(tmp_path)
    paths = journal_paths(tmp_path)
    path = paths[start_of(paths)]
    behind = [record for record in read(path) if record.kind not in (*SNAPSHOT_KINDS, RecordKind.LINK)][0]
    hurt(path, behind.offset + 8, behind.offset + 16, random.Random(1))
    with pytest.raises(JournalError, match=f"offset {behind.offset}: record damaged"):
        Desk(tmp_path, "N")


def test_damage_from_a_snapshot_into_what_follows_is_not_passed_over(tmp_path: Path) -> None:
    lives(tmp_path)
    paths = journal_paths(tmp_path)
    path = paths[start_of(paths)]
    last = snapshot_of(path)[-1]
    hurt(path, last.offset + 8, last.offset + last.size + 16, random.Random(1))
    with pytest.raises(JournalError, match=f"offset {last.offset}: record damaged"):
        Desk(tmp_path, "N")


def test_first_snapshot_of_all_is_not_needed(tmp_path: Path) -> None:
    was = lives(tmp_path, runs=1)
    (path,) = journal_paths(tmp_path)
    state = snapshot_of(path)[0]
    hurt(path, state.offset + 8, state.offset + 16, random.Random(1))
    try:
        desk = Desk(tmp_path, "N")
    except JournalError as error:
        assert f"{path} offset {state.offset}" in str(error)
        return
    assert stands(desk) == was and desk.recovered.dropped


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_damage_of_a_snapshot_is_told_and_changes_nothing(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    was = lives(tmp_path)
    paths = journal_paths(tmp_path)
    path = paths[start_of(paths)]
    parts = snapshot_of(path)
    begin = source.randrange(parts[0].offset, parts[-1].offset + parts[-1].size)
    data = path.read_bytes()
    hurt(path, begin, begin + source.choice((1, 8, 100)), source)
    try:
        desk = Desk(tmp_path, "N")
    except JournalError as error:
        assert path.name in str(error)
        return
    assert stands(desk) == was
    assert desk.recovered.dropped or path.read_bytes() == data
    desk.journal.close()
