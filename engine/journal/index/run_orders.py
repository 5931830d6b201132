"""Old orders of one run, brought back by the records that name them alone.

What names an order is found by its keys; the records are those that hold one of its names, or a name that one of those
holds, so that all that a report could mean is there. What else an order depends on comes with them: the snapshot that
its run began with, the lists of markets before each record, and that a connection was lost, or a market forgotten.

Errors  JournalError where a segment that is needed is damaged. A file of keys that is damaged is told of, and its
        segments are read instead.
Cost    one block of each file of keys for each name, the segments that have no file yet once, and 10 ms for each
        segment that names the order.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from engine.errors import JournalError
from engine.fix import SOH
from engine.journal.framing import Record, record_at
from engine.journal.index._keys import PLACES, key_of, offsets_of
from engine.journal.index.files import FileKeys, MemoryKeys, group_of, keys_of, keys_path
from engine.journal.reader import SegmentReading, check_neighbours, read_all, read_header
from engine.journal.segments import RecordKind, number_of
from engine.journal.starts import SNAPSHOT_KINDS, has_snapshot
from engine.orders.order import Order
from engine.orders.orders import Orders

MOST_SEGMENTS = 64  # that a name is in which joins records
_LOST, _BEGUN, _LISTED = (
    key_of("", kind) for kind in (RecordKind.DISCONNECT, RecordKind.STATE, RecordKind.LIST)
)  # fmt: skip
_NAMES = {
    RecordKind.NEW: slice(0, 1), RecordKind.CANCEL: slice(0, 2), RecordKind.REPLACE: slice(0, 2),
    RecordKind.REPORT: slice(1, 4), RecordKind.DOUBT: slice(0, 1), RecordKind.OPTIONS: slice(0, 1),
}  # fmt: skip


class RunOrders:
    """Orders of the run whose segments before a snapshot are `paths`; `replay` makes the orders of records.

    A market that is retired takes its orders with it, where it `forgets`.
    """

    def __init__(self, paths: Sequence[Path], replay: Callable[[Iterable[Record]], Orders], forgets: bool) -> None:
        self._paths = {number_of(path): path for path in paths}
        self._replay = replay
        self._forgets = forgets
        self._keys: list[FileKeys | MemoryKeys] | None = None
        self._head: list[Record] | None = None
        self._segment = lru_cache(maxsize=4)(self._sound_segment)
        self.told: list[str] = []  # a line for each file of keys that is damaged

    def find(self, *names: str) -> tuple[Order, list[str]] | None:
        """Return the order of these names, as `Orders.find` does, with its ids; None if there is none."""
        known: set[str] = set()
        wanted = {name for name in names if name}
        found = None
        while not wanted <= known:
            known, offsets = self._closure(wanted | known)
            orders = self._replay(self._records(offsets))
            order = orders.find(*names)
            if order is None or (self._forgets and self._is_forgotten(order, offsets)):
                return None
            found = order, [cl_ord_id for cl_ord_id, each in orders.ids.items() if each is order]
            wanted = {*found[1], *filter(None, (order.order_id,))}
        return found

    def _closure(self, names: set[str]) -> tuple[set[str], dict[int, set[int]]]:
        """Return these names and those that records join with them, and where the records are.

        A name that is nearly everywhere, as some venues have one for "none", joins nothing, unless it is of this run.
        """
        offsets: dict[int, set[int]] = {}
        new = names
        while new:
            keys = {key_of(name) for name in new}
            found: set[str] = set()
            for number in sorted({number for key in keys for number in self._places(key)}):
                for record in self._read(number, keys):
                    offsets.setdefault(number, set()).add(record.offset)
                    found.update(filter(None, record.text.split(SOH)[_NAMES[record.kind]]))
            new = {name for name in found - names if self._joins(name)}
            names = names | new
        return names, offsets

    @cached_property
    def _nonce(self) -> str:
        return read_header(min(self._paths.values(), key=number_of)).nonce

    def _joins(self, name: str) -> bool:
        """Return whether a name stands for one order."""
        return name.startswith(f"{self._nonce}-") or len(self._places(key_of(name))) <= MOST_SEGMENTS

    def _records(self, offsets: dict[int, set[int]]) -> Iterator[Record]:
        """Return the records at these places, with all that they depend on, in order."""
        yield from self._beginning()
        tables = {number for touched in offsets for number in self._tables(touched)}
        lost = {number for number in self._places(_LOST) if number not in offsets}
        for number in sorted(tables | lost | offsets.keys()):
            if number in lost:
                yield Record(RecordKind.DISCONNECT, 0, (), "", self._paths[number], 0, 0)
            if number in tables or number in offsets:
                others = {_LOST, _LISTED} if number in tables else {_LOST}
                places = offsets.get(number, set()) | {record.offset for record in self._read(number, others)}
                yield from self._at(number, sorted(places))

    def _tables(self, touched: int) -> Iterator[int]:
        """Return the segments that say what an index means in this one, from the last snapshot on."""
        begin = max((number for number in self._places(_BEGUN) if number <= touched), default=min(self._paths))
        return (number for number in self._places(_LISTED) if begin <= number <= touched)

    def _is_forgotten(self, order: Order, offsets: dict[int, set[int]]) -> bool:
        """Return whether its market was retired in a segment that was not read."""
        retired = self._places(key_of(order.instrument.symbol, RecordKind.RETIRE))
        return any(number > min(offsets, default=0) and number not in offsets for number in retired)

    def _beginning(self) -> list[Record]:
        """Return the snapshot that the run began with."""
        if self._head is None:
            self._head = []
            paths = [self._paths[number] for number in sorted(self._paths)]
            if has_snapshot(*paths):
                self._head = list(_snapshot_of(paths))
        return self._head

    def _places(self, key: int) -> list[int]:
        """Return which segments have a key."""
        if self._keys is None:
            for before, after in pairwise(self._paths.values()):
                check_neighbours(before, after)
            self._keys = [keys for group in self._groups() for keys in self._open(group)]
        found: list[int] = []
        for place, keys in enumerate(self._keys):
            try:
                found.extend(keys.places(key))
            except JournalError as error:  # of a file, whose segments still hold the truth
                assert isinstance(keys, FileKeys)
                self.told.append(f"{error}; its segments are searched")
                self._keys[place : place + 1] = map(MemoryKeys, self._paths_of(keys.header.first))
                return self._places(key)
        return found

    def _groups(self) -> list[int]:
        return sorted({group_of(path)[1] for path in self._paths.values()})

    def _paths_of(self, first: int) -> list[Path]:
        return [path for number, path in self._paths.items() if first <= number < first + PLACES]

    def _open(self, first: int) -> Sequence[FileKeys | MemoryKeys]:
        paths = self._paths_of(first)
        file = keys_path(paths[0].parent, group_of(paths[0])[0], first)
        if len(paths) == PLACES and file.exists():
            try:
                return [FileKeys(file, self._nonce)]
            except JournalError as error:
                self.told.append(f"{error}; its segments are searched")
        return [MemoryKeys(path) for path in paths]

    def _read(self, number: int, keys: set[int]) -> Iterator[Record]:
        """Return the records of a segment that have one of the keys."""
        reading = self._segment(number)
        return self._at(number, offsets_of(reading.data, reading.offset, keys))

    def _at(self, number: int, offsets: Iterable[int]) -> Iterator[Record]:
        reading = self._segment(number)
        records = (record_at(reading.path, reading.data, offset) for offset in offsets)
        return (record for record in records if record is not None)

    def _sound_segment(self, number: int) -> SegmentReading:
        """Return a segment whose records are whole to its end; JournalError else."""
        reading = SegmentReading(self._paths[number])
        keys_of(reading)
        return reading


def _snapshot_of(paths: Sequence[Path]) -> Iterator[Record]:
    left = -1
    for record in read_all(paths, is_known_before=True):
        if record.kind == RecordKind.STATE and left < 0:
            left = record.numbers[0] + 1
        if left > 0 and record.kind in (*SNAPSHOT_KINDS, RecordKind.OPTIONS):
            left -= 1
            yield record
        if left == 0:
            return
