"""Structured logging off the path: records go to a queue, one line of JSON each is written elsewhere.

Shapes  {"time": UTC with milliseconds, "level": ..., "logger": ..., "message": ..., and the `extra` fields given}.
Errors  ConfigError if the file cannot be written.
Thread  any thread may log; a listener thread of the standard library writes. A file that was renamed is begun anew.
"""

import contextlib
import json
import logging
import queue
import sys
import threading
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, WatchedFileHandler
from pathlib import Path
from typing import TypeAlias

from engine.errors import ConfigError

LOGGER = "fixlane"
LOGGERS = (LOGGER, "engine", "")  # the second for modules that log under their own name, the last for a strategy's
LOUD = ("picows",)  # libraries of ours whose every step is no news, and may show what a request carries
Entry: TypeAlias = "logging.LogRecord | threading.Event"  # a record, or who waits for those before it
_PLAIN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Queued(QueueHandler):
    """Queues records with their exception, which the standard library's handler merges into the message."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Format the message now: the arguments may change before it is written."""
        try:
            text = record.getMessage()
        except Exception as error:  # a slip of whoever logs: the words are worth more than their form
            text = f"{record.msg!s} (not filled in: {type(error).__name__}: {error})"
        record.msg, record.args = text, None
        return record


class LogFile(WatchedFileHandler):
    """Appends to a file. One that cannot be written is told once on standard error, and costs the engine nothing."""

    _is_failing = _is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; after a failure the next one is tried all the same."""
        self._is_failing = False
        try:
            super().emit(record)
        except OSError:  # of its folder, which is gone
            self.handleError(record)
        self._is_told = self._is_failing

    def handleError(self, record: logging.LogRecord) -> None:
        """Tell why a record is lost, if that is news."""
        self._is_failing = True
        if not self._is_told:
            text = f"log.file: {self.baseFilename} cannot be written: {sys.exc_info()[1]}; its lines are lost meanwhile"
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the file, whatever of it could not be written."""
        with contextlib.suppress(OSError):
            super().close()


class Listener(QueueListener):
    """Writes what is queued; `stop` writes the rest and closes the file."""

    def __init__(
        self, records: "queue.SimpleQueue[logging.LogRecord | threading.Event]", target: logging.Handler
    ) -> None:
        super().__init__(records, target)
        self.records = records
        loggers = [logging.getLogger(name) for name in LOGGERS]
        self._former = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]

    def flush(self, seconds: float) -> None:
        """Return when everything that was logged before is written, or after so many seconds; for any thread."""
        mark = threading.Event()
        self.records.put(mark)
        mark.wait(seconds)

    def handle(self, record: Entry) -> None:
        """Write a record, or let go of who waits for those before it."""
        if isinstance(record, threading.Event):
            record.set()
        else:
            super().handle(record)

    def stop(self) -> None:
        """Write what is queued, leave the loggers as they were found and close the file."""
        super().stop()
        for logger, handlers, level, propagate in self._former:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        for handler in self.handlers:
            handler.close()


def start(level: str, file: Path | None) -> Listener:
    """Send everything that the engine logs to `file`, or to standard error; stop the listener at the end."""
    try:
        target = LogFile(file) if file else logging.StreamHandler()
    except OSError as error:
        raise ConfigError(f"log.file: {file} cannot be written: {error.strerror}") from None
    target.setFormatter(JsonFormatter())
    records: queue.SimpleQueue[Entry] = queue.SimpleQueue()
    listener = Listener(records, target)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [Queued(records)]
        logger.setLevel(level.upper())
        logger.propagate = False
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    listener.start()
    return listener
