"""Which captured order came or went with each frame, as conversion to rows numbers them.

A change of a level is one order's: an increase is a new order, a cancel took the youngest order of exactly its size at
its price, a trade the oldest. A snapshot forgets them all, and so does a level that is empty.

Units   as in `instrument`.
Errors  DecodeError for a frame that cannot be read.
Cost    every frame is read once more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from engine import fix
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE, CapturedMessage, Frame
from engine.instrument import Instrument

NO_JOIN = -1
_Level: TypeAlias = tuple[int, int]  # side and price
Match: TypeAlias = tuple[str, int, int, int, int]  # a match: market, venue time, side, price and size


class FrameJoin(NamedTuple):
    """The number of an order in its market, and whether it came or went; nobody knows of which where it is NO_JOIN."""

    number: int = NO_JOIN
    is_new: bool = False


NOBODYS = FrameJoin()


class _MarketOrders:
    """The orders of one market that could be told apart so far, by level and size."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._last = 0
        self._sizes: dict[_Level, int] = {}
        self._orders: defaultdict[_Level, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))

    def show(self, message: CapturedMessage) -> None:
        """Begin anew with a snapshot: whose these sizes are nobody knows."""
        self._orders.clear()
        self._sizes.clear()
        for outcome, pairs in (("yes", message.yes_dollars_fp), ("no", message.no_dollars_fp)):
            for price, size in pairs:
                self._sizes[level_of(self._instrument, outcome, price)] = self._instrument.parse_size(size)

    def move(self, level: _Level, change: int, is_trade: bool) -> FrameJoin:
        """Take a change of a level."""
        orders = self._orders[level]
        found = NOBODYS
        if change > 0:
            self._last += 1
            orders[change].append(self._last)
            found = FrameJoin(self._last, is_new=True)
        elif same := orders[-change]:
            found = FrameJoin(same.pop(0 if is_trade else -1))
        self._sizes[level] = self._sizes.get(level, 0) + change
        if not self._sizes[level]:
            orders.clear()
        return found


def level_of(instrument: Instrument, outcome: str, price_text: str) -> _Level:
    """Return side and price on the YES scale: a NO bid at q is a YES ask at 1 - q."""
    price = instrument.parse_price(price_text)
    return (fix.BUY, price) if outcome == "yes" else (fix.SELL, instrument.limit - price)


def joins_of(frames: Iterable[Frame], instruments: Iterable[Instrument]) -> list[FrameJoin]:
    """Return the order of each frame; frames of a market are in the order in which they were captured."""
    by_symbol = {each.symbol: each for each in instruments}
    frames = [*frames]
    traded = trades_of(frames, by_symbol)
    markets = {symbol: _MarketOrders(each) for symbol, each in by_symbol.items()}
    return [_join(frame, by_symbol, markets, traded) for frame in frames]


def _join(
    frame: Frame, instruments: Mapping[str, Instrument], markets: Mapping[str, _MarketOrders], traded: dict[Match, int]
) -> FrameJoin:
    instrument = instruments.get(frame.symbol)
    if instrument is None or frame.kind not in (SNAPSHOT, DELTA):
        return NOBODYS
    message = frame.message()
    if frame.kind == SNAPSHOT:
        markets[frame.symbol].show(message)
        return NOBODYS
    level = level_of(instrument, message.side, message.price_dollars)
    change = instrument.parse_size(message.delta_fp)
    key = (frame.symbol, message.ts_ms, *level, -change)
    is_trade = traded.get(key, 0) > 0
    if is_trade:
        traded[key] -= 1
    return markets[frame.symbol].move(level, change, is_trade)


def trades_of(frames: Iterable[Frame], instruments: Mapping[str, Instrument]) -> dict[Match, int]:
    """Return how many trades of each match there are, whose decreases come before or after."""
    found: defaultdict[Match, int] = defaultdict(int)
    for frame in frames:
        instrument = instruments.get(frame.symbol)
        if frame.kind != TRADE or instrument is None:
            continue
        message = frame.message()
        if not message.is_block_trade:
            maker = fix.SELL if message.taker_outcome_side == "yes" else fix.BUY
            price, qty = instrument.parse_price(message.yes_price_dollars), instrument.parse_size(message.count_fp)
            found[frame.symbol, message.ts_ms, maker, price, qty] += 1
    return found
