"""Rows made up by chance as the frames that a recorder would have heard of them.

Units   as in `tests.support.rows`.
"""

from collections.abc import Iterator
from random import Random

import msgspec

from engine.backtest.history import TimedFrame
from engine.exchange.captures import Frame
from engine.instrument import Instrument
from tests.support.rows import BANDS, MadeRows, SlowVenue


class FrameMaker(SlowVenue):
    """Says what rows say, in frames; a trade is heard right before its decrease."""

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the frames in the order in which they were heard."""
        row = 0
        for now_ns, (market, kind, message) in self._frames():
            levels = sum(len(message.get(name, ())) for name in ("yes_dollars_fp", "no_dollars_fp"))
            row += 1 + levels
            recv_ns = int(self._columns["recv_ns"][row - 1])
            body = msgspec.json.encode({"market_ticker": f"M{market}", **message})
            yield TimedFrame(now_ns, recv_ns, Frame(recv_ns, f"M{market}", kind, body))


def made_frames(
    seed: int, markets: int, steps: int, *, lag_ns: int = 3_000_000, fork: tuple[int, Random] | None = None
) -> list[TimedFrame]:
    """Return the frames of so many steps in so many markets; from step `fork[0]` on another chance decides."""
    made = MadeRows(seed, markets, lag_ns)
    for step in range(steps):
        if fork is not None and step == fork[0]:
            made._chance = fork[1]
        made.step()
    return list(FrameMaker(made.columns(), [f"M{place}" for place in range(markets)], [BANDS] * markets).frames())


def made_markets(count: int) -> list[Instrument]:
    """Return the instruments of made frames."""
    return [Instrument(f"M{place}", place, BANDS) for place in range(count)]
