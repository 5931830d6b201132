"""What the data held and what it lacked: the half of a result that is not about the strategy.

Units   times in ns, sizes as in `instrument`.
Cost    one pass over the frames.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from engine import fix
from engine.backtest.history import TimedFrame
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage
from engine.instrument import Instrument

SILENT_NS = 10_000_000_000  # nothing heard of a market for longer is told


class Coverage(msgspec.Struct):
    """One market's frames; `silent_ns` adds up what is beyond `SILENT_NS` between two, `unpaired` counts trades."""

    symbol: str
    first_ns: int
    last_ns: int = 0
    frames: int = 0
    trades: int = 0
    volume: int = 0
    block_trades: int = 0
    snapshots: int = 0
    silences: int = 0
    silent_ns: int = 0
    ran_back: int = 0
    unpaired: int = 0


class _Pairing:
    """Trades of one market against the decreases that they cause: same side, price, size and time of the venue."""

    def __init__(self, market: Instrument) -> None:
        self._market = market
        self._open: Counter[tuple[int, int, int, int]] = Counter()
        self.last_ms = 0

    def delta(self, message: CapturedMessage) -> None:
        """Note a decrease."""
        change = self._market.parse_size(message.delta_fp)
        price = self._market.parse_price(message.price_dollars)
        if change < 0:
            is_bid = message.side == "yes"
            place = (fix.BUY, price) if is_bid else (fix.SELL, self._market.limit - price)
            self._open[(*place, -change, message.ts_ms)] -= 1

    def trade(self, message: CapturedMessage, size: int) -> None:
        """Note a trade."""
        side = fix.SELL if message.taker_outcome_side == "yes" else fix.BUY
        self._open[side, self._market.parse_price(message.yes_price_dollars), size, message.ts_ms] += 1

    def unpaired(self) -> int:
        """Return how many trades no decrease belongs to."""
        return sum(count for count in self._open.values() if count > 0)


def coverage(frames: Iterable[TimedFrame], instruments: Sequence[Instrument]) -> list[Coverage]:
    """Return what the frames say of each market, in the order of `instruments`."""
    found: dict[str, Coverage] = {}
    pairings = {each.symbol: _Pairing(each) for each in instruments}
    markets = {each.symbol: each for each in instruments}
    for timed in frames:
        symbol = timed.frame.symbol
        if symbol in markets:
            row = found.setdefault(symbol, Coverage(symbol, timed.recv_ns))
            _count(row, timed, markets[symbol], pairings[symbol])
    for symbol, row in found.items():
        row.unpaired = pairings[symbol].unpaired()
    return [found[each.symbol] for each in instruments if each.symbol in found]


def _count(row: Coverage, timed: TimedFrame, market: Instrument, pairing: _Pairing) -> None:
    silent_ns = timed.recv_ns - row.last_ns if row.frames else 0
    if silent_ns > SILENT_NS:
        row.silences, row.silent_ns = row.silences + 1, row.silent_ns + silent_ns
    row.last_ns = timed.recv_ns
    row.frames += 1
    message = timed.frame.message()
    if timed.frame.kind == SNAPSHOT:
        row.snapshots += 1
    elif timed.frame.kind == DELTA:
        row.ran_back += message.ts_ms < pairing.last_ms
        pairing.last_ms = max(pairing.last_ms, message.ts_ms)
        pairing.delta(message)
    elif message.is_block_trade:
        row.block_trades += 1
    else:
        size = market.parse_size(message.count_fp)
        row.trades, row.volume = row.trades + 1, row.volume + size
        if not message.recorder_own:  # that decrease was our own, and is taken out
            pairing.trade(message, size)
