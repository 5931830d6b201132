"""The engine's log where its file cannot be written: told once, and nothing else suffers."""

import logging
import shutil
from pathlib import Path

import pytest

from engine.runtime import log


def lines(count: int, listener: log.Listener) -> None:
    for number in range(count):
        logging.getLogger(log.LOGGER).warning("line %d", number)
    listener.flush(5)


def test_s2_full_disk_is_told_once_and_ends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    listener = log.start("info", Path("/dev/full"))
    lines(20, listener)
    listener.stop()
    told = capfd.readouterr().err
    assert told.count("log.file: /dev/full cannot be written: ") == 1
    assert "Traceback" not in told


def test_s13_log_whose_folder_is_gone_goes_on_when_it_is_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    listener = log.start("info", folder / "engine.log")
    lines(1, listener)
    shutil.rmtree(folder)
    lines(5, listener)
    folder.mkdir()
    lines(2, listener)
    listener.stop()
    assert len((folder / "engine.log").read_text().splitlines()) == 2
    assert capfd.readouterr().err.count("cannot be written") == 1
