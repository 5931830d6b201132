"""The log: one line of JSON a record, written by another thread, and nothing lost at the end."""

import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from logging import LogRecord
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.runtime import log
from engine.runtime.log import JsonFormatter

Capture = pytest.CaptureFixture[str]


def written(tmp_path: Path, act: Callable[[], object], level: str = "info") -> list[dict[str, str]]:
    """Log with `act`, stop, and return the lines."""
    file = tmp_path / "engine.log"
    listener = log.start(level, file)
    try:
        act()
    finally:
        listener.stop()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_record_is_a_line_of_json_with_its_extra_fields(tmp_path: Path) -> None:
    (line,) = written(
        tmp_path, lambda: logging.getLogger("fixlane").warning("HALT: %s\nnow", "fire", extra={"cl_ord_id": "T-1"})
    )
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {"level": "warning", "logger": "fixlane", "message": "HALT: fire\nnow", "cl_ord_id": "T-1"}


def test_records_of_the_modules_own_loggers_are_written_too(tmp_path: Path) -> None:
    lines = written(tmp_path, lambda: logging.getLogger("engine.session.native.initiator").error("garbled"))
    assert [(line["logger"], line["message"]) for line in lines] == [("engine.session.native.initiator", "garbled")]


def test_level_holds_back_what_is_below_it(tmp_path: Path) -> None:
    logger = logging.getLogger("fixlane")

    def say() -> None:
        logger.info("quiet")
        logger.warning("loud")

    lines = written(tmp_path, say, "warning")
    assert [line["message"] for line in lines] == ["loud"]


def test_record_is_written_once_whatever_else_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = written(tmp_path, lambda: logging.getLogger("fixlane").warning("once"))
    assert (len(lines), caplog.records) == (1, [])


def test_exception_stands_beside_its_message(tmp_path: Path) -> None:
    def fail() -> None:
        try:
            raise KeyError("plan")
        except KeyError:
            logging.getLogger("fixlane").exception("no %s", "plan")

    (line,) = written(tmp_path, fail)
    assert line["message"] == "no plan"
    assert line["exception"].endswith("KeyError: 'plan'")


def test_logging_thread_never_formats_or_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    format = log.JsonFormatter.format

    def spied(self: JsonFormatter, record: LogRecord) -> str:
        threads.append(threading.current_thread())
        return format(self, record)

    monkeypatch.setattr(log.JsonFormatter, "format", spied)
    written(tmp_path, lambda: logging.getLogger("fixlane").info("hello"))
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


def test_everything_logged_before_stop_is_written_and_nothing_after(tmp_path: Path) -> None:
    logger = logging.getLogger("fixlane")

    def say() -> None:
        for number in range(1_000):
            logger.info("%d", number)

    lines = written(tmp_path, say)
    assert [line["message"] for line in lines] == [str(number) for number in range(1_000)]
    assert logger.handlers == []


def test_file_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="log.file: .*absent/engine.log cannot be written: No such file"):
        log.start("info", tmp_path / "absent" / "engine.log")


def test_o29_log_whose_folder_is_gone_is_told_and_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    told: list[str] = []
    listener = log.start("info", folder / "engine.log")
    listener.tell = told.append
    try:
        (folder / "engine.log").unlink()
        folder.rmdir()
        logging.getLogger("fixlane").info("lost")
        listener.flush(5)
        folder.mkdir()
        logging.getLogger("fixlane").info("there")
        listener.flush(5)
    finally:
        listener.stop()
    assert [json.loads(line)["message"] for line in (folder / "engine.log").read_text().splitlines()] == ["there"]
    assert [each.partition("engine.log ")[2] for each in told] == [
        "cannot be written, lines are lost: No such file or directory",
        "is written again, 1 lines were lost",
    ]


class Held:
    """A target that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.is_free = threading.Event()

    def write(self, line: bytes) -> None:
        self.is_free.wait()
        self.lines.append(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_o29_log_that_nobody_takes_holds_up_no_end(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    monkeypatch.setattr(log, "STOP_S", 0.05)
    listener, target = log.Listener("info"), Held()
    listener.start(target)
    logging.getLogger("fixlane").info("never read")
    listener.stop()
    assert "the log is not taken" in capfd.readouterr().err
    target.is_free.set()


def test_o26_wild_logging_is_bounded_and_the_engines_own_lines_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_WAITING", 10)
    told: list[str] = []
    listener, target = log.Listener("info"), Held()
    listener.tell = told.append
    listener.start(target)
    for number in range(50):
        logging.getLogger("a_strategy").info("wild %d", number)
    logging.getLogger("fixlane").error("HALT")
    target.is_free.set()
    listener.flush(5)
    listener.stop()
    lines = [json.loads(line)["message"] for line in target.lines]
    assert lines[-1] == "HALT"
    assert 11 <= len(lines) <= 12
    assert told == [f"{51 - len(lines)} lines were left out of the log: they came faster than they could be written"]


def test_o26_loggers_that_other_code_silenced_log_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LOOK_S", 0.02)
    told = threading.Event()
    file = tmp_path / "engine.log"
    listener = log.start("info", file)
    listener.tell = lambda text: told.set()
    loggers = [logging.getLogger(name) for name in log.LOGGERS]
    try:
        loggers[0].disabled = True  # as dictConfig does
        loggers[1].setLevel("CRITICAL")
        loggers[2].handlers = []  # as basicConfig(force=True) does
        logging.disable(logging.CRITICAL)
        assert told.wait(5)
        for logger in loggers:
            logger.warning("heard")
    finally:
        listener.stop()
    assert len(file.read_text().splitlines()) == 3


class NoText:
    """What no text can be made of."""

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


def test_o26_what_no_text_can_be_made_of_costs_no_line(tmp_path: Path) -> None:
    def say() -> None:
        logger = logging.getLogger("a_strategy")
        logger.info(NoText())
        logger.info("kept", extra={"odd": NoText()})
        logger.info("named", extra={"level": "mine"})
        logger.info("x" * 20_000)

    lines = written(tmp_path, say)
    assert "that no text can be made of" in lines[0]["message"]
    assert lines[1]["message"] == "kept"
    assert (lines[2]["level"], lines[2]["extra_level"]) == ("info", "mine")
    assert lines[3]["message"].endswith("x (3616 characters more)")


def test_o26_standard_error_that_was_closed_later_still_gets_the_log(capfd: Capture) -> None:
    listener = log.start("info", None)
    kept = os.dup(2)
    os.close(2)
    try:
        logging.getLogger("fixlane").info("heard")
        listener.stop()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert '"heard"' in capfd.readouterr().err
