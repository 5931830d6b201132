"""The halt word: a file of the state directory by which any process stops the orders of the engine that runs there.

It holds from one start to the next: an engine that finds it set is halted, or reduces only, until a person resumes.

Shapes  512 bytes, native order: the word of 64 (uint32 state, 4 bytes `MAGIC`, int64 when, int32 process, uint32 user,
        40 bytes name), then the reason; texts are UTF-8 padded with NUL. One write sets it whole.
Units   `when_ns` in ns since 1970.
Errors  OSError where the file cannot be opened or written. What cannot be understood says halt, never free.
Thread  one writer at a time in a process; any number of processes.
"""

import os
import stat
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from engine.runtime._halt_page import MAGIC, HaltPage
from engine.runtime.person import Person, the_engine

FILE = "halt.word"
FREE, REDUCE_ONLY, HALT = 0, 1, 2
WORDS = ("free", "reduce-only", "halted")
_FORMAT = struct.Struct("=I4sqiI40s448s")


class Word(NamedTuple):
    """What the halt word says, since when, by whose order and why."""

    state: int
    when_ns: int
    person: Person
    reason: str

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.when_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        when = f" at {at}" if self.when_ns else ""  # what is damaged has no moment
        return f"{WORDS[self.state]} by {self.person}{when}: {self.reason}"

    @property
    def advice(self) -> str:
        """Return the same with the way out."""
        return f"{self}; resume with `fixlane resume`"


class HaltWord:
    """A word that nobody outside this process sees, and the interface of one that others share."""

    def __init__(self) -> None:
        self.page = HaltPage()
        self.word = Word(FREE, 0, the_engine(), "")
        self.file_ns = 0  # when what its file holds was set, as far as it was read or written

    def set(self, word: Word) -> None:
        """Say this from now on."""
        self.word = word

    def news(self) -> Word | None:
        """Return what another process has set since; None where nothing is new."""
        return None

    def close(self) -> None:
        """Let go of the file; the page goes on showing it."""


class SharedHaltWord(HaltWord):
    """The word of one state directory; `group` may write it too.

    One that is missing is made free since no moment, so that whoever remembers a halt is right against it.
    """

    def __init__(self, state_dir: Path, wall_ns: Callable[[], int], group: int | None = None) -> None:
        super().__init__()
        self._path = state_dir / FILE
        self._wall_ns = wall_ns
        self._group = group
        self._is_lost = False
        self._descriptor = -1
        if not self._path.exists():
            write(self._path, Word(FREE, 0, the_engine(), "no engine ran here before"))
        self._open()

    def set(self, word: Word) -> None:
        """Say this from now on, here and after a restart; the page shows it before this returns."""
        self.word = word
        data = pack(word)
        os.ftruncate(self._descriptor, len(data))
        os.pwrite(self._descriptor, data, 0)
        self._seen, self.file_ns = data, word.when_ns

    def news(self) -> Word | None:
        """Return what another process has set since; a file that was damaged, replaced or removed says halt."""
        try:
            if not self._is_named():
                self._replace()
                return self.word
            data = os.pread(self._descriptor, _FORMAT.size + 1, 0)
            if data == self._seen:
                return None
            self._take(data)
            self._is_lost = False
        except OSError as error:
            if self._is_lost:
                return None
            self._is_lost = True
            self.word = _damage(f"{self._path} cannot be read: {error.strerror}")
        return self.word

    def close(self) -> None:
        """Close the file; the page goes on showing it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> None:
        self._descriptor = _opened(self._path)
        try:
            if self._group is not None:
                os.fchown(self._descriptor, -1, self._group)
                os.fchmod(self._descriptor, 0o660)
            self._take(os.pread(self._descriptor, _FORMAT.size + 1, 0))
        except OSError:
            os.close(self._descriptor)
            raise

    def _take(self, data: bytes) -> None:
        """Understand what the file holds; one that was damaged is in order for the next who looks."""
        self.word, self._seen = unpack(data, self._path), data
        self.file_ns = self.word.when_ns
        if pack(self.word) != data:
            self.set(self.word._replace(when_ns=self._wall_ns()))
        self.page.attach(self._descriptor)  # anew, in case that the file was cut

    def _is_named(self) -> bool:
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            return False
        ours = os.fstat(self._descriptor)
        return (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)

    def _replace(self) -> None:
        """Go over to the file that has the name now, or make one: what it says cannot be trusted, so it is set."""
        former = self._descriptor
        self._open()
        os.close(former)
        word = _damage(f"{self._path} was removed or replaced while the engine ran")
        self.set(word._replace(when_ns=self._wall_ns()))


def read(state_dir: Path) -> Word | None:
    """Return what the word of a state directory says; None where there is none."""
    path = state_dir / FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return unpack(os.read(descriptor, _FORMAT.size + 1), path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.close(descriptor)


def write(path: Path, word: Word) -> None:
    """Set the word in a file, which is made if it is missing, and belongs to whom the directory belongs to."""
    is_new = not path.exists()
    descriptor = _opened(path)
    try:
        if is_new and os.geteuid() == 0:
            owner = os.stat(path.parent)
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.ftruncate(descriptor, _FORMAT.size)
        os.pwrite(descriptor, pack(word), 0)
    finally:
        os.close(descriptor)


def pack(word: Word) -> bytes:
    """Return the bytes of a word; texts that are too long lose their end."""
    name, reason = _cut(word.person.name, 40), _cut(word.reason, 448)
    return _FORMAT.pack(word.state, MAGIC, word.when_ns, word.person.pid, word.person.uid, name, reason)


def unpack(data: bytes, path: Path) -> Word:
    """Return the word that these bytes are; one that says halt where they are none."""
    if len(data) != _FORMAT.size:
        more = "more" if len(data) > _FORMAT.size else len(data)
        return _damage(f"{path} is damaged: {more} bytes instead of {_FORMAT.size}")
    state, magic, when_ns, pid, uid, name, reason = _FORMAT.unpack(data)
    if magic != MAGIC or state > HALT or when_ns < 0:
        return _damage(f"{path} is damaged: it begins with {data[:8].hex(' ')}")
    return Word(state, when_ns, Person(uid, pid, _text(name)), _text(reason))


def _damage(reason: str) -> Word:
    return Word(HALT, 0, the_engine(), reason)


def _opened(path: Path) -> int:
    """Open for reading and writing; a file of another kind must not hold us up."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no regular file", str(path))
    return descriptor


def _cut(text: str, size: int) -> bytes:
    return text.encode(errors="replace")[:size].decode(errors="ignore").encode()


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")
