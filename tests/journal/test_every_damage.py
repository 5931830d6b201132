"""Runs written as the engine starts them, each with its snapshot, and damaged in every way: no silent change."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY, SELL
from engine.journal.directory import NEWEST
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.starts import start_of
from engine.journal.told import ReconcileStep, SessionEvent, SessionRecords, append_reconcile
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.journal.test_snapshot import Desk
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, open_order, state

TIMES = 40  # for each kind of damage and seed


def live(directory: Path, nonce: str, source: random.Random) -> None:
    """One run; half of them are killed, so that their files stay as the kernel has them."""
    desk = Desk(directory, nonce, size=2**13)
    for _ in range(source.randint(1, 40)):
        desk.trade(source.choice((BUY, SELL)), source.randint(1, 9), 4_200, source.choice((RAIN, SNOW)))
        if source.random() < 0.1:
            desk.journal.roll()
            desk.snapshots.take()
        if source.random() < 0.2:
            order = open_order(desk.orders, 5, 4_100)
            desk.journal.append_new(order, 1)
            made = ack(order, order_id=f"V-{order.cl_ord_id}")
            desk.orders.apply(made)
            desk.journal.append_report(made, 1)
        if desk.orders.opened % 5 == 0:
            append_reconcile(desk.journal, ReconcileStep("end", "account compared", result="clean"), 1)
            event = SessionEvent("gap", "US->PEER", "messages 3 to 5 are missing", desk.orders.opened, 3)
            SessionRecords(desk.journal).record(event, 1)
        desk.journal.prepare()
    saved = [(path, path.read_bytes()) for path in directory.iterdir()]
    desk.journal.close()
    if source.random() < 0.5:
        for path, data in saved:
            path.write_bytes(data)


def brought_back(directory: Path) -> tuple[object, list[str]]:
    """Return what a start finds, and what it says; it opens the journal as well, as a start does."""
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    recovered = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    Journal(directory, "N", INSTRUMENTS, 1, segment_bytes=2**13, open_count=recovered.open_count).close()
    held = [(each.net, each.cash, each.cost, each.fees) for each in portfolio]
    live = [(state(order), order.all_kept()) for order in orders.live()]
    return (held, live, orders.opened), recovered.dropped


def some(directory: Path, source: random.Random) -> Path:
    return source.choice(journal_paths(directory))


def change(path: Path, source: random.Random, edit: Callable[[bytes, int], bytes]) -> None:
    data = path.read_bytes()
    path.write_bytes(edit(data, source.randrange(max(len(data.rstrip(b"\0")), 1))))


def zeros_to_the_end(directory: Path, source: random.Random, other: Path) -> None:
    change(some(directory, source), source, lambda data, at: data[:at] + bytes(len(data) - at))


def blank(directory: Path, source: random.Random, other: Path) -> None:
    size = source.choice((1, 8, 64, 512, 4096))
    change(some(directory, source), source, lambda data, at: (data[:at] + bytes(size) + data[at + size :])[: len(data)])


def flip(directory: Path, source: random.Random, other: Path) -> None:
    bit = 1 << source.randrange(8)
    change(some(directory, source), source, lambda data, at: data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])


def cut(directory: Path, source: random.Random, other: Path) -> None:
    change(some(directory, source), source, lambda data, at: data[:at])


def copy_a_part(directory: Path, source: random.Random, other: Path) -> None:
    part = source.choice([some(directory, source), some(other, source)]).read_bytes()
    begin, size = source.randrange(len(part)) & -8, source.choice((64, 512, 4096))
    part = part[begin : begin + size]
    change(some(directory, source), source, lambda data, at: data[: at & -8] + part + data[(at & -8) + len(part) :])


def copy_a_segment(directory: Path, source: random.Random, other: Path) -> None:
    data = some(directory, source).read_bytes()
    some(directory, source).write_bytes(data)


def add_a_copy(directory: Path, source: random.Random, other: Path) -> None:
    path = some(directory, source)
    run, segment = int(path.name[:6]) + source.randint(0, 2), int(path.name[7:11]) + source.randint(0, 2)
    (directory / f"{run:06}-{segment:04}.journal").write_bytes(path.read_bytes())


def swap(directory: Path, source: random.Random, other: Path) -> None:
    one, two = some(directory, source), some(directory, source)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def rename(directory: Path, source: random.Random, other: Path) -> None:
    path = some(directory, source)
    path.rename(directory / f"{source.randint(1, 9):06}-{source.randint(1, 3):04}.journal")


def remove_some(directory: Path, source: random.Random, other: Path) -> None:
    for path in source.sample(found := journal_paths(directory), source.randint(1, max(len(found) - 1, 1))):
        path.unlink()


def remove_some_and_the_newest_name(directory: Path, source: random.Random, other: Path) -> None:
    remove_some(directory, source, other)
    (directory / NEWEST).unlink()


def mix_in_another(directory: Path, source: random.Random, other: Path) -> None:
    """Let segments of another journal stand in place of, or behind, ours."""
    names = [path.name for path in journal_paths(other)]
    for name in source.sample(names, source.randint(1, len(names))):
        shutil.copy(other / name, directory / name)


def put_its_last_in(directory: Path, source: random.Random, other: Path) -> None:
    """Let the other journal's snapshot stand where ours begins to be read."""
    for path in journal_paths(directory)[start_of(journal_paths(directory)) :]:
        if (other / path.name).exists():
            shutil.copy(other / path.name, path)


def hurt_the_newest_name(directory: Path, source: random.Random, other: Path) -> None:
    change(directory / NEWEST, source, source.choice((lambda d, at: d[:at], lambda d, at: d[:at] + b"9" + d[at + 1 :])))


def wrong_lock(directory: Path, source: random.Random, other: Path) -> None:
    (directory / "lock").write_bytes(bytes(source.randrange(256) for _ in range(99)))


DAMAGES = [
    zeros_to_the_end, blank, flip, cut, copy_a_part, copy_a_segment, add_a_copy, swap, rename, remove_some,
    remove_some_and_the_newest_name, mix_in_another, put_its_last_in, hurt_the_newest_name, wrong_lock,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("damage", DAMAGES)
def test_o12_no_damage_changes_silently_what_a_start_brings_back(
    tmp_path: Path, damage: Callable[[Path, random.Random, Path], None], seed: int
) -> None:
    source = random.Random(f"{damage.__name__}{seed}")
    sound, other = tmp_path / "sound", tmp_path / "other"
    for directory, nonce in ((sound, "R"), (other, "X")):
        for run in range(source.randint(2, 5)):
            live(directory, f"{nonce}{run}", source)
    shutil.copytree(sound, tmp_path / "whole")
    whole, _ = brought_back(tmp_path / "whole")
    silent, named, same = [], 0, 0
    for number in range(TIMES):
        hurt = tmp_path / f"hurt{number}"
        shutil.copytree(sound, hurt)
        damage(hurt, source, other)
        try:
            found, said = brought_back(hurt)
        except JournalError as error:
            named += 1
            assert str(hurt) in str(error)
            continue
        same += found == whole
        if found != whole and not said:
            silent.append(hurt)
    assert silent == []
    assert named or same
