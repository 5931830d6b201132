"""What is wrong with the sections of a session file: each value by itself, and what ties the keys of a session.

Shapes  a problem is `file:line: [SECTION] Key: what; what to do`; what has one cause is one problem, wherever it shows.
Errors  none raised: they are collected. The value of a secret, or of a variable, is in none of them.
Source  QuickFIX configuration pages; FIX 4.4 volume 2 for what identifies a session.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.session.file.dictionaries import find_dictionary, wrong_version
from engine.session.file.keys import BEGIN_STRING, DICTIONARY, HOST, LOGON_TAG, TEXT, known, nearest
from engine.session.file.pairs import (
    contradictions,
    dictionaries_without_effect,
    dictionary_keys,
    odd_text,
    passwords_in_clear,
    wrong_address,
)
from engine.session.file.security import LostFamily, lost_family, speaks_of_security
from engine.session.file.source import FileBlock, Line
from engine.session.file.variables import has_control, has_variable, other_form, substituted

# What leaves on the wire as it stands, or names the store's files
_ON_THE_WIRE = (
    "SenderCompID", "TargetCompID", "SenderSubID", "SenderLocationID", "TargetSubID", "TargetLocationID",
    "OnBehalfOfCompID", "DeliverToCompID", "SessionQualifier", "LogonTag",
)  # fmt: skip

_APPLICATIONS = {str(2 + minor): f"FIX.4.{minor}" for minor in range(5)} | dict.fromkeys("789", "FIX.5.0")


class Entry(NamedTuple):
    """One key of a section: its value, its text in the file, where that stands, and whether it may be relied on."""

    value: str
    written: str
    place: str
    is_sound: bool


class FileSection:
    """One [DEFAULT] or [SESSION]: its entries by key in our spelling."""

    def __init__(self, file: Path, name: str, line: int) -> None:
        self.file, self.name, self.line = file, name, line
        self.entries: dict[str, Entry] = {}

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: [{self.name}]"


class Judge:
    """Collects what is wrong and what is doubtful in the sections of one file."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._environ = environ
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._lost: dict[str, tuple[LostFamily, str, list[str]]] = {}  # by pattern: first place, keys
        self._missing: dict[tuple[str, str], list[FileSection]] = {}

    def section(self, block: FileBlock) -> FileSection:
        """Return a section with what is wrong in it noted."""
        section = FileSection(self._file, block.name, block.number)
        for line in block.lines:
            self._add(section, line)
        return section

    def problem(self, text: str) -> None:
        """Note something else that is wrong."""
        self._problems.append(text)

    def _add(self, section: FileSection, line: Line) -> None:
        key = known(line.name)
        name = key.name if key is not None else line.name
        place = f"{self._file}:{line.number}: [{section.name}] {name}"
        value, faults = substituted(line.text, self._environ)
        before = len(self._problems)
        self._problems += [f"{place}: {fault}" for fault in faults]
        if key is not None and not faults:
            value = self._judged(place, name, line.text, value)
        elif key is None:
            self._unknown(place, name, value)
        entry = Entry(value, line.text, place, len(self._problems) == before)
        if (earlier := section.entries.get(name)) is not None:
            self._again(earlier, entry)
        section.entries[name] = entry

    def _again(self, earlier: Entry, entry: Entry) -> None:
        first = earlier.place.removeprefix(f"{self._file}:").split(":")[0]
        if earlier.written == entry.written:
            self._warnings.append(f"{entry.place}: given twice in this section, as in line {first}; remove one")
        else:
            text = f"given twice in this section, otherwise in line {first}; remove one, QuickFIX takes the last"
            self._problems.append(f"{entry.place}: {text}")

    def _unknown(self, place: str, name: str, value: str) -> None:
        family = lost_family(name, value)
        if family is None:
            near = nearest(name)
            self._warnings.append(f"{place}: unknown key, ignored{f'; did you mean {near}?' if near else ''}")
        else:
            names = self._lost.setdefault(family.pattern.pattern, (family, place, []))[2]
            if name not in names:
                names.append(name)

    def _judged(self, place: str, name: str, written: str, value: str) -> str:
        """Note what is wrong with the value of a known key, and return its usual spelling."""
        key = known(name)
        assert key is not None
        kind = key.kind
        if not value:
            self._problems.append(f"{place}: is empty; give a value, such as {kind.hint}, or remove the key")
            return value
        if not kind.fits(value):
            shown = "the value" if kind is LOGON_TAG or speaks_of_security(name) else repr(written)
            origin = " (by the environment)" if has_variable(written) else ""
            text = f"{shown}{origin} is not {kind.hint}; correct the value"
            if kind is BEGIN_STRING and (version := value.upper()).startswith("FIX.5"):
                text = f"{shown} is not {kind.hint}; write FIXT.1.1, and DefaultApplVerID={version}"
            self._problems.append(f"{place}: {text}")
            return value
        value = kind.canonical(value)
        if has_control(value):
            self._problems.append(f"{place}: holds control characters; remove them")
        elif name.startswith(_ON_THE_WIRE) and not (value.isascii() and value.isprintable()):
            text = "holds more than printable ASCII, which no such field of FIX can; agree on another with the peer"
            self._problems.append(f"{place}: {text}")
        elif kind is HOST and (fault := wrong_address(value)):
            self._problems.append(f"{place}: {written!r} {fault}")
        elif kind is DICTIONARY and find_dictionary(value, self._file.parent) is None:
            hint = f"; {name}={Path(value).name} takes the one that comes with QuickFIX"
            hint = hint if find_dictionary(Path(value).name, self._file.parent) else ""
            text = "is neither beside the session file nor among QuickFIX's own dictionaries; correct the path"
            self._problems.append(f"{place}: {written!r} {text}{hint}")
        if kind is TEXT and (odd := odd_text(value)):
            self._warnings.append(f"{place}: {odd}")
        if variable := other_form(value):
            self._warnings.append(f"{place}: is taken as it stands; write ${{{variable}}} for the variable")
        return value

    def whole(self, section: FileSection, entries: Mapping[str, Entry]) -> None:
        """Note what one session, its defaults included, lacks and what contradicts itself in it."""
        values = {key: entry.value for key, entry in entries.items()}
        for key, why in _missing(values):
            if key != "FileStorePath" or not any("database" in family.advice for family, *_ in self._lost.values()):
                self._missing.setdefault((key, why), []).append(section)
        for key, text in contradictions(values):
            self._problems.append(f"{entries[key].place}: {text}")
        for key in passwords_in_clear(values):
            text = "leaves in clear, no key speaks of TLS; SocketUseSSL=Y protects it in a native session"
            self._warnings.append(f"{entries[key].place}: {text}")
        if BEGIN_STRING.fits(begin_string := values.get("BeginString", "")):
            idle = dictionaries_without_effect(values)
            for key in (key for key in section.entries if key in idle):
                self._warnings.append(f"{entries[key].place}: has no effect in a session of {begin_string}")
            self._judge_version(entries, begin_string)
        if begin_string.startswith("FIXT"):
            self._judge_application(entries, values.get("DefaultApplVerID", ""))

    def _judge_version(self, entries: Mapping[str, Entry], begin_string: str) -> None:
        key = dictionary_keys(begin_string)[0]
        if key not in entries or not entries[key].is_sound:
            return
        file = find_dictionary(entries[key].value, self._file.parent)
        if file is not None and (found := wrong_version(file, begin_string)):
            shown = entries[key].written if has_variable(entries[key].written) else file
            self._problems.append(f"{entries[key].place}: {shown} {found}, the session is {begin_string}")

    def _judge_application(self, entries: Mapping[str, Entry], version: str) -> None:
        """Warn of a dictionary that is not of the application version: the peer's messages would all be refused."""
        said = _APPLICATIONS.get(version, version)[: len("FIX.5.0")]
        entry = entries.get("AppDataDictionary")
        file = find_dictionary(entry.value, self._file.parent) if entry is not None and entry.is_sound else None
        if entry is None or file is None or said not in _APPLICATIONS.values():
            return
        if found := wrong_version(file, said):
            self._warnings.append(f"{entry.place}: {entry.written} {found}, DefaultApplVerID says {said}")

    def problems(self, *, is_whole: bool) -> list[str]:
        """Return what is wrong; what is missing only where the file `is_whole`, for it may stand in the rest."""
        lost = [f"{place}{_others(names[1:])}: {family.advice}" for family, place, names in self._lost.values()]
        missing = [
            f"{sections[0]}{_more(len(sections) - 1)}: {key} is missing{why}; add {key}="
            for (key, why), sections in self._missing.items()
        ]
        return list(dict.fromkeys([*self._problems, *lost, *(missing if is_whole else ())]))

    def warnings(self) -> list[str]:
        """Return what is doubtful."""
        return list(dict.fromkeys(self._warnings))


def _others(names: list[str]) -> str:
    return f" (and {', '.join(names)})" if names else ""


def _more(count: int) -> str:
    return f" and {count} more" if count else ""


def _missing(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the required keys that a session lacks, each with the reason where that is not obvious."""
    required = {"ConnectionType": "", "BeginString": "", "SenderCompID": "", "TargetCompID": ""}
    if values.get("NonStopSession") != "Y":
        required |= dict.fromkeys(("StartTime", "EndTime"), " (or set NonStopSession=Y)")
    if values.get("ConnectionType") == "initiator":
        required |= dict.fromkeys(("SocketConnectHost", "SocketConnectPort", "HeartBtInt"), " for an initiator")
    elif values.get("ConnectionType") == "acceptor":
        required["SocketAcceptPort"] = " for an acceptor"
    required["FileStorePath"] = " (sequence numbers must outlive the process)"
    begin_string = values.get("BeginString", "")
    if begin_string.startswith("FIXT"):
        required["DefaultApplVerID"] = " for FIXT.1.1"
    if values.get("UseDataDictionary", "Y") == "Y":
        required |= dict.fromkeys(dictionary_keys(begin_string), " (or set UseDataDictionary=N)")
    return ((key, why) for key, why in required.items() if key not in values)
