"""The requests of one run of a journal, and in what two runs differ first.

Units   as in the journal.
Shapes  a request is its record, byte for byte: when it was, its order, its price; OPTIONS after the order they are of.
Errors  JournalError for a journal that is damaged, EngineError where it has no run of this nonce.
"""

from collections.abc import Iterator
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError
from engine.journal.framing import Record
from engine.journal.markets import MarketNames
from engine.journal.reader import SegmentReading, read_header
from engine.journal.segments import RecordKind, journal_paths, paths_of_run, run_of
from engine.journal.view.entries import Entry, EntryReader, Question

REQUESTS = (RecordKind.NEW, RecordKind.CANCEL, RecordKind.REPLACE, RecordKind.REQUEST)
_PLACE = ("time", "run", "segment", "offset")  # of no request, but of where it stands


class Difference(NamedTuple):
    """The first request, counted from 1, that is another one: by which field, and what it is here and there."""

    number: int
    field: str
    ours: object
    theirs: object


class RunRequests(NamedTuple):
    """What a run asked for: the bytes of each request, and the same as named values."""

    records: list[bytes]
    entries: list[Entry]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all of them, in order."""
        return sha256(b"".join(self.records)).hexdigest()


def run_with(directory: Path, nonce: str) -> int:
    """Return the number of the run that has this nonce."""
    paths = journal_paths(directory)
    found = next((run_of(path) for path in reversed(paths) if read_header(path).nonce == nonce), None)
    if found is None:
        raise EngineError(f"{directory}: no run {nonce!r} is in this journal: name the one that was written with it")
    return found


def requests_of(directory: Path, run: int) -> RunRequests:
    """Return the requests of a run."""
    found = RunRequests([], [])
    reader = EntryReader(Question())
    markets: MarketNames | None = None
    for path in paths_of_run(directory, run):
        reading = SegmentReading(path)
        markets = markets or MarketNames(reading.header)
        for record, is_request in _marked(reading.records()):
            markets.take(record)
            entry = reader.of(record, markets)
            if is_request and entry is not None:
                found.records.append(reading.data[record.offset : record.offset + record.size])
                found.entries.append({name: value for name, value in entry.items() if name not in _PLACE})
    return found


def _marked(records: Iterator[Record]) -> Iterator[tuple[Record, bool]]:
    """Yield each record, and whether it is a request; options are of a request if a new order is before them."""
    before = 0
    for record in records:
        yield record, record.kind in REQUESTS or (record.kind == RecordKind.OPTIONS and before == RecordKind.NEW)
        before = record.kind


def begun(requests: RunRequests, count: int) -> RunRequests:
    """Return the first requests of a run."""
    return RunRequests(requests.records[:count], requests.entries[:count])


def first_difference(ours: RunRequests, theirs: RunRequests) -> Difference | None:
    """Return where two runs part; None where they are the same byte for byte."""
    if ours.records == theirs.records:
        return None
    for number, (mine, other) in enumerate(zip_longest(ours.records, theirs.records), 1):
        if mine != other:
            return _difference(number, _entry(ours, number), _entry(theirs, number))
    return None


def _entry(requests: RunRequests, number: int) -> Entry:
    return requests.entries[number - 1] if number <= len(requests.entries) else {}


def _difference(number: int, mine: Entry, other: Entry) -> Difference:
    if not mine or not other:
        return Difference(number, "request", mine.get("kind", "none"), other.get("kind", "none"))
    names = [name for name in (*mine, *other) if name != "time_ns" and mine.get(name) != other.get(name)]
    field = names[0] if names else "time_ns"
    return Difference(number, field, mine.get(field), other.get(field))
