"""Which markets there are, and whether the venue is open: asked at the start, again and again, and after each loss.

Units   times in ns since 1970, or as the names say.
Errors  none: what fails is told and tried again; until the first whole list trading waits.
Thread  the loop thread only.
"""

import asyncio
import contextlib
from collections.abc import Callable

from engine.app.account.reading import AccountClient
from engine.errors import EngineError
from engine.net.rest.errors import RestError
from engine.runtime.backoff import Backoff
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop, named
from engine.trading.universe.keeper import MarketKeeper
from engine.venue.reference import ExchangeState, MarketListing, ReferenceDialect, Selection
from engine.venue.rest import PagedCall

_S = 1_000_000_000
NOT_FOUND = 404
NONE_LISTED = "the venue lists no open market of this universe: see to its series, events, symbols and closing_within"
KNOWN_WITHIN_S = 10.0  # are the markets after a logon, or the account is compared without them
LOOK_S = 1.0  # how often it is seen whether anything is due


class MarketsWatch:
    """Asks one venue for the markets of a selection, and keeps them; `tell` takes what failed."""

    def __init__(
        self,
        client: AccountClient,
        reference: ReferenceDialect,
        keeper: MarketKeeper,
        selection: Selection,
        loop: TradingLoop,
        wall_ns: Callable[[], int],
        tell: Callable[[str], object],
        refresh_ns: int,
        backoff: Backoff,
    ) -> None:
        self.listed_ns = self.failures = 0
        self.error, self.error_ns = "", 0  # why they could not be listed last, and when
        self._trouble = "the venue's markets have not been listed yet"
        self._client = client
        self._reference = reference
        self._keeper = keeper
        self._selection = selection
        self._loop = loop
        self._wall_ns = wall_ns
        self._tell = tell
        self._refresh_ns = refresh_ns
        self._backoff = backoff
        self._due_ns = 0
        self._is_known = asyncio.Event()  # all that was to be asked for has been answered
        self._state: ExchangeState | None = None
        self._pauses: list[tuple[int, int]] = []

    @property
    def reason(self) -> str:
        """Return why there is nothing that could be traded, empty if there is."""
        return self._trouble or ("" if self._loop.instruments else NONE_LISTED)

    def refresh(self) -> None:
        """Ask for everything anew as soon as possible: much may have happened meanwhile."""
        self._due_ns = 0
        self._is_known.clear()

    async def known(self) -> None:
        """Wait until everything has been asked for, or for so long that it must do without."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_WITHIN_S):
                await self._is_known.wait()

    async def run(self) -> None:
        """Keep the markets until cancelled."""
        while True:
            try:
                await self._look()
            except EngineError as error:
                self._due_ns = 0
                self._tell(f"markets: {error}")
                self.failures += 1
                self.error, self.error_ns = str(error), self._wall_ns()
                if self._trouble:
                    self._trouble = f"the venue's markets cannot be listed: {error}"
                await asyncio.sleep(self._backoff.next_ns() / _S)
            self._keeper.tick()
            self._judge_hours()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        if self._wall_ns() >= self._due_ns:
            self._due_ns = self._wall_ns() + self._refresh_ns
            self._state = await self._client.call(self._reference.exchange_state())
            self._pauses = await self._client.call(self._reference.pauses())
            self._judge_hours()
            await self._list(self._selection)
            self.listed_ns = self._wall_ns()
            self._backoff.reset()
            self._trouble = ""
        if asked := self._keeper.to_ask():
            await self._list(Selection(symbols=asked, states=()), asked)
        if self._due_ns:  # nobody has asked for more meanwhile
            self._is_known.set()

    async def _list(self, selection: Selection, asked: tuple[str, ...] | None = None) -> None:
        """Ask for a selection, and act on it; of a list that is not whole, on what is in it."""
        asked_ns = self._wall_ns()
        found: list[MarketListing] = []
        try:
            for call in self._reference.markets(selection):
                found += await self._part(call)
        except EngineError:
            self._keeper.take(found, asked_ns, [each.symbol for each in found])
            raise
        self._keeper.take(found, asked_ns, asked)
        unlisted = sorted({*selection.symbols} - {each.symbol for each in found})
        if unlisted and asked is None:
            self._tell(f"markets: the venue does not list {named(unlisted)}")

    async def _part(self, call: PagedCall[MarketListing]) -> list[MarketListing]:
        """Return a part of a list; what the venue does not know has no markets, and keeps nothing from the others."""
        try:
            return (await self._client.all(call)).complete()
        except RestError as error:
            if error.status != NOT_FOUND:
                raise
            self._tell(f"markets: {call.following('').path}: {error}")
            return []

    def _judge_hours(self) -> None:
        """Stop every market while the venue takes no orders, by its word or by its schedule."""
        text = self._closed(self._wall_ns())
        if text:
            self._loop.markets.stop_all(Stop.HOURS, text)
        else:
            self._loop.markets.lift_all(Stop.HOURS)

    def _closed(self, now_ns: int) -> str:
        if self._state is not None and not self._state.is_open:
            return "the exchange is paused"
        if self._state is not None and not self._state.is_trading:
            return "trading is paused at the venue"
        return "a planned pause" if any(begin <= now_ns < end for begin, end in self._pauses) else ""
