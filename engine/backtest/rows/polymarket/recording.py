"""Captured frames of the market channel to rows, in the order in which they were heard.

No message has a number: that frames were lost shows when a whole book, or the best prices that a change names, are not
what is known. A whole book after a trade is taken as that trade where the trades beside it make up every difference;
otherwise the book was unknown since the frame before: the rows say STALE there, and FRESH after the levels.

A trade is heard after the book that shows it. It is given the time of the decrease of its side, price and size that was
heard within `WINDOW_NS`, so that the two are one match.

A level that the rows cannot hold is named, never rounded; the book is unknown until the next whole one.

Errors  DecodeError for a line that is no captured frame; ConfigError for a market of which nobody says the grid.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct

from engine.backtest.rows.checking import DataFinding
from engine.backtest.rows.levels import LIMIT
from engine.backtest.rows.polymarket.frames import (
    BOOK,
    CHANGE,
    TICK,
    TRADE,
    HeardFrame,
    TokenMessage,
    read_token_frames,
)
from engine.backtest.rows.polymarket.listing import TokenListing, TokenMarket
from engine.backtest.rows.polymarket.mirrored import Decrease, MirroredBook, WrongLevel, size_of
from engine.backtest.rows.reading import NS_PER_MS
from engine.backtest.rows.recording import DAY_NS, WIDTH
from engine.backtest.rows.schema import NO_SIDE, Flag, Kind
from engine.errors import ConfigError
from engine.instrument import PriceBand, PriceGrid

_pack = Struct(f"<{WIDTH}q").pack


class TokenRecording:
    """Reads a file into `values`, a row after the other; `symbols` are the markets by their number.

    `told` hears what is odd; `counts` counts it by name, and what there was besides.
    """

    def __init__(self, path: Path, listing: TokenListing, told: Callable[[DataFinding], object]) -> None:
        self.values = bytearray()
        self.counts: Counter[str] = Counter()
        self.symbols: list[str] = []
        self.knows_reads = False
        self._path = path
        self._listing = listing
        self._told = told
        self._books: dict[str, MirroredBook] = {}  # by condition
        self._number = self._recv_ns = self._before_ns = self._connection = 0

    def days(self) -> Iterator[int]:
        """Read day by day: yield the number of each day since 1970 when `values` and `counts` hold it."""
        day = -1
        for frame in read_token_frames(self._path):
            if (heard := frame.heard_ns // DAY_NS) > day:
                if day >= 0:
                    yield day
                    self._begin_day(heard * DAY_NS)
                day = heard
            self._add(frame)
        if day >= 0:
            yield day

    def _begin_day(self, begin_ns: int) -> None:
        """Go on with empty tables that begin with the books as they are."""
        self.values, self.counts = bytearray(), Counter()
        self._recv_ns = self._before_ns = begin_ns
        for book in self._books.values():
            if book.is_known:
                self._show(book)

    def _add(self, frame: HeardFrame) -> None:
        self._number, self._before_ns = frame.number, self._recv_ns
        if frame.heard_ns < self._recv_ns:
            text = f"heard {(self._recv_ns - frame.heard_ns) / NS_PER_MS:g} ms before the line above"
            self._tell("unsorted", "", text)
        self._recv_ns = max(self._recv_ns, frame.heard_ns)
        if frame.is_cut:
            self._lose_all()
        for message in frame.messages:
            self._take(message)

    def _take(self, message: TokenMessage) -> None:
        kind = message.event_type
        self.counts[kind] += 1
        if kind == TICK or kind not in (BOOK, CHANGE, TRADE):
            return
        book = self._book(message)
        if book is None:
            return
        try:
            if kind == BOOK:
                self._whole(book, message)
            elif kind == CHANGE:
                self._changes(book, message)
            else:
                self._trade(book, message)
        except WrongLevel as error:
            self._tell(error.what, book.symbol, f"a {kind} of {book.symbol}: {error}")
            if kind != TRADE:
                self._lose(book)

    def _book(self, message: TokenMessage) -> MirroredBook | None:
        """Return the book that a message is of, None of a token that nothing explains."""
        market = self._listing.markets[message.market]
        tokens = {each.asset_id or message.asset_id for each in message.price_changes or message.changes}
        for token in sorted(tokens or {message.asset_id}):
            if token not in market.tokens or not message.market:
                self._tell("unknown_token", token, f"nothing says which market {token or 'no token'} is of")
                return None
        if message.market not in self._books:
            self._books[message.market] = self._begin(market)
        return self._books[message.market]

    def _begin(self, market: TokenMarket) -> MirroredBook:
        symbol = market.tokens[0]
        if len(market.tokens) == 1:
            self._tell("single_token", symbol, f"nothing names the other token of {market.condition}")
        self.symbols.append(symbol)
        prints = self._listing.prints[self._path][market.condition]
        return MirroredBook(market, len(self.symbols) - 1, grid_of(self._path, market), prints)

    def _whole(self, book: MirroredBook, message: TokenMessage) -> None:
        stamp = message.stamp_ns()
        if book.is_known and stamp and stamp < book.moved_ns:
            self.counts["late"] += 1  # it says what was before
            return
        levels = book.shown(message)
        if book.is_known:
            changes = book.differences(levels)
            if not changes:
                self.counts["confirmed"] += 1
                book.shown_ns = stamp
                return
            if (trades := book.taken(changes, self._recv_ns)) is not None:
                for side, price, size in trades:
                    self._set(book, stamp, side, price, book.levels[side, price] - size)
                book.shown_ns = stamp
                return
            self._tell("contradicted", book.symbol, f"a whole book differs at {len(changes)} levels: frames were lost")
            self._lose(book, self._before_ns)
        was_lost = book.is_begun
        book.levels, book.is_known, book.is_begun = levels, True, True
        book.shown_ns = book.moved_ns = stamp
        book.decreases.clear()
        self._show(book)
        if was_lost:
            self._row(0, book.index, Kind.FRESH, 0, NO_SIDE, 0, 0, 0)

    def _show(self, book: MirroredBook) -> None:
        self._row(0, book.index, Kind.RESET, Flag.SNAPSHOT, NO_SIDE, 0, 0, 0)
        for side, price, size in book.standing():
            self._row(0, book.index, Kind.LEVEL, Flag.SNAPSHOT, side, price, size, 0)

    def _changes(self, book: MirroredBook, message: TokenMessage) -> None:
        if not book.is_known:
            what = "without_book" if book.is_begun else "lost_book"
            self._tell(what, book.symbol, f"a change of {book.symbol} while no book is known")
            return
        stamp = message.stamp_ns()
        if stamp and stamp < book.shown_ns:
            self.counts["late"] += 1
            return
        said: dict[tuple[int, int], int] = {}
        bests: dict[str, tuple[str | None, str | None]] = {}
        for each in message.price_changes or message.changes:
            token = each.asset_id or message.asset_id
            place = book.side(token, each.side), book.price(token, each.price)
            size = size_of(each.size)
            if said.setdefault(place, size) != size:
                raise WrongLevel("mirror_differs", f"two sizes at {place[1]} of {LIMIT}: {said[place]} and {size}")
            bests[token] = each.best_bid, each.best_ask
        for (side, price), size in said.items():
            self._set(book, stamp, side, price, size)
        for token, (bid, ask) in bests.items():
            if not book.agrees(token, bid, ask):
                text = f"best prices of {token} are said to be {bid} and {ask}, the book has others: frames were lost"
                raise WrongLevel("best_differs", text)

    def _set(self, book: MirroredBook, stamp: int, side: int, price: int, size: int) -> None:
        """Write that a level is so now, if it was not."""
        change = size - book.levels.get((side, price), 0)
        if not change:
            self.counts["repeated"] += 1
            return
        if size:
            book.levels[side, price] = size
        else:
            del book.levels[side, price]
        book.moved_ns = max(book.moved_ns, stamp)
        self._row(stamp, book.index, Kind.LEVEL, 0, side, price, size, change)
        if change < 0:
            book.decreases.append(Decrease(self._recv_ns, stamp, side, price, -change))

    def _trade(self, book: MirroredBook, message: TokenMessage) -> None:
        side, price, size = book.trade(message.asset_id, message.side, message.price, message.size)
        stamp = book.stamp_of(self._recv_ns, side, price, size) or message.stamp_ns()
        self._row(stamp, book.index, Kind.TRADE, 0, side, price, size, 0)

    def _lose_all(self) -> None:
        known = [book for book in self._books.values() if book.is_known]
        if known:
            text = "a connection ended: until the next whole book nothing is known"
            self._tell("connection", ", ".join(book.symbol for book in known), text)
            self._connection += 1
        for book in known:
            self._lose(book, self._before_ns)

    def _lose(self, book: MirroredBook, since_ns: int = 0) -> None:
        """Make a book unknown, from a frame that was heard before, or from now on."""
        if not book.is_known:
            return
        book.is_known = False
        now_ns, self._recv_ns = self._recv_ns, since_ns or self._recv_ns
        self._row(0, book.index, Kind.STALE, 0, NO_SIDE, 0, 0, 0)
        self._recv_ns = now_ns

    def _row(
        self, stamp: int, market: int, kind: int, flags: int, side: int, price: int, size: int, change: int
    ) -> None:
        self.values += _pack(self._recv_ns, stamp, market, kind, flags, side, price, size, change, self._connection)

    def _tell(self, what: str, symbol: str, text: str) -> None:
        self.counts[what] += 1
        self._told(DataFinding(what, str(self._path), self._number, symbol, text))


def grid_of(path: Path, market: TokenMarket) -> PriceGrid:
    """Return the grid of a market; raise ConfigError if nobody said."""
    if not market.tick:
        raise ConfigError(
            f"{path}: no frame says the tick size of {market.tokens[0]}: put markets.json with it beside the file"
        )
    return PriceGrid((PriceBand(0, LIMIT, market.tick),))
