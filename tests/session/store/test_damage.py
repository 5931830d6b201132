"""A store damaged in every way: opening it or reading it names what was hurt, or nothing is different.

`FIXLANE_DAMAGES=500` for all of them, `FIXLANE_SEED` for others; a failure names its seed.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import SessionError
from engine.session.store.file_store import FileStore

DAMAGED = int(os.environ.get("FIXLANE_DAMAGES", "60"))
SEED = int(os.environ.get("FIXLANE_SEED", "1"))
SEGMENT, PAGE = 4096 * 2, 4096
Damage = Callable[[Path, random.Random, Path], None]


def written(folder: Path, count: int, sender: str) -> None:
    """A run of `count` messages behind one of ten, in several segments."""
    store = FileStore(folder, "S", 77, segment_size=SEGMENT)
    for number in range(1, 11):
        store.append(number, b"8=FIX.4.4|49=%s|34=%d|" % (sender.encode(), number))
    store.reset(78)
    for number in range(1, count + 1):
        store.append(number, b"8=FIX.4.4|49=%s|34=%d|" % (sender.encode(), number) + b"x" * (number * 7 % 190))
        store.prepare()
        store.set_next_in(number + 5)
    store.close()


def files(folder: Path) -> list[Path]:
    """Return what opening the store reads."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".head", ".log"))


def content(folder: Path) -> object:
    store = FileStore(folder, "S", 77, segment_size=SEGMENT)
    try:
        return store.next_in, store.next_out, list(store.messages(1, store.next_out))
    finally:
        store.close()


def edit(path: Path, source: random.Random, change: Callable[[bytes, int], bytes]) -> None:
    data = path.read_bytes()
    path.write_bytes(change(data, source.randrange(max(len(data.rstrip(b"\0")), 1))))


def flip(folder: Path, source: random.Random, other: Path) -> None:
    bit = 1 << source.randrange(8)
    edit(source.choice(files(folder)), source, lambda d, at: d[:at] + bytes([d[at] ^ bit]) + d[at + 1 :])


def blank(folder: Path, source: random.Random, other: Path) -> None:
    size = source.choice((1, 8, 64, 512, PAGE))
    edit(source.choice(files(folder)), source, lambda d, at: (d[:at] + bytes(size) + d[at + size :])[: len(d)])


def zeros_to_the_end(folder: Path, source: random.Random, other: Path) -> None:
    edit(source.choice(files(folder)), source, lambda d, at: d[:at] + bytes(len(d) - at))


def cut(folder: Path, source: random.Random, other: Path) -> None:
    edit(source.choice(files(folder)), source, lambda d, at: d[:at])


def page(folder: Path, source: random.Random, other: Path) -> None:
    noise = source.choice((bytes(PAGE), source.randbytes(PAGE)))
    edit(source.choice(files(folder)), source, lambda d, at: d[: at & -PAGE] + noise + d[(at & -PAGE) + PAGE :])


def copy_a_part(folder: Path, source: random.Random, other: Path) -> None:
    taken = source.choice(files(source.choice((folder, other)))).read_bytes()
    begin = source.randrange(len(taken)) & -8
    part = taken[begin : begin + source.choice((64, 512, PAGE))]
    edit(
        source.choice(files(folder)), source, lambda d, at: (d[: at & -8] + part + d[(at & -8) + len(part) :])[: len(d)]
    )


def swap(folder: Path, source: random.Random, other: Path) -> None:
    one, two = source.choice(files(folder)), source.choice(files(folder))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def copy_a_file(folder: Path, source: random.Random, other: Path) -> None:
    found = files(folder)
    source.choice(found).write_bytes(source.choice(found).read_bytes())


def delete(folder: Path, source: random.Random, other: Path) -> None:
    found = files(folder)
    for path in source.sample(found, source.randint(1, len(found) - 1)):
        path.unlink()


def take_from_another(folder: Path, source: random.Random, other: Path) -> None:
    """Let files of a store of the same name stand in place of ours: all but one."""
    names = [path.name for path in files(folder) if (other / path.name).exists()]
    for name in source.sample(names, source.randint(1, max(len(names) - 1, 1))):
        shutil.copy(other / name, folder / name)


def rename(folder: Path, source: random.Random, other: Path) -> None:
    path = source.choice(files(folder))
    path.rename(path.with_name(f"S.{source.randint(1, 3)}.{source.randint(0, 9)}.log"))


ALL: list[Damage] = [
    flip, blank, zeros_to_the_end, cut, page, copy_a_part, swap, copy_a_file, delete, take_from_another, rename,
]  # fmt: skip


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("stores")
    written(place / "sound", 220, "US")
    written(place / "other", 260, "THEM")
    return place / "sound", place / "other"


def test_no_damage_of_a_store_is_silent(stores: tuple[Path, Path], tmp_path: Path) -> None:
    sound, other = stores
    shutil.copytree(sound, tmp_path / "whole")
    whole = content(tmp_path / "whole")
    silent: list[str] = []
    named = 0
    for number in range(DAMAGED):
        seed = f"{SEED}-{number}"
        source = random.Random(seed)
        damage = ALL[number % len(ALL)]
        hurt = tmp_path / "hurt"
        shutil.copytree(sound, hurt)
        damage(hurt, source, other)
        try:
            found = content(hurt)
        except SessionError as error:
            named += 1
            assert "S." in str(error)
        else:
            if found != whole:
                silent.append(f"{damage.__name__}, seed {seed}")
        shutil.rmtree(hurt)
    print(f"{DAMAGED} damages from seed {SEED}: {named} named, {len(silent)} silent")
    assert silent == []
    assert named > DAMAGED / 2
