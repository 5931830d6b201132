"""The head of a file store: both sequence numbers, and the facts about the current run of numbers.

Units   times in ns UTC.
Shapes  4096 bytes: two numbers, each sealed by a checksum and updated in place, then one line of JSON with its own.
Errors  SessionError for a head that is truncated, damaged, or of another session.
"""

import json
import mmap
import os
import zlib
from pathlib import Path
from typing import NamedTuple

from engine.errors import SessionError
from engine.session.store._log import HEAD_NUMBERS, sealed

_SIZE = 4096
_MAGIC = b"fixlane store 1 "


class RunFacts(NamedTuple):
    """What stays the same during one run of numbers."""

    session: str
    run: int
    created_ns: int
    first_out: int  # number of the first message that the run may hold


def write_head(file: Path, facts: RunFacts, next_in: int) -> None:
    """Replace the head in one step; the next number out is `facts.first_out`."""
    text = json.dumps(facts._asdict()).encode()
    text = _MAGIC + b"%08x " % zlib.crc32(text) + text + b"\n"
    temporary = file.with_suffix(".head.new")
    temporary.write_bytes((sealed(next_in) + sealed(facts.first_out) + text).ljust(_SIZE, b"\0"))
    os.replace(temporary, file)


def open_head(file: Path, session: str) -> tuple[mmap.mmap, RunFacts]:
    """Map the head of `session` and verify it."""
    if file.stat().st_size != _SIZE:
        raise SessionError("the head is truncated")
    head = mapped(file, writable=True)
    text = head[HEAD_NUMBERS:].partition(b"\n")[0]
    check, _, content = text.removeprefix(_MAGIC).partition(b" ")
    if not text.startswith(_MAGIC) or check != b"%08x" % zlib.crc32(content):
        raise SessionError("the head is damaged")
    found = json.loads(content)
    facts = RunFacts(*(found[name] for name in RunFacts._fields))
    if facts.session != session:
        raise SessionError(f"the head belongs to session {facts.session}")
    return head, facts


def mapped(file: Path, *, writable: bool) -> mmap.mmap:
    """Map a whole file into memory."""
    with file.open("r+b" if writable else "rb") as opened:
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
