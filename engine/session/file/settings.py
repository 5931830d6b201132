"""FIX session files, QuickFIX's own `.cfg` format: read, checked as a whole, written back.

Shapes  keys ignore case and are kept in the spelling of `keys`; values are text, read by typed accessors, with what
        the environment holds already in them.
Errors  ConfigError that lists every problem of the file, each as `file:line: [SECTION] Key: what; what to do`.
Source  QuickFIX configuration page; FIX 4.4 volume 2 for what identifies a session.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from engine.errors import ConfigError
from engine.session.file.dictionaries import find_dictionary
from engine.session.file.judging import Entry, Judge
from engine.session.file.keys import DICTIONARY, FILE, FOLDER, KeyKind, known
from engine.session.file.source import read_source

_logger = logging.getLogger(__name__)
_IDENTITY = ("BeginString", "SenderCompID", "TargetCompID")
_PATHS = (DICTIONARY, FILE, FOLDER)


class SessionSettings:
    """One session of a file, defaults merged in and paths resolved; immutable."""

    __slots__ = ("file", "values", "written")

    def __init__(self, file: Path, values: Mapping[str, str], written: Mapping[str, str] | None = None) -> None:
        """`written` holds the texts of values that come from the environment, for where these must not be shown."""
        self.file = file
        self.values = MappingProxyType(dict(values))
        self.written = MappingProxyType(dict(written or {}))

    @property
    def name(self) -> str:
        """The session's identity as QuickFIX writes it: `FIX.4.4:SENDER->TARGET`."""
        qualifier = self.text("SessionQualifier")
        name = f"{self.text('BeginString')}:{self.text('SenderCompID')}->{self.text('TargetCompID')}"
        return f"{name}:{qualifier}" if qualifier else name

    @property
    def is_initiator(self) -> bool:
        """Whether ConnectionType says initiator."""
        return self.text("ConnectionType") == "initiator"

    def text(self, key: str, default: str = "") -> str:
        """Return the value as it stands in the file, trimmed."""
        return self.values.get(key, default)

    def integer(self, key: str, default: int = 0) -> int:
        """Return the value of a key that is a whole number."""
        return int(self.values.get(key, default))

    def flag(self, key: str, default: bool = False) -> bool:
        """Return the value of a key that is Y or N."""
        return self.values.get(key, "Y" if default else "N") == "Y"

    def path(self, key: str) -> Path | None:
        """Return the value of a key that names a file or folder, None without one."""
        value = self.values.get(key)
        return Path(value) if value else None

    def shown(self, key: str) -> str:
        """Return a value as it may stand in an error: by its variables where it comes from the environment."""
        return self.written.get(key, self.text(key))

    def endpoints(self) -> list[tuple[str, int]]:
        """Return the peer's addresses in the order they are tried."""
        numbers = [key.removeprefix("SocketConnectHost") for key in self.values if key.startswith("SocketConnectHost")]
        numbers.sort(key=lambda number: int(number or 0))
        return [(self.text(f"SocketConnectHost{n}"), self.integer(f"SocketConnectPort{n}")) for n in numbers]

    def logon_tags(self) -> list[tuple[int, str]]:
        """Return the extra Logon fields that LogonTag, LogonTag1, ... ask for."""
        fields = [value.split("=", 1) for key, value in self.values.items() if key.startswith("LogonTag")]
        return [(int(tag), value) for tag, value in fields]

    def secret_tags(self) -> frozenset[int]:
        """Return the tags of Logon whose values come from the environment, for logs to leave them out."""
        hidden = (self.values[key] for key in self.written if key.startswith("LogonTag") and key in self.values)
        return frozenset(int(value.split("=", 1)[0]) for value in hidden)

    def replaced(self, overrides: Mapping[str, object]) -> "SessionSettings":
        """Return these settings with other values for the keys in `overrides`; None removes a key."""
        values, written = dict(self.values), dict(self.written)
        for name, value in overrides.items():
            key = known(name)
            spelled = key.name if key is not None else name
            values.pop(spelled, None)
            written.pop(spelled, None)
            if value is not None:
                values[spelled] = str(value)
        return SessionSettings(self.file, values, written)

    def as_written(self) -> dict[str, str]:
        """Return the values as text for a file: paths resolved, and what comes from the environment by its name."""
        written = {key: text for key, text in self.written.items() if _kind(key) not in _PATHS}
        return {**self.values, **written}


class SessionFile(NamedTuple):
    """What a session file contains, and everything wrong or doubtful in it."""

    sessions: list[SessionSettings]
    problems: list[str]
    warnings: list[str]


def load_sessions(file: Path, state_dir: Path | None = None) -> list[SessionSettings]:
    """Return every session of `file`; raise ConfigError with all its problems. What is doubtful goes to the log."""
    found = read_session_file(file, state_dir)
    if found.problems:
        raise ConfigError("\n".join(found.problems))
    for text in found.warnings:
        _logger.warning("%s", text)
    return found.sessions


def load_session(file: Path, connection_type: str, state_dir: Path | None = None) -> SessionSettings:
    """Return the only session of `file` that is an initiator, or an acceptor, as `connection_type` says."""
    sessions = load_sessions(file, state_dir)
    found = [session for session in sessions if session.text("ConnectionType") == connection_type]
    if len(found) != 1:
        raise ConfigError(f"{file}: holds {len(found)} sessions with ConnectionType={connection_type}; leave one")
    return found[0]


def read_session_file(
    file: Path, state_dir: Path | None = None, environ: Mapping[str, str] = os.environ
) -> SessionFile:
    """Read `file` and check all of it; relative store and log folders are in `state_dir`, else beside the file.

    A value may name variables of `environ`, see `variables`.
    """
    try:
        source = read_source(file)
    except OSError as error:
        return SessionFile([], [f"{file}: cannot be read ({error}); name a QuickFIX session file"], [])
    judge = Judge(file, environ)
    sections = [judge.section(block) for block in source.blocks]
    defaults = next((section.entries for section in sections if section.name == "DEFAULT"), {})
    own = [section for section in sections if section.name == "SESSION"]
    if not own and not source.problems:
        judge.problem(f"{file}: has no [SESSION] section; add one for each session")
    sessions: list[SessionSettings] = []
    for section in own:
        entries = {**defaults, **section.entries}
        judge.whole(section, entries)
        session = _session(file, state_dir or file.parent, entries)
        if any(session.name == other.name for other in sessions):
            judge.problem(f"{section}: {session.name} is defined twice; remove one or give a SessionQualifier")
        sessions.append(session)
    return SessionFile(sessions, source.problems + judge.problems(is_whole=source.is_whole), judge.warnings())


def _session(file: Path, state_dir: Path, entries: Mapping[str, Entry]) -> SessionSettings:
    values = {key: entry.value for key, entry in entries.items()}
    written = {key: entry.written for key, entry in entries.items() if "${" in entry.written}
    return SessionSettings(file, _with_paths(file, state_dir, values), written)


def render(
    sessions: Iterable[SessionSettings], overrides: Mapping[str, object] | None = None, *, with_secrets: bool = False
) -> str:
    """Return QuickFIX text of `sessions`, paths resolved; `overrides` apply to each, None removes a key.

    What comes from the environment is named; `with_secrets` puts it in, for a text that never reaches a disk.
    """
    changed = [session.replaced(overrides or {}) for session in sessions]
    shown = [session.values if with_secrets else session.as_written() for session in changed]
    common = [key for key in shown[0] if all(values.get(key) == shown[0][key] for values in shown)]
    shared = [key for key in common if key not in _IDENTITY]  # QuickFIX reads socket options from [DEFAULT] alone
    lines = ["[DEFAULT]", *(f"{key}={shown[0][key]}" for key in shared)]
    for values in shown:
        lines += ["", "[SESSION]", *(f"{key}={value}" for key, value in values.items() if key not in shared)]
    return "\n".join(lines) + "\n"


def override(file: Path, **values: object) -> str:
    """Return the text of `file` with other values for some keys, and its paths resolved so that it can be moved."""
    return render(load_sessions(file), values)


def _with_paths(file: Path, state_dir: Path, values: dict[str, str]) -> dict[str, str]:
    """Return `values` with absolute paths."""
    resolved = dict(values)
    for name, value in values.items():
        kind = _kind(name)
        if kind is DICTIONARY:
            resolved[name] = str(find_dictionary(value, file.parent) or value)
        elif value and kind in (FILE, FOLDER):
            is_state = name.startswith(("FileStore", "FileLog"))
            resolved[name] = str(((state_dir if is_state else file.parent) / value).absolute())
    return resolved


def _kind(name: str) -> KeyKind | None:
    key = known(name)
    return None if key is None else key.kind
