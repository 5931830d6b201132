"""One file of captured frames to rows in the order in which they were heard, before anything is known of their order
at the venue.

A frame that belongs to no known book makes no row and is counted. From a loss to the next snapshot the book is unknown:
the rows say STALE at the last frame before the loss that was heard, and FRESH after the snapshot.

Errors  DecodeError for a level below zero or off the grid: file and line.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from engine._decimal import parse_decimal
from engine.backtest.rows.reading import NS_PER_MS, RowLine, RowMessage, read_lines
from engine.backtest.rows.schema import NO_SIDE, Flag, Kind
from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT
from engine.instrument import PriceGrid
from engine.units import Side

PRICE_DECIMALS, SIZE_DECIMALS, LIMIT = 4, 2, 10_000
WIDTH = 10  # recv, stamp, market, kind, flags, side, price, size after, change, connection
_LEVEL, _TRADE = int(Kind.LEVEL), int(Kind.TRADE)
_BUY, _SELL = Side.BUY, Side.SELL
Levels = dict[tuple[int, int], int]


class Recording:
    """Reads a file into `values`, WIDTH integers a row.

    `checks_seq` is false for a file that was cut out of a larger subscription, where numbers are missing by right.
    `told(line, what, text)` hears what is odd; `counts` counts it by `what`.
    """

    def __init__(
        self,
        path: Path,
        markets: Mapping[str, int],
        grids: Mapping[str, PriceGrid],
        checks_seq: bool,
        told: Callable[[int, str, str], object],
    ) -> None:
        self.values = array("q")
        self.counts: Counter[str] = Counter()
        self.connections = 1
        self._path = path
        self._markets = markets
        self._grids = grids
        self._checks_seq = checks_seq
        self._told = told
        self._books: dict[str, Levels] = {}
        self._stale: set[str] = set()
        self._seqs: dict[int, int] = {}
        self._prices: dict[str, int] = {}
        self._recv_ns = 0
        self._number = 0

    def read(self) -> None:
        """Read all of it."""
        for number, line in read_lines(self._path):
            self._number = number
            self._add(line)

    def _add(self, line: RowLine) -> None:
        before_ns, heard_ns = self._recv_ns, line.recv_ms * NS_PER_MS
        if heard_ns < before_ns:
            self._tell("unsorted", f"heard {(before_ns - heard_ns) // NS_PER_MS} ms before the line above")
            heard_ns = before_ns
        event = line.event
        if not self._is_next(event.sid, event.seq, event.type, before_ns):
            return
        self._recv_ns = heard_ns
        self.counts[event.type] += 1
        if event.type == DELTA:
            self._delta(event.msg)
        elif event.type == SNAPSHOT:
            self._snapshot(event.msg)
        else:
            self._trade(event.msg)

    def _is_next(self, sid: int, seq: int, kind: str, before_ns: int) -> bool:
        """Return whether the frame counts; note what its number says of those before it."""
        last = self._seqs.get(sid)
        if last is not None and seq:
            if seq == last and kind != SNAPSHOT:
                self._tell("duplicate", f"number {seq} of subscription {sid} came twice")
                return False
            if seq <= last:
                self._connection(before_ns)
            elif seq != last + 1 and self._checks_seq:
                self._tell("gap", f"numbers {last + 1} to {seq - 1} of subscription {sid} are missing")
                self._lose(before_ns)
        self._seqs[sid] = seq
        return True

    def _connection(self, before_ns: int) -> None:
        self._tell("connection", "a new connection: between the two the book is unknown")
        self._lose(before_ns)
        self.connections += 1
        self._seqs.clear()

    def _lose(self, before_ns: int) -> None:
        self._recv_ns = before_ns
        for symbol in self._books:
            if symbol not in self._stale:
                self._stale.add(symbol)
                self._row(0, self._markets[symbol], Kind.STALE, 0, NO_SIDE, 0, 0, 0)

    def _delta(self, message: RowMessage) -> None:
        symbol = message.market_ticker
        book = self._books.get(symbol)
        if book is None or symbol in self._stale:
            self._tell("without_book", f"a delta of {symbol} while no book is known")
            return
        price = self._prices.get(message.price_dollars, -1)
        if price < 0:
            price = self._price(message.price_dollars)
        side = _BUY
        if message.side == "no":
            side, price = _SELL, LIMIT - price
        elif message.side != "yes":
            raise self._error(f"side {message.side!r} is neither yes nor no")
        change = parse_decimal(message.delta_fp, SIZE_DECIMALS)
        key = (side, price)
        size = book.get(key, 0) + change
        if size < 0 or price not in self._grids[symbol]:
            raise self._error(f"{symbol} at {price} of {LIMIT}: {'below zero' if size < 0 else 'off the grid'}")
        book[key] = size
        self._row(message.stamp_ns(), self._markets[symbol], _LEVEL, 0, side, price, size, change)

    def _snapshot(self, message: RowMessage) -> None:
        symbol = message.market_ticker
        if symbol not in self._markets:
            raise self._error(f"a frame of {symbol or 'no market'}, which the file did not begin with")
        market, book = self._markets[symbol], self._books.setdefault(symbol, {})
        book.clear()
        self._row(0, market, Kind.RESET, Flag.SNAPSHOT, NO_SIDE, 0, 0, 0)
        for side, levels in ((_BUY, message.yes_dollars_fp), (_SELL, message.no_dollars_fp)):
            for price_text, size_text in levels:
                price, size = self._price(price_text), parse_decimal(size_text, SIZE_DECIMALS)
                price = price if side == _BUY else LIMIT - price
                if size < 0 or price not in self._grids[symbol]:
                    raise self._error(f"{symbol} at {price} of {LIMIT}: {'below zero' if size < 0 else 'off the grid'}")
                book[side, price] = size
                self._row(0, market, _LEVEL, Flag.SNAPSHOT, side, price, size, 0)
        if symbol in self._stale:
            self._stale.discard(symbol)
            self._row(0, market, Kind.FRESH, 0, NO_SIDE, 0, 0, 0)

    def _trade(self, message: RowMessage) -> None:
        symbol = message.market_ticker
        if symbol not in self._books:
            self._tell("without_book", f"a trade of {symbol} while no book is known")
            return
        if message.taker_outcome_side not in ("yes", "no"):
            raise self._error(f"taker_outcome_side {message.taker_outcome_side!r} is neither yes nor no")
        side = _SELL if message.taker_outcome_side == "yes" else _BUY
        size = parse_decimal(message.count_fp, SIZE_DECIMALS)
        flags = Flag.BLOCK if message.is_block_trade else 0
        price = self._price(message.yes_price_dollars)
        self._row(message.stamp_ns(), self._markets[symbol], _TRADE, flags, side, price, size, 0)

    def _row(
        self, stamp: int, market: int, kind: int, flags: int, side: int, price: int, size: int, change: int
    ) -> None:
        self.values.extend((self._recv_ns, stamp, market, kind, flags, side, price, size, change, self.connections))

    def _price(self, text: str) -> int:
        price = parse_decimal(text, PRICE_DECIMALS)
        self._prices[text] = price
        return price

    def _tell(self, what: str, text: str) -> None:
        self.counts[what] += 1
        self._told(self._number, what, text)

    def _error(self, text: str) -> DecodeError:
        return DecodeError(f"{self._path} line {self._number}: {text}")
