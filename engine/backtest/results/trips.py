"""Round trips: from flat to flat in one market, by fills or by settlement.

Units   prices, sizes and money as in `instrument`; times in ns since 1970.
Shapes  a fill that turns a position round ends one trip and begins the next; its fee is shared by quantity.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev

import msgspec

from engine import fix
from engine.backtest.recorder import HeardFill


class Trip(msgspec.Struct):
    """One round trip; `profit` is after fees, `qty` the most that was held."""

    symbol: str
    side: int
    opened_ns: int
    closed_ns: int = 0
    qty: int = 0
    profit: int = 0
    fees: int = 0
    by: str = "fill"
    net: int = 0

    def trade(self, signed: int, price: int, fee: int) -> None:
        """Take part of a fill."""
        self.net += signed
        self.qty = max(self.qty, abs(self.net))
        self.profit -= signed * price + fee
        self.fees += fee


class TripFigures(msgspec.Struct, frozen=True):
    """What round trips came to; None where it cannot be said."""

    count: int
    win_rate: float | None
    expectancy: float | None
    expectancy_error: float | None
    profit_factor: float | str | None


def trips(fills: Iterable[HeardFill], settled: Mapping[str, int], end_ns: int) -> tuple[list[Trip], list[Trip]]:
    """Return the trips that ended, in the order in which they did, and those that are open."""
    done: list[Trip] = []
    open_trips: dict[str, Trip] = {}
    for fill in fills:
        _take(fill, open_trips, done)
    for symbol, value in settled.items():
        trip = open_trips.pop(symbol, None)
        if trip is not None:
            trip.profit += trip.net * value
            trip.net, trip.closed_ns, trip.by = 0, end_ns, "settlement"
            done.append(trip)
    return done, list(open_trips.values())


def _take(fill: HeardFill, open_trips: dict[str, Trip], done: list[Trip]) -> None:
    sign = 1 if fill.side == fix.BUY else -1
    trip = open_trips.get(fill.symbol)
    closing = min(fill.qty, abs(trip.net)) if trip is not None and trip.net * sign < 0 else 0
    closing_fee = fill.fee * closing // fill.qty
    if trip is not None and closing:
        trip.trade(sign * closing, fill.price, closing_fee)
        if not trip.net:
            trip.closed_ns = fill.heard_ns
            done.append(open_trips.pop(fill.symbol))
    if rest := fill.qty - closing:
        trip = open_trips.setdefault(fill.symbol, Trip(fill.symbol, fill.side, fill.heard_ns))
        trip.trade(sign * rest, fill.price, fill.fee - closing_fee)


def figures(done: Sequence[Trip], event_of: Mapping[str, str]) -> TripFigures:
    """Return the figures; the error of the expectancy is taken over events, which are what is independent."""
    if not done:
        return TripFigures(0, None, None, None, None)
    gains = sum(trip.profit for trip in done if trip.profit > 0)
    losses = -sum(trip.profit for trip in done if trip.profit < 0)
    by_event: dict[str, list[int]] = {}
    for trip in done:
        by_event.setdefault(event_of.get(trip.symbol, trip.symbol), []).append(trip.profit)
    means = [fmean(each) for each in by_event.values()]
    error = stdev(means) / sqrt(len(means)) if len(means) > 1 else None
    factor: float | str = gains / losses if losses else "no loss"
    wins = sum(trip.profit > 0 for trip in done)
    return TripFigures(len(done), wins / len(done), fmean(trip.profit for trip in done), error, factor)
