"""The public trades that happened while a connection of the feed was away, or whose frames were lost.

They are asked for over REST, and told as late.

What is asked for begins some time before the loss was noticed, since a connection may have been silent before, and ends
some time after the next one was there; what the feed has brought of that is left out. A strategy gets each trade once,
in order, by `on_late_trade`.

Units   times in ns since 1970, or as the names say.
Errors  none: what cannot be fetched is told.
Bounds  at most `MOST_TRADES` of one absence, the newest, out of `MOST_READ`; one request at a time, behind everything
        else that REST carries.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from engine.errors import EngineError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.prints import LateTrade
from engine.venue import MarketEvent
from engine.venue.reference import TradePrint, TradesDialect
from engine.venue.rest import PagedCall

_S = 1_000_000_000
MARGIN_NS = 5 * _S  # before the silence that ended in the loss
SETTLE_S = 2.0  # for the feed to begin, and for reads that lag behind
MOST_TRADES = 10_000
MOST_READ = 100_000  # those of other markets too, where all are asked for together
MOST_NAMED = 20  # markets that are asked for one by one; more of them together with all others of the venue
WAIT_S, MOST_WAITS = 0.5, 60  # for trading to go on


class PageClient(Protocol):
    """What reads lists page by page: `engine.net.rest.RestClient`."""

    def pages(self, paged: PagedCall[Any]) -> AsyncIterator[Any]:
        """Yield one item after another; raise where the rest is not known."""


class MissedCounts:
    """Counts since the start, in trades unless stated otherwise."""

    __slots__ = ("absences", "failed", "known", "late", "left_out")

    def __init__(self) -> None:
        self.absences = 0  # that were asked about
        self.failed = 0  # of them, those of which not everything could be fetched
        self.known = 0  # fetched, and told by the feed already
        self.late = 0  # told
        self.left_out = 0  # not told, for trading did not go on in time


class MissedTrades:
    """Asks for what each connection missed; `lost` and `connected` are called with its number."""

    def __init__(
        self,
        client: PageClient,
        dialect: TradesDialect,
        loop: TradingLoop,
        wall_ns: Callable[[], int],
        silence_ns: int,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.counts = MissedCounts()
        self._client = client
        self._dialect = dialect
        self._loop = loop
        self._wall_ns = wall_ns
        self._before_ns = silence_ns + MARGIN_NS
        self._sleep = sleep
        self._began: dict[int, int] = {}  # when each connection was there for the first time
        self._away: dict[int, int] = {}  # since when each may have missed something
        self._back: dict[int, int] = {}  # the same of those that are there again
        self._is_due = asyncio.Event()
        loop.news.followers.append(self._hear)

    def lost(self, number: int) -> None:
        """Note that a connection is away; one that never was there has missed nothing."""
        if number in self._began and number not in self._away:
            since_ns = max(self._wall_ns() - self._before_ns, self._began[number])
            self._away[number] = min(since_ns, self._back.pop(number, since_ns))

    def connected(self, number: int) -> None:
        """Note that a connection is there, and ask for what it has missed."""
        self._began.setdefault(number, self._wall_ns())
        if number in self._away:
            self._back[number] = self._away.pop(number)
            self._is_due.set()

    def _hear(self, event: MarketEvent) -> None:
        """Ask for what a connection missed that was there all the time, where frames of its trades were lost."""
        number = self._loop.watch.followed
        if event.trade_gap and number in self._began and number not in self._away:
            since_ns = max(self._wall_ns() - self._before_ns, self._began[number])
            self._back[number] = min(since_ns, self._back.get(number, since_ns))
            self._is_due.set()

    async def run(self) -> None:
        """Ask whenever something was missed, until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            await self._sleep(SETTLE_S)
            for number, since_ns in sorted(self._back.items()):
                if self._back.pop(number, 0):
                    await self.fetch(number, since_ns)

    async def fetch(self, number: int, since_ns: int) -> None:
        """Ask for what the markets of a connection have traded since then, and tell it."""
        self.counts.absences += 1
        markets = {each.symbol: each for each in self._loop.watch.on(number)}
        named = list(markets) if len(markets) <= MOST_NAMED else [""]
        found: list[LateTrade] = []
        try:
            for symbol in named:
                await self._read(self._dialect.trades(since_ns, symbol), markets, found)
        except EngineError as error:
            self.counts.failed += 1
            self._tell(NoticeKind.TRADES_LOST, f"not every trade could be fetched: {error}")
        for oddity in self._dialect.take_oddities():
            self._tell(NoticeKind.REST_TROUBLE, oddity)
        await self._hand_on(found)

    async def _read(self, paged: PagedCall[TradePrint], markets: dict[str, Instrument], found: list[LateTrade]) -> None:
        """Add what is ours of a list, which has the newest first."""
        read = 0
        async for each in self._client.pages(paged):
            read += 1
            if each.symbol in markets:
                found.append(_late(each, markets[each.symbol]))
            if read >= MOST_READ or len(found) >= MOST_TRADES:
                self.counts.failed += 1
                self._tell(NoticeKind.TRADES_LOST, f"of more than {read} trades only the newest are told")
                return

    async def _hand_on(self, found: list[LateTrade]) -> None:
        """Tell the strategy of what is new to it, once trading goes on."""
        for _ in range(MOST_WAITS):
            if self._loop.is_trading:
                break
            await self._sleep(WAIT_S)
        trades = self._loop.prints.unknown(found)
        self.counts.known += len(found) - len(trades)
        if not trades:
            return
        if not self._loop.is_trading:
            self.counts.left_out += len(trades)
            self._tell(NoticeKind.TRADES_LOST, f"{len(trades)} late trades are left out: trading does not go on")
            return
        self.counts.late += len(trades)
        self._tell(NoticeKind.TRADES_LATE, f"{len(trades)} trades of while the feed was away, told late")
        for each in trades:
            self._loop.guard.call(
                "on_late_trade", each.instrument, each.side, each.price, each.size, each.time_ns, each.is_block
            )

    def _tell(self, kind: NoticeKind, text: str) -> None:
        self._loop.notices.tell(kind, text)


def _late(told: TradePrint, instrument: Instrument) -> LateTrade:
    return LateTrade(told.trade_id, instrument, told.side, told.price, told.size, told.is_block, told.time_ns)
