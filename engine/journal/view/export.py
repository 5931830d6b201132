"""EntryReader as lines of JSON, as text, and as a Parquet file.

Errors  ConfigError where the package that writes Parquet is not installed.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.journal.archive import name_of
from engine.journal.framing import Record
from engine.journal.markets import MarketNames
from engine.journal.reader import SegmentReading, read_header
from engine.journal.segments import journal_paths, number_of, run_of
from engine.journal.view.entries import Entry, EntryReader, Question, time_text
from engine.journal.view.growing import GrowingReading

POLL_S = 0.2
BATCH = 50_000  # rows in one row group


def entries(path: Path, question: Question, follows: bool = False) -> Iterator[Entry]:
    """Return what is wanted of a segment or of all that a directory holds; with `follows` also what will come.

    What was dropped of a segment, or is damaged in one of its snapshots, is an entry too, whatever is wanted.
    """
    made, run, markets = EntryReader(question), 0, None
    for found in _followed(path) if follows else _records(journal_paths(path) if path.is_dir() else [path]):
        if isinstance(found, dict):
            yield found
            continue
        if markets is None or run_of(found.path) != run:
            markets, run = MarketNames(read_header(found.path)), run_of(found.path)
        markets.take(found)
        if (entry := made.of(found, markets)) is not None:
            yield entry


def as_text(entry: Entry) -> str:
    """Return an entry as one line."""
    values = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _PLACE)
    place = f"{entry['run']:06}-{entry['segment']:04}+{entry['offset']}"
    return f"{entry['time']} {place} {entry['kind']} {values}".rstrip()


def as_json(entry: Entry) -> str:
    """Return an entry as one line of JSON."""
    return msgspec.json.encode(entry).decode()


def write_parquet(found: Iterable[Entry], path: Path) -> int:
    """Write entries to a Parquet file, all columns but the places as text; return how many."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigError("--parquet wants the package pyarrow: pip install 'fixlane[parquet]'") from None
    schema = pyarrow.schema([(name, pyarrow.int64() if name in _NUMBERS else pyarrow.string()) for name in _COLUMNS])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:  # type: ignore[no-untyped-call, unused-ignore]
        for rows in _batches(found):
            columns = {name: [_cell(name, row.get(name)) for row in rows] for name in _COLUMNS}
            writer.write_table(pyarrow.table(columns, schema=schema))
            count += len(rows)
    return count


_PLACE = ("time", "time_ns", "run", "segment", "offset", "kind")
_NUMBERS = ("time_ns", "run", "segment", "offset", "after_ns", "side")
_COLUMNS = (
    "time_ns", "run", "segment", "offset", "kind", "symbol", "cl_ord_id", "orig_cl_ord_id", "order_id", "side", "price",
    "order_qty", "ord_type", "time_in_force", "exec_id", "exec_type", "ord_status", "last_px", "last_qty", "cum_qty",
    "leaves_qty", "fee", "after_ns", "reason", "text", "action", "by", "outcome", "net", "cash", "cost", "fees",
    "event", "session", "next_out", "next_in", "step", "rule", "decided", "result",
)  # fmt: skip


def _cell(name: str, value: object) -> object:
    return value if value is None or name in _NUMBERS else str(value)


def _batches(found: Iterable[Entry]) -> Iterator[list[Entry]]:
    rows: list[Entry] = []
    for entry in found:
        rows.append(entry)
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _records(paths: Iterable[Path]) -> Iterator[Record | Entry]:
    for path in paths:
        reading, last_ns = SegmentReading(path), 0
        for record in reading.records():
            last_ns = record.time_ns or last_ns
            yield record
        for kind, text in (("DROPPED", reading.dropped), ("SPOILED", reading.spoiled)):
            if text:
                yield _told(path, kind, text, last_ns)


def _told(path: Path, kind: str, text: str, time_ns: int) -> Entry:
    """Return an entry that is no record: what is amiss with a segment."""
    place: Entry = {"run": run_of(path), "segment": number_of(path), "offset": 0}
    return {"time": time_text(time_ns), "time_ns": time_ns, **place, "kind": kind, "text": text}


def _followed(path: Path) -> Iterator[Record | Entry]:
    """Return the records of a journal, and those that are written from now on, until somebody interrupts."""
    readings: dict[str, GrowingReading] = {}
    over: set[str] = set()
    while True:
        names: list[str] = []
        for each in journal_paths(path) if path.is_dir() else [path]:
            name = name_of(each)
            if name not in over:
                for record in readings.setdefault(name, GrowingReading(each)).more():
                    yield from _ended([readings.pop(before) for before in names if before not in over])
                    over.update(names)  # nothing is written before what came now
                    yield record
            names.append(name)
        time.sleep(POLL_S)


def _ended(readings: Iterable[GrowingReading]) -> Iterator[Entry]:
    """Return what is amiss with segments that others follow; JournalError where more than a last record is missing."""
    for reading in readings:
        if reading.stuck:
            for _ in reading.more():
                pass
            yield _told(reading.path, "DROPPED", f"{reading.stuck}: the last record was cut short", 0)
