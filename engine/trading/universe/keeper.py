"""Keeps the markets of one desk as its universe says: adds, changes and forgets them, and tells what it did.

Whoever holds a REST client asks the venue what `to_ask` and the selection say, and hands the answers to `take`. What
the feed tells of the markets that there are is acted on by `MarketNews` and heard here.

Units   times in ns since 1970.
Errors  none: a market that cannot be added is told and left alone, and what the journal cannot take is tried again.
Thread  the loop thread only; `tick` is called every so often and costs little where nothing is due.
"""

from collections.abc import Callable, Collection, Iterable

from engine.errors import ConfigError, JournalError
from engine.instrument import NOWHERE, Instrument, price_grid
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import named
from engine.trading.universe.roster import Roster
from engine.trading.universe.universe import Decisions, MarketUpdate, Universe
from engine.venue import EventKind, MarketEvent, MarketState
from engine.venue.reference import EventFees, EventListing, MarketChange, MarketListing


class MarketKeeper:
    """Carries out the decisions of `universe` on `loop`."""

    def __init__(self, loop: TradingLoop, universe: Universe, roster: Roster, wall_ns: Callable[[], int]) -> None:
        self._loop = loop
        self._universe = universe
        self._roster = roster
        self._wall_ns = wall_ns
        self._instruments = {instrument.symbol: instrument for instrument in loop.instruments}
        universe.adopt(map(_listing_of, loop.instruments), wall_ns())
        loop.news.followers.append(self.hear)

    def take(self, listings: Iterable[MarketListing], asked_ns: int, asked: Collection[str] | None = None) -> None:
        """Act on a whole answer to what was asked at `asked_ns`: about `asked`, or about the selection.

        Of a list that is not whole, `asked` are the markets that are in it.
        """
        self._carry_out(self._universe.take(listings, self._wall_ns(), asked_ns, asked))

    def tick(self) -> None:
        """Do what the time asks for."""
        self._carry_out(self._universe.due(self._wall_ns(), self._is_final))

    def to_ask(self) -> tuple[str, ...]:
        """Return the markets that the venue is to be asked about now, by name."""
        return self._universe.to_ask(self._wall_ns())

    def hear(self, event: MarketEvent) -> None:
        """Note what the feed said of a market, after it was acted on, or of one that is not there."""
        now_ns = self._wall_ns()
        if event.kind == EventKind.STATE:
            is_told = event.state < MarketState.DETERMINED or event.price >= 0
            self._universe.hear(event.instrument.symbol, event.state, event.close_ns, now_ns, is_told=is_told)
        if isinstance(event.news, MarketChange):
            self._universe.hear(event.news.symbol, event.news.state, event.news.close_ns, now_ns)
        elif isinstance(event.news, MarketListing):
            self.take([event.news], now_ns, [event.news.symbol])
            if event.news.symbol not in self._universe:  # a feed may not say all by which it is wanted
                self._universe.hear(event.news.symbol, MarketState.UNCHANGED, 0, now_ns)
        elif isinstance(event.news, EventFees):
            self._change_fees(event.news)
        elif isinstance(event.news, EventListing):
            self._set_exclusive(event.news.event, event.news.exclusive)

    def _change_fees(self, change: EventFees) -> None:
        for instrument in self._instruments.values():
            if instrument.event == change.event:
                self._roster.set_terms(instrument, *_terms(change))

    def _set_exclusive(self, event: str, exclusive: int) -> None:
        """Let risk net the markets of an event, or not, where that is told."""
        if exclusive >= 0 and self._roster.set_exclusive(event, exclusive == 1):
            most = "one market pays at most" if exclusive else "every market may pay"
            self._loop.notices.tell(NoticeKind.MARKET_LISTED, f"event {event}: {most}, as the venue says")

    def _is_final(self, symbol: str) -> bool:
        return self._roster.is_final(self._instruments[symbol])

    def _carry_out(self, decisions: Decisions) -> None:
        for text in decisions.told:
            self._loop.notices.tell(NoticeKind.MARKETS_LEFT_OUT, text)
        if decisions.remove:
            self._remove(decisions.remove)
        if decisions.add:
            self._add(decisions.add)
        for update in decisions.update:
            self._update(self._instruments[update.listing.symbol], update)

    # One after the other

    def _add(self, listings: list[MarketListing]) -> None:
        made: dict[Instrument, MarketListing] = {}
        for listing in listings:
            try:
                instrument = self._instrument(listing)
            except ConfigError as error:
                self._refuse(listing, str(error))
                continue
            made[instrument] = listing
            if listing.maker_percent >= 0 or listing.multiplier_milli >= 0:
                self._roster.set_terms(instrument, *_terms(listing))
        try:
            for instrument, text in self._roster.add(list(made)).items():
                self._refuse(made[instrument], text)
        except (JournalError, OSError) as error:
            self._loop.notices.tell(NoticeKind.MARKET_UNUSABLE, f"not added for now: journal: {error}")
        added = [instrument for instrument in made if instrument.index != NOWHERE]
        for instrument in made.keys() - added:
            self._universe.forget(instrument.symbol)
        self._instruments |= {instrument.symbol: instrument for instrument in added}
        if added:
            text = f"{len(added)} more: {named([each.symbol for each in added])}"
            self._loop.notices.tell(NoticeKind.MARKET_LISTED, text)
        for event, exclusive in {each.event: made[each].exclusive for each in added}.items():
            self._set_exclusive(event, exclusive)
        for instrument in added:
            if (state := self._universe.state(instrument.symbol)) != MarketState.ACTIVE:
                self._update(instrument, MarketUpdate(made[instrument], "as the venue lists it", state))

    def _instrument(self, listing: MarketListing) -> Instrument:
        price_decimals, size_decimals = self._loop.portfolio.decimals
        return Instrument(
            listing.symbol,
            NOWHERE,
            listing.bands or None,
            event=listing.event,
            price_decimals=price_decimals,
            size_decimals=size_decimals,
            series=listing.series,
            shard=listing.shard,
            close_ns=listing.close_ns,
            category=listing.category,
        )

    def _refuse(self, listing: MarketListing, text: str) -> None:
        self._universe.refuse(listing)
        self._loop.notices.tell(NoticeKind.MARKET_UNUSABLE, f"{listing.symbol}: {text}")

    def _update(self, instrument: Instrument, update: MarketUpdate) -> None:
        """Act on news as on those of the feed."""
        event = MarketEvent(EventKind.STATE)
        event.instrument, event.text = instrument, update.text
        event.state, event.close_ns, event.price = update.state, update.close_ns, update.payout
        before = instrument.grid
        if update.has_new_bands and before is not None:
            try:
                event.grid = price_grid(update.listing.bands, instrument.limit)
            except ConfigError as error:
                self._loop.notices.tell(NoticeKind.MARKET_UNUSABLE, f"{instrument.symbol}: {error}")
        self._loop.news.act(event)
        if instrument.grid is not before:
            self._roster.resubscribe(instrument)
        self._set_exclusive(instrument.event, update.exclusive)
        if update.has_new_terms:
            self._roster.set_terms(instrument, *_terms(update.listing))

    def _remove(self, symbols: list[str]) -> None:
        gone = [self._instruments[symbol] for symbol in symbols]
        try:
            self._roster.remove(gone)
        except (JournalError, OSError) as error:
            self._loop.notices.tell(NoticeKind.MARKET_UNUSABLE, f"not forgotten for now: journal: {error}")
            return
        for symbol in symbols:
            del self._instruments[symbol]
            self._universe.forget(symbol)
        self._loop.notices.tell(NoticeKind.MARKET_FORGOTTEN, f"{len(symbols)} are over: {named(symbols)}")


def _listing_of(instrument: Instrument) -> MarketListing:
    """Return a market that an earlier run left as if it had been listed then."""
    return MarketListing(
        symbol=instrument.symbol,
        event=instrument.event,
        series=instrument.series,
        bands=() if instrument.grid is None else instrument.grid.bands,
        close_ns=instrument.close_ns,
        category=instrument.category,
        shard=instrument.shard,
    )


def _terms(told: MarketListing | EventFees) -> tuple[int, int]:
    """Return (multiplier_milli, maker_percent), as `FeeRule` takes them."""
    return told.multiplier_milli, told.maker_percent
