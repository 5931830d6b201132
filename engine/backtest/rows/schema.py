"""The columns of a `depth` row, and what stands in them.

A row is a change of one market: a level as it is AFTER the change, a trade, or a word about the book as a whole. Rows
stand in the order in which they were heard. `venue_order[k]` is the row that comes k-th at the venue: there a trade
comes right before the level that it took from.

Units   times in ns since 1970, both by the recorder's clock, venue_ns <= recv_ns; price 0.0001 dollars; size 0.01
        contracts.
Shapes  `maker_side` is Side(54) of what rests: 1 bids, 2 asks, on the YES scale; 0 where no side is meant.
"""

from enum import IntEnum, IntFlag

VERSION = 1  # a newer one is refused, older ones are read


class Kind(IntEnum):
    """What a row says."""

    RESET = 0  # the book is empty; its levels follow, each flagged SNAPSHOT
    LEVEL = 1  # `size` rests at `price` now
    TRADE = 2  # `size` was taken from `maker_side` at `price`
    STALE = 3  # from here to FRESH the book is unknown
    FRESH = 4
    REFERENCE = 5  # a word about the market itself: a pause, a grid; none is written yet


class Flag(IntFlag):
    """What else is known of a row."""

    LAST = 1  # of its read from the socket
    PAIRED = 2  # a trade whose decrease is known, or that decrease
    OWN = 4  # a trade that hit an order of the recorder's own, and nobody else's
    BLOCK = 8  # a block trade: it took from no book
    CLAMPED = 16  # the venue's time ran back; it stands where the row before stood
    SNAPSHOT = 32


NO_JOIN = -1  # no order is known
NO_SIDE = 0
# Names and types in order, as numpy writes them: little-endian, unaligned.
COLUMNS = {
    "recv_ns": "<i8",
    "venue_ns": "<i8",
    "market": "<i4",  # place in the table of markets
    "kind": "|u1",
    "flags": "|u1",
    "maker_side": "|u1",
    "price": "<i4",
    "size": "<i8",
    "join": "<i4",  # of an increase: its number in the market; of a cancel: the increase that it took back, or NO_JOIN
    "venue_order": "<i4",
}
