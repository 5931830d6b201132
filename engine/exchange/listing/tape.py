"""Public trades of all markets, and what the listing shows of them.

Units   as in `instrument`; times in ns.
Cost    O(1) a trade; `trades` O(those that are kept).
"""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

from engine.exchange.events import PublicTrade
from engine.exchange.listing.records import MarketRecord

MOST_TRADES = 100_000  # the oldest go first
_HOUR_NS = 3_600_000_000_000
_DAY_HOURS = 24


class _Hour(NamedTuple):
    """What a market traded in an hour, and its last price."""

    hour: int
    qty: int
    price: int


class TradeTape:
    """The last trades, and each market's volume by the hour of its last day."""

    def __init__(self, most: int = MOST_TRADES) -> None:
        self._trades: deque[PublicTrade] = deque(maxlen=most)
        self._hours: defaultdict[str, deque[_Hour]] = defaultdict(deque)

    def add(self, trade: PublicTrade, market: MarketRecord) -> None:
        """Keep a trade, and bring what its market shows up to date."""
        self._trades.append(trade)
        market.last_price, market.last_size, market.traded_ns = trade.price, trade.qty, trade.now_ns
        market.volume += trade.qty
        hours, hour = self._hours[trade.symbol], trade.now_ns // _HOUR_NS
        qty = trade.qty + (hours.pop().qty if hours and hours[-1].hour == hour else 0)
        hours.append(_Hour(hour, qty, trade.price))
        while hours[0].hour <= hour - _DAY_HOURS:
            market.previous_price = hours.popleft().price

    def day_volume(self, symbol: str, now_ns: int) -> int:
        """Return what a market traded in this hour and the 23 before it."""
        first = now_ns // _HOUR_NS - _DAY_HOURS
        return sum(hour.qty for hour in self._hours.get(symbol, ()) if hour.hour > first)

    def trades(self, symbol: str = "", min_ns: int = 0, max_ns: int = 0) -> list[PublicTrade]:
        """Return the trades of a market, or of all, newest first; `min_ns` counts, `max_ns` does not, 0 is no bound."""
        return [
            trade
            for trade in reversed(self._trades)
            if symbol in ("", trade.symbol) and min_ns <= trade.now_ns and (not max_ns or trade.now_ns < max_ns)
        ]

    def forget(self, is_listed: Callable[[str], bool]) -> None:
        """Forget the volumes of markets that are not listed any more."""
        for symbol in [symbol for symbol in self._hours if not is_listed(symbol)]:
            del self._hours[symbol]
