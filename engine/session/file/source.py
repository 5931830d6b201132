"""The text of a session file: encoding, comments, sections and their lines. What a key means is not known here.

Shapes  bytes are UTF-8 with or without a byte order mark, UTF-16 with one, else latin-1. A comment is a line of its own
        that begins with `#`, `;` or `//`, or stands behind a section header; behind a value it belongs to the value.
Errors  OSError for a file that cannot be read; what is wrong inside is returned in words.
Source  QuickFIX, /J, /N and /Go: Settings. All ignore the case of headers but QuickFIX itself, which would read a
        [default] as nothing, as it does every line that it cannot read.
"""

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from engine.session.file.security import speaks_of_security

_HEADER = re.compile(r"\[\s*([^\[\]]*?)\s*\]\s*(?:(?:[#;]|//).*)?")
_COMMENTS = ("#", ";", "//")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """One `name=text`."""

    number: int
    name: str
    text: str


class FileBlock(NamedTuple):
    """One section: `name` in upper case, DEFAULT or SESSION, the number of its header, and its lines."""

    name: str
    number: int
    lines: list[Line]


class FileText(NamedTuple):
    """A whole file. Where a header cannot be read the lines below it belong to nothing, and `is_whole` is false."""

    blocks: list[FileBlock]
    problems: list[str]
    is_whole: bool


def read_source(file: Path) -> FileText:
    """Split `file` into its sections."""
    reading = _Reading(file)
    text = _decoded(file.read_bytes())
    if "\0" in text:
        problem = f"{file}: is not text in UTF-8, UTF-16 with its mark, or latin-1; save it as UTF-8"
        return FileText([], [problem], is_whole=False)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        reading.take(number, line.strip())
    return reading.result()


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF_16):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


class _Reading:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._blocks: list[FileBlock] = []
        self._problems: list[str] = []
        self._current: FileBlock | None = None
        self._is_whole = True
        self._early: list[tuple[int, str]] = []  # lines above any section

    def take(self, number: int, line: str) -> None:
        """Take one line, stripped, with its number."""
        if not line or line.startswith(_COMMENTS):
            return
        if line.startswith("["):
            self._begin(number, line)
            return
        name, equals, text = line.partition("=")
        if not equals or not name.strip():
            shown = repr(_harmless(line))
            self._problems.append(
                f"{self._file}:{number}: {shown} is neither Key=value nor # comment; correct the line"
            )
        elif self._current is None:
            self._early.append((number, _harmless(line)))
        else:
            self._current.lines.append(Line(number, _printable(name.strip()), text.strip()))

    def _begin(self, number: int, line: str) -> None:
        header = _HEADER.fullmatch(line)
        name = header[1].upper() if header else ""
        self._current = FileBlock(name, number, [])
        if name == "SESSION" or (name == "DEFAULT" and all(block.name != name for block in self._blocks)):
            self._blocks.append(self._current)
            return
        self._is_whole = False
        how = "is not one [DEFAULT] or a [SESSION]; rename it" if header else "is not a section in brackets; correct it"
        self._problems.append(f"{self._file}:{number}: section {_harmless(line)} {how}")

    def result(self) -> FileText:
        """Return what was taken."""
        if self._early:
            (number, line), more = self._early[0], len(self._early) - 1
            others = f" and {more} more like it" if more else ""
            place = f"{self._file}:{number}"
            self._problems.append(f"{place}: {line!r}{others} stands before any section; put [DEFAULT] above it")
        return FileText(self._blocks, self._problems, self._is_whole and not self._early)


def _harmless(line: str) -> str:
    """Return `line`, of one that may hold a secret its first word alone."""
    return _printable(re.split(r"[\s=:]", line, maxsplit=1)[0] + " ..." if speaks_of_security(line) else line)


def _printable(text: str) -> str:
    """Return `text` as it may stand on a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)
