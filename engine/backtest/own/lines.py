"""Which frames of a recorded run are of our own orders.

A delta that names our order is ours. Where a feed names none, each change that our reports tell of is looked for among
the frames: of those of the same market, side, price and size the one that was heard nearest to the report.

Units   times in ns since 1970; frames are numbered from 0 over all files of the run, losses left out.
Errors  DecodeError names file and line.
Cost    the run is read once more, if there are reports beside it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine._decimal import parse_decimal
from engine.backtest.capture.index import is_recorded
from engine.backtest.own.reports import PRICE_DECIMALS, SIZE_DECIMALS, Move, read_moves, reports_beside
from engine.backtest.own.size import OwnSize, Place
from engine.backtest.rows.reading import LOST, RowMessage, read_chunks, read_lines
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE
from engine.units import Side

WITHIN_NS = 2_000_000_000  # between a report and its frame
LIMIT = 10_000
_NAME = b'"client_order_id"'
_TRADED = 0  # stands for the change in the key of a print
_Place = tuple[int, str, int, int, int]  # when at the venue, market, side, price, change
Key = tuple[str, int, int, int, int]  # market, maker's side, price, change or _TRADED, size of a print


class OwnLines(msgspec.Struct):
    """`deltas` and `makers` number the deltas of ours and the prints of flow that hit us, `takers` our own taking.

    `taken` are the deltas of `deltas` by which others lost what we took, as far as reports say.
    `unseen` counts changes that our reports tell of and no frame shows. `standing` is what rested, by market: the
    times at which that changed, and what it was from then on.
    """

    deltas: set[int] = set()
    makers: set[int] = set()
    takers: set[int] = set()
    taken: set[int] = set()
    unseen: int = 0
    standing: dict[str, list[tuple[int, dict[Place, int]]]] = {}

    def rested(self, symbol: str, at_ns: int) -> dict[Place, int] | None:
        """Return what rested of ours in a market; None where no report says."""
        if not self.standing:
            return None
        course = self.standing.get(symbol, [])
        at = bisect_right(course, at_ns, key=lambda each: each[0])
        return course[at - 1][1] if at else {}

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is ours."""
        return not (self.deltas or self.makers or self.takers)


def own_lines(paths: Sequence[Path]) -> OwnLines:
    """Return what is ours in the files of one capture."""
    beside = reports_beside(paths[0]) if paths and is_recorded(paths[0]) else None
    moves = list(read_moves(beside)) if beside is not None else []
    named = _named(paths) if any(_names_orders(path) for path in paths) else OwnLines()
    if not moves:
        return named
    found = _Search(paths, {key for move in moves for key in _keys(move)}).find(moves)
    if named.is_empty:
        return found
    # Frames know better which is ours; whether they name what we took of others is the venue's to say.
    replace = msgspec.structs.replace
    return replace(found, deltas=named.deltas | found.taken, makers=named.makers, takers=named.takers | found.takers)


def _names_orders(path: Path) -> bool:
    """Return whether a file may name orders of ours: a look at its bytes, of which few do."""
    before = b""
    for chunk in read_chunks(path, lambda text: None):
        if _NAME in chunk or _NAME in before + chunk[: len(_NAME)]:
            return True
        before = chunk[-len(_NAME) :]
    return False


def _named(paths: Sequence[Path]) -> OwnLines:
    """Return what frames themselves say is ours: a print is that of the decrease of its millisecond and size."""
    found, sizes = OwnLines(), defaultdict[str, OwnSize](OwnSize)
    sets: dict[int, set[int]] = {}  # by our decrease, where its print belongs
    keys: set[_Place] = set()
    for number, (_, kind, message) in enumerate(_frames(paths)):
        if kind == DELTA and message.client_order_id:
            found.deltas.add(number)
            symbol, side, price, change, _ = _delta_key(message)
            is_maker = sizes[symbol].rests.get((side, price), 0) + change >= 0
            sizes[symbol].move(side, price, change)
            sets[number] = found.makers if is_maker else found.takers
            keys.add((message.ts_ms, symbol, side, price, change))
    decreases: defaultdict[_Place, list[int]] = defaultdict(list)
    prints: list[tuple[int, _Place]] = []
    for number, (_, kind, message) in enumerate(_frames(paths)):
        if kind == DELTA and (key := (message.ts_ms, *_delta_key(message)[:4])) in keys:
            decreases[key].append(number)
        elif kind == TRADE:
            symbol, side, price, _, size = _print_key(message)
            if (key := (message.ts_ms, symbol, side, price, -size)) in keys:
                prints.append((number, key))
    for number, key in prints:
        if (decrease := _of_print(decreases[key], number)) in sets:
            sets[decrease].add(number)
    return found


def _of_print(decreases: list[int], number: int) -> int:
    """Take and return the decrease of a print: the last one before it, else the next one; -1 without any."""
    if not decreases:
        return -1
    return decreases.pop(max(bisect_right(decreases, number) - 1, 0))


class _Candidate(NamedTuple):
    heard_ns: int
    number: int


class _Search:
    """The frames that could be ours, by what they say."""

    def __init__(self, paths: Sequence[Path], wanted: set[Key]) -> None:
        self._frames: defaultdict[Key, list[_Candidate]] = defaultdict(list)
        self._found = OwnLines()
        self._resting: dict[str, bool] = {}  # whether an order was seen to enter the book
        for number, (heard_ns, kind, message) in enumerate(_frames(paths)):
            if kind == SNAPSHOT:
                continue
            key = _delta_key(message) if kind == DELTA else _print_key(message)
            if key in wanted:
                self._frames[key].append(_Candidate(heard_ns, number))

    def find(self, moves: Iterable[Move]) -> OwnLines:
        """Look for every move, in the order in which we heard of them."""
        levels: defaultdict[str, dict[Place, int]] = defaultdict(dict)
        for move in moves:
            if move.is_trade:
                self._trade(move)
            elif move.begins:
                self._resting[move.order_id] = self._take(move, _key(move, move.side, move.price, move.change))
            elif move.change and self._resting.get(move.order_id):
                self._counted(self._take(move, _key(move, move.side, move.price, move.change)))
            if self._resting.get(move.order_id):
                self._stand(levels[move.symbol], move)
        return self._found

    def _trade(self, move: Move) -> None:
        if self._resting.get(move.order_id):
            self._pair(move, move.side, move.price, self._found.makers)
            return
        other = int(Side.SELL) if move.side == Side.BUY else int(Side.BUY)
        self._pair(move, other, move.last_px, self._found.takers)

    def _pair(self, move: Move, maker_side: int, price: int, prints: set[int]) -> None:
        """Take the decrease of a trade of ours, and the print that is nearest to it."""
        decrease = self._nearest(move, _key(move, maker_side, price, move.change), 0)
        trade = self._nearest(move, _print(move, maker_side, price), decrease.number if decrease else 0)
        self._counted(decrease is not None)
        self._counted(trade is not None)
        if decrease is not None:
            self._found.deltas.add(decrease.number)
        if trade is not None:
            prints.add(trade.number)
        if decrease is not None and prints is self._found.takers:
            self._found.taken.add(decrease.number)

    def _take(self, move: Move, key: Key) -> bool:
        """Take the nearest delta of a key; return whether there is one."""
        near = self._nearest(move, key, 0)
        if near is not None:
            self._found.deltas.add(near.number)
        return near is not None

    def _nearest(self, move: Move, key: Key, number: int) -> _Candidate | None:
        """Take and return the frame of a key that was heard nearest to a report; of equals that nearest to another."""
        frames = self._frames.get(key, [])
        near = min(
            frames, key=lambda each: (abs(each.heard_ns - move.time_ns), abs(each.number - number)), default=None
        )
        if near is None or abs(near.heard_ns - move.time_ns) > WITHIN_NS:
            return None
        frames.remove(near)
        return near

    def _counted(self, is_seen: bool) -> None:
        self._found.unseen += not is_seen

    def _stand(self, levels: dict[Place, int], move: Move) -> None:
        place = move.side, move.price
        levels[place] = levels.get(place, 0) + move.change
        if levels[place] <= 0:
            del levels[place]
        self._found.standing.setdefault(move.symbol, []).append((move.time_ns, dict(levels)))


def _frames(paths: Sequence[Path]) -> Iterator[tuple[int, str, RowMessage]]:
    for path in paths:
        for _, line in read_lines(path, lambda text: None):
            if line.event.type != LOST:
                yield line.heard_ns(), line.event.type, line.event.msg


def _keys(move: Move) -> list[Key]:
    """Return every key under which the frames of a move may be looked for."""
    if not move.is_trade:
        return [_key(move, move.side, move.price, move.change)]
    other = int(Side.SELL) if move.side == Side.BUY else int(Side.BUY)
    places = (move.side, move.price), (other, move.last_px)
    return [_key(move, *place, move.change) for place in places] + [_print(move, *place) for place in places]


def _key(move: Move, side: int, price: int, change: int) -> Key:
    return move.symbol, side, price, change, 0


def _print(move: Move, maker_side: int, price: int) -> Key:
    return move.symbol, maker_side, price, _TRADED, -move.change


def _delta_key(message: RowMessage) -> Key:
    side = Side.BUY if message.side == "yes" else Side.SELL
    price = parse_decimal(message.price_dollars, PRICE_DECIMALS)
    change = parse_decimal(message.delta_fp, SIZE_DECIMALS)
    return message.market_ticker, int(side), price if side == Side.BUY else LIMIT - price, change, 0


def _print_key(message: RowMessage) -> Key:
    side = Side.SELL if message.taker_outcome_side == "yes" else Side.BUY
    price = parse_decimal(message.yes_price_dollars, PRICE_DECIMALS)
    return message.market_ticker, int(side), price, _TRADED, parse_decimal(message.count_fp, SIZE_DECIMALS)
