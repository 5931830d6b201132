"""A journal of forty runs, damaged in every way: a start or `verify` names what was hurt, or nothing is different.

`FIXLANE_DAMAGES=1000` for all of them, `FIXLANE_SEED` for others; a failure names its seed.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.errors import JournalError
from engine.journal.archive import compress
from engine.journal.reader import read_all
from engine.journal.segments import journal_paths
from engine.journal.starts import old_segments
from engine.journal.view.verify import verify
from tests.journal.test_every_damage import DAMAGES, brought_back, change, live, some

RUNS = 40
DAMAGED = int(os.environ.get("FIXLANE_DAMAGES", "40"))
SEED = int(os.environ.get("FIXLANE_SEED", "1"))
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # thousands of files
PAGE = 4096
Damage = Callable[[Path, random.Random, Path], None]


def zero_a_page(directory: Path, source: random.Random, other: Path) -> None:
    change(some(directory, source), source, lambda data, at: _page(data, at, bytes(PAGE)))


def noise_in_a_page(directory: Path, source: random.Random, other: Path) -> None:
    change(some(directory, source), source, lambda data, at: _page(data, at, source.randbytes(PAGE)))


def swap_pages(directory: Path, source: random.Random, other: Path) -> None:
    """Let two pages of one file, or of two, stand in each other's place."""
    one, two = some(directory, source), some(directory, source)
    first, second = one.read_bytes(), two.read_bytes()
    here, there = source.randrange(len(first)) & -PAGE, source.randrange(len(second)) & -PAGE
    if one == two:
        both = _page(_page(first, here, first[there : there + PAGE]), there, first[here : here + PAGE])
        one.write_bytes(both)
        return
    one.write_bytes(_page(first, here, second[there : there + PAGE]))
    two.write_bytes(_page(second, there, first[here : here + PAGE]))


def turn_round(directory: Path, source: random.Random, other: Path) -> None:
    """Let some segments in a row stand in the reverse order."""
    paths = journal_paths(directory)
    begin = source.randrange(len(paths) - 1)
    part = paths[begin : begin + source.randint(2, 6)]
    contents = [path.read_bytes() for path in part]
    for path, content in zip(part, reversed(contents), strict=True):
        path.write_bytes(content)


def _page(data: bytes, at: int, page: bytes) -> bytes:
    begin = at & -PAGE
    return (data[:begin] + page + data[begin + PAGE :])[: len(data)]


ALL: list[Damage] = [*DAMAGES, zero_a_page, noise_in_a_page, swap_pages, turn_round]


@pytest.fixture(scope="module")
def forty() -> Iterator[tuple[Path, Path]]:
    """Forty runs, the old ones compressed, and a few of another journal."""
    with TemporaryDirectory(dir=IN_MEMORY) as name:
        yield _written(Path(name))


def _written(place: Path) -> tuple[Path, Path]:
    source = random.Random(SEED)
    for name, runs in (("sound", RUNS), ("other", 6)):
        for run in range(runs):
            live(place / name, f"{name[0].upper()}{run}", source)
    for path in old_segments(place / "sound")[::2]:
        compress(path)
    return place / "sound", place / "other"


def content(directory: Path) -> list[tuple[object, ...]]:
    """Return every record of every segment."""
    paths = journal_paths(directory)
    return [(each.path.name[:19], *each[:4]) for each in read_all(paths, is_known_before=True)]


def outcome(directory: Path) -> tuple[object, bool]:
    """Return what a start and a reader find, and whether either names damage."""
    try:
        verify_lines = list(verify(directory))
        records = content(directory)
        found, said = brought_back(directory)
    except JournalError as error:
        assert str(directory) in str(error)
        return None, True
    return (found, records), bool(said) or len(verify_lines) > 1


def test_no_damage_of_forty_runs_is_silent(forty: tuple[Path, Path]) -> None:
    sound, other = forty
    tmp_path = sound.parent
    shutil.copytree(sound, tmp_path / "whole")
    whole, was_said = outcome(tmp_path / "whole")
    silent: list[str] = []
    named = 0
    for number in range(DAMAGED):
        seed = f"{SEED}-{number}"
        source = random.Random(seed)
        damage = ALL[number % len(ALL)]
        hurt = tmp_path / "hurt"
        shutil.copytree(sound, hurt)
        damage(hurt, source, other)
        found, is_said = outcome(hurt)
        named += found is None or is_said != was_said
        if found is not None and found != whole and is_said == was_said:
            silent.append(f"{damage.__name__}, seed {seed}")
        shutil.rmtree(hurt)
    print(f"{DAMAGED} damages from seed {SEED}: {named} named, {len(silent)} silent")
    assert silent == []
    assert named > DAMAGED / 2
