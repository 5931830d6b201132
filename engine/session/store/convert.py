"""Converts a session's store between native and QuickFIX, to change the kind of a session within a day.
The session must be stopped.

Shapes  QuickFIX: `.seqnums` both numbers, `.session` their creation time, `.header` number,offset,size in `.body`.
Errors  SessionError for a source that is missing or damaged, and where the destination's numbers are higher.
Source  QuickFIX FileStore, 1.15 and 1.16.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from engine.codec import TimestampFormat, parse_timestamp
from engine.errors import EngineError, SessionError
from engine.session.file.settings import SessionSettings
from engine.session.store.file_store import NOT_KEPT, FileStore, stem

_SUFFIXES = ("body", "header", "session", "seqnums")


class Contents(NamedTuple):
    """The contents of a store of either kind."""

    next_in: int
    next_out: int
    created_ns: int
    messages: list[tuple[int, bytes]]


def to_native(settings: SessionSettings) -> Contents:
    """Fill the native store from QuickFIX's."""
    found = read_quickfix(settings)
    store = _native(settings, found.created_ns)
    try:
        _prove_not_lower(settings, found, store.next_in, store.next_out, "native")
        kept = dict(found.messages)
        first = min(kept, default=found.next_out)
        store.reset(found.created_ns, found.next_in, first)
        for seq_num in range(first, found.next_out):
            store.append(seq_num, kept.get(seq_num, NOT_KEPT))
    finally:
        store.close()
    return found


def to_quickfix(settings: SessionSettings) -> Contents:
    """Write QuickFIX's store from the native one."""
    store = _native(settings, None)
    try:
        messages = [one for one in store.messages(1, store.next_out) if one[1] != NOT_KEPT]
        found = Contents(store.next_in, store.next_out, store.created_ns, messages)
    finally:
        store.close()
    if _file(settings, "seqnums").exists():
        there = read_quickfix(settings)
        if there.created_ns >= found.created_ns:
            _prove_not_lower(settings, found, there.next_in, there.next_out, "QuickFIX")
    write_quickfix(settings, found)
    return found


def read_quickfix(settings: SessionSettings) -> Contents:
    """Read QuickFIX's four files."""
    try:
        numbers = re.fullmatch(r"\s*(\d+) : (\d+)\s*", _file(settings, "seqnums").read_text())
        created_ns = parse_timestamp(_file(settings, "session").read_bytes().strip())
        index = _file(settings, "header").read_text().split()
        body = _file(settings, "body").read_bytes()
    except (OSError, ValueError, EngineError) as error:
        raise SessionError(
            f"{_file(settings, 'seqnums')}: QuickFIX's store cannot be read: {error}; restore its files"
        ) from error
    if numbers is None:
        raise SessionError(f"{_file(settings, 'seqnums')}: does not hold two numbers; restore the file")
    return Contents(int(numbers[2]), int(numbers[1]), created_ns, list(_messages(settings, index, body)))


def _messages(settings: SessionSettings, index: list[str], body: bytes) -> Iterable[tuple[int, bytes]]:
    for entry in index:
        found = re.fullmatch(r"(\d+),(\d+),(\d+)", entry)
        message = b""
        if found is not None:
            seq_num, offset, size = map(int, found.groups())
            message = body[offset : offset + size]
        if found is None or len(message) != size or b"\x0134=%d\x01" % seq_num not in message:
            raise SessionError(f"{_file(settings, 'header')}: entry {entry!r} does not lead to its message in the body")
        yield seq_num, message


def write_quickfix(settings: SessionSettings, found: Contents) -> None:
    """Write the four files; the numbers last, because they make the rest valid."""
    offset, index = 0, []
    for seq_num, message in found.messages:
        index.append(f"{seq_num},{offset},{len(message)} ")
        offset += len(message)
    contents = {
        "body": b"".join(message for _, message in found.messages),
        "header": "".join(index).encode(),
        "session": TimestampFormat(0).format(found.created_ns),
        "seqnums": f"{found.next_out:020} : {found.next_in:020}".encode(),
    }
    for suffix in _SUFFIXES:
        file = _file(settings, suffix)
        partial = file.with_name(f"{file.name}.new")
        partial.write_bytes(contents[suffix])
        os.replace(partial, file)


def _prove_not_lower(settings: SessionSettings, found: Contents, next_in: int, next_out: int, which: str) -> None:
    if found.next_out < next_out or found.next_in < next_in:
        raise SessionError(
            f"{settings.name}: the {which} store has numbers {next_out} out, {next_in} in,"
            f" the other {found.next_out}, {found.next_in}:"
            " converting would lower them; remove the store that is out of date"
        )


def _native(settings: SessionSettings, created_ns: int | None) -> FileStore:
    folder, name = _folder(settings), _stem(settings)
    if created_ns is None and not (folder / f"{name}.head").exists():
        raise SessionError(f"{folder / name}.head: there is no native store to convert; correct FileStorePath")
    return FileStore(folder, name, created_ns or 0, keeps_messages=settings.flag("PersistMessages", True))


def _folder(settings: SessionSettings) -> Path:
    folder = settings.path("FileStorePath")
    if folder is None:
        raise SessionError(f"{settings.file}: FileStorePath is missing; there is no store to convert")
    return folder


def _stem(settings: SessionSettings) -> str:
    keys = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")
    return stem(*(settings.text(key) for key in keys))


def _file(settings: SessionSettings, suffix: str) -> Path:
    keys = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")
    name = "-".join(text for key in keys if (text := settings.text(key)))
    return _folder(settings) / f"{name}.{suffix}"
