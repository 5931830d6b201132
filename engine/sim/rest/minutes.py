"""Minutes of prices, of which candlesticks are made.

Units   prices, sizes and money as in `instrument`; times in ns, minutes since 1970.
Shapes  up to MOST_MARKETS markets are kept, and MOST_MINUTES of each: the oldest go first.
Cost    an event O(1), reading O(minutes of the market).
Thread  the loop thread only.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

from engine.exchange.events import LevelChanged, PublicTrade

MOST_MARKETS = 5_000
MOST_MINUTES = 7 * 24 * 60
MINUTE_NS = 60_000_000_000
Quote = tuple[int, int]  # best bid and best ask, 0 and a dollar where there is none


class Spread:
    """How one price moved in a stretch of time."""

    __slots__ = ("close", "high", "low", "open")

    def __init__(self, price: int) -> None:
        self.open = self.high = self.low = self.close = price

    def add(self, price: int) -> None:
        """Go on to another price."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price

    def append(self, later: "Spread") -> None:
        """Go on through the prices of the time behind."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close


class Candle:
    """A stretch of time of one market. `price` is None without a trade; `cost` is money, from which the mean."""

    __slots__ = ("ask", "bid", "cost", "minute", "open_interest", "price", "volume")

    def __init__(self, minute: int, quote: Quote) -> None:
        self.minute = minute  # its first
        self.bid = Spread(quote[0])
        self.ask = Spread(quote[1])
        self.price: Spread | None = None
        self.volume = 0
        self.cost = 0
        self.open_interest = 0

    def trade(self, price: int, qty: int) -> None:
        """Count one trade."""
        if self.price is None:
            self.price = Spread(price)
        else:
            self.price.add(price)
        self.volume += qty
        self.cost += price * qty

    def append(self, later: "Candle") -> None:
        """Take in the time behind."""
        self.bid.append(later.bid)
        self.ask.append(later.ask)
        if later.price is not None:
            if self.price is None:
                self.price = Spread(later.price.open)
            self.price.append(later.price)
        self.volume += later.volume
        self.cost += later.cost
        self.open_interest = later.open_interest


class Minutes:
    """Learns from events. `quote` and `interest` say how a market stands now."""

    def __init__(self, quote: Callable[[str], Quote], interest: Callable[[str], int]) -> None:
        self._quote = quote
        self._interest = interest
        self._minutes: OrderedDict[str, deque[Candle]] = OrderedDict()

    def take(self, events: Iterable[object]) -> None:
        """Learn from events in their order, each once."""
        moved: dict[str, int] = {}
        for event in events:
            if isinstance(event, PublicTrade):
                self._candle(event.symbol, event.now_ns).trade(event.price, event.qty)
                moved[event.symbol] = event.now_ns
            elif isinstance(event, LevelChanged):
                moved[event.symbol] = event.now_ns
        for symbol, now_ns in moved.items():
            self._sample(symbol, now_ns)

    def candles(self, symbol: str, begin_ns: int, end_ns: int, minutes: int) -> Iterator[Candle]:
        """Yield the candles of `minutes` that end after `begin_ns` and not after `end_ns`, oldest first."""
        held: Candle | None = None
        for minute in self._minutes.get(symbol, ()):
            first = minute.minute - minute.minute % minutes
            end = (first + minutes) * MINUTE_NS
            if end <= begin_ns or end > end_ns:
                continue
            if held is not None and held.minute == first:
                held.append(minute)
                continue
            if held is not None:
                yield held
            held = _copy(minute, first)
        if held is not None:
            yield held

    def _sample(self, symbol: str, now_ns: int) -> None:
        candle, (bid, ask) = self._candle(symbol, now_ns), self._quote(symbol)
        candle.bid.add(bid)
        candle.ask.add(ask)
        candle.open_interest = self._interest(symbol)

    def _candle(self, symbol: str, now_ns: int) -> Candle:
        minutes = self._minutes.get(symbol)
        if minutes is None:
            minutes = self._minutes[symbol] = deque(maxlen=MOST_MINUTES)
            if len(self._minutes) > MOST_MARKETS:
                self._minutes.popitem(last=False)
        minute = now_ns // MINUTE_NS
        if not minutes or minutes[-1].minute != minute:
            minutes.append(Candle(minute, self._quote(symbol)))
        return minutes[-1]


def _copy(minute: Candle, first: int) -> Candle:
    """Return a candle that begins with a minute and can grow."""
    copy = Candle(first, (minute.bid.open, minute.ask.open))
    copy.append(minute)
    return copy
