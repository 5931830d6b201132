"""Settlements as a session of their own tells them: booked once, and held against what we held and what REST says.

A market is settled already by the time its settlement is told here, as a rule, since the feed tells the result; where
it is not, this is what books it. A difference is told and stops its market.

Units   prices, sizes and money as in the instrument; times in ns since 1970.
Errors  none: what cannot be read or does not agree is told.
Bounds  `MOST_ASKED` settlements wait to be compared with REST, and as many for what they do not agree with yet.
Thread  the loop thread only.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError, EngineError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.venue.account import VenueSettlement
from engine.venue.past_reports import SettlementStream

_S = 1_000_000_000
Ask = Callable[[int], Awaitable[Sequence[VenueSettlement]]]  # what REST lists since a time
LOOK_S = 5.0
OVERLAP_NS = 3600 * _S  # of what REST is asked for, before the first settlement that waits
PATIENCE_NS = 10 * _S  # in which a fill comes that was under way as its market was paid
LATEST_NS = 60 * _S  # by then REST knows of a settlement
MOST_ASKED = 10_000


class PostTradeCounts:
    """Counts since the start."""

    __slots__ = ("agreed", "asked", "booked", "differed", "elsewhere", "heard")

    def __init__(self) -> None:
        self.agreed = 0  # settlements that are what we held
        self.asked = 0  # settlements that REST told just so
        self.booked = 0  # settlements that nobody had told before
        self.differed = 0
        self.elsewhere = 0  # of markets that are not ours
        self.heard = 0


class PostTrade:
    """Settlements of one session; `ask` is None where there is no REST."""

    def __init__(
        self, loop: TradingLoop, stream: SettlementStream, wall_ns: Callable[[], int], ask: Ask | None
    ) -> None:
        self.counts = PostTradeCounts()
        self._loop = loop
        self._stream = stream
        self._wall_ns = wall_ns
        self._ask = ask
        self._doubted: deque[tuple[VenueSettlement, int]] = deque(maxlen=MOST_ASKED)
        self._waiting: deque[tuple[VenueSettlement, int]] = deque(maxlen=MOST_ASKED)

    def take(self, fields: Fields) -> None:
        """Take one message of the venue."""
        try:
            settlement = self._stream.take(fields)
        except DecodeError as error:
            self._differs(fields.text(fix.Symbol), [str(error)])
            return
        if settlement is not None:
            self._hear(settlement)

    def _hear(self, settlement: VenueSettlement) -> None:
        self.counts.heard += 1
        market = self._market(settlement.symbol)
        if market is None:
            self.counts.elsewhere += 1
            return
        self.counts.booked += not self._loop.portfolio[market].is_settled
        self._loop.settlements.hear(market, settlement.payout)  # another price than before is told by whoever pays
        if not self._judge(market, settlement):
            self._doubted.append((settlement, self._wall_ns()))
        if self._ask is not None:
            self._waiting.append((settlement, self._wall_ns()))

    def look(self) -> None:
        """Judge what did not agree again, and tell what still does not after a while; call it often."""
        for settlement, heard_ns in [self._doubted.popleft() for _ in range(len(self._doubted))]:
            market = self._market(settlement.symbol)
            if market is None or self._judge(market, settlement):
                continue
            if 0 <= self._wall_ns() - heard_ns < PATIENCE_NS:
                self._doubted.append((settlement, heard_ns))
            else:
                held = self._loop.settlements.paid.get(market, 0)
                self._differs(settlement.symbol, differences(market, settlement, held))

    def _judge(self, market: Instrument, settlement: VenueSettlement) -> bool:
        """Return whether a settlement is what was held, a fill that came late included, which is paid here.

        What an earlier run has paid is not known here.
        """
        if self._loop.portfolio[market].net:
            self._loop.settlements.hear(market, settlement.payout)
        held = self._loop.settlements.paid.get(market)
        agrees = held is None or not differences(market, settlement, held)
        self.counts.agreed += agrees and held is not None
        return agrees

    # What REST says

    async def run(self) -> None:
        """Compare with REST until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._waiting and self._ask is not None:
                try:
                    self.compare(await self._ask(self._waiting[0][0].time_ns - OVERLAP_NS))
                except EngineError as error:
                    self._loop.notices.tell(NoticeKind.REST_TROUBLE, f"settlements: {error}")

    def compare(self, listed: Iterable[VenueSettlement]) -> None:
        """Hold what waits against what REST lists; what it does not list yet waits on."""
        known = {each.symbol: each for each in listed}
        for settlement, heard_ns in [self._waiting.popleft() for _ in range(len(self._waiting))]:
            other = known.get(settlement.symbol)
            if other is not None:
                found = contradictions(settlement, other)
                self.counts.asked += not found
                self._differs(settlement.symbol, found)
            elif self._wall_ns() - heard_ns < LATEST_NS:
                self._waiting.append((settlement, heard_ns))
            elif settlement.yes_qty or settlement.no_qty:
                self._differs(settlement.symbol, [f"REST lists no settlement after {LATEST_NS // _S} s"])

    def _market(self, symbol: str) -> Instrument | None:
        return next((each for each in self._loop.instruments if each.symbol == symbol), None)

    def _differs(self, symbol: str, texts: list[str]) -> None:
        """Tell, and stop the market; nothing for what does not differ."""
        if not texts:
            return
        self.counts.differed += 1
        text = f"settlement: {'; '.join(texts)}"
        self._loop.notices.tell(NoticeKind.SETTLEMENT_WRONG, f"{symbol}: {text}")
        market = self._market(symbol)
        if market is not None:
            self._loop.markets.stop(market, Stop.ACCOUNT, text)


def differences(market: Instrument, told: VenueSettlement, held: int) -> list[str]:
    """Return in what a settlement is not that of what we held."""
    found = []
    size, money = market.format_size, market.format_money
    net = told.yes_qty - told.no_qty
    if net != held:
        found.append(f"the venue paid {size(net)} held, we {size(held)}")
    value = held * told.payout if held >= 0 else -held * (market.limit - told.payout)
    if net == held and told.revenue != value and not min(told.yes_qty, told.no_qty):
        found.append(f"the venue paid {money(told.revenue)}, we {money(value)}")
    if told.fee:
        found.append(f"the venue charged {money(told.fee)}, we nothing")
    return found


def contradictions(told: VenueSettlement, listed: VenueSettlement) -> list[str]:
    """Return in what REST says something else of a settlement than its report."""
    ours = (told.payout, told.yes_qty - told.no_qty, told.revenue, told.fee)
    theirs = (listed.payout, listed.yes_qty - listed.no_qty, listed.revenue, listed.fee)
    names = ("price", "net quantity", "revenue", "fee")
    each = zip(names, ours, theirs, strict=True)
    return [f"its {name} is {one} here, {other} by REST" for name, one, other in each if one != other]
