"""What a market-data frame says beside prices and trades: what was lost or refused, and what becomes of a market.

A market may pause, close, be decided and paid, or get another price grid while the engine runs.

Units   prices as in `instrument`.
Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.book import Book
from engine.instrument import Instrument, PriceGrid
from engine.portfolio import Portfolio
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.counters import Counters
from engine.trading.markets import Markets, Stop
from engine.venue import EventKind, MarketEvent, MarketState

OPENED = Stop.CLOSED | Stop.PAUSED | Stop.INACTIVE  # what ends when the venue says that a market is active
STOPS = {
    MarketState.PAUSED: Stop.PAUSED,
    MarketState.CLOSED: Stop.CLOSED,
    MarketState.DETERMINED: Stop.CLOSED,
    MarketState.SETTLED: Stop.CLOSED,
}


class MarketNews:
    """Acts on the news of one desk's markets.

    `book_of` finds the book of a market, `command` takes frames for the venue, `settle` a market and what one contract
    of it pays.
    """

    def __init__(
        self,
        book_of: Callable[[Instrument], Book],
        portfolio: Portfolio,
        counters: Counters,
        notices: Notices,
        markets: Markets,
        command: Callable[[list[bytes]], object],
        settle: Callable[[Instrument, int], object],
    ) -> None:
        self._book_of = book_of
        self._portfolio = portfolio
        self._counters = counters
        self._notices = notices
        self._markets = markets
        self._command = command
        self._settle = settle
        self.followers: list[Callable[[MarketEvent], object]] = []  # of what becomes of markets, and of news

    def take(self, event: MarketEvent) -> None:
        """Tell what is to be told, and act on it."""
        for kind, text in event.notices:
            self._notices.tell(kind, text)
        self._counters.gaps += event.gap
        for instrument in event.suspects:
            book = self._book_of(instrument)
            book.mark_stale()
            self._markets.went_stale(book)
        for instrument in event.refused:
            self._markets.stop(instrument, Stop.REFUSED, event.text)
        if event.commands:
            self._command(event.commands)
        if event.kind == EventKind.STATE:
            self.act(event)
        elif event.kind == EventKind.UNKNOWN:
            self._counters.unknown_frames += 1
        if event.kind == EventKind.STATE or event.news is not None or event.account_gap or event.trade_gap:
            for follower in self.followers:
                follower(event)

    def act(self, event: MarketEvent) -> None:
        """Act on what becomes of a market, whoever says so."""
        instrument = event.instrument
        if event.close_ns:
            instrument.close_ns = event.close_ns
        if event.grid is not None:
            self._use_grid(self._book_of(instrument), event.grid)
        if event.state == MarketState.ACTIVE and self._portfolio[instrument].is_settled:
            text = f"{instrument.symbol}: settled, and called open by the venue: it stays closed"
            self._notices.tell(NoticeKind.SETTLEMENT_WRONG, text)
        elif event.state == MarketState.ACTIVE:
            self._portfolio.set_open(instrument, True)
            self._markets.lift(instrument, OPENED)
        elif event.state in STOPS:
            self._portfolio.set_open(instrument, False)
            self._markets.stop(instrument, STOPS[event.state], event.text)
            if event.state >= MarketState.DETERMINED and event.price >= 0:
                self._settle(instrument, event.price)

    def _use_grid(self, book: Book, grid: PriceGrid) -> None:
        """Take other prices: what the book held says nothing any more, and its next snapshot everything."""
        if book.instrument.grid is not None and grid.prices != book.instrument.grid.prices:
            book.instrument.grid = grid
            book.use_grid()
