"""Frames of a recording without what is our own in them, as a feed would have brought them had we not traded.

Our deltas and the prints of our taking are left out, snapshots have our size taken out, and the print of flow that hit
us says so. See `engine.backtest.own.size` for the rules.

Shapes  frames of one capture, in the order in which they were heard.
Errors  DecodeError names the market whose frame cannot be read.
Cost    nothing where nothing is ours.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine._decimal import format_decimal, parse_decimal
from engine.backtest.own.lines import LIMIT, OwnLines
from engine.backtest.own.reports import PRICE_DECIMALS, SIZE_DECIMALS
from engine.backtest.own.size import OwnSize
from engine.exchange.captures import DELTA, SNAPSHOT, Frame
from engine.units import Side


class Outside:
    """Takes what is ours out of the frames of one capture; `counts` says how much that was."""

    def __init__(self, own: OwnLines) -> None:
        self.counts: Counter[str] = Counter({"own_unseen": own.unseen} if own.unseen else {})
        self._own = own
        self._sizes: defaultdict[str, OwnSize] = defaultdict(OwnSize)
        self._begun: set[str] = set()

    def frames(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the frames that others caused."""
        for number, frame in enumerate(frames):
            if number in self._own.takers:
                self.counts["own_takes"] += 1
            elif number in self._own.makers:
                self.counts["own_fills"] += 1
                yield frame_with(frame, recorder_own=True)
            elif frame.kind == SNAPSHOT:
                yield self._snapshot(frame)
            elif frame.kind == DELTA:
                yield from self._delta(frame, number in self._own.deltas)
            else:
                yield frame

    def _delta(self, frame: Frame, is_own: bool) -> Iterator[Frame]:
        size = self._sizes[frame.symbol]
        if not is_own and not size.took:
            yield frame
            return
        message = frame.message()
        side, price = _place(message.side, message.price_dollars)
        change = parse_decimal(message.delta_fp, SIZE_DECIMALS)
        if is_own:
            self.counts["own_changes"] += 1
            size.move(side, price, change)
            return
        for gone in size.ended_by(side, price) if change > 0 else ():
            yield _decrease(frame, message.ts_ms, *gone)
        yield frame

    def _snapshot(self, frame: Frame) -> Frame:
        size = self._sizes[frame.symbol]
        is_later = frame.symbol in self._begun
        self._begun.add(frame.symbol)
        size.begin(self._own.rested(frame.symbol, frame.recv_ns) if is_later else None)
        if not size.rests:
            return frame
        message = frame.message()
        shown = {"yes": message.yes_dollars_fp, "no": message.no_dollars_fp}
        levels = {f"{name}_dollars_fp": self._outside(size, name, pairs) for name, pairs in shown.items()}
        return frame_with(frame, **levels)

    def _outside(self, size: OwnSize, name: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        found = []
        for price_text, size_text in pairs:
            left = size.outside(*_place(name, price_text), parse_decimal(size_text, SIZE_DECIMALS))
            if left:
                found.append((price_text, format_decimal(left, SIZE_DECIMALS)))
        return found


def frame_with(frame: Frame, **fields: object) -> Frame:
    """Return a frame whose `msg` has these fields."""
    message: dict[str, Any] = msgspec.json.decode(frame.body)
    return Frame(frame.recv_ns, frame.symbol, frame.kind, msgspec.json.encode(message | fields))


def _place(name: str, price_text: str) -> tuple[int, int]:
    price = parse_decimal(price_text, PRICE_DECIMALS)
    return (int(Side.BUY), price) if name == "yes" else (int(Side.SELL), LIMIT - price)


def _decrease(frame: Frame, ts_ms: int, side: int, price: int, size: int) -> Frame:
    """Return the frame by which a level that we had taken from is over."""
    is_bid = side == Side.BUY
    message = {
        "market_ticker": frame.symbol,
        "price_dollars": format_decimal(price if is_bid else LIMIT - price, PRICE_DECIMALS),
        "delta_fp": format_decimal(-size, SIZE_DECIMALS),
        "side": "yes" if is_bid else "no",
        "ts_ms": ts_ms,
    }
    return Frame(frame.recv_ns, frame.symbol, DELTA, msgspec.json.encode(message))
