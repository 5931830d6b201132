"""What follows from the rows of one file: when each happened at the venue, which decrease a trade made, which order a
cancel took back.

Clocks  The venue's clock is not the recorder's: of each connection the smallest distance is taken for `FLOOR_NS`.
Pairs   A trade and a decrease of the same side, price, size and millisecond are one match; it happened when the
        decrease says. Of equal decreases it is the last one before the trade, else the next one.
Joins   An increase is an order. A cancel took the youngest order of exactly its size at its price.
"""

from bisect import bisect_right
from collections import defaultdict
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.backtest.rows.recording import WIDTH
from engine.backtest.rows.schema import NO_JOIN, Flag, Kind

FLOOR_NS = 1_000_000
_NS_PER_MS = 1_000_000
_UNPAIRED = int(Flag.BLOCK | Flag.OWN)  # trades that took from nobody who is in the book
Ints = NDArray[np.int64]


class HeardRows(Protocol):
    """Rows as they were heard: what `engine.backtest.rows.recording` makes."""

    values: bytearray
    knows_reads: bool


class Ordered(NamedTuple):
    """Rows of a file: columns by name, and for each row the one beside which it stands at the venue."""

    columns: dict[str, Ints]
    anchor: Ints
    shifts_ns: list[int]  # of each connection, added to the venue's stamps
    counts: dict[str, int]


def order(recording: HeardRows) -> Ordered:
    """Return what the rows of a recording say."""
    table: Ints = np.frombuffer(recording.values, dtype="<i8").reshape(-1, WIDTH).T
    recv, stamp, market, kind, flags, side, price, size, change, connection = table
    ends = np.append(np.diff(recv) > (_NS_PER_MS if recording.knows_reads else 0), True)
    flags = flags | np.where(ends, int(Flag.LAST), 0)
    venue, shifts, clamped = _venue_times(recv, stamp, market, kind, connection)
    flags |= np.where(clamped, int(Flag.CLAMPED), 0)
    trades, decreases = _pairs(stamp, market, kind, flags, side, price, size, change)
    flags[trades] |= int(Flag.PAIRED)
    flags[decreases] |= int(Flag.PAIRED)
    anchor = np.arange(len(recv))
    anchor[trades] = decreases
    # A trade is stamped to the millisecond, its decrease to the microsecond. None is heard before it happened.
    venue[trades] = np.minimum(venue[decreases], recv[trades] - FLOOR_NS)
    join = _joins(market, kind, flags, side, price, size, change)
    columns = dict(recv_ns=recv, venue_ns=venue, market=market, kind=kind, flags=flags, maker_side=side)
    columns |= dict(price=price, size=size, join=join)
    is_trade = (kind == Kind.TRADE) & (flags & _UNPAIRED == 0)
    counts = {"clamped": int(clamped.sum()), "paired": len(trades), "unpaired": int(is_trade.sum()) - len(trades)}
    return Ordered(columns, anchor, shifts, counts)


def _venue_times(
    recv: Ints, stamp: Ints, market: Ints, kind: Ints, connection: Ints
) -> tuple[Ints, list[int], NDArray[np.bool_]]:
    venue, clamped = recv - FLOOR_NS, np.zeros(len(recv), dtype=bool)
    shifts: list[int] = []
    for each in np.unique(connection).tolist():
        stamped = (connection == each) & (stamp > 0)
        behind = (recv - stamp)[stamped]
        shifts.append(int(behind.min()) - FLOOR_NS if len(behind) else 0)
        venue[stamped] = stamp[stamped] + shifts[-1]
    for each in np.unique(market).tolist():
        rows = np.flatnonzero((market == each) & (kind != Kind.TRADE))
        if len(rows):
            said = venue[rows]
            # What has no stamp, a snapshot, happened no later than what was heard after it.
            no_later = np.minimum.accumulate(np.where(stamp[rows] > 0, said, recv[rows])[::-1])[::-1]
            said = np.where(stamp[rows] > 0, said, np.minimum(said, no_later))
            venue[rows] = np.maximum.accumulate(said)
            clamped[rows] = (venue[rows] > said) & (stamp[rows] > 0)
    return venue, shifts, clamped


def _pairs(
    stamp: Ints, market: Ints, kind: Ints, flags: Ints, side: Ints, price: Ints, size: Ints, change: Ints
) -> tuple[list[int], list[int]]:
    """Return the rows of the trades whose decrease is known, and those of the decreases."""
    ms = stamp // _NS_PER_MS
    amount = np.where(kind == Kind.TRADE, size, -change)
    wanted = np.flatnonzero((kind == Kind.TRADE) & (flags & _UNPAIRED == 0))
    made = np.flatnonzero((kind == Kind.LEVEL) & (change < 0))
    made = made[np.isin(ms[made], ms[wanted])]
    columns = (market, ms, side, price, amount)
    waiting: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, *key in zip(made.tolist(), *(column[made].tolist() for column in columns), strict=True):
        waiting[tuple(key)].append(row)
    trades, decreases = [], []
    for row, *key in zip(wanted.tolist(), *(column[wanted].tolist() for column in columns), strict=True):
        if rows := waiting.get(tuple(key)):
            trades.append(row)
            decreases.append(rows.pop(max(bisect_right(rows, row) - 1, 0)))
    return trades, decreases


def _joins(market: Ints, kind: Ints, flags: Ints, side: Ints, price: Ints, size: Ints, change: Ints) -> Ints:
    """Return for each row the number of the order that came or went, or NO_JOIN."""
    found = [NO_JOIN] * len(market)
    orders: dict[int, dict[int, dict[int, list[int]]]] = defaultdict(dict)
    last: defaultdict[int, int] = defaultdict(int)
    rows = np.flatnonzero((kind == Kind.RESET) | ((kind == Kind.LEVEL) & (flags & int(Flag.SNAPSHOT) == 0)))
    place = price * 4 + side
    columns = (market, kind, place, size, change, flags & int(Flag.PAIRED))
    for row, where, what, level, left, moved, paired in zip(
        rows.tolist(), *(column[rows].tolist() for column in columns), strict=True
    ):
        if what == Kind.RESET:
            orders[where].clear()
            continue
        sizes = orders[where].setdefault(level, {})
        if moved > 0:
            last[where] += 1
            found[row] = last[where]
            sizes.setdefault(moved, []).append(last[where])
        elif same := sizes.get(-moved):
            found[row] = same.pop(0 if paired else -1)  # a trade takes the oldest
        if not left:
            sizes.clear()
    return np.array(found, dtype=np.int64)
