"""A file beside the main job: it never raises, says once what it lost, and goes on when it can."""

import os
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.runtime.side_file import SideFile


class Told(list[str]):
    """What the operator was told."""


@pytest.fixture
def told() -> Told:
    return Told()


def test_lines_are_appended_in_order(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "a.log"
    for lines in ((b"one\n", b"two\n"), (b"three\n",)):
        file = SideFile(path, told.append)
        for line in lines:
            file.write(line)
        file.close()
    assert (path.read_bytes(), told) == (b"one\ntwo\nthree\n", [])
    assert path.stat().st_mode & 0o077 == 0


def test_lines_wait_until_they_are_flushed_or_too_many(tmp_path: Path, told: Told) -> None:
    file = SideFile(tmp_path / "a.log", told.append)
    file.write(b"x\n")
    assert (tmp_path / "a.log").read_bytes() == b""
    file.write(b"y" * 65_535 + b"\n")
    assert (tmp_path / "a.log").stat().st_size == 65_538
    file.close()


def test_full_disk_is_told_once_and_the_file_goes_on_when_there_is_room(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "a.log"
    path.symlink_to("/dev/full")
    file = SideFile(path, told.append)
    for number in range(5):
        file.write(b"%d\n" % number)
        file.flush()
    assert told == [f"{path} cannot be written, lines are lost: No space left on device"]
    path.unlink()
    file.write(b"room\n")
    file.close()
    assert told[1:] == [f"{path} is written again, 5 lines were lost"]
    assert path.read_bytes() == b"room\n"


def test_disk_that_takes_a_part_is_told_once_and_nothing_raises(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel takes seven bytes at a time, and after a hundred no more."""
    plain, taken = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        if taken[0] >= 100:
            raise OSError(27, "File too large")
        taken[0] += 7
        return plain(descriptor, data[:7])

    file = SideFile(tmp_path / "a.log", told.append)
    monkeypatch.setattr(os, "write", write)
    for _ in range(50):
        file.write(b"0123456789\n")
        file.flush()
    monkeypatch.undo()
    assert told == [f"{tmp_path / 'a.log'} cannot be written, lines are lost: File too large"]
    assert (tmp_path / "a.log").read_bytes().startswith(b"0123456789\n" * 7)
    file.close()


def test_renamed_or_deleted_file_is_begun_anew(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "a.log"
    file = SideFile(path, told.append)
    for line in (b"first\n", b"second\n", b"third\n"):
        file.write(line)
        file.flush()
        if line == b"first\n":
            path.rename(tmp_path / "a.log.1")
        elif line == b"second\n":
            path.unlink()
    file.close()
    assert ((tmp_path / "a.log.1").read_bytes(), path.read_bytes(), told) == (b"first\n", b"third\n", [])


def test_folder_that_is_gone_loses_lines_until_it_is_back(tmp_path: Path, told: Told) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    file = SideFile(folder / "a.log", told.append)
    (folder / "a.log").unlink()
    folder.rmdir()
    for _ in range(3):
        file.write(b"lost\n")
        file.flush()
    folder.mkdir()
    file.write(b"back\n")
    file.close()
    assert (folder / "a.log").read_bytes() == b"back\n"
    assert [text.rpartition(" ")[2] for text in told] == ["directory", "lost"]


def test_file_that_cannot_be_opened_is_a_configuration_error(tmp_path: Path, told: Told) -> None:
    with pytest.raises(ConfigError, match=r"logs/a\.log cannot be written: No such file or directory: choose another"):
        SideFile(tmp_path / "logs" / "a.log", told.append)
