"""FIX session files, QuickFIX's own `.cfg` format: read, checked as a whole, written back.

Shapes  keys ignore case and are kept in the spelling of `keys`; values are text, read by typed accessors.
Errors  ConfigError that lists every problem of the file, each as `file:line: [SECTION] Key: what; what to do`.
Source  QuickFIX configuration page; FIX 4.4 volume 2 for what identifies a session.
"""

import difflib
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from engine.errors import ConfigError
from engine.session.file.dictionaries import find_dictionary, wrong_version
from engine.session.file.keys import DICTIONARY, FILE, FOLDER, KEYS, is_database, known

_logger = logging.getLogger(__name__)
_IDENTITY = ("BeginString", "SenderCompID", "TargetCompID")


class SessionSettings:
    """One session of a file, defaults merged in and paths resolved; immutable."""

    __slots__ = ("file", "values")

    def __init__(self, file: Path, values: Mapping[str, str]) -> None:
        self.file = file
        self.values = MappingProxyType(dict(values))

    @property
    def name(self) -> str:
        """The session's identity as QuickFIX writes it: `FIX.4.4:SENDER->TARGET`."""
        qualifier = self.text("SessionQualifier")
        name = f"{self.text('BeginString')}:{self.text('SenderCompID')}->{self.text('TargetCompID')}"
        return f"{name}:{qualifier}" if qualifier else name

    @property
    def is_initiator(self) -> bool:
        return self.text("ConnectionType") == "initiator"

    def text(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)

    def integer(self, key: str, default: int = 0) -> int:
        return int(self.values.get(key, default))

    def flag(self, key: str, default: bool = False) -> bool:
        return self.values.get(key, "Y" if default else "N") == "Y"

    def path(self, key: str) -> Path | None:
        value = self.values.get(key)
        return Path(value) if value else None

    def endpoints(self) -> list[tuple[str, int]]:
        """Return the peer's addresses in the order they are tried."""
        numbers = [key.removeprefix("SocketConnectHost") for key in self.values if key.startswith("SocketConnectHost")]
        numbers.sort(key=lambda number: int(number or 0))
        return [(self.text(f"SocketConnectHost{n}"), self.integer(f"SocketConnectPort{n}")) for n in numbers]

    def logon_tags(self) -> list[tuple[int, str]]:
        """Return the extra Logon fields that LogonTag, LogonTag1, ... ask for."""
        fields = [value.split("=", 1) for key, value in self.values.items() if key.startswith("LogonTag")]
        return [(int(tag), value) for tag, value in fields]

    def replaced(self, overrides: Mapping[str, object]) -> "SessionSettings":
        """Return these settings with other values for the keys in `overrides`; None removes a key."""
        values = dict(self.values)
        for name, value in overrides.items():
            key = known(name)
            spelled = key.name if key is not None else name
            if value is None:
                values.pop(spelled, None)
            else:
                values[spelled] = str(value)
        return SessionSettings(self.file, values)


class SessionFile(NamedTuple):
    """What a session file holds, and everything wrong or doubtful in it."""

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


def read_session_file(file: Path, state_dir: Path | None = None) -> SessionFile:
    """Read `file` and check it whole; relative store and log folders lie in `state_dir`, else beside the file."""
    result = SessionFile([], [], [])
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        result.problems.append(f"{file}: cannot be read ({error}); name a QuickFIX session file")
        return result
    defaults, sections = _split(file, lines, result)
    if not sections and not result.problems:
        result.problems.append(f"{file}: has no [SESSION] section; add one for each session")
    for section in sections:
        section.check_complete({**defaults.entries, **section.entries}, result)
        values = {key: entry.value for key, entry in {**defaults.entries, **section.entries}.items()}
        session = SessionSettings(file, _with_paths(file, state_dir or file.parent, values))
        if any(session.name == other.name for other in result.sessions):
            result.problems.append(f"{section}: {session.name} is defined twice; remove one or give a SessionQualifier")
        result.sessions.append(session)
    return result


def render(sessions: Iterable[SessionSettings], overrides: Mapping[str, object] | None = None) -> str:
    """Return QuickFIX text of `sessions`, paths resolved; `overrides` apply to each, None removes a key."""
    shown = [session.replaced(overrides or {}) for session in sessions]
    common = [key for key in shown[0].values if all(s.values.get(key) == shown[0].values[key] for s in shown)]
    shared = [key for key in common if key not in _IDENTITY]  # QuickFIX reads socket options from [DEFAULT] alone
    lines = ["[DEFAULT]", *(f"{key}={shown[0].values[key]}" for key in shared)]
    for session in shown:
        lines += ["", "[SESSION]", *(f"{key}={value}" for key, value in session.values.items() if key not in shared)]
    return "\n".join(lines) + "\n"


def override(file: Path, **values: object) -> str:
    """Return the text of `file` with other values for some keys, and its paths resolved so that it can be moved."""
    return render(load_sessions(file), values)


class _Entry(NamedTuple):
    value: str
    place: str


class _Section:
    """One [DEFAULT] or [SESSION]: its entries by key in our spelling."""

    def __init__(self, file: Path, line: int, name: str) -> None:
        self.file = file
        self.name = name
        self.line = line
        self.entries: dict[str, _Entry] = {}

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: [{self.name}]"

    def add(self, line: int, name: str, value: str, result: SessionFile) -> None:
        """Keep one `name=value`, and note what is wrong with it."""
        key = known(name)
        spelled = key.name if key is not None else name
        place = f"{self.file}:{line}: [{self.name}] {spelled}"
        if spelled in self.entries:
            result.problems.append(f"{place}: given twice in this section; remove one")
        elif is_database(name):
            result.problems.append(f"{place}: stores and logs in a database do not exist here; use FileStorePath")
        elif key is None:
            result.warnings.append(f"{place}: unknown key, ignored{_suggestion(name)}")
        elif not key.kind.fits(value):
            result.problems.append(f"{place}: {value!r} is not {key.kind.hint}; correct the value")
        elif key.kind is DICTIONARY and find_dictionary(value, self.file.parent) is None:
            result.problems.append(
                f"{place}: {value!r} is neither beside the session file nor among QuickFIX's own dictionaries;"
                " correct the path"
            )
        self.entries[spelled] = _Entry(value, place)

    def check_complete(self, entries: dict[str, _Entry], result: SessionFile) -> None:
        """Note what the session lacks and what its keys contradict, defaults included."""
        values = {key: entry.value for key, entry in entries.items()}
        for key, why in _missing(values):
            result.problems.append(f"{self}: {key} is missing{why}; add {key}=")
        if values.get("ConnectionType") == "acceptor" and "SessionQualifier" in values:
            place = entries["SessionQualifier"].place
            result.problems.append(f"{place}: an acceptor cannot have a qualifier; remove it")
        schedule = [values.get(key, "00:00:00") for key in ("StartTime", "EndTime")]
        if values.get("NonStopSession") == "Y" and (schedule != ["00:00:00"] * 2 or "StartDay" in values):
            result.problems.append(f"{entries['NonStopSession'].place}: contradicts StartTime or StartDay; remove one")
        for key in ("DataDictionary", "TransportDataDictionary"):
            dictionary = find_dictionary(values[key], self.file.parent) if key in values else None
            expected = values.get("BeginString", "")
            if dictionary is not None and (found := wrong_version(dictionary, expected)):
                result.problems.append(f"{entries[key].place}: {dictionary} {found}, the session is {expected}")


def _split(file: Path, lines: list[str], result: SessionFile) -> tuple[_Section, list[_Section]]:
    """Return the defaults and the sessions that `lines` hold."""
    defaults = _Section(file, 0, "DEFAULT")
    sections: list[_Section] = []
    current: _Section | None = None
    for number, line in enumerate((raw.strip() for raw in lines), 1):
        if not line or line.startswith("#"):
            continue
        place = f"{file}:{number}"
        if line.startswith("[") and line.endswith("]"):
            current = _Section(file, number, line[1:-1].strip())
            if current.name == "SESSION":
                sections.append(current)
            elif current.name == "DEFAULT" and not defaults.line:
                defaults = current
            else:
                result.problems.append(f"{place}: section {line} is not one [DEFAULT] or a [SESSION]; rename it")
        elif "=" not in line:
            result.problems.append(f"{place}: {line!r} is neither Key=value nor # comment; correct the line")
        elif current is None:
            result.problems.append(f"{place}: {line!r} stands before any section; put [DEFAULT] above it")
        else:
            name, _, value = line.partition("=")
            current.add(number, name.strip(), value.strip(), result)
    return defaults, sections


def _missing(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the keys that a session must have and has not, each with the reason where it is not plain."""
    required = {"ConnectionType": "", "BeginString": "", "SenderCompID": "", "TargetCompID": ""}
    if values.get("NonStopSession") != "Y":
        required |= dict.fromkeys(("StartTime", "EndTime"), " (or set NonStopSession=Y)")
    if values.get("ConnectionType") == "initiator":
        required |= dict.fromkeys(("SocketConnectHost", "SocketConnectPort", "HeartBtInt"), " for an initiator")
    elif values.get("ConnectionType") == "acceptor":
        required["SocketAcceptPort"] = " for an acceptor"
    required["FileStorePath"] = " (sequence numbers must outlive the process)"
    is_fixt = values.get("BeginString", "").startswith("FIXT")
    if is_fixt:
        required["DefaultApplVerID"] = " for FIXT.1.1"
    if values.get("UseDataDictionary", "Y") == "Y":
        dictionaries = ("TransportDataDictionary", "AppDataDictionary") if is_fixt else ("DataDictionary",)
        required |= dict.fromkeys(dictionaries, " (or set UseDataDictionary=N)")
    return ((key, why) for key, why in required.items() if key not in values)


def _with_paths(file: Path, state_dir: Path, values: dict[str, str]) -> dict[str, str]:
    """Return `values` with absolute paths."""
    resolved = dict(values)
    for name, value in values.items():
        kind = key.kind if (key := known(name)) is not None else None
        if kind is DICTIONARY:
            resolved[name] = str(find_dictionary(value, file.parent) or value)
        elif kind is FILE or kind is FOLDER:
            is_state = name.startswith(("FileStore", "FileLog"))
            resolved[name] = str(((state_dir if is_state else file.parent) / value).absolute())
    return resolved


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), KEYS, n=1, cutoff=0.75)
    return f"; did you mean {KEYS[close[0]].name}?" if close else ""
