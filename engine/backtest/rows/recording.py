"""Captured frames to rows in the order in which they were heard, before anything is known of their order at the venue.

A frame that belongs to no known book makes no row and is counted. From a loss to the next snapshot the book is unknown:
the rows say STALE at the last frame before the loss that was heard, and FRESH after the snapshot.

A recorded run is cut at midnight: a day begins with the books as they stood.

Errors  DecodeError for a level below zero or off the grid: file and line.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from struct import Struct

from engine._decimal import parse_decimal
from engine.backtest.own.lines import own_lines
from engine.backtest.rows.levels import LIMIT, PRICE_DECIMALS, RecordedBook
from engine.backtest.rows.reading import LOST, NS_PER_MS, RowLine, RowMessage, read_lines
from engine.backtest.rows.schema import NO_SIDE, Flag, Kind
from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE
from engine.instrument import PriceGrid
from engine.units import Side

SIZE_DECIMALS = 2
WIDTH = 10  # recv, stamp, market, kind, flags, side, price, size after, change, connection
_ROW = Struct(f"<{WIDTH}q")
_pack = _ROW.pack
_FLAGS = 4 * 8  # where the flags stand in a row, their lowest byte first
DAY_NS = 86_400 * 10**9
_LEVEL, _TRADE = int(Kind.LEVEL), int(Kind.TRADE)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
Told = Callable[[Path, int, str, str], object]  # file, line, what, text


class Recording:
    """Reads the files of one capture into `values`, a row after the other; `symbols` are the markets by their number.

    With `only` every frame must be of that market. `checks_seq` is false for a file that was cut out of a larger
    subscription, where numbers are missing by right. `told` hears what is odd; `counts` counts it by `what`.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        only: str,
        grid_of: Callable[[Path, str], PriceGrid],
        checks_seq: bool,
        told: Told,
    ) -> None:
        self.values = bytearray()  # rows of WIDTH integers of 64 bits, the lowest byte first
        self.counts: Counter[str] = Counter()
        self.symbols: list[str] = []
        self.knows_reads = False  # whether the recorder says where reads ended
        self._paths = paths
        self._only = only
        self._grid_of = grid_of
        self._checks_seq = checks_seq
        self._told = told
        self._own = own_lines(paths)
        self._own_deltas = self._own.deltas
        self._frame = -1  # number of the frame that is read, losses left out
        self._books: dict[str, RecordedBook] = {}
        self._seqs: defaultdict[int, dict[int, int]] = defaultdict(dict)  # by connection, by subscription
        self._connections: defaultdict[int, int] = defaultdict(self._next_connection)
        self._connection = 0  # of the frame that is read
        self._path, self._number = paths[0], 0
        self._recv_ns = self._deltas = 0

    def read(self) -> None:
        """Read all of it."""
        add, on_cut = self._add, partial(self._tell, "truncated")
        for path in self._paths:
            self._path = path
            for number, line in read_lines(path, on_cut):
                self._number = number
                add(line)
        self._count_deltas()

    def days(self) -> Iterator[int]:
        """Read day by day: yield the number of each day since 1970 when `values` and `counts` hold it."""
        day = -1
        for line in self._lines():
            if (heard := line.heard_ns() // DAY_NS) > day:
                if day >= 0:
                    self._count_deltas()
                    yield day
                    self._begin_day(heard * DAY_NS)
                day = heard
            self._add(line)
        if day >= 0:
            self._count_deltas()
            yield day

    def _count_deltas(self) -> None:
        """Put what was counted beside into `counts`: there are many."""
        self.counts[DELTA] += self._deltas
        self._deltas = 0

    def _lines(self) -> Iterator[RowLine]:
        for path in self._paths:
            self._path = path
            for number, line in read_lines(path, partial(self._tell, "truncated")):
                self._number = number
                yield line

    def _begin_day(self, begin_ns: int) -> None:
        """Go on with empty tables that begin with the books as they are."""
        self.values, self.counts = bytearray(), Counter()
        self._recv_ns = begin_ns
        for book in self._books.values():
            if book.is_known:
                self._row(0, book.index, Kind.RESET, Flag.SNAPSHOT, NO_SIDE, 0, 0, 0)
                for side, price, size in book.standing():
                    self._row(0, book.index, _LEVEL, Flag.SNAPSHOT, side, price, size, 0)

    def _add(self, line: RowLine) -> None:
        before_ns, feed = self._recv_ns, line.feed
        heard_ns = line.recv_ns or line.recv_ms * NS_PER_MS
        if heard_ns < before_ns:
            self._tell("unsorted", f"heard {(before_ns - heard_ns) / NS_PER_MS:g} ms before the line above")
            heard_ns = before_ns
        event = line.event
        self._connection = self._connections[feed]
        kind = event.type
        if kind == LOST:
            self._new_connection(feed, before_ns)
            return
        self._frame += 1
        seqs, sid, seq = self._seqs[feed], event.sid, event.seq
        if seqs.get(sid) == seq - 1:
            seqs[sid] = seq
        elif not self._is_next(feed, sid, seq, kind, before_ns):
            return
        self._recv_ns = heard_ns
        if kind == DELTA:
            self._deltas += 1
            self._delta(event.msg)
        elif kind == SNAPSHOT:
            self.counts[SNAPSHOT] += 1
            self._snapshot(event.msg, feed)
        else:
            self.counts[TRADE] += 1
            self._trade(event.msg)
        if line.last is not None:
            self.knows_reads = True
            if line.last and self.values:
                self.values[_FLAGS - _ROW.size] |= Flag.LAST

    def _is_next(self, feed: int, sid: int, seq: int, kind: str, before_ns: int) -> bool:
        """Return whether the frame counts; note what its number says of those before it."""
        seqs = self._seqs[feed]
        last = seqs.get(sid)
        if last is not None and seq != last + 1 and seq:
            if seq == last and kind != SNAPSHOT:
                self._tell("duplicate", f"number {seq} of subscription {sid} came twice")
                return False
            if seq <= last:
                self._new_connection(feed, before_ns)
            elif self._checks_seq:
                self._tell("gap", f"numbers {last + 1} to {seq - 1} of subscription {sid} are missing")
                self._lose(feed, before_ns)
        seqs[sid] = seq
        return True

    def _next_connection(self) -> int:
        return len(self._connections) + self.counts["connection"] + 1

    def _new_connection(self, feed: int, before_ns: int) -> None:
        self._tell("connection", "a new connection: between the two the book is unknown")
        self._lose(feed, before_ns)
        del self._connections[feed]
        self._connection = self._connections[feed]
        self._seqs[feed].clear()

    def _lose(self, feed: int, before_ns: int) -> None:
        self._recv_ns = before_ns
        for book in self._books.values():
            if book.is_known and book.feed == feed:
                book.is_known = False
                self._row(0, book.index, Kind.STALE, 0, NO_SIDE, 0, 0, 0)

    def _delta(self, message: RowMessage) -> None:
        book = self._books.get(message.market_ticker)
        if book is None or not book.is_known:
            self._tell("without_book", f"a delta of {message.market_ticker} while no book is known")
            return
        if message.side == "yes":
            side, price, levels = _BUY, book.bid_prices.get(message.price_dollars, -1), book.bids
        elif message.side == "no":
            side, price, levels = _SELL, book.ask_prices.get(message.price_dollars, -1), book.asks
        else:
            raise self._error(f"side {message.side!r} is neither yes nor no")
        if price < 0:
            price = self._price(book, side, message.price_dollars)
        change = parse_decimal(message.delta_fp, SIZE_DECIMALS)
        if self._frame in self._own_deltas:
            self.counts["own_changes"] += 1
            book.own.move(side, price, change)
            return
        if book.own.took and change > 0:
            self._end_taken(book, side, price, message.stamp_ns())
        size = levels.get(price, 0) + change
        if size < 0:
            raise self._error(f"{book.symbol} at {price} of {LIMIT}: below zero")
        levels[price] = size
        stamp = message.stamp_ns()
        self.values += _pack(self._recv_ns, stamp, book.index, _LEVEL, 0, side, price, size, change, self._connection)

    def _end_taken(self, book: RecordedBook, side: int, price: int, stamp: int) -> None:
        """Take out what we had taken of others, where this change reaches its price."""
        for other, at, size in book.own.ended_by(side, price):
            levels = book.bids if other == _BUY else book.asks
            levels[at] -= size
            self._row(stamp, book.index, _LEVEL, 0, other, at, levels[at], -size)

    def _snapshot(self, message: RowMessage, feed: int) -> None:
        book = self._book(message.market_ticker)
        is_later = book.is_begun
        was_lost = book.clear(feed)
        book.own.begin(self._own.rested(book.symbol, self._recv_ns) if is_later else None)
        self._row(0, book.index, Kind.RESET, Flag.SNAPSHOT, NO_SIDE, 0, 0, 0)
        for side, texts, levels in (
            (_BUY, message.yes_dollars_fp, book.bids),
            (_SELL, message.no_dollars_fp, book.asks),
        ):
            for price_text, size_text in texts:
                price, size = self._price(book, side, price_text), parse_decimal(size_text, SIZE_DECIMALS)
                if size < 0:
                    raise self._error(f"{book.symbol} at {price} of {LIMIT}: below zero")
                if book.own.rests and not (size := book.own.outside(side, price, size)):
                    continue
                levels[price] = size
                self._row(0, book.index, _LEVEL, Flag.SNAPSHOT, side, price, size, 0)
        if was_lost:
            self._row(0, book.index, Kind.FRESH, 0, NO_SIDE, 0, 0, 0)

    def _book(self, symbol: str) -> RecordedBook:
        book = self._books.get(symbol)
        if book is None:
            if self._only not in ("", symbol) or not symbol:
                raise self._error(f"a frame of {symbol or 'no market'}, which the file did not begin with")
            book = self._books[symbol] = RecordedBook(symbol, len(self.symbols), self._grid_of(self._path, symbol))
            self.symbols.append(symbol)
        return book

    def _trade(self, message: RowMessage) -> None:
        book = self._books.get(message.market_ticker)
        if book is None:
            self._tell("without_book", f"a trade of {message.market_ticker} while no book is known")
            return
        if message.taker_outcome_side not in ("yes", "no"):
            raise self._error(f"taker_outcome_side {message.taker_outcome_side!r} is neither yes nor no")
        side = _SELL if message.taker_outcome_side == "yes" else _BUY
        size = parse_decimal(message.count_fp, SIZE_DECIMALS)
        flags = Flag.BLOCK if message.is_block_trade else 0
        if self._frame in self._own.takers:
            self.counts["own_takes"] += 1
            return
        if self._frame in self._own.makers:
            self.counts["own_fills"] += 1
            flags = Flag.OWN
        price = parse_decimal(message.yes_price_dollars, PRICE_DECIMALS)
        self._row(message.stamp_ns(), book.index, _TRADE, flags, side, price, size, 0)

    def _row(
        self, stamp: int, market: int, kind: int, flags: int, side: int, price: int, size: int, change: int
    ) -> None:
        self.values += _pack(self._recv_ns, stamp, market, kind, flags, side, price, size, change, self._connection)

    def _price(self, book: RecordedBook, side: int, text: str) -> int:
        price = book.price(side, text)
        if price not in book.grid:
            raise self._error(f"{book.symbol} at {price} of {LIMIT}: off the grid")
        return price

    def _tell(self, what: str, text: str) -> None:
        self.counts[what] += 1
        self._told(self._path, self._number, what, text)

    def _error(self, text: str) -> DecodeError:
        return DecodeError(f"{self._path} line {self._number}: {text}")
