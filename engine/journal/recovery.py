"""Orders, positions and the day's profit and loss rebuilt from a journal, by the code that made them the first time.

Errors  JournalError for damage, for an instrument whose units changed, and for an order or position still open in a
        market that is no longer configured. An order comes back without its `tag` and `sent_ns`.
Cost    some 10 us a record from the last snapshot on; what was before it is not read.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import JournalError
from engine.fix import SOH, Status
from engine.instrument import Instrument
from engine.journal.aside import FAULTS, TOLD_KINDS, Aside
from engine.journal.earlier import EarlierOrders
from engine.journal.framing import Record
from engine.journal.index.run_orders import RunOrders
from engine.journal.markets import Adopted, market_of, money_decimals
from engine.journal.reader import read_all, read_header
from engine.journal.reports import options_of, report_of
from engine.journal.segments import Listing, RecordKind, listings, run_of
from engine.journal.snapshot import Restored
from engine.journal.starts import BOTH_KINDS, SNAPSHOT_KINDS, cut_off, has_snapshot, start_of
from engine.journal.told import HaltStanding, Lasting
from engine.orders.order import Order, restore_fields
from engine.orders.orders import Orders
from engine.portfolio import Portfolio

_NOWHERE = 2**31  # index of a market that is no longer configured


class Recovered(NamedTuple):
    """What a replay found."""

    records: int
    unknown: list[Order]  # must be reconciled with the venue before trading resumes
    dropped: list[str]  # a line for each record that the end of the last run cut short
    open_count: int  # positions that are held, and orders that may live
    doubts: list[str]  # a line for each reason to ask the venue before any of this is believed
    saved: Mapping[str, str] = {}  # what each strategy kept last, by its name
    standing: HaltStanding | None = None  # what the halt word said last


def recover(
    paths: Sequence[Path],
    instruments: Sequence[Instrument],
    orders: Orders,
    portfolio: Portfolio,
    day_start_ns: int = 0,
    adopts: bool = False,
) -> Recovered:
    """Replay journals into fresh `orders` and `portfolio`; a request never answered comes back UNKNOWN.

    The day that began at `day_start_ns` counts from its first record, or as its DAY records say; 0 takes every day as
    it was recorded. Where it `adopts` them, markets that came while an engine ran are in `portfolio` until they are
    retired, as they were then; else they are no markets of ours if `instruments` does not name them.
    """
    return _Replay(instruments, orders, portfolio, day_start_ns, adopts).run(paths)


def recover_all(paths: Sequence[Path]) -> tuple[Orders, Portfolio]:
    """Replay journals without any configuration: what is held is among `Portfolio.gone`."""
    orders, portfolio = Orders("recovered"), Portfolio(())
    _Replay((), orders, portfolio, 0).replay(paths)
    return orders, portfolio


class _Replay:
    """One replay: the tables that turn what records name into objects."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        orders: Orders,
        portfolio: Portfolio,
        day_start_ns: int,
        adopts: bool = False,
    ) -> None:
        self._instruments = instruments
        self._orders = orders
        self._portfolio = portfolio
        self._day_start_ns = day_start_ns
        self._configured = dict(zip(listings(instruments), instruments, strict=True))
        self._symbols = {instrument.symbol for instrument in instruments}
        self._table: dict[int, Instrument] = {}  # of the run being replayed
        self._adopted = Adopted(portfolio, orders, instruments) if adopts else None
        self._run = 0
        self._money_shift = 0  # decimals that money has more now than in the run being replayed
        self._is_restoring = False  # a snapshot, at the beginning
        self._restored = Restored(orders, portfolio, self._instrument)
        self._earlier = self._before((), 0)
        self._aside = Aside(orders)
        self._lasting = Lasting()

    def run(self, paths: Sequence[Path]) -> Recovered:
        """Replay every record, and end what can only be over."""
        count, dropped = self.replay(paths)
        self._end_settled()
        self._check_unlisted()
        self._orders.on_disconnect()
        open_count = len(live := self._orders.live()) + sum(position.net != 0 for position in self._portfolio)
        unknown = [order for order in live if order.ord_status == Status.UNKNOWN]
        doubts, kept = self._aside.lines() + cut_off(paths), self._lasting.values()
        return Recovered(count, unknown, dropped, open_count, doubts, *kept)

    def replay(self, paths: Sequence[Path]) -> tuple[int, list[str]]:
        """Replay every record from the last snapshot on; return how many, and a line for each thing that is amiss."""
        count, dropped = self._replay_from(paths, start_of(paths))
        return count, dropped + self._earlier.missed(paths)

    def _older(self, paths: Sequence[Path], place: int) -> Orders:
        """Return the orders of segments, read from `place` on."""
        replay = self._fresh()
        replay._replay_from(paths, place)
        return replay._orders

    def _before(self, paths: Sequence[Path], run: int) -> EarlierOrders:
        """Return the orders that a run knew from these segments."""
        return EarlierOrders(paths, run, self._older, self._own)

    def _own(self, paths: Sequence[Path], begin: int) -> RunOrders:
        """Return the orders of the run whose segments begin at a place."""

        def of(records: Iterable[Record]) -> Orders:
            """Replay some records of the run alone."""
            replay = self._fresh()
            replay._earlier = self._before(paths[:begin], run_of(paths[begin]))
            replay._is_restoring = has_snapshot(*paths[begin:])
            for record in records:
                replay._take_in_turn(record)
            return replay._orders

        return RunOrders(paths[begin:], of, self._adopted is not None)

    def _fresh(self) -> "_Replay":
        return _Replay(self._instruments, Orders("earlier"), Portfolio(self._instruments), 0, self._adopted is not None)

    def _replay_from(self, paths: Sequence[Path], place: int) -> tuple[int, list[str]]:
        """Replay every record from `place` on in order; JournalError names the one that cannot be replayed."""
        count, dropped = 0, list[str]()
        paths, before = paths[place:], paths[:place]
        self._earlier = self._before(before, run_of(paths[0]) if paths else 0)
        self._is_restoring = bool(paths) and has_snapshot(*paths)
        for record in read_all(paths, dropped, is_known_before=self._is_restoring):
            count += record.kind not in (RecordKind.LINK, RecordKind.END)
            self._take_in_turn(record)
        return count, dropped

    def _take_in_turn(self, record: Record) -> None:
        """Replay the record that comes next; JournalError where that cannot be."""
        try:
            self._turn_to(record.path)
            if record.time_ns >= self._day_start_ns > self._portfolio.day_start_ns:
                self._portfolio.start_day(self._day_start_ns)
            self._take(record)
        except FAULTS as error:
            where = f"{record.path} offset {record.offset}"
            raise JournalError(f"{where}: cannot be replayed: {error}: reconcile with the venue") from error

    def _take(self, record: Record) -> None:
        """Replay one record, or set it aside where it is about one order."""
        try:
            self._replay(record)
        except FAULTS as error:
            if not self._aside.takes(record):
                raise
            self._aside.take(record, error)

    def _turn_to(self, path: Path) -> None:
        if run_of(path) != self._run:
            self._run = run_of(path)
            self._orders.on_disconnect()  # as the engine did when it started
            listed = read_header(path).instruments
            self._table = dict(enumerate(map(self._instrument, listed)))
            self._money_shift = money_decimals(self._instruments) - money_decimals(listed)
            self._money_shift *= bool(listed and self._instruments)

    def _in_our_units(self, money: int) -> int:
        """Return an amount of the run being replayed in the units of the markets now; a loss is rounded up."""
        factor: int = 10 ** abs(self._money_shift)
        return money * factor if self._money_shift >= 0 else money // factor

    def _instrument(self, listing: Listing) -> Instrument:
        if listing not in self._configured:
            if listing.symbol in self._symbols:
                raise ValueError(f"Symbol(55) {listing.symbol!r} had {listing}, and has other units now")
            symbol, price_decimals, size_decimals = listing.symbol, listing.price_decimals, listing.size_decimals
            instrument = Instrument(symbol, _NOWHERE, None, price_decimals=price_decimals, size_decimals=size_decimals)
            self._configured[listing] = instrument
            self._portfolio.admit(instrument)
        return self._configured[listing]

    def _replay(self, record: Record) -> None:
        orders, kind = self._orders, record.kind
        if kind == RecordKind.LIST:
            self._list(record)
        self._lasting.take(record)
        if kind in SNAPSHOT_KINDS or (kind in BOTH_KINDS and self._is_restoring):
            if self._is_restoring:  # later ones say what the records between have made already
                self._restored.take(record, self._table)
                self._is_restoring = not self._restored.is_whole
                if self._restored.is_whole and self._money_shift:
                    self._portfolio.resume_day(self._portfolio.day_start_ns, self._in_our_units(self._restored.day_pnl))
            return
        texts = record.text.split(SOH)
        if kind == RecordKind.NEW:
            index, side, price, qty, post_only, expire_time_ns = record.numbers
            cl_ord_id, ord_type, tif = texts
            orders.restore_cl_ord_id(cl_ord_id)
            instrument = self._table[index]
            orders.open(instrument, side, price, qty, ord_type, tif, bool(post_only), expire_time_ns, 0, cl_ord_id)
        elif kind == RecordKind.REPORT:
            report = report_of(record)
            if orders.find(report.cl_ord_id, report.orig_cl_ord_id, report.order_id) is None:
                self._bring_back(self._earlier.of_report(report))
            self._portfolio.book(orders.apply(report))
        elif kind == RecordKind.OPTIONS:
            cl_ord_id, options = options_of(record)
            self._order(cl_ord_id).take_options(options)
        elif kind == RecordKind.CANCEL:
            orders.restore_cl_ord_id(texts[1])
            orders.request_cancel(self._order(texts[0]), 0, texts[1])
        elif kind == RecordKind.REPLACE:
            orders.restore_cl_ord_id(texts[1])
            price, qty = record.numbers
            orders.request_replace(self._order(texts[0]), price, qty, 0, texts[1])
        elif kind == RecordKind.REQUEST:
            orders.restore_cl_ord_id(texts[0])
        elif kind == RecordKind.DISCONNECT:
            orders.on_disconnect()
        elif kind == RecordKind.DOUBT:
            if orders.by_id(texts[0]) is None:
                self._bring_back(self._earlier.of_id(texts[0]))
            if (order := orders.by_id(texts[0])) is not None:  # else its segments are gone
                orders.doubt(order)
        elif kind == RecordKind.SETTLE:
            index, price, fee = record.numbers
            self._portfolio.settle(self._table[index], price, fee)
        elif kind == RecordKind.RESTATE:
            index, net, cash, cost = record.numbers
            self._portfolio.restate(self._table[index], net, cash, cost)
        elif kind == RecordKind.MARK:
            index, *_, mark = record.numbers
            self._portfolio.restore_mark(self._table[index], mark)
        elif kind == RecordKind.DAY:
            start_ns, day_pnl = record.numbers
            if self._day_start_ns in (0, start_ns):  # a day by an earlier rule or a wrong clock is none of ours
                self._portfolio.resume_day(start_ns, self._in_our_units(day_pnl))
        elif kind == RecordKind.CUT:
            self._aside.distrust(record)
        elif kind == RecordKind.RETIRE:
            self._retire(self._table.pop(record.numbers[0]))
        elif kind not in TOLD_KINDS:
            raise ValueError(f"kind {kind} is not known")

    def _list(self, record: Record) -> None:
        """Let an index stand for a market from here on."""
        listed = market_of(record)
        if listed.listing not in self._configured and self._adopted is not None:
            self._configured[listed.listing] = self._adopted.take(listed)
            self._symbols.add(listed.symbol)
        self._table[record.numbers[0]] = self._instrument(listed.listing)

    def _retire(self, instrument: Instrument) -> None:
        """Forget a market, if it came in the same way."""
        if self._adopted is not None and self._adopted.let_go(instrument):
            (listing,) = listings([instrument])
            del self._configured[listing]
            self._symbols.discard(listing.symbol)

    def _bring_back(self, found: tuple[Order, list[str]] | None) -> None:
        """Take an order that no snapshot had, unless its market is forgotten."""
        if found is not None:
            order, cl_ord_ids = found
            (listing,) = listings([order.instrument])
            if self._adopted is None or listing in self._configured:
                restore_fields(order, instrument=self._instrument(listing))
                self._orders.restore(order, cl_ord_ids)

    def _order(self, cl_ord_id: str) -> Order:
        if (order := self._orders.by_id(cl_ord_id)) is None:
            raise LookupError(f"ClOrdID(11) unknown: {cl_ord_id!r}")
        return order

    def _end_settled(self) -> None:
        """Take for over what was alive in a market that has settled and is not configured any more: nobody can ask."""
        for order in self._orders.live():
            if order.instrument.index == _NOWHERE and self._portfolio[order.instrument].is_settled:
                self._orders.expire(order)

    def _check_unlisted(self) -> None:
        """Raise for what is still open in a market that is no longer configured."""
        held = [position.instrument for position in self._portfolio.gone() if position.net]
        for instrument in held + [order.instrument for order in self._orders.live()]:
            if instrument.index == _NOWHERE:
                raise JournalError(
                    f"{instrument.symbol} is held or has live orders: configure it, or say what it paid:"
                    f" fixlane settle {instrument.symbol} PRICE CONFIG"
                )
