"""Records as named values, in the units that people read, and which of them somebody wants.

Units   prices, sizes and money are decimal text by the instrument, as `0.4200`; times are text in UTC, to the
        nanosecond, and `time_ns`; `after_ns` is the time since the request that a report answers.
Shapes  an entry has time, time_ns, run, segment, offset, kind, and what its kind has; what is not said is left out.
Errors  ConfigError for a question that cannot be asked.
Bounds  the newest `MOST_IDS` ids are known to their orders; what names an older one has no symbol unless it says so.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

import msgspec

from engine._decimal import format_decimal
from engine.errors import ConfigError
from engine.fix import SOH
from engine.journal.framing import Record
from engine.journal.markets import MarketNames, market_of
from engine.journal.reports import REPORT_NAMES, options_of, report_of
from engine.journal.segments import Listing, RecordKind, number_of, run_of
from engine.journal.told import operator_act, reconcile_step, session_event
from engine.orders.report import ABSENT

Entry: TypeAlias = dict[str, object]
MOST_IDS = 200_000
KIND_NAMES = {kind: name for name, kind in vars(RecordKind).items() if isinstance(kind, int)}
_PRICES = "price", "last_px"
_SIZES = "order_qty", "cum_qty", "leaves_qty", "last_qty"
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Question(NamedTuple):
    """Which records are wanted; "" and 0 are any."""

    order: str = ""  # any of its ClOrdIDs, or its OrderID(37)
    symbol: str = ""
    kind: str = ""
    since_ns: int = 0


class _Chain:
    """One order as its records tell it."""

    __slots__ = ("asked_ns", "listing", "names")

    def __init__(self, listing: Listing | None) -> None:
        self.listing = listing
        self.names: set[str] = set()
        self.asked_ns = 0  # when the request in flight was recorded; 0 once it is answered


class EntryReader:
    """Makes entries of records that come in order; `markets` are those of their run."""

    def __init__(self, question: Question) -> None:
        if question.kind and question.kind.upper() not in KIND_NAMES.values():
            raise ConfigError(f"--kind {question.kind}: no kind of record; there are {', '.join(KIND_NAMES.values())}")
        self._question = question
        self._chains: dict[str, _Chain] = {}

    def of(self, record: Record, markets: MarketNames) -> Entry | None:
        """Return the entry of a record, None if it is not wanted."""
        entry, chain = self._read(record, markets)
        asked = self._question
        names = chain.names if chain is not None else {str(entry.get("cl_ord_id", ""))}
        is_wanted = (
            (not asked.order or asked.order in names)
            and (not asked.symbol or asked.symbol == entry.get("symbol"))
            and (not asked.kind or asked.kind.upper() == entry["kind"])
            and (record.time_ns >= asked.since_ns)
        )
        return entry if is_wanted else None

    def _read(self, record: Record, markets: MarketNames) -> tuple[Entry, _Chain | None]:
        entry: Entry = {
            "time": time_text(record.time_ns),
            "time_ns": record.time_ns,
            "run": run_of(record.path),
            "segment": number_of(record.path),
            "offset": record.offset,
            "kind": KIND_NAMES.get(record.kind, str(record.kind)),
        }
        kind = record.kind
        if kind == RecordKind.NEW:
            return entry, self._take_new(record, markets, entry)
        if kind in (RecordKind.CANCEL, RecordKind.REPLACE):
            return entry, self._take_request(record, entry)
        if kind == RecordKind.REPORT:
            return entry, self._take_report(record, markets, entry)
        if kind == RecordKind.DOUBT:
            entry["cl_ord_id"] = record.text
            return entry, self._chains.get(record.text)
        entry.update(_plain(record, markets))
        return entry, self._chains.get(str(entry.get("cl_ord_id")))

    def _take_new(self, record: Record, markets: MarketNames, entry: Entry) -> _Chain:
        index, side, price, qty, post_only, expire_time_ns = record.numbers
        listing = markets[index]
        cl_ord_id, ord_type, tif = record.text.split(SOH)
        entry |= {"cl_ord_id": cl_ord_id, "symbol": listing.symbol, "side": side, "price": _price(price, listing)}
        entry |= {"order_qty": _size(qty, listing), "ord_type": ord_type, "time_in_force": tif}
        entry |= {"post_only": bool(post_only)} if post_only else {}
        entry |= {"expire_time": time_text(expire_time_ns)} if expire_time_ns else {}
        chain = _Chain(listing)
        self._name(chain, cl_ord_id)
        chain.asked_ns = record.time_ns
        return chain

    def _take_request(self, record: Record, entry: Entry) -> _Chain | None:
        orig_cl_ord_id, cl_ord_id = record.text.split(SOH)
        entry |= {"orig_cl_ord_id": orig_cl_ord_id, "cl_ord_id": cl_ord_id}
        chain = self._chains.get(orig_cl_ord_id)
        if chain is None:
            return None
        self._name(chain, cl_ord_id)
        chain.asked_ns = record.time_ns
        if chain.listing is not None:
            entry["symbol"] = chain.listing.symbol
            if record.numbers:
                price, qty = record.numbers
                entry |= {"price": _price(price, chain.listing), "order_qty": _size(qty, chain.listing)}
        return chain

    def _take_report(self, record: Record, markets: MarketNames, entry: Entry) -> _Chain | None:
        report = report_of(record)
        found = (self._chains.get(name) for name in (report.cl_ord_id, report.orig_cl_ord_id, report.order_id) if name)
        chain = next(filter(None, found), None)
        listing = chain.listing if chain is not None else markets.named(report.symbol)
        for name in REPORT_NAMES:
            value = getattr(report, name)
            if value in ("", ABSENT) or value is False:
                continue
            if listing is not None:
                value = _in_units(name, value, listing)
            entry[name] = value
        if listing is not None:
            entry["symbol"] = listing.symbol
        if chain is not None:
            for name in (report.cl_ord_id, report.order_id):
                self._name(chain, name)
            if chain.asked_ns:
                entry["after_ns"], chain.asked_ns = record.time_ns - chain.asked_ns, 0
        return chain

    def _name(self, chain: _Chain, name: str) -> None:
        """Let a name stand for an order; the oldest names are forgotten."""
        if name:
            chain.names.add(name)
            self._chains[name] = chain
            if len(self._chains) > MOST_IDS:
                del self._chains[next(iter(self._chains))]


def _plain(record: Record, markets: MarketNames) -> Entry:
    """Return what a record of no order says."""
    kind, numbers, text = record.kind, record.numbers, record.text
    if kind == RecordKind.SETTLE:
        listing = markets[numbers[0]]
        return {"symbol": listing.symbol, "price": _price(numbers[1], listing), "fee": _money(numbers[2], listing)}
    if kind in (RecordKind.MARK, RecordKind.HOLDING) and numbers[0] >= 0:
        listing = markets[numbers[0]]
        net, cash, cost, fees = numbers[1:5]
        held: Entry = {"symbol": listing.symbol, "net": _size(net, listing), "cash": _money(cash, listing)}
        return held | {"cost": _money(cost, listing), "fees": _money(fees, listing)}
    if kind == RecordKind.SHARE and numbers[0] >= 0:
        listing = markets[numbers[0]]
        share: Entry = {"strategy": text, "symbol": listing.symbol, "net": _size(numbers[1], listing)}
        return share | {"cash": _money(numbers[2], listing), "fees": _money(numbers[4], listing)}
    if kind == RecordKind.RESTATE:
        listing = markets[numbers[0]]
        net, cash, cost = numbers[1:]
        restated: Entry = {"symbol": listing.symbol, "net": _size(net, listing), "cash": _money(cash, listing)}
        return restated | {"cost": _money(cost, listing), "text": text}
    if kind == RecordKind.DAY:
        return {"since": time_text(numbers[0]), "day_pnl": _money(numbers[1], markets.any())}
    if kind == RecordKind.OPERATOR:
        act = operator_act(record)
        said: Entry = {"action": act.action, "by": act.by, "reason": act.reason, "outcome": act.outcome or "done"}
        symbol = act.arguments.get("symbol")
        return said | {"arguments": act.arguments} | ({"symbol": symbol} if symbol else {})
    if kind == RecordKind.DENIAL:
        return _denial(record, markets)
    if kind == RecordKind.SESSION:
        event = session_event(record)._asdict()
        return event if event["left_out"] else {name: value for name, value in event.items() if name != "left_out"}
    if kind == RecordKind.RECONCILE:
        return {name: value for name, value in msgspec.structs.asdict(reconcile_step(record)).items() if value}
    if kind == RecordKind.LIST:
        return {"index": numbers[0], "symbol": market_of(record).symbol}
    if kind == RecordKind.RETIRE:
        return {"index": numbers[0], "symbol": text}
    if kind == RecordKind.REQUEST:
        return {"cl_ord_id": text}
    if kind == RecordKind.OPTIONS:
        cl_ord_id, options = options_of(record)
        return {"cl_ord_id": cl_ord_id} | {name: value for name, value in options._asdict().items() if value}
    if kind == RecordKind.LINK:
        return {"behind": text, "end": numbers[0], "records": numbers[1]}
    return {name: value for name, value in (("numbers", list(numbers)), ("text", text)) if value}


def _denial(record: Record, markets: MarketNames) -> Entry:
    index, side, price, qty, code, left_out = record.numbers
    listing = markets[index]
    symbol, cl_ord_id, *asking = record.text.split(SOH)
    entry: Entry = {"symbol": symbol, "side": side, "price": _price(price, listing), "order_qty": _size(qty, listing)}
    entry |= {"reason": code}
    entry |= {"cl_ord_id": cl_ord_id} if cl_ord_id else {}
    entry |= {"strategy": asking[0]} if asking else {}
    return entry | ({"left_out": left_out} if left_out else {})


def _in_units(name: str, value: int, listing: Listing) -> object:
    if name in _PRICES:
        return _price(value, listing)
    if name in _SIZES:
        return _size(value, listing)
    return _money(value, listing) if name == "fee" else value


def _price(price: int, listing: Listing) -> str:
    return format_decimal(price, listing.price_decimals)


def _size(size: int, listing: Listing) -> str:
    return format_decimal(size, listing.size_decimals)


def _money(money: int, listing: Listing) -> str:
    return format_decimal(money, listing.price_decimals + listing.size_decimals)


def time_text(time_ns: int) -> str:
    """Return a time as people read it, in UTC."""
    second, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d-%H:%M:%S}.{rest:09}"


def since(text: str, now_ns: int) -> int:
    """Return the time that `text` means: a span before now such as 90s, 10m, 2h, 1d, or a date and time in UTC."""
    if (span := _SPAN.fullmatch(text)) is not None:
        return now_ns - int(span[1]) * _SECONDS[span[2]] * 10**9
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--since {text}: neither a span such as 10m nor a time such as 2026-11-28T14:30") from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * 10**9
