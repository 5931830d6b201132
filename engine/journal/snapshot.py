"""What is held and open, written behind the head of a segment: recovery begins at the last one, whatever was before.

Shapes  STATE with the number of records that follow, then so many LIST, PAST, HOLDING, SHARE, ORDER, KEPT, SAVED and
        STANDING records, in as many segments as they need. Orders that are over are kept as long as late reports are
        likely: the newest `MOST_DONE`; recovery looks for others in the segments before. An order keeps its ids among
        the newest `_LOOKED_AT`: a report that names it by an older one names its OrderID(37) too.
Units   as in `instrument`; a snapshot's records have no time.
Errors  JournalError where there is no room; ValueError for a record that is none.
Cost    2 us an order, 1 us a position, off the path: at each start, and once in `SEGMENTS` segments.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from engine.errors import JournalError
from engine.instrument import Instrument
from engine.journal.framing import Record
from engine.journal.markets import market_text
from engine.journal.reports import options_of, options_record
from engine.journal.segments import Listing, RecordKind
from engine.journal.shares import share_records, take_share
from engine.journal.told import HaltStanding, append_standing, standing_record
from engine.journal.writer import NullJournal
from engine.orders.order import Order, restore_fields
from engine.orders.orders import Orders
from engine.portfolio import Portfolio

SEGMENTS = 8  # 32 MiB, some 200 000 records: two seconds of replay
MOST_DONE = 1024
MOST_KEPT = 8192  # executions of orders that are over
PART = 64  # executions in one record: an order may have more than a segment holds
_LOOKED_AT = 8192  # ids
_FIELDS = (
    "cl_ord_id", "order_id", "side", "price", "order_qty", "cum_qty", "leaves_qty", "cum_cost", "ord_type",
    "time_in_force", "post_only", "expire_time_ns", "ord_status", "pending", "pending_cl_ord_id", "pending_price",
    "pending_qty", "is_lost", "fee_rest",
)  # fmt: skip
_FIRST_FIELDS = 18  # of the first snapshots: all but the last one
_Kept = list[tuple[str, int, int, int, int, bool]]  # as of `Order.all_kept`
_ORDER = tuple[list[str | int | bool], _Kept, list[str]]  # the fields, the first of what is kept, the ids


class Snapshots:
    """Writes the state of one desk into its journal, whose heads list the markets of `headed`: all that there are now,
    unless they are given.
    """

    def __init__(
        self,
        journal: NullJournal,
        orders: Orders,
        portfolio: Portfolio,
        headed: Iterable[Instrument] | None = None,
        saved: Mapping[str, str] = {},
        standing: HaltStanding | None = None,
    ) -> None:
        """`saved` is what each strategy keeps, by its name, `standing` what the halt word says: with each of them."""
        self.saved = dict(saved)
        self.standing = standing
        self._journal = journal
        self._orders = orders
        self._portfolio = portfolio
        self._headed = {each.instrument for each in portfolio} if headed is None else set(headed)
        self._last_segment = journal.segment

    def tick(self) -> None:
        """Write one if much was written since the last; one that fails is due again after as much."""
        if self._journal.segment - self._last_segment >= SEGMENTS:
            self._last_segment = self._journal.segment
            self._journal.roll()
            self.take()

    def take(self) -> None:
        """Write one; the journal must be at the head of a segment."""
        shares = share_records(self._portfolio)
        records = [*self._lasting(), *self._markets(), *self._holdings(), *shares, *self._open_orders()]
        head = len(records), self._orders.opened, *self._portfolio.day(), self._portfolio.day_pnl
        self._journal.append_state(RecordKind.STATE, head, self._orders.last_cl_ord_id)
        for kind, numbers, text in records:
            self._journal.append_state(kind, numbers, text)
        self._last_segment = self._journal.segment
        self._journal.archive()

    def stand(self, standing: HaltStanding, now_ns: int) -> None:
        """Keep what the halt word says from now on; JournalError where the journal has no room."""
        self.standing = standing
        append_standing(self._journal, standing, now_ns)

    def end(self) -> None:
        """Write the last one of a run, so that the next start has little to read; it may fail, as on a full disk."""
        with contextlib.suppress(JournalError, OSError):
            self._journal.roll()
            self.take()

    def _lasting(self) -> Iterator[tuple[int, tuple[int, ...], str]]:
        if self.standing is not None:
            yield standing_record(self.standing)
        for text in self.saved.values():
            yield RecordKind.SAVED, (), text

    def _markets(self) -> Iterator[tuple[int, tuple[int, ...], str]]:
        for position in self._portfolio:
            if position.instrument not in self._headed:
                yield RecordKind.LIST, (position.instrument.index,), market_text(position.instrument)
        if any(past := self._portfolio.past()):
            yield RecordKind.PAST, past, ""

    def _holdings(self) -> Iterator[tuple[int, tuple[int, ...], str]]:
        for position in self._portfolio:
            held = self._portfolio.holding(position.instrument)
            if any(held):
                yield RecordKind.HOLDING, (position.instrument.index, *held), ""
        for position in self._portfolio.gone():
            gone = position.instrument
            listing = Listing(gone.symbol, gone.price_decimals, gone.size_decimals)
            yield RecordKind.HOLDING, (-1, *self._portfolio.holding(gone)), msgspec.json.encode(listing).decode()

    def _open_orders(self) -> Iterator[tuple[int, tuple[int, ...], str]]:
        places = {position.instrument: position.instrument.index for position in self._portfolio}
        ids: dict[Order, list[str]] = {order: [] for order in (*reversed(self._finished()), *self._orders.live())}
        for cl_ord_id, order in self._orders.ids.among(ids, _LOOKED_AT):
            ids[order].append(cl_ord_id)
        for order, named in ids.items():
            index = places.get(order.instrument)
            if index is not None:
                yield from _records_of(order, index, named)

    def _finished(self) -> list[Order]:
        """Return the orders that are over, the newest first."""
        found: dict[Order, None] = {}
        kept = 0
        for order in islice(self._orders.ids.newest_first(), _LOOKED_AT):
            if len(found) == MOST_DONE:
                break
            if order.is_done and order not in found and kept + order.execution_count <= MOST_KEPT:
                found[order] = None
                kept += order.execution_count
        return list(found)


def _records_of(order: Order, index: int, cl_ord_ids: list[str]) -> Iterator[tuple[int, tuple[int, ...], str]]:
    kept = order.all_kept()
    state = [getattr(order, name) for name in _FIELDS], kept[:PART], cl_ord_ids
    yield RecordKind.ORDER, (index,), msgspec.json.encode(state).decode()
    if order.options is not None:
        yield RecordKind.OPTIONS, *options_record(order)
    for start in range(PART, len(kept), PART):
        yield RecordKind.KEPT, (), msgspec.json.encode(kept[start : start + PART]).decode()


class Restored:
    """Takes a snapshot's records into fresh `orders` and `portfolio`; `instrument_of` makes a market of its listing."""

    def __init__(self, orders: Orders, portfolio: Portfolio, instrument_of: Callable[[Listing], Instrument]) -> None:
        self._orders = orders
        self._portfolio = portfolio
        self._instrument_of = instrument_of
        self._order: Order | None = None  # the last one
        self._left = -1  # records; unknown
        self.day_pnl = 0  # in the units of the run that wrote it

    @property
    def is_whole(self) -> bool:
        """Return whether every record of it was taken."""
        return self._left == 0

    def take(self, record: Record, table: Mapping[int, Instrument]) -> None:
        """Take one record; `table` holds the markets that it names by index, and those of a LIST already."""
        self._left -= 1
        if record.kind == RecordKind.STATE:
            self._left, opened, day_start_ns, start_pnl = record.numbers[:4]
            self.day_pnl = record.numbers[4] if len(record.numbers) > 4 else 0  # the first ones had none
            self._orders.resume(record.text, opened)
            self._portfolio.restore_day(day_start_ns, start_pnl)
        elif record.kind == RecordKind.HOLDING:
            index, *numbers = record.numbers
            listing = msgspec.json.decode(record.text, type=Listing) if index < 0 else None
            instrument = table[index] if listing is None else self._instrument_of(listing)
            self._portfolio.restore_holding(instrument, *numbers)
        elif record.kind in (RecordKind.SHARE, RecordKind.SHARE_DAY):
            take_share(self._portfolio, record, table, self._instrument_of)
        elif record.kind == RecordKind.PAST:
            cash, fees, start_pnl = record.numbers
            self._portfolio.restore_past(cash, fees, start_pnl)
        elif record.kind in (RecordKind.KEPT, RecordKind.OPTIONS):
            self._take_more(record)
        elif record.kind == RecordKind.ORDER:
            self._take_order(record, table[record.numbers[0]])

    def _take_more(self, record: Record) -> None:
        """Take what goes with the order before."""
        if self._order is None:
            raise ValueError("KEPT or OPTIONS follows no ORDER")
        if record.kind == RecordKind.OPTIONS:
            self._order.take_options(options_of(record)[1])
        else:
            self._order.restore_kept(msgspec.json.decode(record.text, type=_Kept))

    def _take_order(self, record: Record, instrument: Instrument) -> None:
        values, kept, cl_ord_ids = msgspec.json.decode(record.text, type=_ORDER)
        state = dict(zip(_FIELDS, values, strict=len(values) != _FIRST_FIELDS))
        order = Order(str(state["cl_ord_id"]), instrument, int(state["side"]), int(state["price"]), 1)
        restore_fields(order, **state)
        order.restore_kept(kept)
        self._orders.restore(order, cl_ord_ids)
        self._order = order
