"""Frames as the columns of a compiled pass: decoded once, for as many runs as there are.

A trade and the decrease that it made are one match, at the time of whichever was heard first. Those of one side, price,
size and millisecond of the venue belong together.

Units   prices, sizes and times as in `TimedFrame` and its instruments.
Errors  ConfigError for an instrument without a grid, DecodeError for a frame that contradicts those before it.
Cost    some microseconds a frame.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.backtest.history import TimedFrame
from engine.errors import ConfigError, DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage
from engine.instrument import Instrument
from engine.units import Side

# Kinds and flags of `engine.backtest.rows.schema`, which wants packages that this does not.
RESET, LEVEL, TRADE = range(3)
LAST, PAIRED, BLOCK, SHOT = 1, 2, 8, 32
NO_JOIN = -1
TYPES = {
    "recv_ns": "q",
    "venue_ns": "q",
    "market": "i",
    "kind": "B",
    "flags": "B",
    "maker_side": "B",
    "price": "i",
    "size": "q",
    "join": "i",
    "venue_order": "i",
}
_Match = tuple[int, int, int, int, int]  # market, millisecond, side, price, size


class FrameColumns(NamedTuple):
    """Rows by column; `market` is a place in `instruments`."""

    columns: Mapping[str, "array[int]"]
    instruments: tuple[Instrument, ...]


def columns_of(frames: Sequence[TimedFrame], instruments: Sequence[Instrument]) -> FrameColumns:
    """Return the frames of these instruments as rows, in the order in which they were heard."""
    for each in instruments:
        if each.grid is None:
            raise ConfigError(f"{each.symbol} has no grid of prices")
    rows = _Rows(instruments)
    for place, timed in enumerate(frames):
        is_last = place + 1 == len(frames) or frames[place + 1].recv_ns != timed.recv_ns
        rows.add(timed, is_last)
    return FrameColumns(rows.finished(), tuple(instruments))


class _Rows:
    """Rows as they grow."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._columns: dict[str, array[int]] = {name: array(kind) for name, kind in TYPES.items()}
        self._places = {each.symbol: place for place, each in enumerate(instruments)}
        self._instruments = instruments
        self._sizes: list[dict[tuple[int, int], int]] = [{} for _ in instruments]
        self._trades: defaultdict[_Match, deque[int]] = defaultdict(deque)  # whose decrease has not come
        self._decreases: defaultdict[_Match, deque[int]] = defaultdict(deque)  # whose trade has not
        self._pairs: dict[int, int] = {}  # by the row heard first
        self._is_known: set[int] = set()

    def add(self, timed: TimedFrame, is_last: bool) -> None:
        """Add what a frame says; one of another market says nothing, but may end a read."""
        place = self._places.get(timed.frame.symbol)
        if place is not None:
            message = timed.frame.message()
            if timed.frame.kind == SNAPSHOT:
                self._snapshot(timed, place, message)
            elif timed.frame.kind == DELTA:
                self._delta(timed, place, message)
            else:
                self._trade(timed, place, message)
        flags = self._columns["flags"]
        if is_last and flags:
            flags[-1] |= LAST

    def finished(self) -> Mapping[str, "array[int]"]:
        """Return the columns, their order at the venue among them."""
        venue, kinds = self._columns["venue_ns"], self._columns["kind"]
        beside = {later: first for first, later in self._pairs.items()}

        def at_venue(row: int) -> tuple[int, int, bool]:
            """Return what a row is sorted by: a pair stands where the first of it was heard, the trade before."""
            anchor = beside.get(row, row)
            return venue[anchor], anchor, kinds[row] != TRADE

        for first, later in self._pairs.items():
            venue[later] = venue[first]
        self._columns["venue_order"].extend(sorted(range(len(venue)), key=at_venue))
        return self._columns

    def _snapshot(self, timed: TimedFrame, place: int, message: CapturedMessage) -> None:
        self._is_known.add(place)
        self._sizes[place].clear()
        self._row(timed, place, RESET, SHOT, 0, 0, 0)
        for outcome, pairs in (("yes", message.yes_dollars_fp), ("no", message.no_dollars_fp)):
            for price_text, size_text in pairs:
                side, price = self._level(place, outcome, price_text)
                size = self._instruments[place].parse_size(size_text)
                self._sizes[place][side, price] = size
                self._row(timed, place, LEVEL, SHOT, side, price, size)

    def _delta(self, timed: TimedFrame, place: int, message: CapturedMessage) -> None:
        if place not in self._is_known:
            raise DecodeError(f"{timed.frame.symbol}: the capture changes a book before it shows one")
        side, price = self._level(place, message.side, message.price_dollars)
        change = self._instruments[place].parse_size(message.delta_fp)
        size = self._sizes[place].get((side, price), 0) + change
        if size < 0:
            raise DecodeError(f"{timed.frame.symbol}: the capture takes {-change} of {size - change} at {price}")
        self._sizes[place][side, price] = size
        row = self._row(timed, place, LEVEL, 0, side, price, size)
        if change < 0:
            self._match((place, message.ts_ms, side, price, -change), row, self._trades, self._decreases)

    def _trade(self, timed: TimedFrame, place: int, message: CapturedMessage) -> None:
        instrument = self._instruments[place]
        side = Side.SELL if message.taker_outcome_side == "yes" else Side.BUY
        price = self._checked(instrument, instrument.parse_price(message.yes_price_dollars))
        size = instrument.parse_size(message.count_fp)
        row = self._row(timed, place, TRADE, BLOCK if message.is_block_trade else 0, side, price, size)
        if not message.is_block_trade:
            self._match((place, message.ts_ms, side, price, size), row, self._decreases, self._trades)

    def _match(
        self, key: _Match, row: int, others: Mapping[_Match, deque[int]], mine: defaultdict[_Match, deque[int]]
    ) -> None:
        """Pair a row with the first of the others that has its key, or let it wait."""
        waiting = others.get(key)
        if not waiting:
            mine[key].append(row)
            return
        first = waiting.popleft()
        self._pairs[first] = row
        self._columns["flags"][first] |= PAIRED
        self._columns["flags"][row] |= PAIRED

    def _row(self, timed: TimedFrame, place: int, kind: int, flags: int, side: int, price: int, size: int) -> int:
        """Add a row, return its number."""
        values = (timed.recv_ns, timed.venue_ns, place, kind, flags, side, price, size, NO_JOIN)
        for column, value in zip(self._columns.values(), values, strict=False):  # the last, the order, comes later
            column.append(value)
        return len(self._columns["recv_ns"]) - 1

    def _level(self, place: int, outcome: str, price_text: str) -> tuple[int, int]:
        """Return side and price of the YES book."""
        instrument = self._instruments[place]
        price = instrument.parse_price(price_text)
        if outcome == "yes":
            return Side.BUY, self._checked(instrument, price)
        return Side.SELL, self._checked(instrument, instrument.limit - price)

    def _checked(self, instrument: Instrument, price: int) -> int:
        if not instrument.is_valid_price(price):
            raise DecodeError(f"{instrument.symbol}: captured price {instrument.format_price(price)} is off its grid")
        return price
