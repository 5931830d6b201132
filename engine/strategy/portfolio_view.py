"""What is held, what it made, what it could lose, and what the limits leave: as a strategy reads it.

Units   money, prices and sizes as in `instrument`; of a limit that is "none" NO_LIMIT is left.
Errors  OrderError for a market that is not of this engine, KeyError for an event or series without a market here.
Cost    O(1) for the whole, a market or an event; O(markets) for a series.
Thread  the loop thread only. The numbers are those of the moment at which they are asked for.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.instrument import Instrument
from engine.portfolio import Portfolio, Position, Totals
from engine.risk import Risk
from engine.units import NO_LIMIT


class Sums(NamedTuple):
    """Money and exposure over some markets.

    `realised` and `unrealised` are before fees, `pnl` after them: cash + value - fees. `worst_position` is the most
    that may be held, long or short, if open orders fill; `worst_pnl` what is made if everything turns out worst.
    """

    cash: int
    cost: int
    value: int
    fees: int
    realised: int
    unrealised: int
    pnl: int
    day_pnl: int
    worst_position: int
    worst_pnl: int


class LimitsLeft(NamedTuple):
    """How much more each limit lets pass; 0 where it is used up, NO_LIMIT where there is none."""

    order_qty: int
    position: int
    event_position: int
    gross_position: int
    open_orders: int
    open_cost: int
    market_loss: int
    event_loss: int
    daily_loss: int
    drawdown: int


class PortfolioView:
    """Reads one portfolio, and the exposure that risk counts beside it."""

    def __init__(self, portfolio: Portfolio, risk: Risk) -> None:
        self._portfolio = portfolio
        self._risk = risk

    @property
    def cash(self) -> int:
        """What sales brought less what purchases cost, before fees."""
        return self._portfolio.cash

    @property
    def cost(self) -> int:
        """What all that is held has cost, below 0 for what is short."""
        return self._portfolio.cost

    @property
    def value(self) -> int:
        """What all that is held is worth at its marks."""
        return self._portfolio.value

    @property
    def fees(self) -> int:
        """What was paid for fees."""
        return self._portfolio.fees

    @property
    def realised(self) -> int:
        """What closed quantity has earned, before fees."""
        return self._portfolio.realised

    @property
    def unrealised(self) -> int:
        """What the open quantity is worth beyond what it cost."""
        return self._portfolio.unrealised

    @property
    def pnl(self) -> int:
        """Realised and unrealised profit less fees."""
        return self._portfolio.pnl

    @property
    def day_pnl(self) -> int:
        """The same since the trading day began."""
        return self._portfolio.day_pnl

    @property
    def open_orders(self) -> int:
        """How many orders may still trade."""
        return self._risk.exposure.open_orders

    @property
    def open_cost(self) -> int:
        """What the open orders cost at worst, their fees included."""
        return self._risk.exposure.open_cost

    @property
    def gross_position(self) -> int:
        """The largest positions that the open orders could make, added up over all markets."""
        return self._risk.exposure.gross_position

    def __iter__(self) -> Iterator[Position]:
        """Return the positions that are not flat, by rising index."""
        return iter([position for position in self._portfolio if position.net])

    def position(self, instrument: Instrument) -> Position:
        """Return what is held in a market, always the same object."""
        return self._portfolio[instrument]

    def market(self, instrument: Instrument) -> Sums:
        """Return the money and exposure of one market."""
        exposure = self._risk.exposure
        worst = exposure.worst_position(instrument), exposure.market_loss(instrument)
        return Sums(*_money(self._portfolio[instrument]), *worst)

    def event(self, name: str) -> Sums:
        """Return those of the markets of one event, outcomes that exclude each other netted."""
        exposure = self._risk.exposure
        return Sums(*_money(self._portfolio.event(name)), exposure.event_position(name), exposure.event_loss(name))

    def series(self, name: str) -> Sums:
        """Return those of the events of one series."""
        return self._over([each for each in self._portfolio if each.instrument.series == name], name)

    def category(self, name: str) -> Sums:
        """Return those of the events of one category."""
        return self._over([each for each in self._portfolio if each.instrument.category == name], name)

    def _over(self, positions: Iterable[Position], name: str) -> Sums:
        events = dict.fromkeys([each.instrument.event for each in positions])
        if not events:
            raise KeyError(name)
        return Sums._make(map(sum, zip(*[self.event(event) for event in events], strict=True)))

    def left(self, instrument: Instrument) -> LimitsLeft:
        """Return what the limits leave for orders in one market."""
        limits, exposure, event = self._risk.limits, self._risk.exposure, instrument.event
        high, _ = self._risk.day_high
        used = LimitsLeft(
            order_qty=0,
            position=exposure.worst_position(instrument),
            event_position=exposure.event_position(event),
            gross_position=exposure.gross_position,
            open_orders=exposure.open_orders,
            open_cost=exposure.open_cost,
            market_loss=-exposure.market_loss(instrument),
            event_loss=-exposure.event_loss(event),
            daily_loss=-self.day_pnl,
            drawdown=high - self.day_pnl,
        )
        most = (int(getattr(limits, f"max_{name}")) for name in LimitsLeft._fields)
        return LimitsLeft(*[_left(limit, so_far) for limit, so_far in zip(most, used, strict=True)])


def _money(totals: Totals) -> tuple[int, int, int, int, int, int, int, int]:
    return (
        totals.cash, totals.cost, totals.value, totals.fees, totals.realised, totals.unrealised, totals.pnl,
        totals.day_pnl,
    )  # fmt: skip


def _left(limit: int, used: int) -> int:
    """Return the rest of a limit; what was gained does not raise it."""
    return NO_LIMIT if limit == NO_LIMIT else max(0, limit - max(0, used))
