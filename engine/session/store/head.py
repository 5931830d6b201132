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
_MAGIC = b"fixlane store 2 "
_UNBOUND_MAGIC = b"fixlane store 1 "  # whose segments do not say whose they are
BINDING_SIZE = 64  # at the end of a segment


class RunFacts(NamedTuple):
    """What stays the same during one run of numbers."""

    session: str
    run: int
    created_ns: int
    first_out: int  # number of the first message that the run may hold
    id: str = ""  # of this run of this store alone; "" in one of version 1

    def binding(self, index: int) -> bytes:
        """Return what the segment of this index has at its end; nothing in a store of version 1."""
        return f"fixlane {self.id} {self.run} {index}".encode().ljust(BINDING_SIZE, b"\0") if self.id else b""

    def next(self, now_ns: int, first_out: int) -> "RunFacts":
        """Return those of the run behind this one."""
        return RunFacts(self.session, self.run + 1, now_ns, first_out, new_id())


def write_head(file: Path, facts: RunFacts, next_in: int, is_synced: bool = False) -> None:
    """Replace the head in one step, on the disk where it `is_synced`; the next number out is `facts.first_out`."""
    text = json.dumps(facts._asdict()).encode()
    text = (_MAGIC if facts.id else _UNBOUND_MAGIC) + b"%08x " % zlib.crc32(text) + text + b"\n"
    temporary = file.with_suffix(".head.new")
    with temporary.open("wb") as opened:
        opened.write((sealed(next_in) + sealed(facts.first_out) + text).ljust(_SIZE, b"\0"))
        if is_synced:
            opened.flush()
            os.fsync(opened.fileno())
    os.replace(temporary, file)
    if is_synced:
        sync_names(file.parent)


def open_head(file: Path, session: str) -> tuple[mmap.mmap, RunFacts]:
    """Map the head of `session` and verify it."""
    if file.stat().st_size != _SIZE:
        raise SessionError("the head is truncated")
    head = mapped(file, writable=True)
    text = head[HEAD_NUMBERS:].partition(b"\n")[0]
    check, _, content = text[len(_MAGIC) :].partition(b" ")
    if not text.startswith((_MAGIC, _UNBOUND_MAGIC)) or check != b"%08x" % zlib.crc32(content):
        raise SessionError("the head is damaged")
    found = json.loads(content)
    facts = RunFacts(**found)
    if facts.session != session:
        raise SessionError(f"the head belongs to session {facts.session}")
    return head, facts


def new_id() -> str:
    """Return an id that no other run of any store has."""
    return os.urandom(8).hex()


def mapped(file: Path, *, writable: bool) -> mmap.mmap:
    """Map a whole file into memory."""
    with file.open("r+b" if writable else "rb") as opened:
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)


def sync_names(folder: Path) -> None:
    """Put the names of new files on the disk: a file whose name is lost is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
