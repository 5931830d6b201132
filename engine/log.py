"""Structured logging off the path: records go to a queue, one line of JSON each is written elsewhere.

Shapes  {"time": UTC with milliseconds, "level": ..., "logger": ..., "message": ..., and the `extra` fields given}.
Thread  any thread may log; a listener thread of the standard library writes.
"""

import json
import logging
import queue
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path

LOGGER = "fixlane"
_PLAIN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
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


def start(level: str, file: Path | None) -> QueueListener:
    """Send everything logged under `fixlane` to `file`, or to standard error; stop the listener at the end."""
    target = logging.FileHandler(file) if file else logging.StreamHandler()
    target.setFormatter(JsonFormatter())
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    logger = logging.getLogger(LOGGER)
    logger.handlers = [QueueHandler(records)]
    logger.setLevel(level.upper())
    logger.propagate = False
    listener = QueueListener(records, target)
    listener.start()
    return listener
