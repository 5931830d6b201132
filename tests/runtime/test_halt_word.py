"""The halt word: what its file says to whom, from one start to the next, and when it is damaged."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtime._halt_page import FREE_WORD, REDUCE_WORD
from engine.runtime.halt_word import FILE, FREE, HALT, REDUCE_ONLY, SharedHaltWord, Word, pack, read, write
from engine.runtime.person import Person, the_engine

NOW = 1_795_000_000 * 10**9
ALICE = Person(1_000, 77, "alice")


@pytest.fixture
def word(tmp_path: Path) -> SharedHaltWord:
    return SharedHaltWord(tmp_path, lambda: NOW)


def halted(reason: str, person: Person = ALICE) -> Word:
    return Word(HALT, NOW, person, reason)


def test_missing_word_is_made_free_for_its_owner_alone(word: SharedHaltWord, tmp_path: Path) -> None:
    assert (word.word.state, word.page.value(), word.news()) == (FREE, FREE_WORD, None)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / FILE).stat().st_size == 512


def test_o7_word_that_was_set_is_found_at_the_next_start(word: SharedHaltWord, tmp_path: Path) -> None:
    word.set(halted("fire"))
    assert SharedHaltWord(tmp_path, lambda: NOW + 1).word == halted("fire")
    assert read(tmp_path) == halted("fire")
    assert halted("fire").advice == (
        "halted by alice (uid 1000, pid 77) at 2026-11-18 11:06:40 UTC: fire; resume with `fixlane resume`"
    )


@pytest.mark.parametrize(("state", "value"), [(HALT, None), (REDUCE_ONLY, REDUCE_WORD), (FREE, FREE_WORD)])
def test_word_of_another_writer_is_on_the_page_at_once_and_news_once(
    word: SharedHaltWord, tmp_path: Path, state: int, value: int | None
) -> None:
    write(tmp_path / FILE, Word(state, NOW + 5, ALICE, "fire"))
    if value is None:
        assert word.page.value() not in (FREE_WORD, REDUCE_WORD)
    else:
        assert word.page.value() == value
    assert word.news() == Word(state, NOW + 5, ALICE, "fire")
    assert word.news() is None


def test_texts_that_are_too_long_lose_their_end_and_no_letter_is_cut() -> None:
    person = Person(1, 2, "ü" * 40)
    assert len(pack(Word(HALT, NOW, person, "€" * 500))) == 512


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: os.truncate(path, 0),
    "short": lambda path: os.truncate(path, 6),
    "cut behind the state": lambda path: os.truncate(path, 10),
    "long": lambda path: os.truncate(path, 600),
    "zeros": lambda path: path.write_bytes(bytes(512)),
    "ones": lambda path: path.write_bytes(b"\xff" * 512),
    "digit": lambda path: path.write_text("0\n"),
    "state 3": lambda path: path.write_bytes(b"\3" + path.read_bytes()[1:]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_word_says_halt_and_why_at_the_next_start(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    SharedHaltWord(tmp_path, lambda: NOW)
    damage(tmp_path / FILE)
    found = read(tmp_path)
    assert found is not None
    assert (found.state, "is damaged: " in found.reason) == (HALT, True)
    word = SharedHaltWord(tmp_path, lambda: NOW)
    assert word.word == halted(found.reason, the_engine())
    assert read(tmp_path) == word.word  # in order again, and still a halt


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_word_that_is_damaged_while_it_is_read_halts(
    word: SharedHaltWord, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(tmp_path / FILE)
    if damage not in (DAMAGES["long"], DAMAGES["cut behind the state"]):
        assert word.page.value() not in (FREE_WORD, REDUCE_WORD)  # an empty file would be a SIGBUS without the guard
    news = word.news()
    assert news is not None
    assert (news.state, "is damaged: " in news.reason) == (HALT, True)
    word.set(Word(FREE, NOW, ALICE, "mended"))
    assert (word.page.value(), word.news(), read(tmp_path)) == (FREE_WORD, None, word.word)
    write(tmp_path / FILE, halted("again"))
    assert word.page.value() != FREE_WORD


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_word_whose_file_is_gone_halts_and_is_made_anew(word: SharedHaltWord, tmp_path: Path, how: str) -> None:
    path = tmp_path / FILE
    if how == "removed":
        path.unlink()
    else:
        write(tmp_path / "other", Word(FREE, NOW, ALICE, "a copy"))
        (tmp_path / "other").rename(path)
    news = word.news()
    assert news == halted(f"{path} was removed or replaced while the engine ran", the_engine())
    assert read(tmp_path) == news
    word.set(Word(FREE, NOW, ALICE, "fine"))
    write(path, halted("fire"))
    assert (word.news(), word.page.value() == FREE_WORD) == (halted("fire"), False)


def test_word_whose_directory_is_gone_halts_once(word: SharedHaltWord, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()
    tmp_path.rename(tmp_path.parent / "elsewhere")
    news = word.news()
    assert news is not None
    assert (news.state, "cannot be read: " in news.reason) == (HALT, True)
    assert word.news() is None


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "fifo"])
def test_word_that_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / FILE)
    with pytest.raises(OSError):
        SharedHaltWord(tmp_path, lambda: NOW)


def test_bus_error_elsewhere_still_ends_a_process(tmp_path: Path) -> None:
    program = """
import mmap, pathlib, os, sys
from engine.runtime.halt_word import SharedHaltWord
word = SharedHaltWord(pathlib.Path(sys.argv[1]), lambda: 1)
path = sys.argv[1] + "/other"
pathlib.Path(path).write_bytes(b"x" * 4096)
with open(path, "r+b") as file:
    page = mmap.mmap(file.fileno(), 4096)
    os.truncate(path, 0)
    page[0]
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True)
    assert done.returncode == -7
