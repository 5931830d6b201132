"""An order that no snapshot has is found by keys: the same one as by reading everything, and little is read for it."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY, SELL
from engine.journal import earlier, reader, recovery
from engine.journal.archive import compress
from engine.journal.index import run_orders
from engine.journal.index._keys import PLACES, in_order, key_of, keys_in, offsets_of
from engine.journal.index.files import index_old, keys_of
from engine.journal.reader import SegmentReading, read
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.starts import old_segments, start_of
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.journal.test_history import bust, take
from tests.journal.test_snapshot import Desk, closing
from tests.support.order_chaos import Chaos
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, state

__all__ = ["closing"]
SMALL = 2**12


def traded(directory: Path, orders: int = 1200, *, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One run of some hundred small segments, whose snapshots keep few orders."""
    monkeypatch.setattr("engine.journal.snapshot.MOST_DONE", 4)
    desk = Desk(directory, "A", size=SMALL)
    for number in range(orders):
        desk.trade(BUY if number % 2 else SELL, 1, 4_200, SNOW if number % 3 else RAIN)
        desk.snapshots.tick()
    return desk


def archived(directory: Path) -> None:
    for path in old_segments(directory):
        compress(path)
    for _ in index_old(directory):
        pass


def brought_back(directory: Path) -> tuple[object, list[str]]:
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    found = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    held = [(each.net, each.cash, each.cost, each.fees) for each in portfolio]
    return (held, [(state(order), order.all_kept()) for order in orders.live()]), found.dropped


def late(desk: Desk, number: int) -> None:
    """A bust of an old order, after the last snapshot."""
    order = desk.orders.by_id(f"A-{number}")
    assert order is not None
    take(desk, bust(order, f"EA-{number}", 1, leaves_qty=1))


def test_late_bust_is_found_by_keys_as_by_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = traded(tmp_path, monkeypatch=monkeypatch)
    for number in (3, 200, 700):
        late(desk, number)
    desk.journal.close()
    whole = brought_back(tmp_path)
    archived(tmp_path)
    assert len(list(tmp_path.glob("*.keys"))) > 2
    assert brought_back(tmp_path) == whole
    assert "files of keys" in list(verify(tmp_path))[-1]
    monkeypatch.setattr(recovery, "start_of", lambda paths: 0)
    assert brought_back(tmp_path) == whole
    held, _ = whole
    assert isinstance(held, tuple) and len(held[1]) == 3


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the bytes of every segment that is read."""
    sizes: list[int] = []
    for module in (reader, earlier):
        really: Callable[[Path], bytes] = module.bytes_of

        def read_whole(path: Path, really: Callable[[Path], bytes] = really) -> bytes:
            data = really(path)
            sizes.append(len(data))
            return data

        monkeypatch.setattr(module, "bytes_of", read_whole)
    return sizes


@pytest.mark.parametrize("late_ones", [(), (2,), (2, 150, 151)])
def test_start_reads_no_more_whatever_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_ones: tuple[int, ...]
) -> None:
    read_bytes = []
    for orders in (700, 2800):
        directory = tmp_path / str(orders)
        desk = traded(directory, orders, monkeypatch=monkeypatch)
        desk.journal.roll()
        desk.snapshots.take()
        for number in late_ones:
            late(desk, number)
        desk.journal.close()
        archived(directory)
        sizes = counted(monkeypatch)
        brought_back(directory)
        monkeypatch.undo()
        read_bytes.append(sum(sizes))
        assert len(journal_paths(directory)) > orders / 10
    short, long = read_bytes
    assert long < 1.2 * short + 2 * PLACES * SMALL  # a group may be whole or not
    assert long < 5 * PLACES * SMALL


@pytest.mark.parametrize("seed", range(12))
def test_orders_of_every_life_are_found_as_a_replay_of_the_run_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(run_orders, "MOST_SEGMENTS", 4)
    desk = Desk(tmp_path, "A", size=SMALL)
    chaos = Chaos(seed, desk.orders, desk.portfolio, desk.journal)
    for _ in range(1000):
        chaos.step()
        desk.snapshots.tick()
    desk.journal.roll()
    desk.snapshots.take()
    desk.journal.close()
    archived(tmp_path)
    paths = journal_paths(tmp_path)
    paths = paths[: start_of(paths)]
    replay = recovery._Replay(INSTRUMENTS, Orders("x"), Portfolio(INSTRUMENTS), 0)
    whole = replay._older(paths, 0)
    found = replay._own(paths, 0)
    names = {name for name, _ in whole.ids.items()} | {order.order_id for _, order in whole.ids.items()}
    for name in sorted(filter(None, names)):
        order = whole.find(name, "", name)
        if order is None or not order.is_done:
            continue
        (one, ids) = found.find(name, "", name) or (None, [])
        assert one is not None
        assert (state(one), one.all_kept(), sorted(ids)) == (
            state(order),
            order.all_kept(),
            sorted(each for each, of in whole.ids.items() if of is order),
        )
    assert found.find("stranger", "", "V-none") is None


def test_file_of_keys_that_is_damaged_is_told_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = traded(tmp_path, monkeypatch=monkeypatch)
    for number in (3, 700):
        late(desk, number)
    desk.journal.close()
    archived(tmp_path)
    whole, _ = brought_back(tmp_path)
    (file, *_) = sorted(tmp_path.glob("*.keys"))
    data = file.read_bytes()
    for at in (0, 12, 100, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        found, said = brought_back(tmp_path)
        assert found == whole
        assert [line for line in said if f"{file}: damaged" in line and "its segments are searched" in line]
        with pytest.raises(JournalError, match="delete it, and it is made again"):
            list(verify(tmp_path))
    file.write_bytes(data[: len(data) // 2])
    assert brought_back(tmp_path)[0] == whole
    archived(tmp_path)  # as the archive does whenever it is woken
    assert file.read_bytes() == data
    assert brought_back(tmp_path) == (whole, [])


def test_file_of_keys_of_another_journal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, nonce in (("ours", "A"), ("other", "B")):
        monkeypatch.setattr("engine.journal.snapshot.MOST_DONE", 4)
        desk = Desk(tmp_path / name, nonce, size=SMALL)
        for _ in range(600):
            desk.trade(BUY, 1, 4_200)
            desk.snapshots.tick()
        take(desk, bust(desk.orders.by_id(f"{nonce}-5"), f"E{nonce}-5", 1, leaves_qty=1))  # type: ignore[arg-type]
        desk.journal.close()
        archived(tmp_path / name)
    whole, _ = brought_back(tmp_path / "ours")
    (file, *_) = sorted((tmp_path / "ours").glob("*.keys"))
    file.write_bytes((tmp_path / "other" / file.name).read_bytes())
    found, said = brought_back(tmp_path / "ours")
    assert found == whole
    assert f"{file}: damaged: of another journal, whose run was 'B'" in said[0]


def test_keys_are_found_in_their_segments_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=SMALL)
    for _ in range(100):
        desk.trade(BUY, 1, 4_200)
    desk.journal.append_disconnect(7)
    desk.journal.close()
    parts = [keys_of(SegmentReading(path))[0] for path in journal_paths(tmp_path)]
    keys = in_order(b"".join(parts))
    assert len(keys) == sum(map(len, parts)) and in_order(keys + keys) == keys
    for path in journal_paths(tmp_path):
        reading = SegmentReading(path)
        names = {each.text.split("\x01")[0] for each in read(path) if each.kind == RecordKind.NEW}
        for name in sorted(names)[:3]:
            found = [each for each in read(path) if name in each.text.split("\x01") and each.kind in (1, 4)]
            assert offsets_of(reading.data, reading.offset, {key_of(name)}) == [each.offset for each in found]
        lost = offsets_of(reading.data, reading.offset, {key_of("", RecordKind.DISCONNECT)})
        assert lost == [each.offset for each in read(path) if each.kind == RecordKind.DISCONNECT]


@pytest.mark.parametrize("cut", [0, 7, 100, 1000])
def test_keys_end_where_a_segment_is_damaged_and_the_damage_is_named(tmp_path: Path, cut: int) -> None:
    desk = Desk(tmp_path, "A", size=2**16)
    for _ in range(50):
        desk.trade(BUY, 1, 4_200)
    desk.journal.roll()
    desk.journal.close()
    path = journal_paths(tmp_path)[0]
    reading = SegmentReading(path)
    at = [record.offset for record in reading.records()][40] + 24
    data = reading.data[:at] + bytes([reading.data[at] ^ 1]) + reading.data[at + 1 :]
    keys, end, _ = keys_in(data[: len(data) - cut], reading.offset, 0)
    assert end == at - 24 and len(keys) > 0
    path.write_bytes(data)
    with pytest.raises(JournalError, match="record damaged, sound ones follow"):
        keys_of(SegmentReading(path))


DAMAGED = int(os.environ.get("FIXLANE_DAMAGES", "40")) // 2


def hurt_keys(files: list[Path], source: random.Random) -> None:
    """Change, cut, swap, copy or delete files of keys."""
    one, two = source.choice(files), source.choice(files)
    data, other = one.read_bytes(), two.read_bytes()
    at = source.randrange(len(data))
    size = source.choice((1, 8, 512, 4096))
    noise = source.choice((bytes(size), source.randbytes(size), other[at : at + size]))
    changed = [data[:at] + noise + data[at + size :], data[:at], other, data + noise, b""]
    one.write_bytes(source.choice(changed))
    if source.random() < 0.2:
        two.write_bytes(data)
    if source.random() < 0.2:
        source.choice(files).unlink()


def test_no_damage_of_files_of_keys_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = traded(tmp_path / "sound", monkeypatch=monkeypatch)
    for number in (3, 400, 700):
        late(desk, number)
    desk.journal.close()
    archived(tmp_path / "sound")
    whole, told = brought_back(tmp_path / "sound")
    assert told == []
    hurt = tmp_path / "hurt"
    shutil.copytree(tmp_path / "sound", hurt)
    named = 0
    for number in range(DAMAGED):
        hurt_keys(sorted(hurt.glob("*.keys")), random.Random(number))
        found, said = brought_back(hurt)
        named += bool(said)
        assert found == whole, number
        for file in (tmp_path / "sound").glob("*.keys"):
            shutil.copy(file, hurt)
    print(f"{DAMAGED} damages: {named} named, none changed what a start brings back")
    assert named > DAMAGED / 3
