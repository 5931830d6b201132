"""The next segment, ready before it is needed, and the end of those that are full.

Units   sizes in bytes.
Errors  JournalError where a segment cannot be made or put on the disk; each call says so again until it can.
Cost    a segment of 4 MiB takes 2 to 4 ms to make: in idle moments of the caller by `Supply`, on a thread of its own by
        `HelpedSupply`.
Thread  the loop thread; what the thread of a `HelpedSupply` does shows in `queue` and `_condition` only.
"""

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import JournalError
from engine.journal.archive import Archive
from engine.journal.segments import Header, Segment

PREPARED_BYTES = 2**17  # by one call
SYNC_S = 0.1  # of `sync = interval`: what a loss of power can cost
PATIENCE_S = 10.0  # for a segment that is needed now
STOP_S = 10.0  # for what is left to be done at the end: a disk that hangs would take for ever


class Supply:
    """Segments of one run, made by whoever asks; `header` is that of no segment yet."""

    def __init__(self, directory: Path, header: Header, is_synced: bool) -> None:
        self._directory = directory
        self._header = header
        self._is_synced = is_synced
        self._spare: Segment | None = None
        self._full: list[Segment] = []

    @property
    def number(self) -> int:
        """Return the number of the segment that is in use."""
        return self._header.segment - (self._spare is not None)

    def prepare(self) -> None:
        """Do a part of what is to be done; JournalError if the disk has no room for it."""
        self._let_go()
        self.need()
        if self._spare is not None:
            self._spare.touch(PREPARED_BYTES)

    def need(self) -> None:
        """Have the next segment ready; nothing changes if that cannot be."""
        if self._spare is None:
            header = self._next_header()
            self._spare = self._made(header)
            self._header = header

    def take(self) -> Segment:
        """Return the segment that `need` has made."""
        assert self._spare is not None
        segment, self._spare = self._spare, None
        return segment

    def begun(self, segment: Segment) -> None:
        """Learn that records go to this segment now."""

    def give_back(self, segment: Segment) -> None:
        """Close a segment that has ended, when there is time."""
        self._full.append(segment)

    def archive(self) -> None:
        """Compress old segments, if there is somebody to do it."""

    def stop(self) -> None:
        """Delete the segment that was not needed, and close those that are full."""
        if self._spare is not None:
            self._spare.discard()
            self._spare = None
        self._let_go()

    def _next_header(self) -> Header:
        return msgspec.structs.replace(self._header, segment=self._header.segment + 1)

    def _made(self, header: Header) -> Segment:
        segment = Segment(self._directory, header)
        if self._is_synced:
            _sync(self._directory)  # a file whose name is lost is lost
        return segment

    def _let_go(self) -> None:
        while self._full:
            self._full.pop().close()


class HelpedSupply(Supply):
    """A supply that a thread works for: nothing but the change of segments is left to the caller.

    Where it `syncs`, what was written is put on the disk every `SYNC_S`. `old` finds what may be compressed, `index`
    makes the keys of what is.
    """

    def __init__(
        self,
        directory: Path,
        header: Header,
        is_synced: bool,
        syncs: bool,
        old: Callable[[Path], list[Path]],
        index: Callable[[Path], Iterable[object]],
    ) -> None:
        super().__init__(directory, header, is_synced or syncs)
        self._old, self._index = old, index
        self._archive: Archive | None = None
        self._syncs = syncs
        self._condition = threading.Condition()
        self._ready: Segment | None = None
        self._failure: Exception | None = None
        self._in_use: Path | None = None
        self._wanted: Header | None = None
        self._jobs: queue.SimpleQueue[Header | Segment | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def prepare(self) -> None:
        """Say what the thread could not do, and let it try again."""
        with self._condition:
            if self._failure is not None:
                self._raise()

    def need(self) -> None:
        """Have the next segment ready, which it is unless the disk is slow."""
        if self._spare is not None:
            return
        with self._condition:
            if self._wanted is None:
                self._want()
            is_there = self._condition.wait_for(lambda: self._ready or self._failure, PATIENCE_S)
            if self._failure is not None:
                self._raise()
            if not is_there:
                raise JournalError(f"{self._directory}: no next segment after {PATIENCE_S:g} s: look at the disk")
            self._spare, self._ready, self._wanted = self._ready, None, None
        self._header = self._next_header()

    def begun(self, segment: Segment) -> None:
        """Let the next one be made."""
        self._in_use = segment.path
        with self._condition:
            self._want()

    def give_back(self, segment: Segment) -> None:
        """Let a segment be closed."""
        self._jobs.put(segment)

    def archive(self) -> None:
        """Wake the thread that compresses old segments."""
        if self._archive is None:
            self._archive = Archive(lambda: self._old(self._directory), lambda: self._index(self._directory))
        self._archive.wake()

    def stop(self) -> None:
        """Let the threads finish what they were given, and end."""
        if self._archive is not None:
            self._archive.stop()
        self._jobs.put(None)
        self._thread.join(STOP_S)
        spare, self._ready = self._ready, None
        if spare is not None:
            spare.discard()
        super().stop()

    def _want(self) -> None:
        self._wanted = self._next_header()
        self._jobs.put(self._wanted)

    def _raise(self) -> None:
        """Raise the failure, and have it tried again what failed."""
        failure, self._failure = self._failure, None
        if self._wanted is None and self._spare is None:
            self._want()
        assert failure is not None
        raise failure

    def _work(self) -> None:
        """Be the thread."""
        due_s = time.monotonic() + SYNC_S
        while True:
            with contextlib.suppress(queue.Empty):
                job = self._jobs.get(timeout=max(due_s - time.monotonic(), 0) if self._syncs else None)
                if job is None:
                    return
                self._try(self._make if isinstance(job, Header) else self._close, job)
            if self._syncs and time.monotonic() >= due_s:
                self._try(_sync, self._in_use or self._directory)
                due_s = time.monotonic() + SYNC_S

    def _try(self, do: Callable[[Any], None], what: Header | Segment | Path) -> None:
        """Do one thing; what goes wrong is kept for the loop thread."""
        try:
            do(what)
        except Exception as error:
            with self._condition:
                self._failure = error
                if isinstance(what, Header):
                    self._wanted = None
                self._condition.notify_all()

    def _make(self, header: Header) -> None:
        segment = self._made(header)
        segment.populate()
        with self._condition:
            self._ready = segment
            self._condition.notify_all()

    def _close(self, segment: Segment) -> None:
        try:
            if self._syncs:
                _sync(segment.path)
        finally:
            segment.close()


def _sync(path: Path) -> None:
    """Put what was written to a file, or the names in a directory, on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(f"{path}: cannot be put on the disk: {error.strerror}") from error
