"""Where the profit came from, exactly: the spread captured, the drift of what was held, the settlement, fees.

For each market, with mid the middle of the venue's book, carried on where it is one-sided:
profit = sum of captures + sum of position times the change of the middle + (value - last middle) position - fees.

Units   doubled money (twice the integers of `instrument`), because a middle may be half a unit.
Shapes  a market whose middle never was known has it at the price of the fill before.
"""

from collections.abc import Mapping, Sequence

import msgspec

from engine import fix
from engine.backtest.recorder import HeardFill
from engine.backtest.results.mids import NO_MID, MidsOfMarket

HORIZONS_NS = {"0.1s": 100_000_000, "1s": 1_000_000_000, "10s": 10_000_000_000, "60s": 60_000_000_000}

BEFORE_CLOSE_NS = 60_000_000_000


class Attribution(msgspec.Struct):
    """Doubled money by where it came from."""

    capture: int = 0
    drift: int = 0
    final: int = 0
    fees: int = 0

    @property
    def total(self) -> int:
        """Return twice the profit."""
        return self.capture + self.drift + self.final - self.fees


class Markout(msgspec.Struct):
    """Doubled money of the fills that had a middle at the horizon, their quantity, and how many had none."""

    money: int = 0
    qty: int = 0
    fills: int = 0
    excluded: int = 0


def attribute(fills: Sequence[HeardFill], mids: MidsOfMarket, value: int) -> Attribution:
    """Return where the profit of one market's fills came from; `value` is what a contract is worth in the end."""
    found = Attribution()
    net = last = 0
    for fill in sorted(fills, key=lambda each: each.acted_ns):
        signed = fill.qty if fill.side == fix.BUY else -fill.qty
        carried = mids.carried(middle_before(fill, mids), fill.acted_ns)
        mid = carried if carried != NO_MID else 2 * fill.price
        found.drift += net * (mid - last)
        found.capture += signed * (mid - 2 * fill.price)
        found.fees += 2 * fill.fee
        net, last = net + signed, mid
    found.final = net * (2 * value - last)
    return found


def middle_before(fill: HeardFill, mids: MidsOfMarket) -> int:
    """Return the middle before the match: a taker comes after what the market did at its time, a maker within it."""
    return mids.at(fill.acted_ns) if fill.is_taker else mids.before(fill.acted_ns)


def markouts(
    fills: Sequence[HeardFill], mids: Mapping[str, MidsOfMarket], closes_ns: Mapping[str, int]
) -> dict[str, Markout]:
    """Return what fills were worth against the middle before them ("0"), at each horizon, and 60 s before the close.

    Good is more than 0. A fill within the last minute has no middle "close".
    """
    found = {name: Markout() for name in ("0", *HORIZONS_NS, "close")}
    for fill in fills:
        market = mids[fill.symbol]
        _add(found["0"], fill, middle_before(fill, market))
        for name, later_ns in HORIZONS_NS.items():
            _add(found[name], fill, market.at(fill.acted_ns + later_ns))
        close_ns = closes_ns.get(fill.symbol, 0) - BEFORE_CLOSE_NS
        _add(found["close"], fill, market.at(close_ns) if close_ns > fill.acted_ns else NO_MID)
    return found


def _add(to: Markout, fill: HeardFill, mid: int) -> None:
    if mid == NO_MID:
        to.excluded += 1
        return
    signed = fill.qty if fill.side == fix.BUY else -fill.qty
    to.money += signed * (mid - 2 * fill.price)
    to.qty += fill.qty
    to.fills += 1
