"""`fixlane journal repair DIR`: cuts a journal behind its last sound record, and keeps the rest.

Shapes  what is cut off goes to `damaged-NS` in the directory, with every file as it was. A CUT record of a run of its
        own says who did it and why: the next start takes every order that may live for unknown, and asks the venue.
Errors  JournalError for a journal that another process holds or that cannot be written; nothing is deleted before a
        copy of it is on the disk. A repair that is killed can be done again.
"""

import os
import shutil
import time
from pathlib import Path
from zlib import crc32

import msgspec

from engine.errors import JournalError
from engine.journal.archive import bytes_of, name_of
from engine.journal.directory import NEWEST, OwnedDirectory
from engine.journal.framing import Record
from engine.journal.mending.damage import Damage, damage_in, is_whole
from engine.journal.reader import SegmentReading, read_header
from engine.journal.segments import MARK, RECORD, UNMARKED_VERSION, RecordKind, journal_paths
from engine.journal.writer import Journal
from engine.runtime.person import this_process

_LINE_BYTES = 63


def repair(directory: Path, reason: str, now_ns: int = 0) -> str:
    """Cut a journal where it is damaged; return what was done, in words."""
    now_ns = now_ns or time.time_ns()
    owned = OwnedDirectory(directory)
    try:
        damage = damage_in(directory)
        if damage is None:
            owned.release()
            return f"{directory}: nothing to repair: a start reads it"
        kept = directory / f"damaged-{now_ns}"
        count = _cut(directory, damage, kept)
        journal = Journal(directory, f"{now_ns // 1_000_000:x}r", (), now_ns, sync=True, owned=owned)
    except OSError as error:
        owned.release()
        raise JournalError(f"{error.filename or directory}: cannot be repaired: {error.strerror}") from error
    except BaseException:
        owned.release()
        raise
    where = f"behind {damage.last.path.name} offset {damage.last.offset}" if damage.last else "at its beginning"
    try:
        act = {"by": str(this_process()), "reason": reason, "why": damage.why, "kept": str(kept)}
        journal.append_state(RecordKind.CUT, (), msgspec.json.encode({"where": where} | act).decode(), now_ns)
    finally:
        journal.close()
    return (
        f"{directory}: cut {where}: {damage.why}\n{count} files are as they were in {kept}\n"
        "the next start takes every order for unknown and asks the venue before it trades; what was held may be wrong:"
        " compare it"
    )


def _cut(directory: Path, damage: Damage, kept: Path) -> int:
    """Keep copies, cut and delete; return how many files were copied."""
    paths = journal_paths(directory)
    place = next((at for at, path in enumerate(paths) if damage.is_of(path)), -1)
    behind, last = paths[place + 1 :], damage.last
    changed = [] if last is None or is_whole(last.path, last) else [last.path]
    newest = directory / NEWEST
    copied = [*changed, *behind, *([newest] if newest.exists() else [])]
    _copy(copied, kept)
    if last is not None and changed:
        _replace(directory / name_of(last.path), _ended(last))
        if last.path.name != name_of(last.path):  # it was compressed
            last.path.unlink()
    for path in reversed(behind):
        path.unlink()
    name = f"{name_of(last.path)} {read_header(last.path).nonce}" if last is not None else "-"
    _replace(newest, name.ljust(_LINE_BYTES).encode() + b"\n")
    return len(copied)


def _ended(last: Record) -> bytes:
    """Return a segment up to a record, and its END."""
    reading = SegmentReading(last.path)
    begin = last.offset
    data = bytearray(bytes_of(last.path)[: last.offset + last.size])
    if last.kind != RecordKind.END:
        begin = len(data)
        record = RECORD.pack(RECORD.size, 0, 0, RecordKind.END, 0, 0, 0)
        data += record[:4] + crc32(record[8:]).to_bytes(4, "little") + record[8:]
    end = len(data)
    if reading.header.version != UNMARKED_VERSION:
        MARK.pack_into(data, reading.offset - MARK.size, end, begin)
    return bytes(data)


def _copy(paths: list[Path], kept: Path) -> None:
    kept.mkdir(mode=0o700)
    for path in paths:
        shutil.copy2(path, kept)
        _sync(kept / path.name)
    _sync(kept)
    _sync(kept.parent)


def _replace(path: Path, data: bytes) -> None:
    """Let a file hold this from one moment to the next."""
    unnamed = path.with_name(path.name + ".new")
    unnamed.write_bytes(data)
    unnamed.chmod(0o600)
    _sync(unnamed)
    unnamed.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
