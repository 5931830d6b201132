"""What is wrong with captured frames of the market channel, per market and day, and how the books were.

Units   as `engine.backtest.rows.checking`.
Errors  none for what stands in the files: it is a finding with file and line.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from struct import Struct

from engine.backtest.rows.checking import DAY_NS, DataFinding, MarketDay
from engine.backtest.rows.polymarket.listing import TokenListing
from engine.backtest.rows.polymarket.recording import TokenRecording
from engine.backtest.rows.recording import WIDTH
from engine.backtest.rows.schema import Flag, Kind
from engine.errors import ConfigError, DecodeError
from engine.units import Side

_ROWS = Struct(f"<{WIDTH}q")
Told = Callable[[DataFinding], object]


def check_tokens(paths: Sequence[Path], told: Told) -> list[MarketDay]:
    """Return what the markets of the files were on each day; `told` hears each finding."""
    days: dict[tuple[str, int], MarketDay] = {}
    for path in paths:
        found: list[DataFinding] = []
        try:
            recording = TokenRecording(path, TokenListing([path], {}), found.append)
            for day in recording.days():
                _add_rows(days, recording, day)
                _add_findings(days, found, day)
                for each in found:
                    told(each)
                found.clear()
        except ConfigError as error:
            found.append(DataFinding("no_grid", str(path), 0, "", str(error)))
        except DecodeError as error:
            found.append(DataFinding("unreadable", str(path), 0, "", str(error)))
        for each in found:
            told(each)
    return list(days.values())


def _add_findings(days: dict[tuple[str, int], MarketDay], found: Sequence[DataFinding], day: int) -> None:
    for finding in found:
        for symbol in finding.market.split(", ") if finding.market else ():
            counts = _day(days, symbol, day).found
            counts[finding.what] = counts.get(finding.what, 0) + 1


def _day(days: dict[tuple[str, int], MarketDay], symbol: str, day: int) -> MarketDay:
    return days.setdefault((symbol, day), MarketDay(symbol, day))


def _add_rows(days: dict[tuple[str, int], MarketDay], recording: TokenRecording, day: int) -> None:
    states = [_BookState(_day(days, symbol, day)) for symbol in recording.symbols]
    for recv, stamp, market, kind, flags, side, price, size, _, _ in _ROWS.iter_unpack(recording.values):
        state = states[market]
        state.move(recv)
        if kind == Kind.LEVEL:
            state.set(side, price, size, stamp, is_shown=bool(flags & Flag.SNAPSHOT))
        else:
            state.note(kind)
    for state in states:
        state.end()


class _BookState:
    """One market's book from row to row, judged when a row of a later time comes."""

    def __init__(self, day: MarketDay) -> None:
        self._day = day
        self._levels: dict[tuple[int, int], int] = {}
        self._is_stale = self._is_crossed = False
        self._now_ns = day.last_ns

    def move(self, now_ns: int) -> None:
        """Go on to a time."""
        day, past_ns = self._day, now_ns - self._now_ns if self._now_ns else 0
        day.first_ns = day.first_ns or now_ns
        if past_ns > 0:
            self._judge()
            day.longest_silence_ns = max(day.longest_silence_ns, past_ns)
            day.stale_ns += past_ns * self._is_stale
            day.crossed_ns += past_ns * self._is_crossed
        self._now_ns = day.last_ns = max(now_ns, self._now_ns)

    def set(self, side: int, price: int, size: int, stamp: int, *, is_shown: bool) -> None:
        """Put a size at a price."""
        self._levels[side, price] = size
        if is_shown:
            return
        day = self._day
        day.frames, day.deltas = day.frames + 1, day.deltas + 1
        if stamp:
            skew = self._now_ns - stamp
            day.least_skew_ns = skew if day.least_skew_ns is None else min(day.least_skew_ns, skew)
            day.most_skew_ns = skew if day.most_skew_ns is None else max(day.most_skew_ns, skew)

    def note(self, kind: int) -> None:
        """Take a row that is no level."""
        day = self._day
        if kind == Kind.STALE:
            self._is_stale, self._is_crossed = True, False
            self._levels.clear()
        elif kind == Kind.TRADE:
            day.frames, day.trades = day.frames + 1, day.trades + 1
        elif kind == Kind.RESET:
            self._is_stale = False
            self._levels.clear()
            if self._now_ns % DAY_NS:  # else it is what stood at midnight
                day.frames, day.snapshots = day.frames + 1, day.snapshots + 1

    def end(self) -> None:
        """Judge what is left."""
        self._judge()

    def _judge(self) -> None:
        bids = [price for (side, price), size in self._levels.items() if side == Side.BUY and size]
        asks = [price for (side, price), size in self._levels.items() if side == Side.SELL and size]
        self._is_crossed = bool(bids and asks) and max(bids) > min(asks)
        self._day.crossed_frames += self._is_crossed
