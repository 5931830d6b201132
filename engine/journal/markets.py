"""The markets that a journal's records name by index: listed by the head of a segment, or by a record of its own.

A market that comes while the engine runs is listed before the first record about it, and retired when it is over; its
index may then be another one's. A snapshot lists again those that the head does not.

Shapes  LIST has the index, and the whole market as JSON; RETIRE the index.
Errors  JournalError as of `append_state`, ValueError for a record that holds no market.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from engine.instrument import NOWHERE, Instrument, PriceBand, PriceGrid, Slots
from engine.journal.framing import Record
from engine.journal.segments import Header, Listing, RecordKind
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio

_UNKNOWN_DECIMALS = 0, 0
_grid = lru_cache(maxsize=64)(PriceGrid)  # of bands as a grid has them; one object for many books


class JournalMarket(msgspec.Struct, frozen=True):
    """An instrument with all that makes it again; `bands` is None where prices are unbounded."""

    symbol: str
    price_decimals: int
    size_decimals: int
    event: str
    bands: tuple[PriceBand, ...] | None
    series: str = ""
    shard: int = 0
    close_ns: int = 0
    category: str = ""

    @property
    def listing(self) -> Listing:
        """Return it as the head of a segment lists it."""
        return Listing(self.symbol, self.price_decimals, self.size_decimals)

    def instrument(self) -> Instrument:
        """Return a market like this, in no table yet."""
        instrument = Instrument(
            self.symbol,
            NOWHERE,
            None,
            event=self.event,
            price_decimals=self.price_decimals,
            size_decimals=self.size_decimals,
            series=self.series,
            shard=self.shard,
            close_ns=self.close_ns,
            category=self.category,
        )
        if self.bands is not None:
            instrument.limit, instrument.grid = 10**self.price_decimals, _grid(self.bands)
        return instrument


def list_market(journal: NullJournal, instrument: Instrument, now_ns: int) -> None:
    """Record that records name this market by its index from here on."""
    journal.append_state(RecordKind.LIST, (instrument.index,), market_text(instrument), now_ns)


def retire_market(journal: NullJournal, instrument: Instrument, now_ns: int) -> None:
    """Record that this market is over, and its index free."""
    journal.append_state(RecordKind.RETIRE, (instrument.index,), instrument.symbol, now_ns)


def market_text(instrument: Instrument) -> str:
    """Return the text of a LIST, which makes the market again."""
    listed = JournalMarket(
        instrument.symbol,
        instrument.price_decimals,
        instrument.size_decimals,
        instrument.event,
        None if instrument.grid is None else instrument.grid.bands,
        instrument.series,
        instrument.shard,
        instrument.close_ns,
        instrument.category,
    )
    return msgspec.json.encode(listed).decode()


def market_of(record: Record) -> JournalMarket:
    """Return the market of a LIST."""
    return msgspec.json.decode(record.text, type=JournalMarket)


class MarketNames:
    """What each index stands for while records are read in order; one that nobody listed is called by its number."""

    def __init__(self, header: Header) -> None:
        self._listings = dict(enumerate(header.instruments))

    def take(self, record: Record) -> None:
        """Learn from a record what an index means from here on."""
        if record.kind == RecordKind.LIST:
            self._listings[record.numbers[0]] = market_of(record).listing

    def __getitem__(self, index: int) -> Listing:
        return self._listings.get(index) or Listing(f"market {index}", *_UNKNOWN_DECIMALS)

    def named(self, symbol: str) -> Listing | None:
        """Return the market that is called so, if there is one."""
        return next((listing for listing in self._listings.values() if listing.symbol == symbol), None)

    def any(self) -> Listing:
        """Return one of them, for the units that all share."""
        return next(iter(self._listings.values()), Listing("", *_UNKNOWN_DECIMALS))


class Adopted:
    """Markets that came while an engine ran, put into `portfolio` by a replay until they are retired there."""

    def __init__(self, portfolio: Portfolio, orders: Orders, configured: Sequence[Instrument]) -> None:
        self._portfolio = portfolio
        self._orders = orders
        self._slots = Slots(configured)
        self._adopted: set[Instrument] = set()

    def take(self, listed: JournalMarket) -> Instrument:
        """Return a market that has its place now."""
        instrument = listed.instrument()
        self._slots.give(instrument)
        self._portfolio.add([instrument])
        self._adopted.add(instrument)
        return instrument

    def let_go(self, instrument: Instrument) -> bool:
        """Forget a market and its orders; False if it did not come in this way."""
        if instrument not in self._adopted:
            return False
        self._adopted.remove(instrument)
        self._orders.forget([instrument])
        self._portfolio.remove([instrument])
        self._slots.take_back(instrument)
        return True


def money_decimals(markets: Sequence[Instrument] | Sequence[Listing]) -> int:
    """Return the decimals of money, which all markets of a run share; 0 where there is none."""
    return markets[0].price_decimals + markets[0].size_decimals if markets else 0
