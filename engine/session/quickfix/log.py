"""QuickFIX's log of one session: counts messages, and writes files where FileLogPath asks for them.

Shapes  the files are QuickFIX's own: `NAME.messages.current.log` and `NAME.event.current.log`, `time : text`.
Errors  ConfigError for a file that cannot be opened; none afterwards, because an exception in a QuickFIX callback ends
        the process: lines that find no room are lost, and told.
Cost    0.5 us per round trip without files; with them each line is written at once.
Thread  the loop thread; secrets of a Logon never reach a file or logger.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import quickfix

from engine.codec.redaction import redact, secret_fields
from engine.runtime.audit import AuditSink, fix_record
from engine.runtime.side_file import SideFile

_logger = logging.getLogger(__name__)

# How QuickFIX's event for a message that it cannot read begins.
_GARBLED = ("Invalid message", "Could not parse message")


class SessionLog(quickfix.Log):
    """The log of one session; QuickFIX calls its `on...` methods.

    `incoming` is the message just read, as it came, until it is taken or an event shows that another is handled.
    """

    def __init__(
        self, name: str, folder: Path | None, secret_tags: Iterable[int] = (), audit: AuditSink | None = None
    ) -> None:
        super().__init__()
        self.thisown = False  # QuickFIX 1.16 corrupts memory when it takes a Python log over: it must not own it
        self.incoming = ""
        self.received = 0
        self.sent = 0
        self.garbled = 0
        self.reason = ""  # the last event that says why something ended
        self.refused = ""  # the message that the last event was about, as it came
        self.address = ""  # of the last attempt, in words
        self.on_garbled: Callable[[str], object] = lambda text: None
        self.on_event: Callable[[str], object] = lambda text: None
        self.on_connecting: Callable[[], None] = lambda: None
        self.on_attempt: Callable[[], str] = lambda: ""  # returns where it leads, where QuickFIX does not know
        self._secrets = secret_fields(secret_tags)
        self.protection = ""  # how the connection is protected, said when it is made
        self._name = name
        self._audit = audit
        self._messages: SideFile | None = None
        self._events: SideFile | None = None
        if folder is not None:
            stem = re.sub(r":|->", "-", name)
            self._messages = SideFile(folder / f"{stem}.messages.current.log", _logger.warning)
            self._events = SideFile(folder / f"{stem}.event.current.log", _logger.warning)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of messages received, sent, and not to be read."""
        return {"received": self.received, "sent": self.sent, "garbled": self.garbled}

    def onIncoming(self, text: str) -> None:
        """Count a message that was read."""
        self.received += 1
        self.incoming = text
        if self._messages is not None:
            self._write(self._messages, text)
        if self._audit is not None:
            self._record(self._audit, text, is_sent=False)

    def onOutgoing(self, text: str) -> None:
        """Count a message that is sent."""
        self.sent += 1
        if self._messages is not None:
            self._write(self._messages, text)
        if self._audit is not None:
            self._record(self._audit, text, is_sent=True)

    def onEvent(self, text: str) -> None:
        """Note an event of the session."""
        if self.incoming:
            self.refused = self.incoming
        self.incoming = ""  # a message that waited for a gap to close is announced by an event: it is not this one
        try:
            self._note(text)
        except BaseException:
            _logger.exception("%s: event lost", self._name)

    def clear(self) -> None:
        """Do nothing: the log is kept when a session begins again."""

    def backup(self) -> None:
        """Do nothing: files are not rotated here."""

    def take_incoming(self) -> str:
        """Return the raw message being handled, once; empty if it was read earlier."""
        text, self.incoming = self.incoming, ""
        return text

    def close(self) -> None:
        """Close the files."""
        for file in (self._messages, self._events):
            if file is not None:
                file.close()
        self._messages = self._events = None

    def _note(self, text: str) -> None:
        self.on_event(text)
        is_connecting = text.startswith("Connecting to ")
        if is_connecting and (place := self.on_attempt()):
            text = f"Connecting to {place} ({text.removeprefix('Connecting to ').partition(' (')[0]})"
        _logger.info("%s: %s", self._name, f"{text}, {self.protection}" if is_connecting else text)
        if text.startswith(_GARBLED):
            self.garbled += 1
            self.on_garbled(f"{self._name}: {text}")
        elif is_connecting:
            self.address, self.refused = text.removeprefix("Connecting to ").partition(" (")[0], ""
            self.on_connecting()
        elif text != "Disconnecting":
            self.reason = text
        if self._events is not None:
            self._write(self._events, text)

    def _record(self, audit: AuditSink, text: str, *, is_sent: bool) -> None:
        shown = redact(_bytes_of(text), self._secrets).replace(b"\x01", b"|").decode("latin-1")
        audit.write(fix_record(time.time_ns(), self._name, is_sent, shown))

    def _write(self, file: SideFile, text: str) -> None:
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime(seconds))
        shown = redact(_bytes_of(text), self._secrets)
        file.write(b"%b.%09d : %b\n" % (stamp.encode(), nanoseconds, shown))
        file.flush()


class LogFactory(quickfix.LogFactory):
    """Gives QuickFIX the log of the session."""

    def __init__(self, log: SessionLog) -> None:
        super().__init__()
        self._log = log

    def create(self, *_session_id: quickfix.SessionID) -> SessionLog:
        """Return the log."""
        return self._log

    def destroy(self, _log: quickfix.Log) -> None:
        """Do nothing: the session closes its log."""


def _bytes_of(text: str) -> bytes:
    """Return the bytes that were read; for a text that no bytes make, its letters in words."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # must not leave a callback
        return text.encode("utf-8", "backslashreplace")
