"""What lies where in the View, described once: writer, readers and the page of the docs follow these tables.

A file is the head, a directory of blocks, then the blocks: so many records of one shape each. Readers find blocks by
the directory, so that a capacity may grow without a new layout; any other change gives another hash.

Units   prices, sizes and money are integers of the instruments; `_ns` is the engine's monotonic clock, `_utc_ns` 1970.
Shapes  "q" 8 bytes and "i" 4 bytes signed, "Ns" UTF-8 text of at most N bytes filled up with zeros; all little-endian,
        each record a multiple of 8 bytes.
"""

import hashlib
import struct
from functools import cached_property
from typing import Final

from engine.ops.view.account import ACCOUNT_ROWS, ERROR_ROWS, REST_ROWS, UNIVERSE_ROWS, Row
from engine.ops.view.counted import COUNTER_ROWS
from engine.ops.view.further import COPIES_ROWS, SETTLEMENT_ROWS
from engine.ops.view.strategies import MOST_STRATEGIES, STRATEGY_ROWS
from engine.trading.markets import Stop

MAGIC: Final = b"FIXLVIEW"
VERSION: Final = 3
BUCKETS: Final = 27_648  # of a latency recorder
MOST_ORDERS, MOST_LIMITS, MOST_TOLD, MOST_STOPS, MOST_FEEDS, MOST_REST_ERRORS = 4096, 32, 64, 256, 32, 65

BOOK_STATES = ("missing", "fresh", "stale", "crossed")  # a number in the records of markets
STOPPED = sum(Stop)  # bits there, one for each cause,
RESTRICTED, SETTLED, EXCLUSIVE = 1 << 16, 1 << 17, 1 << 18
TRADING_STATES = ("waiting", "trading", "halted", "stopping", "stopped")
RISK_STATES, SESSION_STATES = ("active", "reduce_only", "halt"), ("down", "logged_on")
ORDER_STATES = {
    "p": "pending_new",
    "0": "new",
    "1": "partially_filled",
    "2": "filled",
    "u": "unknown",
}  # OrdStatus(39) of live orders; whatever else lives is "other"


class ViewBlock:
    """Records of one shape: how many there may be, and what is in each."""

    def __init__(self, name: str, capacity: int, rows: tuple[Row, ...]) -> None:
        self.name = name
        self.capacity = capacity  # 0 where it depends on the engine
        self.rows = rows

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields in their order."""
        return tuple(name for name, _, _ in self.rows)

    @cached_property
    def struct(self) -> struct.Struct:
        """What packs and unpacks one record."""
        return struct.Struct("<" + "".join(shape for _, shape, _ in self.rows))

    @property
    def size(self) -> int:
        """The bytes of a record."""
        return self.struct.size

    def offset(self, name: str) -> int:
        """Return where a field begins in its record."""
        before = self.rows[: self.names.index(name)]
        return struct.calcsize("<" + "".join(shape for _, shape, _ in before))


HEAD = ViewBlock(
    "head",
    1,
    (
        ("magic", "8s", "FIXLVIEW"),
        ("layout_version", "q", "of these tables"),
        ("layout_hash", "q", "of these tables: another one cannot be read"),
        ("file_bytes", "q", "the size of the file"),
        ("sequence", "q", "odd while a view is being written; the same before and after a copy that is whole"),
        ("view", "q", "the number of this view, from 1"),
        ("written_ns", "q", "when it was written"),
        ("written_utc_ns", "q", "the same on the clock of the wall"),
        ("took_ns", "q", "what writing it took"),
        ("longest_ns", "q", "what the longest of all took"),
        ("failures", "q", "views that could not be written"),
        ("pid", "q", "the engine's process"),
        ("pid_start", "q", "when it began, in ticks since boot: a number is used again, the pair is not"),
        ("start_ns", "q", "when the engine started"),
        ("start_utc_ns", "q", "the same on the clock of the wall"),
        ("ended_utc_ns", "q", "when it ended by itself, 0 before"),
        ("price_decimals", "q", "a price counts 10^-N dollars"),
        ("size_decimals", "q", "a size counts 10^-N contracts, money the product of both"),
        ("max_book_age_ns", "q", "how old a book may be before it is too old, 2^61 for any age"),
        ("last_frame_ns", "q", "when market data came last"),
        ("cash", "q", "what sales brought less what purchases cost, before fees"),
        ("cost", "q", "what is open has cost"),
        ("fees", "q", "fees paid"),
        ("value", "q", "what is open is worth at its marks"),
        ("pnl", "q", "profit and loss, after fees"),
        ("day_pnl", "q", "the same since the trading day began"),
        ("day_start_utc_ns", "q", "when the trading day began"),
        ("open_orders", "q", "orders that count against the limits"),
        ("open_cost", "q", "what they can lose together"),
        ("gross_position", "q", "filled and open at worst, over all markets"),
        ("live_orders", "q", "orders that may still trade"),
        ("unknown_orders", "q", "those of them in doubt"),
        ("unknown_since_ns", "q", "since when the oldest of those is, 0 for none"),
        ("tokens", "q", "requests that the rate limit has left, -1 without one"),
    ),
)
DIRECTORY = ViewBlock(
    "directory",
    0,
    (
        ("name", "16s", "of the block"),
        ("offset", "q", "where it begins in the file"),
        ("record_bytes", "q", "the size of a record"),
        ("capacity", "q", "records that there is room for"),
        ("used", "q", "records that are there"),
    ),
)
BLOCKS = (
    ViewBlock("counters", 1, COUNTER_ROWS),
    ViewBlock(
        "desk",
        1,
        (
            ("trading_state", "16s", "one of " + ", ".join(TRADING_STATES)),
            ("risk_state", "16s", "one of " + ", ".join(RISK_STATES)),
            ("reason", "480s", "why it does not trade, or why it ended"),
            ("version", "32s", "of the program"),
            ("boot_id", "40s", "of the host: monotonic clocks of two boots do not compare"),
            ("journal", "240s", "the segment of the journal that is written, empty without one"),
        ),
    ),
    ViewBlock(
        "sessions",
        8,
        (
            ("name", "120s", "as QuickFIX writes it"),
            ("state", "16s", "one of " + ", ".join(SESSION_STATES)),
            ("protection", "64s", "how the connection is protected"),
            ("next_out", "q", "MsgSeqNum(34) of the next message that we send"),
            ("next_in", "q", "MsgSeqNum(34) of the next message that we expect"),
            ("logons", "q", "how often it logged on"),
            ("changed_utc_ns", "q", "when it last came up or went down"),
            ("error_utc_ns", "q", "when the last error happened, 0 for none"),
            ("error", "240s", "the last error, in the counterparty's words"),
        ),
    ),
    ViewBlock(
        "feeds",
        MOST_FEEDS,
        (
            ("name", "120s", "the address, and which of several connections to it"),
            ("protection", "64s", "how the connection is protected"),
            ("is_connected", "q", "1 while it is connected and subscribed"),
            ("connects", "q", "connections made"),
            ("losses", "q", "connections lost and attempts failed"),
            ("frames", "q", "messages over all connections"),
            ("bytes", "q", "their bytes"),
            ("resyncs", "q", "snapshots asked for again because they did not come"),
            ("lag_ns", "q", "how far they run behind the venue's clock"),
            ("error_utc_ns", "q", "when the last loss happened, 0 for none"),
            ("error", "240s", "why"),
        ),
    ),
    ViewBlock("rest", 1, REST_ROWS),
    ViewBlock("rest_errors", MOST_REST_ERRORS, ERROR_ROWS),
    ViewBlock("account", 1, ACCOUNT_ROWS),
    ViewBlock("universe", 1, UNIVERSE_ROWS),
    ViewBlock("copies", 1, COPIES_ROWS),
    ViewBlock("settlements", 1, SETTLEMENT_ROWS),
    ViewBlock("strategies", MOST_STRATEGIES, STRATEGY_ROWS),
    ViewBlock(
        "limits",
        MOST_LIMITS,
        (
            ("name", "32s", "the key in [risk]"),
            ("unit", "8s", "count, size or money"),
            ("limit", "q", "what is allowed; 2^61 for no limit"),
            ("used", "q", "what is used of it"),
            ("market", "q", "the market, or a market of the event, where that is; -1 over all"),
        ),
    ),
    ViewBlock("denials", MOST_TOLD, (("code", "q", "of RiskReject"), ("count", "q", "requests denied by it"))),
    ViewBlock("rejects", 128, (("reason", "q", "of the venue's refusal"), ("count", "q", "requests refused for it"))),
    ViewBlock(
        "notices",
        MOST_TOLD,
        (
            ("kind", "40s", "what happened"),
            ("count", "q", "how often"),
            ("last_utc_ns", "q", "when it happened last"),
            ("text", "240s", "what was said then"),
        ),
    ),
    ViewBlock(
        "stops",
        MOST_STOPS,
        (
            ("market", "q", "its place in the records of markets"),
            ("since_utc_ns", "q", "since when it is stopped"),
            ("cause", "24s", "what stopped it"),
            ("text", "240s", "in words"),
        ),
    ),
    ViewBlock(
        "latencies",
        2,
        (
            ("name", "32s", "what is timed"),
            ("count", "q", "durations counted"),
            ("total_ns", "q", "their sum"),
            ("max_ns", "q", "the longest"),
            ("counts", f"{8 * BUCKETS}s", f"{BUCKETS} counts by bucket, of 8 bytes each; a part of them in each view"),
        ),
    ),
    ViewBlock(
        "orders",
        MOST_ORDERS,
        (
            ("cl_ord_id", "40s", "ClOrdID(11) of the last request accepted"),
            ("order_id", "40s", "the venue's OrderID(37)"),
            ("market", "i", "its place in the records of markets"),
            ("side", "i", "Side(54)"),
            ("ord_status", "i", "the character of OrdStatus(39)"),
            ("pending", "i", "the character of the MsgType(35) in flight, 0 for none"),
            ("price", "q", "Price(44)"),
            ("order_qty", "q", "OrderQty(38)"),
            ("cum_qty", "q", "CumQty(14)"),
            ("leaves_qty", "q", "LeavesQty(151)"),
            ("pending_price", "q", "Price(44) of the replace in flight"),
            ("pending_qty", "q", "its OrderQty(38)"),
            ("sent_ns", "q", "when the request in flight left, 0 for none"),
            ("unknown_since_ns", "q", "since when it is in doubt, 0 where it is not"),
        ),
    ),
    ViewBlock(
        "markets",
        0,
        (
            ("book_state", "i", "0 missing, 1 fresh, 2 stale, 3 crossed"),
            ("flags", "i", "the bits of what stops it, 2^16 restricted, 2^17 settled, 2^18 exclusive"),
            ("updated_ns", "q", "when its book moved last, 0 for never"),
            ("bid", "q", "best bid, -2^63 for none"),
            ("bid_size", "q", "its size"),
            ("ask", "q", "best ask, 2^63 - 1 for none"),
            ("ask_size", "q", "its size"),
            ("own_bid", "q", "our best bid, -2^63 for none"),
            ("own_ask", "q", "our best ask, 2^63 - 1 for none"),
            ("net", "q", "the position, below 0 for a short one"),
            ("cash", "q", "as in the head, of this market"),
            ("cost", "q", "the same"),
            ("fees", "q", "the same"),
            ("mark", "q", "the price that the position is valued at"),
            ("pnl", "q", "as in the head"),
            ("day_pnl", "q", "the same"),
            ("worst", "q", "the largest position that the open orders could make"),
            ("loss_if_no", "q", "what its open orders can lose if it pays nothing"),
            ("loss_if_yes", "q", "what they can lose if it pays"),
        ),
    ),
    ViewBlock("listed", 0, (("number", "q", "of the market in the list of markets, 0 where its place is free"),)),
)


def layout_hash() -> int:
    """Return a number that no other layout has."""
    text = repr([(block.name, [row[:2] for row in block.rows]) for block in (HEAD, DIRECTORY, *BLOCKS)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def places(markets: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Return where each block begins and its capacity in a file of so many markets, and the size of the file."""
    offset = HEAD.size + DIRECTORY.size * len(BLOCKS)
    found = {}
    for block in BLOCKS:
        capacity = block.capacity or max(markets, 1)
        offset = (offset + 63) & ~63  # a record of 128 bytes in two lines of the cache
        found[block.name] = offset, capacity
        offset += block.size * capacity
    return found, offset
