"""The journal: every request before it is sent and every report before it is acted on.

Units   times in ns of the clock that the caller passes in.
Shapes  a directory of segments, each start of the engine its own run; see `segments`.
Errors  JournalError if the directory is in use, the disk is full, or a record is larger than a segment.
Cost    0.1 us a new order, 0.2 us a report where `prepare` is called often enough; a page that it did not reach, or
        that the kernel has written out since, adds 2 us on ext4, nothing on tmpfs.
Safety  what was appended survives the end of the process, kill -9 included; a loss of power only with `sync`: "always"
        waits for the disk at every record, "interval" puts all on it every tenth of a second, on a thread of its own.
Thread  the loop thread only; one process per directory. Where it `is_helped`, a thread makes the next segment ready.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias, cast

from engine.errors import JournalError
from engine.fix import SOH
from engine.instrument import Instrument
from engine.journal.directory import OwnedDirectory
from engine.journal.index.files import index_old
from engine.journal.reader import cleared, has_traded
from engine.journal.reports import options_record
from engine.journal.segments import (
    MAX_BYTES,
    Header,
    RecordKind,
    Segment,
    Tail,
    first_header,
    paths_of_run,
)
from engine.journal.starts import old_segments
from engine.journal.supply import HelpedSupply, Supply
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.portfolio import Position

SEGMENT_BYTES = 4 * 2**20
SyncMode: TypeAlias = Literal["none", "interval", "always"]
_join = SOH.join
NEW, REPORT = RecordKind.NEW, RecordKind.REPORT
OPTIONS = RecordKind.OPTIONS


class NullJournal:
    """A journal that keeps nothing, and the interface of one that does."""

    def append_new(self, order: Order, now_ns: int) -> None:
        """Record a new order that is about to be sent."""

    def append_cancel(self, order: Order, now_ns: int) -> None:
        """Record the cancel that is in flight for an order."""

    def append_replace(self, order: Order, now_ns: int) -> None:
        """Record the replace that is in flight for an order."""

    def append_request(self, cl_ord_id: str, now_ns: int) -> None:
        """Record a message about no single order that took a ClOrdID, such as a mass cancel."""

    def append_report(self, report: ExecutionReport, now_ns: int) -> None:
        """Record a report that `Orders.apply` was given."""

    def append_disconnect(self, now_ns: int) -> None:
        """Record that `Orders.on_disconnect` was called."""

    def append_doubt(self, order: Order, now_ns: int) -> None:
        """Record that `Orders.doubt` was called."""

    def append_settle(self, instrument: Instrument, price: int, fee: int, now_ns: int) -> None:
        """Record that `Portfolio.settle` was called."""

    def append_mark(self, position: Position, now_ns: int) -> None:
        """Record what a position stands at and is valued at."""

    def append_day(self, start_ns: int, day_pnl: int, now_ns: int) -> None:
        """Record which trading day it is, by its start, and what it has made so far."""

    def append_note(self, text: str, now_ns: int) -> None:
        """Record what a person should find here, such as a halt."""

    def append_state(self, kind: int, numbers: tuple[int, ...], text: str, now_ns: int = 0) -> None:
        """Record a part of a snapshot, or what became of the list of markets."""

    def archive(self) -> None:
        """Learn that a snapshot was written: what is older than the one before it may be compressed."""

    @property
    def segment(self) -> int:
        """Return the number of the segment that is being written, counted from 1 in each run."""
        return 0

    def roll(self) -> None:
        """Go on in the next segment, whatever room is left."""

    def prepare(self) -> None:
        """Make some more of the next segment ready; for idle moments: 0.1 ms, 2 ms once a segment."""

    def abandon(self) -> None:
        """Leave nothing of the run: it failed before anything was sent."""

    def close(self) -> None:
        """End the run."""


class Journal(NullJournal):
    """One run, open for appending.

    `open_count` is how many positions and orders the runs before left open: after 0 they may be moved away; -1 is
    unknown.
    """

    def __init__(
        self,
        directory: Path,
        nonce: str,
        instruments: Sequence[Instrument],
        now_ns: int,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        sync: SyncMode | bool = "none",
        is_helped: bool = False,
        open_count: int = -1,
        owned: OwnedDirectory | None = None,
    ) -> None:
        if segment_bytes > MAX_BYTES:
            raise JournalError(f"segment_bytes {segment_bytes}: a segment has at most {MAX_BYTES}")
        self._directory = directory
        self._owned = owned or OwnedDirectory(directory)
        self._sync = sync in (True, "always")
        self._supply, self._segment = cast(Supply, None), cast(Segment, None)  # until they are made
        try:
            before = cleared(directory)
            self._run = first_header(directory, segment_bytes & -8, now_ns, nonce, instruments)
            self._owned.begin()
            self._supply = _supply(directory, self._run, sync, is_helped)
            self._supply.need()
            self._begin(self._supply.take(), before, open_count)
            self._segment.touch(segment_bytes)
            self.prepare()
        except BaseException:
            self._leave_nothing()
            raise

    @property
    def path(self) -> Path:
        """Return the segment that is being written."""
        return self._segment.path

    def append_new(self, order: Order, now_ns: int) -> None:
        """Record a new order that is about to be sent, in the next segment if this one is full."""
        while not self._tape.write_new(NEW, now_ns, order):
            self._roll()
        if order.options is not None:
            self._append(OPTIONS, now_ns, *options_record(order))
        if self._sync:
            self._segment.sync()

    def append_cancel(self, order: Order, now_ns: int) -> None:
        """Record the ClOrdIDs of the order and of its cancel."""
        self._append(RecordKind.CANCEL, now_ns, (), _join((order.cl_ord_id, order.pending_cl_ord_id)))

    def append_replace(self, order: Order, now_ns: int) -> None:
        """Record the ClOrdIDs of the order and of its replace, and the price and quantity asked for."""
        numbers = (order.pending_price, order.pending_qty)
        self._append(RecordKind.REPLACE, now_ns, numbers, _join((order.cl_ord_id, order.pending_cl_ord_id)))

    def append_request(self, cl_ord_id: str, now_ns: int) -> None:
        """Record that this ClOrdID is used up."""
        self._append(RecordKind.REQUEST, now_ns, (), cl_ord_id)

    def append_report(self, report: ExecutionReport, now_ns: int) -> None:
        """Record every field of a report, so that `report_of` makes the same of it."""
        while not self._tape.write_report(REPORT, now_ns, report):
            self._roll()
        if self._sync:
            self._segment.sync()

    def append_disconnect(self, now_ns: int) -> None:
        """Record that what is unanswered is lost."""
        self._append(RecordKind.DISCONNECT, now_ns, (), "")

    def append_doubt(self, order: Order, now_ns: int) -> None:
        """Record the ClOrdID of an order that is in doubt."""
        self._append(RecordKind.DOUBT, now_ns, (), order.cl_ord_id)

    def append_settle(self, instrument: Instrument, price: int, fee: int, now_ns: int) -> None:
        """Record what one contract paid, and the fee."""
        self._append(RecordKind.SETTLE, now_ns, (instrument.index, price, fee), "")

    def append_mark(self, position: Position, now_ns: int) -> None:
        """Record what a position stands at and is valued at."""
        numbers = (position.net, position.cash, position.cost, position.fees, position.mark)
        self._append(RecordKind.MARK, now_ns, (position.instrument.index, *numbers), "")

    def append_day(self, start_ns: int, day_pnl: int, now_ns: int) -> None:
        """Record which trading day it is, by its start, and what it has made so far."""
        self._append(RecordKind.DAY, now_ns, (start_ns, day_pnl), "")

    def append_note(self, text: str, now_ns: int) -> None:
        """Record text for a person; it changes nothing when the journal is replayed."""
        self._append(RecordKind.NOTE, now_ns, (), text.encode(errors="backslashreplace").decode())

    def prepare(self) -> None:
        """Make some more of the next segment ready; JournalError if the disk has no room for it."""
        self._supply.prepare()

    def close(self) -> None:
        """End the run: END is written, the file cut to what it holds, and the directory free for another process."""
        if self._owned.is_released:
            return
        try:
            self._segment.end()
            if self._sync:
                self._segment.sync()
        finally:
            self._supply.give_back(self._segment)
            self._supply.stop()
            self._owned.release()

    def abandon(self) -> None:
        """Delete what this run wrote, and free the directory for another process."""
        if self._owned.is_released:
            return
        if self.segment != 1 and has_traded(paths_of_run(self._directory, self._run.run)):
            self.close()
        else:
            self._leave_nothing()

    def _leave_nothing(self) -> None:
        """Delete the run's segments, the newest first: a process that is killed here leaves a sound journal."""
        self._owned.take_back()
        if self._supply is not None:
            self._supply.stop()
        if self._segment is not None:
            self._segment.discard()
            for path in reversed(paths_of_run(self._directory, self._run.run)):
                with contextlib.suppress(OSError):
                    path.unlink()
        self._owned.release()

    def _append(self, kind: int, now_ns: int, numbers: tuple[int, ...], text: str) -> None:
        while not self._tape.write(kind, now_ns, numbers, text):
            self._roll()
        if self._sync:
            self._segment.sync()

    def append_state(self, kind: int, numbers: tuple[int, ...], text: str, now_ns: int = 0) -> None:
        """Record a part of a snapshot, which has no time, or what became of the list of markets."""
        self._append(kind, now_ns, numbers, text)

    def archive(self) -> None:
        """Let the thread that helps compress what no start will read any more."""
        self._supply.archive()

    @property
    def segment(self) -> int:
        """Return the number of the segment that is being written."""
        return self._supply.number

    def roll(self) -> None:
        """Go on in the next segment; one that holds nothing yet stays."""
        if not self._segment.is_empty:
            self._roll()

    def _roll(self) -> None:
        """Go on in the next segment."""
        full = self._segment
        if self._owned.is_released:
            raise JournalError(f"{full.path}: closed: nothing can be appended")
        if full.is_empty:
            raise JournalError(f"{full.path}: a record is larger than a segment: make segment_bytes larger")
        self._supply.need()  # before this one ends: there may be no room for it
        tail = full.end()
        if self._sync:
            full.sync()  # once more if it failed
        self._begin(self._supply.take(), tail, -1)
        self._supply.give_back(full)

    def _begin(self, segment: Segment, before: Tail, open_count: int) -> None:
        if not segment.link(before, open_count):
            segment.discard()
            raise JournalError(f"{segment.path}: no room for a record: make segment_bytes larger")
        self._segment, self._tape = segment, segment.tape
        self._supply.begun(segment)
        self._owned.note(segment.path.name, self._run.nonce)
        if self._sync:
            segment.sync()


def _supply(directory: Path, header: Header, sync: SyncMode | bool, is_helped: bool) -> Supply:
    is_synced = sync in (True, "always")
    if not is_helped and sync != "interval":
        return Supply(directory, header, is_synced)
    return HelpedSupply(directory, header, is_synced, sync == "interval", old_segments, index_old)
