"""What is wrong with captured frames, per market and day: read to the end, whatever is found on the way.

`FAULTS` are what a conversion would refuse, or what makes a book unknown; everything else is counted to be known.

Units   times in ns since 1970; `skew` is what was heard minus the venue's stamp: two clocks and the way between them.
Errors  none for what stands in the files: it is a finding with file and line. ConfigError for a folder without any.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from engine._decimal import parse_decimal
from engine.backtest.capture.frames import find, groups
from engine.backtest.capture.index import is_recorded
from engine.backtest.rows.checked_book import CheckedBook
from engine.backtest.rows.markets import MarketRow, read_folder
from engine.backtest.rows.reading import LOST, NS_PER_MS, RowLine, read_lines
from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT

DAY_NS = 86_400 * 10**9
FAULTS = frozenset(
    ("unreadable", "truncated", "unknown_market", "no_grid", "unsorted", "overlap", "gap", "duplicate", "lost_book")
    + ("below_zero", "off_grid", "bad_side")
    + ("contradicted", "best_differs", "mirror_differs", "too_fine", "unknown_token")
)


class DataFinding(msgspec.Struct, frozen=True):
    """One thing that was found, and where; line 0 is the file at large."""

    what: str
    file: str
    line: int
    market: str
    text: str


class MarketDay(msgspec.Struct):
    """One market on one day. Prices and sizes are not judged, only whether a book follows from them."""

    market: str
    day: int
    frames: int = 0
    deltas: int = 0
    trades: int = 0
    snapshots: int = 0
    first_ns: int = 0
    last_ns: int = 0
    longest_silence_ns: int = 0
    stale_ns: int = 0  # from a loss to the next snapshot
    crossed_frames: int = 0  # after which the book was crossed
    crossed_ns: int = 0
    least_skew_ns: int | None = None
    most_skew_ns: int | None = None
    found: dict[str, int] = {}  # by kind

    @property
    def is_faulty(self) -> bool:
        """Whether anything is a fault."""
        return not FAULTS.isdisjoint(self.found)


Told = Callable[[DataFinding], object]


class Check:
    """Reads files; `days` then has what was found, and `told` heard each finding. `counts` is of all of them."""

    def __init__(self, paths: Sequence[Path], checks_seq: bool, told: Told) -> None:
        self.days: dict[tuple[str, int], MarketDay] = {}
        self.counts: Counter[str] = Counter()
        self._checks_seq = checks_seq
        self._told = told
        self._known: dict[Path, dict[str, MarketRow]] = {}
        self._ends: dict[str, tuple[int, Path]] = {}  # of each market in the captures before
        for group in sorted(groups(find(paths)), key=_begins_ns):
            self._read(group)

    @property
    def is_faulty(self) -> bool:
        """Whether anything is a fault."""
        return not FAULTS.isdisjoint(self.counts)

    def _read(self, group: Sequence[Path]) -> None:
        self._books: dict[str, CheckedBook] = {}
        self._seqs: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._heard_ns = 0
        for self._path in group:
            self._number = 0
            try:
                for number, line in read_lines(self._path, partial(self._find, "truncated", "")):
                    self._number = number
                    self._take(line)
            except DecodeError as error:
                self._number += 1  # it came after the last line that could be read
                self._find("unreadable", "", str(error))
        for symbol, book in self._books.items():
            if book.heard_ns > self._ends.get(symbol, (0, self._path))[0]:
                self._ends[symbol] = (book.heard_ns, self._path)

    def _take(self, line: RowLine) -> None:
        now_ns, event = line.heard_ns(), line.event
        symbol = event.msg.market_ticker
        if now_ns < self._heard_ns:
            self._find("unsorted", symbol, f"heard {(self._heard_ns - now_ns) / NS_PER_MS:g} ms before the line above")
            now_ns = self._heard_ns
        self._heard_ns = now_ns
        if event.type == LOST:
            self._lose(line.feed, "connection_lost", "the recorder lost its connection")
            return
        if not self._is_next(line.feed, event.sid, event.seq, event.type, symbol):
            return
        book = self._books.get(symbol) or self._begin(symbol, now_ns)
        day = self._day(symbol, now_ns)
        day.frames += 1
        day.longest_silence_ns = max(day.longest_silence_ns, now_ns - book.heard_ns if book.heard_ns else 0)
        if was := book.move(now_ns):
            setattr(day, was[0], getattr(day, was[0]) + was[1])
        self._look_at_clocks(line, now_ns, day, book)
        self._apply(line, book, day)
        day.crossed_frames += book.is_crossed

    def _begin(self, symbol: str, now_ns: int) -> CheckedBook:
        folder = self._path.parent
        if folder not in self._known:
            self._known[folder] = read_folder(folder)
        row = self._known[folder].get(symbol)
        if row is None:
            self._find("unknown_market", symbol, "no EVENT.event.json beside the file names it")
        elif not row.bands:
            self._find("no_grid", symbol, f"{row.source} gives no price_ranges")
        if not is_recorded(self._path) and self._books:
            self._find("unreadable", symbol, f"the file began with {next(iter(self._books))}: one market per file")
        end_ns, path = self._ends.get(symbol, (0, self._path))
        if now_ns < end_ns:
            self._find("overlap", symbol, f"{path} holds it until {end_ns // NS_PER_MS}: give one of the two")
        book = self._books[symbol] = CheckedBook(row.bands if row else ())
        return book

    def _is_next(self, feed: int, sid: int, seq: int, kind: str, symbol: str) -> bool:
        seqs = self._seqs[feed]
        last = seqs.get(sid)
        if last is not None and seq and seq != last + 1:
            if seq == last and kind != SNAPSHOT:
                self._find("duplicate", symbol, f"number {seq} of subscription {sid} came twice")
                return False
            if seq <= last:
                self._lose(feed, "connection", "a new connection: between the two the book is unknown")
            elif self._checks_seq:
                self._lose(feed, "gap", f"numbers {last + 1} to {seq - 1} of subscription {sid} are missing")
        self._seqs[feed][sid] = seq
        return True

    def _lose(self, feed: int, what: str, text: str) -> None:
        """Every book of a connection is unknown from here on."""
        if what != "gap":
            self._seqs[feed].clear()
        lost = [symbol for symbol, book in self._books.items() if book.lose(feed)]
        self._find(what, ", ".join(lost), text)

    def _apply(self, line: RowLine, book: CheckedBook, day: MarketDay) -> None:
        message, kind = line.event.msg, line.event.type
        try:
            if kind == SNAPSHOT:
                day.snapshots += 1
                wrong = book.show(line.feed, message.yes_dollars_fp, message.no_dollars_fp)
            elif kind == DELTA:
                day.deltas += 1
                wrong = book.change(message.side, message.price_dollars, parse_decimal(message.delta_fp, 2))
            else:
                day.trades += 1
                wrong = "" if message.taker_outcome_side in ("yes", "no") else "bad_side"
        except DecodeError as error:
            self._find("unreadable", day.market, str(error))
            return
        if wrong:
            self._find(wrong, day.market, f"a {kind} {message.side} {message.price_dollars} {message.delta_fp}".strip())

    def _look_at_clocks(self, line: RowLine, now_ns: int, day: MarketDay, book: CheckedBook) -> None:
        stamp_ns = line.event.msg.stamp_ns()
        if not stamp_ns or line.event.type != DELTA:
            return
        skew_ns = now_ns - stamp_ns
        day.least_skew_ns = skew_ns if day.least_skew_ns is None else min(day.least_skew_ns, skew_ns)
        day.most_skew_ns = skew_ns if day.most_skew_ns is None else max(day.most_skew_ns, skew_ns)
        if stamp_ns < book.stamp_ns:
            text = f"the venue's clock runs back {(book.stamp_ns - stamp_ns) / NS_PER_MS:g} ms"
            self._find("clock_back", day.market, text)
        book.stamp_ns = max(book.stamp_ns, stamp_ns)

    def _day(self, symbol: str, now_ns: int) -> MarketDay:
        key = symbol, now_ns // DAY_NS
        day = self.days.get(key)
        if day is None:
            day = self.days[key] = MarketDay(symbol, key[1], first_ns=now_ns)
        day.last_ns = now_ns
        return day

    def _find(self, what: str, symbol: str, text: str) -> None:
        self.counts[what] += 1
        for each in symbol.split(", ") if symbol else ():
            found = self._day(each, self._heard_ns).found
            found[what] = found.get(what, 0) + 1
        self._told(DataFinding(what, str(self._path), self._number, symbol, text))


def _begins_ns(group: Sequence[Path]) -> int:
    """Return when a capture begins; 0 for one that cannot be read, which is found out later."""
    try:
        return next((line.heard_ns() for path in group for _, line in read_lines(path, lambda text: None)), 0)
    except DecodeError:
        return 0
