"""Reads the View of an engine: from another process, at any time, whatever state the engine is in.

A copy is whole where the sequence number was even and the same before and after it; else it is made again. What is used
of the file is read, not mapped: one that is cut short meanwhile is an error, and no end of the reader.

Shapes  records are named tuples with the fields of `layout`; text is decoded, what no screen should get taken out.
Errors  ConfigError where there is no view, one of another layout, or half a file: says which and what to do.
Cost    0.3 ms for 200 markets, 6 ms for 5 000; nothing of the engine's.
"""

import contextlib
import os
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine._decimal import format_decimal
from engine.errors import ConfigError
from engine.ops.view import layout
from engine.ops.view.place import link_of, markets_of
from engine.ops.view.process import boot_id, process_start
from engine.runtime.latency import LatencyCounts

TRIES = 2_000
WAIT_S = 0.0002
NOBODY = "is an engine running, or has one run, with this state_dir?"

_KINDS: dict[str, Callable[..., Any]] = {  # what makes a record of its fields
    block.name: namedtuple(block.name, block.names) for block in (layout.HEAD, *layout.BLOCKS)
}
_BLOCKS = {block.name: block for block in layout.BLOCKS}
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_UNPRINTABLE = dict.fromkeys(_CONTROLS, " ")
_EMPTY = bytes(8 * 1024)
_FRONT = layout.HEAD.size + layout.DIRECTORY.size * len(layout.BLOCKS)
_SLOW = "latencies"  # large, and of no one moment anyway: read behind the rest


class MarketName(NamedTuple):
    """What does not change about a market."""

    symbol: str
    event: str
    limit: int
    series: str = ""
    category: str = ""


class View:
    """One whole picture; `head` and the record of a block of one are attributes of their fields."""

    def __init__(self, front: bytes, parts: dict[str, bytes], names: list[MarketName]) -> None:
        self._parts = parts
        self.names = names
        self.head: Any = _head(front)
        self.counters: Any = self.records("counters")[0]
        self.desk: Any = next(iter(self.records("desk")), None)

    def records(self, name: str) -> list[Any]:
        """Return the records of a block."""
        block, kind = _BLOCKS[name], _KINDS[name]
        texts = [index for index, (_, shape, _) in enumerate(block.rows) if shape.endswith("s")]
        rows = block.struct.iter_unpack(self._parts[name])
        return [kind(*_decoded(row, texts)) for row in rows] if texts else [kind(*row) for row in rows]

    def latencies(self) -> dict[str, LatencyCounts]:
        """Return what was timed by name; the counts are some seconds older than the rest."""
        rows = _BLOCKS["latencies"].struct.iter_unpack(self._parts["latencies"])
        return {_text(name): LatencyCounts(_Published(counts, *sums)) for name, _, *sums, counts in rows}

    def markets(self) -> dict[int, Any]:
        """Return the record of each market by its place; free places are left out."""
        numbered = zip(self.records("markets"), self.records("listed"), strict=True)
        return {place: record for place, (record, listed) in enumerate(numbered) if listed.number}

    def symbol(self, market: int) -> str:
        """Return the symbol of a market by its place, "" for none."""
        return self.names[market].symbol if 0 <= market < len(self.names) else ""

    # What a person reads, and Prometheus

    def price(self, price: int) -> str:
        """Return a price in dollars."""
        return format_decimal(price, self.head.price_decimals)

    def size(self, size: int) -> str:
        """Return a size in contracts."""
        return format_decimal(size, self.head.size_decimals)

    def money(self, money: int) -> str:
        """Return an amount in dollars."""
        return format_decimal(money, self.head.price_decimals + self.head.size_decimals)

    # The process that wrote it

    @property
    def has_ended(self) -> bool:
        """Whether the engine said that this is its last view."""
        return bool(self.head.ended_utc_ns)

    def is_of_this_boot(self) -> bool:
        """Whether monotonic times in here compare with ours."""
        return self.desk is None or self.desk.boot_id == boot_id()

    def is_alive(self) -> bool:
        """Whether the process that wrote it still runs."""
        return self.is_of_this_boot() and process_start(self.head.pid) == self.head.pid_start != 0

    def age_ns(self) -> int:
        """Return how old this picture is, by the clock of the wall where the host was started anew since."""
        if self.is_of_this_boot():
            return max(time.monotonic_ns() - int(self.head.written_ns), 0)
        return max(time.time_ns() - int(self.head.written_utc_ns), 0)


class _Published:
    """The counts of a recorder as they lie in a view; `LatencyCounts` reads it as the recorder itself."""

    def __init__(self, counts: bytes, total_ns: int, max_ns: int) -> None:
        self._counted = list(_counted(counts))
        self.count = sum(count for _, count in self._counted)  # of the counts that are here
        self.total_ns = total_ns
        self.max_ns = max_ns

    def snapshot(self) -> list[tuple[int, int]]:
        """Return (bucket, count) of every bucket that counted something."""
        return self._counted


class ViewReader:
    """Reads one engine's view again and again, found by its state directory."""

    def __init__(self, state_dir: Path) -> None:
        self.path = link_of(state_dir)
        self._names: dict[int, MarketName] = {}  # by the number of the market
        self._names_of = 0  # the start whose markets these are

    def read(self) -> View:
        """Return the view as it is now."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise ConfigError(f"{self.path}: no view ({error.strerror}); {NOBODY}") from None
        try:
            front, parts = self._copy(descriptor)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be read: {error.strerror}") from None
        finally:
            os.close(descriptor)
        return View(front, parts, self._names_for(_head(front).start_utc_ns, _numbers(parts["listed"])))

    def _copy(self, descriptor: int) -> tuple[bytes, dict[str, bytes]]:
        """Return the front of the file and what is used of each block, all as they were at one moment."""
        size = os.fstat(descriptor).st_size
        for _ in range(TRIES):
            front = os.pread(descriptor, _FRONT, 0)
            places = self._places(front, size)
            parts = {name: os.pread(descriptor, bytes_, at) for name, (at, bytes_) in places.items() if name != _SLOW}
            if _sequence(front) % 2 == 0 and _sequence(os.pread(descriptor, layout.HEAD.size, 0)) == _sequence(front):
                break
            time.sleep(WAIT_S)
        else:
            head = _head(front)
            if process_start(head.pid) == head.pid_start:  # else it died while it wrote: the last that there is
                raise ConfigError(f"{self.path}: written without a pause by process {head.pid}; try again")
        at, bytes_ = places[_SLOW]
        parts[_SLOW] = os.pread(descriptor, bytes_, at)
        if [len(part) for part in parts.values()] != [places[name][1] for name in parts]:
            raise ConfigError(f"{self.path}: was cut short meanwhile; {NOBODY}")
        return front, parts

    def _places(self, front: bytes, size: int) -> dict[str, tuple[int, int]]:
        """Return where what is used of each block begins, and its bytes; ConfigError for no view that we can read."""
        if len(front) < _FRONT or front[:8] != layout.MAGIC:
            raise ConfigError(f"{self.path}: is no view of an engine; {NOBODY}")
        head = _head(front)
        if (head.layout_version, head.layout_hash) != (layout.VERSION, layout.layout_hash()):
            raise ConfigError(
                f"{self.path}: layout {head.layout_version} of another version of this program; use the fixlane that"
                " runs the engine"
            )
        if size != head.file_bytes:
            raise ConfigError(f"{self.path}: {size} of {head.file_bytes} bytes are there; {NOBODY}")
        places = {}
        for name, at, _, _, used in layout.DIRECTORY.struct.iter_unpack(front[layout.HEAD.size :]):
            block = _BLOCKS.get(_text(name))
            if block is None or at < _FRONT or not 0 <= used <= (size - at) // block.size:
                raise ConfigError(f"{self.path}: its directory is damaged; {NOBODY}")
            places[block.name] = at, used * block.size
        if len(places) < len(_BLOCKS) or not places["counters"][1]:
            raise ConfigError(f"{self.path}: its directory is damaged; {NOBODY}")
        return places

    def _names_for(self, start_utc_ns: int, numbers: list[int]) -> list[MarketName]:
        """Return the names of these markets of the run that began then; a place instead where no list has one."""
        if self._names_of != start_utc_ns or not self._names.keys() >= set(filter(None, numbers)):
            self._names, self._names_of = {}, start_utc_ns
            with contextlib.suppress(OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
                self._names = _read_names(markets_of(self.path.resolve()), start_utc_ns)
        return [
            self._names.get(number) or MarketName(f"market {place}" if number else "", "", 0)
            for place, number in enumerate(numbers)
        ]


def last_view(state_dir: Path) -> View | None:
    """Return the view of an engine, None where there is none that can be read."""
    try:
        return ViewReader(state_dir).read()
    except ConfigError:
        return None


def _read_names(path: Path, start_utc_ns: int) -> dict[int, MarketName]:
    first, *lines = path.read_bytes().splitlines()
    if msgspec.json.decode(first)["start_utc_ns"] != start_utc_ns:
        return {}
    rows = [msgspec.json.decode(line) for line in lines]
    return {
        int(row["number"]): MarketName(
            str(row["symbol"]), str(row["event"]), int(row["limit"]), str(row["series"]), str(row["category"])
        )
        for row in rows
    }


def _numbers(listed: bytes) -> list[int]:
    return [number for (number,) in _BLOCKS["listed"].struct.iter_unpack(listed)]


def _head(data: bytes) -> Any:
    return _KINDS["head"](*layout.HEAD.struct.unpack_from(data))


def _sequence(data: bytes) -> int:
    at = layout.HEAD.offset("sequence")
    return int.from_bytes(data[at : at + 8], "little")


def _decoded(row: tuple[Any, ...], texts: list[int]) -> list[Any]:
    values = list(row)
    for index in texts:
        values[index] = _text(values[index])
    return values


def _text(raw: bytes) -> str:
    """Return the text of a field, with a blank for what would move a cursor or turn a line around."""
    return raw.rstrip(b"\0").decode(errors="replace").translate(_UNPRINTABLE)


def _counted(counts: bytes) -> Iterator[tuple[int, int]]:
    """Yield (bucket, count) of what counted something; most of it did not."""
    for start in range(0, len(counts), len(_EMPTY)):
        part = counts[start : start + len(_EMPTY)]
        if part != _EMPTY[: len(part)]:
            for index, count in enumerate(memoryview(part).cast("q")):
                if count:
                    yield start // 8 + index, count
