"""Structured logging off the path: records go to a queue, one line of JSON each is written elsewhere.

Whatever the file does, be it a full disk, a folder that is gone or a pipe that nobody reads, costs lines and nothing
else; how many is told as soon as there is somebody to tell.

Shapes  {"time": UTC with milliseconds, "level": ..., "logger": ..., "message": ..., and the `extra` fields given}.
Errors  ConfigError at the start if the file cannot be written, none afterwards.
Bounds  `MOST_WAITING` records wait, of the engine's own twice as many; a message has `MOST_TEXT` characters.
Thread  any thread may log; one of its own writes. A file that was renamed is begun anew.
"""

import contextlib
import json
import logging
import os
import queue
import select
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Protocol, TypeAlias

from engine.errors import ConfigError
from engine.runtime.side_file import SideFile

LOGGER = "fixlane"
OURS = (LOGGER, "engine")  # the second for modules that log under their own name
LOGGERS = (*OURS, "")  # the last for a strategy's
LOUD = ("picows",)  # libraries of ours whose every step is no news, and may show what a request carries
MOST_WAITING = 10_000
MOST_TEXT = 16_384
STOP_S = 2.0  # for what is left to be written; a pipe that nobody reads would take for ever
LOOK_S = 1.0
Entry: TypeAlias = "logging.LogRecord | threading.Event | None"  # a record, who waits for those before it, or the end
_PLAIN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


class Target(Protocol):
    """Where lines go."""

    def write(self, line: bytes) -> None:
        """Take one line."""

    def flush(self) -> None:
        """Hand on what was taken."""

    def close(self) -> None:
        """Let go of the file."""


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        bare = json.dumps(line)
        for key, value in vars(record).items():
            if key not in _PLAIN:
                line[f"extra_{key}" if key in line else key] = value
        try:
            if record.exc_info:
                line["exception"] = self.formatException(record.exc_info)
            return json.dumps(line, default=str)
        except BaseException:  # a field of a strategy that no text can be made of: the message is worth more
            return bare


class Queued(QueueHandler):
    """Queues records with their exception, which the standard library's handler merges into the message."""

    def __init__(self, listener: "Listener") -> None:
        super().__init__(listener.records)
        self._listener = listener

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, if there is room."""
        self._listener.take(record)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Format the message now: the arguments may change before it is written."""
        text = _text(record)
        more = len(text) - MOST_TEXT
        record.msg, record.args = f"{text[:MOST_TEXT]} ({more} characters more)" if more > 0 else text, None
        return record


class Listener:
    """Writes what is queued; `stop` writes the rest and closes the file. `tell` takes words about what is lost."""

    def __init__(self, level: str) -> None:
        self.records: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        self.tell: Callable[[str], object] = say
        self._lock = threading.Lock()  # of how the loggers are set
        self._is_over = False
        self._level = logging.getLevelName(level.upper())
        self._handler = Queued(self)
        self._format = JsonFormatter().format
        self._left_out = 0
        self._looked_s = 0.0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        loggers = [logging.getLogger(name) for name in LOGGERS]
        self._former = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]

    def start(self, target: Target) -> None:
        """Take over the loggers and begin to write."""
        self._target = target
        for logger, *_ in self._former:
            logger.handlers = [self._handler]
            logger.setLevel(self._level)
            logger.propagate = False
        self._thread.start()

    def take(self, record: logging.LogRecord) -> None:
        """Queue a record, for any thread; what comes faster than the file takes it is counted."""
        is_ours = record.name.partition(".")[0] in OURS
        if self.records.qsize() < (2 * MOST_WAITING if is_ours else MOST_WAITING):
            self.records.put(record)
        else:
            self._left_out += 1

    def flush(self, seconds: float) -> None:
        """Return when everything that was logged before is written, or after so many seconds; for any thread."""
        mark = threading.Event()
        self.records.put(mark)
        mark.wait(seconds)

    def stop(self) -> None:
        """Leave the loggers as they were found, write what is queued as far as it is taken, and close the file."""
        with self._lock:
            self._is_over = True
            for logger, handlers, level, propagate in self._former:
                logger.handlers, logger.propagate = handlers, propagate
                logger.setLevel(level)
        self.records.put(None)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            say(f"the log is not taken: {self.records.qsize()} lines are lost")

    def _write_all(self) -> None:
        while True:
            try:
                entry = self.records.get(timeout=LOOK_S)
                if entry is None:
                    break
                self._write(entry)
            except queue.Empty:
                pass
            if time.monotonic() - self._looked_s >= LOOK_S:
                self._look()
        self._target.close()

    def _write(self, entry: "logging.LogRecord | threading.Event") -> None:
        if isinstance(entry, logging.LogRecord):
            self._target.write(self._format(entry).encode() + b"\n")
        if isinstance(entry, threading.Event) or self.records.empty():
            self._target.flush()
        if isinstance(entry, threading.Event):
            entry.set()

    def _look(self) -> None:
        """Tell what was left out, and what other code did to the loggers."""
        self._looked_s = time.monotonic()
        left_out, self._left_out = self._left_out, 0
        if left_out:
            self.tell(f"{left_out} lines were left out of the log: they came faster than they could be written")
        with self._lock:
            is_mended = not self._is_over and self._mend()
        if is_mended:
            self.tell("other code, such as the strategy, changed the loggers; they are again as configured")

    def _mend(self) -> bool:
        """Put right what other code did, such as `dictConfig`, which silences every logger; say whether it did."""
        loggers = [logging.getLogger(name) for name in LOGGERS]
        lost = [each for each in loggers if each.disabled or self._handler not in each.handlers]
        lost += [each for each in loggers if each.name in OURS and each.level != self._level]
        if not lost and not logging.root.manager.disable:
            return False
        logging.disable(logging.NOTSET)
        for logger in lost:
            logger.disabled = False
            if self._handler not in logger.handlers:
                logger.addHandler(self._handler)
            if logger.name in OURS:
                logger.setLevel(self._level)
        return True


class StandardError:
    """Standard error as it was at the start, also where somebody closes or replaces it later."""

    def __init__(self) -> None:
        try:
            self._descriptor = os.dup(2)
        except OSError:
            self._descriptor = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)

    def write(self, line: bytes) -> None:
        """Write a line at once; one that is not taken is lost, and there is nowhere else to say so."""
        with contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]

    def flush(self) -> None:
        """Do nothing: everything is written."""

    def close(self) -> None:
        """Let go of our copy."""
        os.close(self._descriptor)


def start(level: str, file: Path | None) -> Listener:
    """Send everything that the engine logs to `file`, or to standard error; stop the listener at the end."""
    listener = Listener(level)
    try:
        target = SideFile(file, lambda text: listener.tell(f"log.file: {text}"), 0o666) if file else StandardError()
    except ConfigError as error:
        raise ConfigError(f"log.file: {error}") from None
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    listener.start(target)
    return listener


def say(text: str) -> None:
    """Say something on standard error, unless nobody would take it now."""
    with contextlib.suppress(OSError):
        waiting = select.poll()
        waiting.register(2, select.POLLOUT)
        if any(event & select.POLLOUT for _, event in waiting.poll(0)):
            os.write(2, f"fixlane: {text}\n".encode(errors="replace"))


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # a slip of whoever logs: the words are worth more than their form
        with contextlib.suppress(Exception):
            return f"{record.msg!s} (not filled in: {type(error).__name__}: {error})"
    return f"a message of {record.pathname}:{record.lineno} that no text can be made of"
