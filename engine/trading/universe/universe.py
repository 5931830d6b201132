"""Which markets are traded, out of what the venue lists: values in, decisions out.

A selection says what is wanted. Listings come at the start and again and again; between them the feed tells of lives
that it carries. A market is wanted from its listing on and kept until it has settled, or has been closed for long, and
nothing of ours is in it any more. There is a most of markets: those that close first go first.

Units   times in ns since 1970, prices of the venue's decimals.
Errors  none: what cannot be is told in `Decisions.told`.
Thread  the loop thread only.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from msgspec import structs

from engine.venue import MarketState
from engine.venue.reference import MarketListing, Selection

NEVER_NS = 2**62  # of a market that does not say when it closes
_ENDED = (MarketState.CLOSED, MarketState.DETERMINED, MarketState.SETTLED)


class UniverseLimits(NamedTuple):
    """How many markets there may be, and how long they are kept."""

    max_markets: int = 500
    keep_ns: int = 3_600_000_000_000  # after it settled: late reports about it still find it
    keep_crowded_ns: int = 60_000_000_000  # the same, where others wait for their places
    keep_closed_ns: int = 86_400_000_000_000  # closed and not settled, where nothing of ours is in it
    ask_ns: int = 30_000_000_000  # between two questions about one market
    lag_ns: int = 5_000_000_000  # so much older than it was asked for may a listing be


USUAL = UniverseLimits()


class MarketUpdate(NamedTuple):
    """What is new of a market that is there; UNCHANGED, 0, -1 and None are what is not."""

    listing: MarketListing
    text: str
    state: int = MarketState.UNCHANGED
    close_ns: int = 0
    payout: int = -1
    has_new_bands: bool = False
    has_new_terms: bool = False
    exclusive: int = -1


class Decisions(NamedTuple):
    """What is to be done: markets to add, to change and to remove, and what people are to be told."""

    add: list[MarketListing]
    update: list[MarketUpdate]
    remove: list[str]
    told: list[str]


class KnownMarket:
    """A market that is there, as it was listed last."""

    def __init__(self, listing: MarketListing, now_ns: int, is_certain: bool = True) -> None:
        self.listing = listing
        self.state = _state_of(listing, now_ns)
        self.opens_ns = listing.opens_ns if listing.opens_ns > now_ns else 0
        self.close_ns = listing.close_ns
        self.payout = -1  # as the last listing that counted said
        self.heard_ns = 0  # when the feed, or the clock, told of its life last
        self.ended_ns = now_ns if listing.state in _ENDED else 0
        self.asked_ns = 0
        self.is_untold = False  # the feed said that it is decided, and not what it pays
        self.is_missing = not is_certain  # the last whole listing did not have it

    def become(self, state: int, now_ns: int) -> None:
        """Note another state, and since when it is over."""
        if state in _ENDED and (not self.ended_ns or state == MarketState.SETTLED != self.state):
            self.ended_ns = now_ns
        elif state not in _ENDED:
            self.ended_ns = 0
        self.state = state


class Universe:
    """The markets that are traded, and those that wait for a place."""

    def __init__(self, selection: Selection, limits: UniverseLimits = USUAL) -> None:
        self.selection = selection
        self._beginnings = (*selection.symbols, *selection.events, *selection.series)  # as most venues name markets
        self._limits = limits
        self._known: dict[str, KnownMarket] = {}
        self._waiting: dict[str, MarketListing] = {}  # wanted, and no room
        self._unusable: dict[str, MarketListing] = {}  # as it was when it could not be taken
        self._heard_of: dict[str, int] = {}  # markets that the feed named, and when they were asked for last
        self._told_waiting = 0

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._known

    @property
    def waiting(self) -> int:
        """Return how many wanted markets have no room, as far as they are remembered."""
        return len(self._waiting)

    @property
    def refused(self) -> int:
        """Return how many wanted markets could not be taken, as far as they are remembered."""
        return len(self._unusable)

    def state(self, symbol: str) -> int:
        """Return the state of a market that is there, by all that is known of it."""
        return self._known[symbol].state

    # What is told to it

    def adopt(self, listings: Iterable[MarketListing], now_ns: int) -> None:
        """Know markets that an earlier run left; the venue is asked what became of them."""
        for listing in listings:
            self._known[listing.symbol] = KnownMarket(listing, now_ns, is_certain=False)

    def refuse(self, listing: MarketListing) -> None:
        """Leave a market alone that was to be added and could not, until it is listed otherwise."""
        self._known.pop(listing.symbol, None)
        self._unusable[listing.symbol] = listing

    def forget(self, symbol: str) -> None:
        """Note that a market is not there: it was removed, or could not be added now."""
        self._known.pop(symbol, None)

    def hear(self, symbol: str, state: int, close_ns: int, now_ns: int, *, is_told: bool = True) -> None:
        """Note what the feed says of a market, which has been acted on; one that is not there may be asked for.

        Without `is_told` it is decided and nobody has said what it pays: the venue is asked.
        """
        known = self._known.get(symbol)
        if known is None:
            if symbol.startswith(self._beginnings) and len(self._heard_of) < self._limits.max_markets:
                self._heard_of.setdefault(symbol, 0)
            return
        known.heard_ns = now_ns
        known.close_ns = close_ns or known.close_ns
        if state != MarketState.UNCHANGED:
            known.become(state, now_ns)
        if not is_told and known.payout < 0:
            known.is_untold, known.asked_ns = True, 0

    def take(
        self, listings: Iterable[MarketListing], now_ns: int, asked_ns: int, asked: Collection[str] | None = None
    ) -> Decisions:
        """Return what follows from a whole answer that was asked for at `asked_ns`, about `asked` or the selection."""
        listed = {listing.symbol: listing for listing in listings}
        decisions = Decisions([], [], [], [])
        for symbol, listing in listed.items():
            self._heard_of.pop(symbol, None)
            if symbol in self._known:
                self._compare(self._known[symbol], listing, now_ns, asked_ns, decisions)
        self._note_missing(listed.keys(), asked, now_ns, decisions)
        wanted = [each for each in listed.values() if self._wants(each, now_ns)]
        if asked is None:
            self._waiting = {}
        self._waiting |= {each.symbol: each for each in wanted}
        self._fill(now_ns, decisions)
        return decisions

    def due(self, now_ns: int, is_final: Callable[[str], bool]) -> Decisions:
        """Return what follows from the time: markets close, are forgotten where that is final, and leave room."""
        decisions = Decisions([], [], [], [])
        for symbol, known in list(self._known.items()):
            if 0 < known.opens_ns <= now_ns and known.state == MarketState.PAUSED:
                known.opens_ns, known.heard_ns = 0, now_ns
                known.become(MarketState.ACTIVE, now_ns)
                text = "its time to open has come"
                decisions.update.append(MarketUpdate(known.listing, text, state=MarketState.ACTIVE))
            elif known.state not in _ENDED and 0 < known.close_ns <= now_ns:
                known.heard_ns = now_ns
                known.become(MarketState.CLOSED, now_ns)
                text = "its time to close has come"
                decisions.update.append(MarketUpdate(known.listing, text, state=MarketState.CLOSED))
            elif self._is_over(known, now_ns) and is_final(symbol):
                decisions.remove.append(symbol)
        if self._waiting:
            self._fill(now_ns, decisions)
        return decisions

    def to_ask(self, now_ns: int, most: int = 100) -> tuple[str, ...]:
        """Return the markets that the venue is to be asked about by name, each no more often than `ask_ns`."""
        since_ns = now_ns - self._limits.ask_ns
        named = [symbol for symbol, asked_ns in self._heard_of.items() if asked_ns <= since_ns][:most]
        self._heard_of |= dict.fromkeys(named, now_ns)
        for symbol, known in self._known.items():
            is_unsettled = known.state in (MarketState.CLOSED, MarketState.DETERMINED)
            is_untold = known.is_untold and known.payout < 0
            is_open_question = known.is_missing or is_untold or is_unsettled
            if len(named) < most and is_open_question and known.asked_ns <= since_ns:
                known.asked_ns = now_ns
                named.append(symbol)
        return tuple(named)

    # How it decides

    def _wants(self, listing: MarketListing, now_ns: int) -> bool:
        if listing.symbol in self._known or self._unusable.get(listing.symbol) == listing:
            return False
        return self.selection.takes(listing, now_ns) and not 0 < listing.close_ns <= now_ns

    def _fill(self, now_ns: int, decisions: Decisions) -> None:
        """Add what waits, the nearest to its end first, as far as there is room; tell of what there is none for."""
        order = sorted(self._waiting.values(), key=lambda each: (each.close_ns or NEVER_NS, each.symbol))
        wanted = [each for each in order if self._wants(each, now_ns)]
        room = max(self._limits.max_markets - len(self._known), 0)
        for listing in wanted[:room]:
            self._known[listing.symbol] = KnownMarket(listing, now_ns)
            self._unusable.pop(listing.symbol, None)
            decisions.add.append(listing)
        left = wanted[room:]
        self._waiting = {each.symbol: each for each in left[: self._limits.max_markets]}
        if left and len(left) != self._told_waiting:
            text = f"{len(self._known)} markets, as many as max_markets allows: {len(left)} more are left out"
            decisions.told.append(f"{text}, the next of them {left[0].symbol}")
        self._told_waiting = len(left)

    def _compare(
        self, known: KnownMarket, listing: MarketListing, now_ns: int, asked_ns: int, decisions: Decisions
    ) -> None:
        """Find what a listing says anew; of a life that the feed told of since, the feed is right."""
        before, known.is_missing = known.listing, False
        if listing.exclusive < 0:  # not told this time
            listing = structs.replace(listing, exclusive=before.exclusive)
        known.listing = listing
        is_younger = asked_ns - self._limits.lag_ns >= known.heard_ns
        state, is_paid = _state_of(listing, now_ns), listing.payout not in (-1, known.payout)
        is_decided = state > max(known.state, MarketState.CLOSED) or (is_paid and state == known.state)
        is_right = is_younger or is_decided  # and what is decided stays so
        update = MarketUpdate(
            listing,
            "as the venue lists it",
            state=state if is_right and (state != known.state or is_paid) else MarketState.UNCHANGED,
            close_ns=listing.close_ns if is_younger and listing.close_ns != known.close_ns else 0,
            payout=listing.payout,
            has_new_bands=bool(listing.bands) and listing.bands != before.bands,
            has_new_terms=_terms(listing) != _terms(before),
            exclusive=listing.exclusive if listing.exclusive != before.exclusive else -1,
        )
        if update == MarketUpdate(listing, update.text, payout=listing.payout):
            return
        known.close_ns = update.close_ns or known.close_ns
        if update.state != MarketState.UNCHANGED:
            known.become(update.state, now_ns)
            known.payout = listing.payout
        decisions.update.append(update)

    def _note_missing(
        self, listed: Collection[str], asked: Collection[str] | None, now_ns: int, decisions: Decisions
    ) -> None:
        """Note the known markets that an answer leaves out; one that was asked for by name is no market any more."""
        for symbol in self._known.keys() - listed if asked is None else ():
            self._known[symbol].is_missing = True
        for symbol in asked or ():
            known = self._known.get(symbol)
            if symbol not in listed and known is not None and known.state not in _ENDED:
                known.become(MarketState.CLOSED, now_ns)
                text = "the venue does not list it any more"
                decisions.update.append(MarketUpdate(known.listing, text, state=MarketState.CLOSED))
                decisions.told.append(f"{symbol}: {text}")
            self._heard_of.pop(symbol, None)

    def _is_over(self, known: KnownMarket, now_ns: int) -> bool:
        if not known.ended_ns:
            return False
        limits = self._limits
        keep_ns = limits.keep_ns if known.state == MarketState.SETTLED else limits.keep_closed_ns
        if self._waiting and known.state == MarketState.SETTLED:
            keep_ns = min(keep_ns, limits.keep_crowded_ns)
        return now_ns - known.ended_ns >= keep_ns


def _state_of(listing: MarketListing, now_ns: int) -> int:
    """Return the state of a market by its listing, which knows its hours and may be older than its end."""
    if listing.state not in _ENDED and 0 < listing.close_ns <= now_ns:
        return MarketState.CLOSED
    return MarketState.PAUSED if listing.state == MarketState.ACTIVE and listing.opens_ns > now_ns else listing.state


def _terms(listing: MarketListing) -> tuple[int, int]:
    return listing.maker_percent, listing.multiplier_milli
