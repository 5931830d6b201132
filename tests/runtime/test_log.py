"""The log: one line of JSON a record, written by another thread, and nothing lost at the end."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from logging import LogRecord
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.runtime import log
from engine.runtime.log import JsonFormatter


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
