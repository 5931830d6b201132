"""A session's store on disk: survives a kill of the process at any instruction, a loss of power where it is synced.

Shapes  `STEM.head` holds both numbers and which run of numbers this is; `STEM.RUN.I.log` holds the messages sent,
        one of them mapped. Beginning a new run replaces the head in one step; older runs go to the archive.
Errors  SessionError that names file and place when anything is missing, damaged, of another session or in use; nothing
        is repaired but the last message of a synced store, which a loss of power kept from the disk and from the peer.
Cost    0.1 us for an append; 0.2 ms for a new segment and 12 for its pages, in slices of 0.2 while nothing is urgent.
Thread  the loop thread only.
"""

import logging
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from engine.errors import SessionError
from engine.session.file.settings import SessionSettings
from engine.session.store import archive, lock
from engine.session.store._log import Log, read
from engine.session.store.head import RunFacts, mapped, new_id, open_head, write_head
from engine.session.store.segment import make, populate
from engine.session.store.store import MemoryStore, Store

# In place of a message that is not kept; administrative, so that a gap fill skips it
NOT_KEPT = b"35=0\x01"
_LOGGER = logging.getLogger(__name__)
SEGMENT_SIZE = 16 * 2**20
_SLICE = 2**18  # of a segment that is being prepared
_SMALL_SEGMENT = 2**20


def stem(begin_string: str, sender_comp_id: str, target_comp_id: str, qualifier: str = "") -> str:
    """Return the prefix of a session's file names; the same as QuickFIX's unless a character must be escaped."""
    parts = [begin_string, sender_comp_id, target_comp_id, *([qualifier] if qualifier else [])]
    return "-".join(quote(part, safe=" ,+=@") for part in parts)


def open_store(settings: SessionSettings, name: str, now_ns: int, *, is_one_of_many: bool = False) -> Store:
    """Open the store that FileStorePath, PersistMessages, RefreshOnLogon and FileStoreSync describe.

    With `is_one_of_many` it uses memory only for pages it has written, and takes page faults while it sends.
    """
    folder = settings.path("FileStorePath")
    if folder is None:
        return MemoryStore(now_ns)
    return FileStore(
        folder,
        name,
        now_ns,
        keeps_messages=settings.flag("PersistMessages", True),
        is_shared=settings.flag("RefreshOnLogon"),
        is_synced=settings.flag("FileStoreSync"),
        segment_size=_SMALL_SEGMENT if is_one_of_many else SEGMENT_SIZE,
        is_prefaulted=not is_one_of_many,
    )


class FileStore(Store):
    """One session's files in `folder`; frequent calls go straight to the compiled `Log`."""

    keeps_messages: bool
    created_ns: int

    def __init__(
        self,
        folder: Path,
        name: str,
        now_ns: int,
        *,
        keeps_messages: bool = True,
        is_shared: bool = False,
        is_synced: bool = False,
        segment_size: int = SEGMENT_SIZE,
        is_prefaulted: bool = True,
    ) -> None:
        """Open the store, or create it at `now_ns` UTC. A shared one is not locked: another process may take over."""
        self.keeps_messages = keeps_messages
        self._folder, self._name = folder, name
        self._is_synced = is_synced
        self._segment_size = segment_size
        self._is_prefaulted = is_prefaulted
        self._lock = None if is_shared else lock.take(folder, name)
        self._log: Log | None = None
        self._head: mmap.mmap | None = None
        self._segments: list[tuple[int, Path]] = []  # first number and file, in order
        self._current: mmap.mmap | None = None
        self._next: mmap.mmap | None = None  # prepared
        self._populated = 0  # bytes of it whose pages exist
        try:
            if not self._head_file.exists():
                self._create(now_ns)
            self._open()
        except BaseException:
            self.close()
            raise

    @property
    def next_in(self) -> int:
        """The number of the next message expected."""
        return self._opened().next_in

    @property
    def next_out(self) -> int:
        """The number of the next message to send."""
        return self._opened().next_out

    def append(self, seq_num: int, message: bytes) -> None:
        """Write a message to the current segment and count it; with FileStoreSync flush both to the disk."""
        self._opened().append(seq_num, message)
        if self._is_synced:
            self._sync()

    def set_next_in(self, seq_num: int) -> None:
        """Count up to the number of the next message expected."""
        self._opened().set_next_in(seq_num)

    def messages(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield the messages from `first` to `last`, read from the segments that may hold them."""
        segments = self._segments.copy()
        for i, (begin, file) in enumerate(segments):
            if begin > last or (i + 1 < len(segments) and segments[i + 1][0] <= first):
                continue
            with mapped(file, writable=False) as segment, self._records_of(segment) as records:
                offset = 0
                while (found := read(records, offset, first)) is not None and found[0] <= last:
                    yield found[0], found[1]
                    offset = found[2]

    def reset(self, now_ns: int, next_in: int = 1, next_out: int = 1) -> None:
        """Begin a new run: one replacement of the head, then the segments of the old run are archived."""
        facts = self._facts.next(now_ns, next_out)
        self._release()
        write_head(self._head_file, facts, next_in, self._is_synced)
        self._open()

    def prepare(self) -> bool:
        """Make the next segment once this one is half full, a slice of its pages at a time."""
        if self._log is None or not self.keeps_messages:
            return False
        if self._next is None and self._log.is_half_full():
            self._next = self._new_segment(self._segment_size)
            self._populated = 0
        elif self._next is not None and self._is_prefaulted and self._populated < len(self._next):
            populate(self._next, self._populated, _SLICE)
            self._populated += _SLICE
        if not self._is_prefaulted:
            return False
        self._log.touch_ahead()
        return self._next is not None and self._populated < len(self._next)

    def reload(self) -> None:
        """Read head and segments again."""
        self._release()
        self._open()

    def close(self) -> None:
        """Close the files; what was appended is in them already."""
        self._release()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def _head_file(self) -> Path:
        return self._folder / f"{self._name}.head"

    def _opened(self) -> Log:
        if self._log is None:
            raise SessionError(f"{self._head_file}: the store is closed")
        return self._log

    def _segment_file(self, index: int) -> Path:
        return self._folder / f"{self._name}.{self._facts.run}.{index}.log"

    def _create(self, now_ns: int) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if orphans := self._found_segments():
            raise SessionError(f"{self._head_file}: missing beside {orphans[0].name}; restore it or remove both")
        write_head(self._head_file, RunFacts(self._name, 1, now_ns, 1, new_id()), 1, self._is_synced)

    def _open(self) -> None:
        """Map the files and verify them."""
        try:
            self._open_head()
            if self.keeps_messages:
                self._open_segments()
        except (SessionError, OSError, ValueError) as error:
            self._release()
            advice = f"restore {self._name}.*, or move them away and reset both numbers with the peer's consent"
            raise SessionError(f"{self._head_file}: {error}; no logon: {advice} (ResetOnLogon=Y)") from error

    def _open_head(self) -> None:
        self._head, self._facts = open_head(self._head_file, self._name)
        self.created_ns = self._facts.created_ns
        self._log = Log(self._head, self.keeps_messages, self._roll)

    def _open_segments(self) -> None:
        """Read every segment of this run up to its end; continue writing in the last one that has records."""
        self._segments = []
        self._archive_other_runs()
        log, counted, seq_num = self._opened(), self._opened().next_out, self._facts.first_out
        while (file := self._segment_file(len(self._segments))).exists():
            segment = mapped(file, writable=True)
            self._prove_ours(file, segment, len(self._segments))
            after = self._attach(file, segment, seq_num, counted)
            if after == seq_num and self._segments:  # prepared but not used
                break
            self._segments.append((seq_num, file))
            seq_num = after
        if seq_num < counted - self._is_synced:
            raise SessionError(f"messages {seq_num} to {counted - 1} are missing")
        if seq_num > counted + 1:  # a kill leaves one record uncounted, never more
            raise SessionError(f"the head counts {counted - 1} messages, the segments {seq_num - 1}")
        if self._segments:
            first, file = self._segments[-1]
            self._current = mapped(file, writable=True)
            log.attach(self._records_of(self._current), first)
        else:
            self._roll(0)
            if self._is_prefaulted and self._current is not None:
                populate(self._current, 0, len(self._current))
        if seq_num == counted - 1:
            self._tell(f"message {seq_num} never reached the disk, and so was not sent: a gap fill stands in its place")
            log.append(seq_num, NOT_KEPT)
        log.set_next_out(max(seq_num, counted))

    def _attach(self, file: Path, segment: mmap.mmap, first: int, counted: int) -> int:
        """Read a segment to its end; return the next number.

        Of a store that is synced the last record may be half there: a loss of power came before it was sent.
        """
        log = self._opened()
        try:
            return log.attach(self._records_of(segment), first)
        except SessionError as error:
            place = log.pos
            last = log.attach(self._records_of(segment)[:place], first)
            if not self._is_synced or last < counted - 1:
                raise SessionError(f"{file.name}: {error}") from None
            log.detach()
            self._tell(f"{file.name}: {error}: a loss of power came before it was sent, and it is cut off")
            end = len(segment) - len(self._facts.binding(0))
            segment[place:end] = bytes(end - place)
            return last

    def _prove_ours(self, file: Path, segment: mmap.mmap, index: int) -> None:
        """Raise for a segment of another store or run, or that stands in another one's place."""
        binding = self._facts.binding(index)
        if binding and segment[-len(binding) :] != binding:
            raise SessionError(f"{file.name}: damaged at its end, or of another session's store, or of another place")

    def _records_of(self, segment: mmap.mmap) -> memoryview:
        """Return the part of a segment that holds records."""
        return memoryview(segment)[: len(segment) - len(self._facts.binding(0))]

    def _tell(self, text: str) -> None:
        _LOGGER.warning("%s: %s", self._head_file, text)

    def _roll(self, room: int) -> None:
        """Continue in the next segment."""
        room += len(self._facts.binding(0))
        if self._next is None or len(self._next) < room:
            self._next = self._new_segment(max(self._segment_size, room))
        self._segments.append((self._opened().next_out, self._segment_file(len(self._segments))))
        self._current, self._next = self._next, None
        self._opened().attach(self._records_of(self._current), self._opened().next_out)

    def _new_segment(self, size: int) -> mmap.mmap:
        """Create the next segment: empty, its disk space allocated, in one step."""
        index = len(self._segments)
        return make(self._segment_file(index), size, self._facts.binding(index), self._is_synced)

    def _sync(self) -> None:
        for file in (self._current, self._head):
            if file is not None:
                file.flush()

    def _archive_other_runs(self) -> None:
        for file in self._found_segments():
            if not file.name.startswith(f"{self._name}.{self._facts.run}."):
                archive.keep(file)

    def _found_segments(self) -> list[Path]:
        """Return this session's segments, of every run; `S.1` is another session than `S`."""
        own = re.compile(re.escape(self._name) + r"\.\d+\.\d+\.log")
        return sorted(file for file in self._folder.iterdir() if own.fullmatch(file.name))

    def _release(self) -> None:
        if self._log is not None:
            self._log.close()
        self._log = self._current = self._next = self._head = None
        self._segments = []
