"""Markets as a venue describes them, whichever way it does: by REST, by its feed, or by FIX.

Units   prices in integers of the venue's decimals, times in ns since 1970, fees as in `FeeTerms`.
"""

from typing import Protocol, runtime_checkable

import msgspec

from engine.instrument import PriceBand
from engine.venue import MarketState
from engine.venue.rest import Call, PagedCall


class MarketListing(msgspec.Struct, frozen=True, kw_only=True):
    """One market as the venue describes it now. 0 is a time that it does not say, -1 a price."""

    symbol: str
    event: str
    series: str
    bands: tuple[PriceBand, ...]
    state: int = MarketState.ACTIVE
    opens_ns: int = 0
    close_ns: int = 0
    shard: int = 0
    title: str = ""
    category: str = ""
    payout: int = -1  # what a YES contract pays, once it is known
    maker_percent: int = -1  # fee terms of its event or series; -1 where they are not told with it
    multiplier_milli: int = -1
    exclusive: int = -1  # 1 where of the markets of its event one pays at most, 0 where more may, -1 where nobody says
    best_bid: int = -1
    best_ask: int = -1
    volume: int = -1  # contracts traded, in size units


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which markets: those that are in any of these, and pass every filter."""

    symbols: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    states: tuple[int, ...] = (MarketState.ACTIVE, MarketState.PAUSED)
    closing_within_ns: int = 0  # 0 is no bound

    def takes(self, market: MarketListing, now_ns: int) -> bool:
        """Return whether a market is selected now."""
        named = market.symbol in self.symbols or market.event in self.events or market.series in self.series
        if not named or market.state not in self.states:
            return False
        return not self.closing_within_ns or 0 < market.close_ns <= now_ns + self.closing_within_ns


class ExchangeState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the venue takes requests. A trading pause takes cancels, an exchange pause nothing."""

    is_open: bool
    is_trading: bool
    shards: dict[int, tuple[bool, bool]] = {}  # (is_open, is_trading) of each
    resumes_ns: int = 0


class ReferenceDialect(Protocol):
    """What asks a venue for its markets."""

    def exchange_state(self) -> Call[ExchangeState]:
        """Return what asks whether the venue is open."""

    def pauses(self) -> Call[list[tuple[int, int]]]:
        """Return what asks for the planned pauses, each (begin_ns, end_ns)."""

    def markets(self, selection: Selection) -> list[PagedCall[MarketListing]]:
        """Return what asks for a selection: its answers may hold more, which `Selection.takes` sorts out."""


class MarketChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's feed says of a market that is not subscribed. A `state` of UNCHANGED is another kind of news."""

    symbol: str
    state: int
    stage: str  # the venue's word
    close_ns: int = 0
    payout: int = -1
    bands: tuple[PriceBand, ...] = ()
    title: str = ""


class MarketTicker(msgspec.Struct, frozen=True, kw_only=True):
    """A market in short, as a feed tells it. What it does not say is -1; a price of 0 is the venue's own."""

    symbol: str
    last: int = -1
    last_size: int = -1
    best_bid: int = -1
    bid_size: int = -1
    best_ask: int = -1
    ask_size: int = -1
    volume: int = -1
    open_interest: int = -1
    time_ns: int = 0


class EventListing(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose markets exclude each other, or not: `netting` is the venue's word for how they do."""

    event: str
    series: str
    title: str = ""
    netting: str = ""
    exclusive: int = -1  # as in MarketListing
    shard: int = 0


class EventFees(msgspec.Struct, frozen=True, kw_only=True):
    """Other fee terms for every market of an event; -1 where the series' own hold again."""

    event: str
    maker_percent: int = -1
    multiplier_milli: int = -1


class BookListing(msgspec.Struct, frozen=True, kw_only=True):
    """One order book of YES prices as it was when the venue answered: (price, size), the best one first."""

    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class TradePrint(msgspec.Struct, frozen=True, kw_only=True):
    """One public trade. `side` is the aggressor's in the YES book; `trade_id` is the same over feed and REST."""

    trade_id: str
    symbol: str
    side: int
    price: int
    size: int
    time_ns: int
    is_block: bool = False


@runtime_checkable
class TradesDialect(Protocol):
    """What asks for the public trades of markets, such as those that a feed has missed."""

    def trades(self, since_ns: int, symbol: str = "") -> PagedCall[TradePrint]:
        """Return what asks for the trades since then, the newest first, of one market or of all."""

    def take_oddities(self) -> list[str]:
        """Return what of the answers was not understood, each once, for people."""


@runtime_checkable
class BrowsingDialect(ReferenceDialect, Protocol):
    """What a person looks at a venue with, beside what an engine asks."""

    def every_market(self, states: tuple[int, ...]) -> list[PagedCall[MarketListing]]:
        """Return what asks for all markets of the venue: its answers may hold some in other states."""

    def book(self, symbol: str, depth: int = 0) -> Call[BookListing]:
        """Return what asks for an order book, `depth` levels of each side; 0 is all."""

    def take_oddities(self) -> list[str]:
        """Return what of the answers was not understood, each once, for people."""
