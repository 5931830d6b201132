"""Kalshi's markets for the engine: what REST tells of them as values that know no venue.

Units   prices in $0.0001, sizes in 0.01 contract, times in ns since 1970, fee multipliers in thousandths.
Errors  a market that cannot be read is left out and told in `oddities`; it costs no other.
Cost    10 us a market.
Source  Kalshi REST, start-up reads; market model, price grid, fees, settlement, states.
"""

from collections.abc import Callable
from functools import lru_cache

from engine.errors import ConfigError, DecodeError
from engine.instrument import PriceBand, price_grid
from engine.venue import MarketState
from engine.venue.kalshi.rest.books import book_of, print_of
from engine.venue.kalshi.rest.numbers import DOLLAR, optional_time_ns, price, size
from engine.venue.kalshi.rest.operations import events, exchange, markets
from engine.venue.kalshi.rest.operations.exchange import KalshiStatus
from engine.venue.kalshi.rest.operations.markets import KalshiMarket, KalshiPriceRange
from engine.venue.kalshi.rest.pauses import pauses_of
from engine.venue.kalshi.rest.reading import Oddities, kept
from engine.venue.kalshi.rest.told_events import ToldEvents
from engine.venue.reference import BookListing, ExchangeState, MarketListing, Selection, TradePrint
from engine.venue.rest import Call, Page, PagedCall, RestRequest

STATES = {
    "initialized": MarketState.PAUSED,  # it opens at its time, without a word
    "active": MarketState.ACTIVE,
    "inactive": MarketState.PAUSED,
    "closed": MarketState.CLOSED,
    "determined": MarketState.DETERMINED,
    "disputed": MarketState.DETERMINED,
    "amended": MarketState.DETERMINED,
    "finalized": MarketState.SETTLED,
}
_PAGE = 200  # markets: reading more at once would hold the loop that trades
_FILTERS = {  # the status filter that finds the markets of a state; there is none for paused ones alone
    MarketState.ACTIVE: ("open",),
    MarketState.PAUSED: ("unopened", "open"),
    MarketState.CLOSED: ("closed",),
    MarketState.DETERMINED: ("closed",),
    MarketState.SETTLED: ("settled",),
}
_RESULTS = {"yes": DOLLAR, "no": 0}
_DECIDED = (MarketState.DETERMINED, MarketState.SETTLED)


class KalshiReference:
    """A BrowsingDialect. It remembers what series and events tell and a market does not."""

    def __init__(self) -> None:
        self.oddities = Oddities()
        self._told = ToldEvents(self.oddities)

    def exchange_state(self) -> Call[ExchangeState]:
        """Return what asks whether the venue is open."""
        call = exchange.status()
        return Call(call.request, lambda body: _state(exchange.read_status(body)), call.statuses)

    def pauses(self) -> Call[list[tuple[int, int]]]:
        """Return what asks for the planned pauses, each (begin_ns, end_ns)."""
        call = exchange.schedule()

        def read(body: bytes) -> list[tuple[int, int]]:
            """Return the pauses of a schedule."""
            return pauses_of(exchange.read_schedule.read(body, self.oddities).schedule, self.oddities)

        return Call(call.request, read, call.statuses)

    def markets(self, selection: Selection) -> list[PagedCall[MarketListing]]:
        """Return what asks for a selection, in the order in which it is to be asked.

        The first answers list nothing: they tell the fee terms of series and events. A series is asked for by the
        states that are wanted, where there are fewer than all; events and tickers are asked for whole. The event of a
        ticker is known from its market: it is asked for the next time.
        """
        statuses = _statuses(selection.states)
        found = [self.terms_of_series(series) for series in selection.series]
        for series in selection.series:
            found += [self._overrides(series, status) for status in statuses]
        for series in selection.series:
            found += [
                self._listing(series, markets.markets(series=series, status=status, limit=_PAGE)) for status in statuses
            ]
        found += [self._event(event) for event in selection.events]
        if selection.symbols and (unheard := self._told.unheard(markets.MOST_TICKERS)):
            found.append(self._named(unheard))
        for place in range(0, len(selection.symbols), markets.MOST_TICKERS):
            named = selection.symbols[place : place + markets.MOST_TICKERS]
            found.append(self._listing("", markets.markets(tickers=named, limit=_PAGE)))
        return found

    def every_market(self, states: tuple[int, ...]) -> list[PagedCall[MarketListing]]:
        """Return what asks for all markets; their series, and so their fee terms, are not told."""
        return [self._listing("", markets.markets(status=status, limit=_PAGE)) for status in _statuses(states)]

    def book(self, symbol: str, depth: int = 0) -> Call[BookListing]:
        """Return what asks for an order book, `depth` levels of each side; 0 is all."""
        call = markets.orderbook(symbol, depth)

        def read(body: bytes) -> BookListing:
            """Return the book in YES prices."""
            return book_of(symbol, markets.read_book.read(body, self.oddities).orderbook_fp)

        return Call(call.request, read, call.statuses)

    def trades(self, since_ns: int, symbol: str = "") -> PagedCall[TradePrint]:
        """Return what asks for the trades since then, the newest first, of one market or of all."""
        call = markets.trades(ticker=symbol, since_ns=since_ns)

        def read(body: bytes) -> Page[TradePrint]:
            """Return the trades of a page."""
            page = markets.read_trades.read(body, self.oddities)
            return Page(list(kept(page.trades, print_of, "trade", self.oddities)), page.cursor or "")

        return PagedCall(call.following, read)

    def take_oddities(self) -> list[str]:
        """Return what of the answers was not understood, each once."""
        return self.oddities.take()

    def terms_of_series(self, series: str) -> PagedCall[MarketListing]:
        """Return what asks for the fee terms of a series; it lists nothing."""
        call = events.series(series)

        def read(body: bytes) -> Page[MarketListing]:
            """Remember the terms."""
            told = events.read_one_series.read(body, self.oddities).series
            self._told.series(told)
            return Page([], "")

        return PagedCall(_only(call.request), read)

    def listing(self, market: KalshiMarket, series: str = "") -> MarketListing:
        """Return a market as the engine lists it; DecodeError for one that cannot be traded as it is told."""
        state = self._state_of(market)
        event = self._told.of(market.event_ticker, series)
        return MarketListing(
            symbol=market.ticker,
            event=market.event_ticker,
            series=event.series,
            bands=_bands(market),
            state=state,
            opens_ns=optional_time_ns(market.open_time, "open_time"),
            close_ns=optional_time_ns(market.close_time, "close_time"),
            shard=market.exchange_index or 0,
            title=market.title or market.yes_sub_title or market.subtitle or "",
            category=event.category,
            payout=self._payout(market) if state in _DECIDED else -1,
            maker_percent=event.maker_percent,
            multiplier_milli=event.multiplier_milli,
            exclusive=event.exclusive,
            best_bid=_quote(market.yes_bid_dollars, "yes_bid_dollars", 0),
            best_ask=_quote(market.yes_ask_dollars, "yes_ask_dollars", DOLLAR),
            volume=-1 if market.volume_fp is None else size(market.volume_fp, "volume_fp"),
        )

    def _listing(self, series: str, call: PagedCall[KalshiMarket]) -> PagedCall[MarketListing]:
        def read(body: bytes) -> Page[MarketListing]:
            """Return the markets of a page."""
            page = markets.read_markets.read(body, self.oddities)
            return Page(self._listed(page.markets, series), page.cursor or "")

        return PagedCall(call.following, read)

    def _event(self, event: str) -> PagedCall[MarketListing]:
        call = events.event(event, with_markets=True)

        def read(body: bytes) -> Page[MarketListing]:
            """Return the markets of an event, and remember its terms."""
            answer = events.read_event.read(body, self.oddities)
            self._told.event(answer.event)
            return Page(self._listed(events.markets_of(answer), answer.event.series_ticker), "")

        return PagedCall(_only(call.request), read)

    def _overrides(self, series: str, status: str) -> PagedCall[MarketListing]:
        def read(body: bytes) -> Page[MarketListing]:
            """Remember the terms of a page of events."""
            page = events.read_events.read(body, self.oddities)
            for event in page.events:
                self._told.event(event)
            return Page([], page.cursor or "")

        return PagedCall(events.events(series=series, status=status).following, read)

    def _named(self, named: list[str]) -> PagedCall[MarketListing]:
        def read(body: bytes) -> Page[MarketListing]:
            """Remember these events; one that the venue does not tell of is not asked for again."""
            page = events.read_events.read(body, self.oddities)
            for event in page.events:
                self._told.event(event)
            if not page.cursor:
                self._told.unknown(named)
            return Page([], page.cursor or "")

        return PagedCall(events.events(tickers=named).following, read)

    def _listed(self, found: list[KalshiMarket], series: str) -> list[MarketListing]:
        return list(kept(found, lambda market: self.listing(market, series), "market", self.oddities))

    def _state_of(self, market: KalshiMarket) -> int:
        state = STATES.get(market.status)
        if state is None:
            self.oddities.tell("market.status", market.status, "unknown, the market is taken for paused")
            return MarketState.PAUSED
        return state

    def _payout(self, market: KalshiMarket) -> int:
        """Return what a YES contract pays: its value where that is told, else what the result says; -1 if neither."""
        by_result = _RESULTS.get(market.result or "", -1)
        if not market.settlement_value_dollars:
            return by_result
        try:
            value = price(market.settlement_value_dollars, "settlement_value_dollars")
        except DecodeError as error:
            self.oddities.tell("settlement_value_dollars", str(error), "left out")
            return by_result
        return value if 0 <= value <= DOLLAR else by_result


def _only(request: RestRequest) -> Callable[[str], RestRequest]:
    """Return a list of one page."""
    return lambda cursor: request


def _statuses(states: tuple[int, ...]) -> list[str]:
    """Return the status filters that find markets of these states; "" for all of them."""
    wanted = [status for state in states for status in _FILTERS.get(state, ("",))]
    return [""] if "" in wanted or len(set(wanted)) == 4 else list(dict.fromkeys(wanted))


def _bands(market: KalshiMarket) -> tuple[PriceBand, ...]:
    try:
        return _bands_of(tuple(market.price_ranges))
    except ConfigError as error:
        raise DecodeError(f"{market.ticker}: price_ranges: {error}") from None


@lru_cache
def _bands_of(ranges: tuple[KalshiPriceRange, ...]) -> tuple[PriceBand, ...]:
    """Return the bands of a grid, proved; markets share a few."""
    bands = tuple(
        PriceBand(*(price(text, "price_ranges") for text in (each.start, each.end, each.step))) for each in ranges
    )
    price_grid(bands, DOLLAR)
    return bands


def _quote(text: str | None, field: str, none: int) -> int:
    """Return a best price; -1 where it is not told, or nobody is there, which the venue writes as `none`."""
    found = none if not text else price(text, field)
    return -1 if found == none else found


def _state(status: KalshiStatus) -> ExchangeState:
    shards = {0: (status.exchange_active, status.trading_active)}
    for each in status.exchange_index_statuses or ():
        shards[each.exchange_index] = (each.exchange_active, each.trading_active)
    return ExchangeState(
        is_open=status.exchange_active,
        is_trading=status.exchange_active and status.trading_active,
        shards=shards,
        resumes_ns=optional_time_ns(status.exchange_estimated_resume_time, "exchange_estimated_resume_time"),
    )
