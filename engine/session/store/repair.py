"""Repairs the store of a session that is stopped: numbers set by an operator, a damaged store set aside.

Units   times in ns UTC.
Errors  StoreInUse where something holds the store, SessionError for numbers that no session has and a store that
        cannot be read, OSError for a folder that cannot be written.
Source  FIX 4.4 volume 2: a lost store is repaired by agreement with the peer, never by a guess.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.codec import TimestampFormat
from engine.errors import SessionError
from engine.session.file.settings import SessionSettings
from engine.session.store import convert, lock
from engine.session.store.file_store import FileStore, stem

_LARGEST = 10**12
_TIME = TimestampFormat(0)


class Numbers(NamedTuple):
    """The numbers of a store."""

    next_out: int
    next_in: int

    def __str__(self) -> str:
        return f"next out {self.next_out}, next in {self.next_in}"


def prove_possible(next_out: int, next_in: int) -> None:
    """Refuse numbers that no session has."""
    for name, number in (("--out", next_out), ("--in", next_in)):
        if not 1 <= number <= _LARGEST:
            raise SessionError(f"{name} {number}: must be from 1 to {_LARGEST}")


def read(settings: SessionSettings, kind: str) -> Numbers:
    """Return the numbers of a stopped session, `kind` native or quickfix."""
    with _held(settings):
        return _read(settings, kind)


def renumber(settings: SessionSettings, kind: str, next_out: int, next_in: int, now_ns: int) -> str:
    """Begin a new run of numbers; return in words what was there before."""
    prove_possible(next_out, next_in)
    with _held(settings):
        try:
            former = str(_read(settings, kind))
        except SessionError as error:
            former = f"no sound store ({error})"
            _set_aside(settings, kind, now_ns)
        if kind == "quickfix":
            convert.write_quickfix(settings, convert.Contents(next_in, next_out, now_ns, []))
        else:
            store = _native(settings, now_ns)
            store.reset(now_ns, next_in, next_out)
            store.close()
        return former


def note(settings: SessionSettings, text: str, now_ns: int) -> Path:
    """Append a line to the store's record of repairs; return the file."""
    file = _folder(settings) / f"{_stem(settings)}.repairs"
    with file.open("a") as opened:
        opened.write(f"{_TIME.format(now_ns).decode()} {text}\n")
    return file


def _read(settings: SessionSettings, kind: str) -> Numbers:
    if kind == "quickfix":
        found = convert.read_quickfix(settings)
        return Numbers(found.next_out, found.next_in)
    head = _folder(settings) / f"{_stem(settings)}.head"
    if not head.exists():
        raise SessionError(f"{head}: there is no store")
    store = _native(settings, 0)
    try:
        return Numbers(store.next_out, store.next_in)
    finally:
        store.close()


def _native(settings: SessionSettings, now_ns: int) -> FileStore:
    keeps = settings.flag("PersistMessages", True)
    return FileStore(_folder(settings), _stem(settings), now_ns, keeps_messages=keeps, is_shared=True)


def _set_aside(settings: SessionSettings, kind: str, now_ns: int) -> None:
    """Move the files of a store that cannot be read to `archive`, for somebody to look at."""
    folder, name = _folder(settings), _stem(settings)
    stamp = _TIME.format(now_ns).decode().replace(":", "")
    suffixes = ("body", "header", "session", "seqnums") if kind == "quickfix" else ("head", "*.log")
    for suffix in suffixes:
        for file in folder.glob(f"{name}.{suffix}"):
            (folder / "archive").mkdir(mode=0o700, exist_ok=True)
            file.rename(folder / "archive" / f"{file.name}.damaged.{stamp}")


@contextmanager
def _held(settings: SessionSettings) -> Iterator[None]:
    """Hold the store's lock meanwhile, so that no session counts on."""
    held = lock.take(_folder(settings), _stem(settings))
    try:
        yield
    finally:
        os.close(held)


def _folder(settings: SessionSettings) -> Path:
    folder = settings.path("FileStorePath")
    if folder is None:
        raise SessionError(f"{settings.file}: FileStorePath is missing; there is no store")
    return folder


def _stem(settings: SessionSettings) -> str:
    return stem(*(settings.text(key) for key in ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")))
