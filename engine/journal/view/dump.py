"""A journal as lines of text.

Errors  JournalError where the file is damaged, after the lines before that place.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine._decimal import format_decimal
from engine.fix import SOH
from engine.journal.framing import Record
from engine.journal.markets import MarketNames, market_of
from engine.journal.reader import SegmentReading, read_header
from engine.journal.reports import REPORT_NAMES, report_of
from engine.journal.segments import Listing, RecordKind, journal_paths, run_of
from engine.journal.told import operator_act, reconcile_step, session_event, standing_in
from engine.orders.report import ABSENT
from engine.runtime.halt_word import WORDS


def dump(path: Path) -> Iterator[str]:
    """Return one line for a segment and one for each of its records; of a directory those of every segment."""
    markets, run = None, 0
    for each in journal_paths(path) if path.is_dir() else [path]:
        if markets is None or run_of(each) != run:
            markets, run = MarketNames(read_header(each)), run_of(each)
        yield from _dump_segment(each, markets)


def _dump_segment(path: Path, markets: MarketNames) -> Iterator[str]:
    header = read_header(path)
    made = f"version {header.version}, nonce {header.nonce}, {len(header.instruments)} instruments"
    yield f"{_time(header.created_ns)} run {header.run} segment {header.segment}: {made}"
    reading = SegmentReading(path)
    for record in reading.records():
        markets.take(record)
        yield f"{record.offset:>9} {_time(record.time_ns)} {_line(record, markets)}"
    yield from filter(None, (reading.dropped, reading.spoiled))


def _line(record: Record, markets: MarketNames) -> str:
    text = record.text.replace(SOH, " ")
    if record.kind == RecordKind.NEW:
        index, side, price, qty, post_only, expire_time_ns = record.numbers
        listing = markets[index]
        cl_ord_id, ord_type, tif = record.text.split(SOH)
        text = (
            f"11={cl_ord_id} 55={listing.symbol} 54={side} 38={format_decimal(qty, listing.size_decimals)}"
            f" 44={_price(price, listing)} 40={ord_type} 59={tif}"
            f"{' 18=6' if post_only else ''}{f' 126={_time(expire_time_ns)}' if expire_time_ns else ''}"
        )
    elif record.kind in (RecordKind.CANCEL, RecordKind.REPLACE):
        text = "41={} 11={}".format(*record.text.split(SOH)) + "".join(f" {number}" for number in record.numbers)
    elif record.kind == RecordKind.REPORT:
        report = report_of(record)
        values = ((name, getattr(report, name)) for name in sorted(REPORT_NAMES))
        text = " ".join(f"{name}={value}" for name, value in values if value not in ("", ABSENT) and value is not False)
    elif record.kind == RecordKind.SETTLE:
        index, price, fee = record.numbers
        listing = markets[index]
        text = f"55={listing.symbol} at {_price(price, listing)}, fee {_money(fee, listing)}"
    elif record.kind == RecordKind.MARK:
        index, net, cash, cost, fees, mark = record.numbers
        listing = markets[index]
        text = (
            f"55={listing.symbol} net {format_decimal(net, listing.size_decimals)} at {_price(mark, listing)},"
            f" cash {_money(cash, listing)}, cost {_money(cost, listing)}, fees {_money(fees, listing)}"
        )
    elif record.kind == RecordKind.DAY:
        start_ns, day_pnl = record.numbers
        made = _money(day_pnl, markets.any())
        text = f"since {_time(start_ns)}, made {made}"
    elif record.kind == RecordKind.LINK:
        end, records, checksum, open_count = record.numbers
        was = "unknown what was open" if open_count < 0 else f"{open_count} open"
        text = f"behind {record.text}: ends at {end}, {records} records, sum {checksum:08x}, {was}"
        text = text if record.text else "the first segment"
    elif record.kind == RecordKind.STATE:
        text = f"{record.numbers[0]} records follow; last id {record.text}"
    elif record.kind == RecordKind.HOLDING:
        index, net, cash, cost, fees, *_ = record.numbers
        listing = markets[index] if index >= 0 else msgspec.json.decode(record.text, type=Listing)
        text = (
            f"55={listing.symbol} net {format_decimal(net, listing.size_decimals)}, cash {_money(cash, listing)},"
            f" cost {_money(cost, listing)}, fees {_money(fees, listing)}"
        )
    elif record.kind == RecordKind.SHARE:
        name, _, listed = record.text.partition(SOH)
        listing = msgspec.json.decode(listed, type=Listing) if listed else markets[record.numbers[0]]
        _, net, cash, _, fees, *_ = record.numbers
        held = f"net {format_decimal(net, listing.size_decimals)}, cash {_money(cash, listing)}"
        text = f"{name or 'nobody'}: 55={listing.symbol} {held}, fees {_money(fees, listing)}"
    elif record.kind == RecordKind.LIST:
        text = f"{record.numbers[0]} is 55={market_of(record).symbol}"
    elif record.kind == RecordKind.RETIRE:
        text = f"{record.numbers[0]} was 55={record.text}"
    elif record.kind == RecordKind.PAST:
        cash, fees, _ = record.numbers
        text = f"cash {_money(cash, markets.any())}, fees {_money(fees, markets.any())}"
    elif record.kind == RecordKind.OPERATOR:
        act = operator_act(record)
        given = "".join(f" {name}={value}" for name, value in act.arguments.items())
        text = f"{act.action}{given} by {act.by}: {act.reason}" + (f": refused: {act.outcome}" if act.outcome else "")
    elif record.kind == RecordKind.DENIAL:
        index, side, price, qty, code, left_out = record.numbers
        listing = markets[index]
        symbol, cl_ord_id, *asking = record.text.split(SOH)
        text = (
            f"{code}{f' 41={cl_ord_id}' if cl_ord_id else ''} 55={symbol} 54={side}"
            f" 38={format_decimal(qty, listing.size_decimals)} 44={_price(price, listing)}"
            f"{f', {left_out} more before it' if left_out else ''}{f', by {asking[0]}' if asking else ''}"
        )
    elif record.kind == RecordKind.SESSION:
        event = session_event(record)
        numbers = f"next {event.next_out} out, {event.next_in} in"
        more = f", {event.left_out} more before it" if event.left_out else ""
        text = f"{event.session}: {event.event}: {event.text} ({numbers}{more})"
    elif record.kind == RecordKind.RECONCILE:
        step = reconcile_step(record)
        what = f" {step.symbol}: {step.rule}" if step.rule else ""
        text = ": ".join(filter(None, (f"{step.step}{what}", step.text, step.decided, step.result)))
    elif record.kind == RecordKind.STANDING:
        standing = standing_in(record)
        text = f"{WORDS[standing.state]} by {standing.by} since {_time(standing.when_ns)}: {standing.reason}"
    elif record.kind == RecordKind.ORDER:
        text = f"55={markets[record.numbers[0]].symbol} {text}"
    return f"{_NAMES.get(record.kind, f'KIND {record.kind}')} {text}".rstrip()


def _price(price: int, listing: Listing) -> str:
    return format_decimal(price, listing.price_decimals)


def _money(money: int, listing: Listing) -> str:
    return format_decimal(money, listing.price_decimals + listing.size_decimals)


def _time(time_ns: int) -> str:
    second, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d-%H:%M:%S}.{rest:09}"


_NAMES = {kind: name for name, kind in vars(RecordKind).items() if isinstance(kind, int)}
