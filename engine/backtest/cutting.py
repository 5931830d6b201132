"""A stretch of a history that stands for itself: it begins with a snapshot of every book that was known then.

Units   ns since 1970; sizes and prices as in `instrument`.
Shapes  a stretch holds what was heard from its beginning to before its end. A market is worth its result only where
        it closed by then; in a stretch that reaches the end of the history, as in the whole.
Cost    one pass over what was before.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine._decimal import format_decimal
from engine.backtest.history import TimedFrame
from engine.backtest.outcomes import MarketOutcome
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage, Frame
from engine.instrument import Instrument


class DecodedFrame(Frame, frozen=True):
    """A frame that was decoded once, for as many runs as there are."""

    decoded: CapturedMessage

    def message(self) -> CapturedMessage:
        """Return the `msg`, decoded."""
        return self.decoded


class _Levels:
    """One captured book as its frames left it: sizes by side and price, as the venue names them."""

    def __init__(self, market: Instrument) -> None:
        self._market = market
        self._sizes: dict[str, dict[int, int]] = {"yes": {}, "no": {}}
        self.is_known = False

    def apply(self, kind: str, message: CapturedMessage) -> None:
        """Apply a frame."""
        if kind == SNAPSHOT:
            self.is_known = True
            self._sizes = {"yes": self._read(message.yes_dollars_fp), "no": self._read(message.no_dollars_fp)}
        elif kind == DELTA:
            sizes, price = self._sizes[message.side], self._market.parse_price(message.price_dollars)
            sizes[price] = sizes.get(price, 0) + self._market.parse_size(message.delta_fp)

    def frame(self, now_ns: int) -> Frame:
        """Return the book as a snapshot."""
        told = {f"{side}_dollars_fp": self._written(sizes) for side, sizes in self._sizes.items()}
        body = msgspec.json.encode({"market_ticker": self._market.symbol, **told})
        return Frame(now_ns, self._market.symbol, SNAPSHOT, body)

    def _read(self, levels: Iterable[tuple[str, str]]) -> dict[int, int]:
        return {self._market.parse_price(price): self._market.parse_size(size) for price, size in levels}

    def _written(self, sizes: Mapping[int, int]) -> list[tuple[str, str]]:
        prices, lots = self._market.price_decimals, self._market.size_decimals
        shown = sorted(level for level in sizes.items() if level[1])
        return [(format_decimal(price, prices), format_decimal(size, lots)) for price, size in shown]


def decoded(frames: Iterable[TimedFrame]) -> list[TimedFrame]:
    """Return the frames, each decoded once."""
    return [timed._replace(frame=_decoded(timed.frame)) for timed in frames]


def cut(
    frames: Sequence[TimedFrame], instruments: Sequence[Instrument], begin_ns: int, end_ns: int
) -> list[TimedFrame]:
    """Return the frames of a stretch, before them the books of the markets of which something is still heard."""
    levels = {each.symbol: _Levels(each) for each in instruments}
    within: list[TimedFrame] = []
    for timed in frames:
        if timed.recv_ns >= begin_ns:
            within.append(timed)
        elif timed.frame.symbol in levels:
            levels[timed.frame.symbol].apply(timed.frame.kind, timed.frame.message())
    alive = {timed.frame.symbol for timed in within}
    known = [each.frame(begin_ns) for symbol, each in levels.items() if each.is_known and symbol in alive]
    first = [TimedFrame(begin_ns, begin_ns, _decoded(frame)) for frame in known]
    later = (timed for timed in within if timed.recv_ns < end_ns)
    return first + [timed._replace(venue_ns=max(timed.venue_ns, begin_ns)) for timed in later]


def paid_by(
    outcomes: Mapping[str, MarketOutcome], frames: Sequence[TimedFrame], end_ns: int
) -> dict[str, MarketOutcome]:
    """Return the outcomes with the values of those markets alone that were over before `end_ns`."""
    if frames[-1].recv_ns < end_ns:
        return dict(outcomes)
    last_ns = {timed.frame.symbol: timed.recv_ns for timed in frames}
    over = {symbol for symbol, each in outcomes.items() if (each.close_ns or last_ns.get(symbol, 0)) < end_ns}
    return {symbol: each if symbol in over else each._replace(value=None) for symbol, each in outcomes.items()}


def _decoded(frame: Frame) -> Frame:
    return DecodedFrame(frame.recv_ns, frame.symbol, frame.kind, frame.body, frame.message())
