"""What a folder of recorded frames holds: its files, in runs, and the index that names those that were closed.

Shapes  RUN-NUMBER.ndjson.zst, where RUN is when a process began to record and which process that was; `index.ndjson`
        has a line for each closed file. A file that is not in it was being written when its process ended.
Errors  DecodeError for an index that cannot be read.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.errors import DecodeError

SUFFIX = ".ndjson.zst"
INDEX = "index.ndjson"


class RecordedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A closed file: times in ns since 1970, `dropped` frames that found no room before they could be written."""

    file: str
    frames: int
    first_ns: int
    last_ns: int
    bytes: int
    dropped: int = 0


def run_name(now_ns: int, process: int) -> str:
    """Return what the files of a run begin with: they sort by when they began."""
    moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{now_ns // 1_000_000 % 1_000:03}Z-{process}"


def file_name(run: str, number: int) -> str:
    """Return the name of a file of a run, counted from 1."""
    return f"{run}-{number:05}{SUFFIX}"


def run_of(path: Path) -> str:
    """Return the run of a file."""
    return path.name.removesuffix(SUFFIX).rpartition("-")[0]


def is_recorded(path: Path) -> bool:
    """Return whether a file is one of a run."""
    return path.name.endswith(SUFFIX)


def runs(paths: Sequence[Path]) -> list[list[Path]]:
    """Return recorded files by run, each in the order in which it was written."""
    found: defaultdict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in sorted(paths):
        found[path.parent, run_of(path)].append(path)
    return list(found.values())


def append(directory: Path, entry: RecordedFile) -> None:
    """Add the line of a file that was closed."""
    with (directory / INDEX).open("ab") as file:
        file.write(msgspec.json.encode(entry) + b"\n")


def read_index(directory: Path) -> list[RecordedFile]:
    """Return what the index says; nothing where there is none. A last line that was cut is left out."""
    path = directory / INDEX
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            found.append(msgspec.json.decode(line, type=RecordedFile))
        except msgspec.DecodeError as error:
            raise DecodeError(f"{path} line {number}: {error}: remove the line") from None
    return found
