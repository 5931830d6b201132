"""Warns where a limit is nearly used up: at four fifths, once until less than three quarters of it are used again.

Units   as the limit's.
Cost    looks at every market once a quarter of a second, 1 ns each.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.risk import NO_LIMIT, Risk
from engine.risk._usage import usage
from engine.risk.limits import RatioLimit
from engine.risk.shared import SharedRisk
from engine.runtime.notices import NoticeKind
from engine.trading.controls.market_ratios import MarketRatios
from engine.trading.controls.memory import LimitChange
from engine.trading.controls.repeats import Repeats
from engine.trading.controls.run_limits import BY_MARKET, UNITS, shown
from engine.units import Unit

EVERY_NS = 250_000_000
LARGEST_NS = 60_000_000_000  # so long the largest order is remembered: one warning a minute at most
OF_ONE_ORDER = ("max_order_qty", "max_order_notional", "max_order_cost")


class Used(NamedTuple):
    """How much of a limit is used, and the market that uses most of it, if one does."""

    name: str
    used: int
    limit: int
    symbol: str = ""

    @property
    def is_near(self) -> bool:
        """Return whether four fifths are used."""
        return self.limit < NO_LIMIT and 5 * self.used >= max(1, 4 * self.limit)

    @property
    def is_far(self) -> bool:
        """Return whether less than three quarters are."""
        return self.limit >= NO_LIMIT or 4 * self.used < max(1, 3 * self.limit)


class LimitWatch:
    """Looks at the limits of one desk; `tell` takes a warning, `changes` what a person set for single markets."""

    def __init__(
        self,
        risk: Risk,
        repeats: Repeats,
        ratios: MarketRatios,
        decimals: Callable[[], tuple[int, int]],
        changes: Callable[[], list[LimitChange]],
        tell: Callable[[NoticeKind, str], object],
    ) -> None:
        self._risk = risk
        self._repeats = repeats
        self._market_ratios = ratios
        self._decimals = decimals
        self._changes = changes
        self._tell = tell
        self._near: set[tuple[str, str]] = set()
        self._last_ns = -EVERY_NS
        self._largest = dict.fromkeys(OF_ONE_ORDER, 0)
        self._largest_ns = 0  # since when

    def tick(self, now_ns: int) -> None:
        """Look, if it is time."""
        if now_ns - self._last_ns < EVERY_NS:
            return
        self._last_ns = now_ns
        for row in self.rows(now_ns):
            key = row.name, row.symbol if row.name.endswith(" of its own") else ""
            if row.is_near and key not in self._near:
                self._near.add(key)
                self._tell(NoticeKind.LIMIT_NEAR, self.words(row))
            elif row.is_far:
                self._near.discard(key)

    def rows(self, now_ns: int) -> list[Used]:
        """Return every limit of which something can be used up."""
        symbols = {each.index: each.symbol for each in self._risk.exposure.instruments}
        rows = [Used(name, used, limit, symbols.get(market, "")) for name, used, limit, market in usage(self._risk)]
        of_markets, of_strategies = self._own(), self._of_strategies(symbols)
        return [
            *rows, *self._of_one_order(now_ns), *of_markets, *of_strategies, *self._repeated(now_ns),
            *self._rate(now_ns),
        ]  # fmt: skip

    def _of_strategies(self, symbols: dict[int, str]) -> Iterator[Used]:
        """Return what each of several strategies uses of the limits that are its own."""
        several = self._risk.of if isinstance(self._risk, SharedRisk) else {}
        for owner, own in several.items():
            for name, used, limit, market in usage(own):
                if limit < NO_LIMIT:
                    yield Used(f"{name} of strategy {owner}", used, limit, symbols.get(market, ""))

    def _of_one_order(self, now_ns: int) -> list[Used]:
        """Return the largest orders of the last minute, by what bounds each."""
        if now_ns - self._largest_ns >= LARGEST_NS:
            self._largest, self._largest_ns = dict.fromkeys(OF_ONE_ORDER, 0), now_ns
        for name, amount in zip(OF_ONE_ORDER, self._risk.take_largest(), strict=True):
            self._largest[name] = max(self._largest[name], amount)
        return [Used(name, amount, getattr(self._risk.limits, name)) for name, amount in self._largest.items()]

    def _own(self) -> Iterator[Used]:
        own = {(each.name, each.symbol): each.value for each in self._changes() if each.symbol}
        exposure = self._risk.exposure
        for instrument in exposure.instruments if own else ():
            used = exposure.worst_position(instrument), max(0, -exposure.market_loss(instrument))
            for name, amount in zip(BY_MARKET, used, strict=True):
                if (limit := own.get((name, instrument.symbol))) is not None:
                    yield Used(f"{name} of its own", amount, limit, instrument.symbol)

    def _repeated(self, now_ns: int) -> Iterator[Used]:
        for name, window in (("executions", self._repeats.executions), ("rejects", self._repeats.rejects)):
            count, limit, instrument = window.busiest(now_ns)
            yield Used(f"{name}.per_market", count, limit, instrument.symbol if instrument else "")
            yield Used(f"{name}.overall", *window.used(now_ns))
        yield from self._ratios(now_ns)

    def _ratios(self, now_ns: int) -> Iterator[Used]:
        ratios = self._risk.limits.ratios
        if ratios is None:
            return
        orders, cancels, fills = self._risk.activity.totals(now_ns)
        is_judged = orders >= ratios.min_orders
        yield Used("ratios.max_orders_per_fill", is_judged * (orders // max(1, fills)), ratios.max_orders_per_fill)
        percent = 100 * cancels // orders if is_judged else 0
        yield Used("ratios.max_cancel_percent", percent, ratios.max_cancel_percent)
        if ratios.min_orders_per_market < NO_LIMIT:
            yield from self._market_ratios_used(ratios)

    def _market_ratios_used(self, ratios: RatioLimit) -> Iterator[Used]:
        busy = self._market_ratios.busy(ratios.min_orders_per_market)
        orders = max([(orders // max(1, fills), each.symbol) for each, orders, _, fills in busy], default=(0, ""))
        cancels = max([(100 * cancels // orders, each.symbol) for each, orders, cancels, _ in busy], default=(0, ""))
        yield Used("ratios.max_orders_per_fill by market", orders[0], ratios.max_orders_per_fill, orders[1])
        yield Used("ratios.max_cancel_percent by market", cancels[0], ratios.max_cancel_percent, cancels[1])

    def _rate(self, now_ns: int) -> Iterator[Used]:
        rate = self._risk.limits.rate
        if rate is not None and self._risk.rate is not None:
            yield Used("rate", max(0, rate.burst - self._risk.rate.available(now_ns)), rate.burst)

    def words(self, row: Used) -> str:
        """Return a row as a person reads it."""
        unit, decimals = UNITS.get(row.name.partition(" ")[0], Unit.COUNT), self._decimals()
        part = f", {100 * row.used // row.limit} %" if 0 < row.limit < NO_LIMIT else ""
        where = f" in {row.symbol}" if row.symbol else ""
        return f"{row.name} {shown(unit, row.used, decimals)} of {shown(unit, row.limit, decimals)}{part}{where}"
