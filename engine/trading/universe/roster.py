"""The markets of one desk: every part that keeps something by market is told of one that comes or goes, in order.

A market has its index from the moment that it is added until nothing of ours is in it and it is removed; then another
one gets that. The journal is told first of one that comes, so that no record is about an index that nobody knows.

Units   times in ns since 1970.
Errors  JournalError where a market cannot be listed or retired: nothing has changed then.
Cost    off the path: tables are replaced, some 20 us a market and 1 us for each that there is.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from engine.book import make_book
from engine.errors import EngineError, JournalError, OrderError
from engine.instrument import NOWHERE, Instrument, Slots
from engine.journal.markets import list_market, retire_market
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.venue import FeeRule, MarketDataStream


class OrderMarkets(Protocol):
    """The markets that requests may be about, as an order dialect keeps them."""

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too."""

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""


class RosterParts(NamedTuple):
    """What a roster reaches beside its loop: the venue's dialects, its fees, and the clock."""

    market_data: MarketDataStream
    orders: OrderMarkets
    fees: FeeRule
    command: Callable[[list[bytes]], object]  # takes frames for the market-data venue
    wall_ns: Callable[[], int]  # since 1970
    watch_depth: int = 1


class Roster:
    """Adds and removes markets of one loop."""

    def __init__(self, loop: TradingLoop, parts: RosterParts) -> None:
        self._loop = loop
        self._parts = parts
        self._slots = Slots(loop.instruments)

    def add(self, instruments: Sequence[Instrument]) -> dict[Instrument, str]:
        """Trade these markets too, each closed until its book comes; return those that cannot be, and why.

        Raise JournalError where one cannot be recorded; those before it are added.
        """
        refused: dict[Instrument, str] = {}
        added: list[Instrument] = []
        try:
            for instrument in instruments:
                try:
                    self._parts.orders.add([instrument])
                except EngineError as error:
                    refused[instrument] = str(error)
                    continue
                self._list(instrument)
                added.append(instrument)
        finally:
            self._join(added)
        return refused

    def _list(self, instrument: Instrument) -> None:
        """Give a market its index, in the journal too."""
        self._slots.give(instrument)
        try:
            list_market(self._loop.journal, instrument, self._parts.wall_ns())
        except (JournalError, OSError):
            self._slots.take_back(instrument)
            self._parts.orders.remove([instrument])
            raise

    def _join(self, added: list[Instrument]) -> None:
        loop, parts = self._loop, self._parts
        if not added:
            return
        books = [make_book(instrument, parts.watch_depth) for instrument in added]
        loop.portfolio.add(added)
        loop.risk.add(added, [parts.fees.bound(instrument) for instrument in added])
        loop.add(books)
        loop.doubts.add(added)
        loop.markets.add(added)
        loop.watch.add(books)
        self._subscribe(added)

    def _subscribe(self, added: list[Instrument]) -> None:
        """Have the data of these markets; one that the dialect cannot carry is set aside alone."""
        try:
            self._parts.command(self._parts.market_data.add(added))
        except EngineError as error:
            if len(added) == 1:
                self._loop.markets.stop(added[0], Stop.REFUSED, str(error))
                return
            for instrument in added:
                self._subscribe([instrument])

    def is_final(self, instrument: Instrument) -> bool:
        """Return whether nothing of ours is in a market: no position, and no order that may still trade."""
        if self._loop.risk.is_held(instrument):
            return False
        return not any(order.instrument is instrument for order in self._loop.orders.live())

    def remove(self, instruments: Sequence[Instrument]) -> None:
        """Forget markets in which nothing of ours is; OrderError for one where something is: then all stay."""
        loop, parts = self._loop, self._parts
        for instrument in instruments:
            if instrument.index == NOWHERE or not self.is_final(instrument):
                raise OrderError(f"{instrument.symbol} cannot be forgotten: it is held or has live orders, or is gone")
        for instrument in instruments:
            retire_market(loop.journal, instrument, parts.wall_ns())
        parts.command(parts.market_data.remove(instruments))
        parts.orders.remove(instruments)
        loop.watch.remove(instruments)
        loop.markets.remove(instruments)
        loop.doubts.remove(instruments)
        loop.settlements.remove(instruments)
        if loop.trades is not None:
            loop.trades.remove(instruments)
        loop.guard.rejects.remove(instruments)
        if loop.guard.repeats is not None:
            loop.guard.repeats.remove(instruments)
        loop.orders.forget(instruments)
        loop.remove(instruments)
        loop.risk.remove(instruments)
        loop.portfolio.remove(instruments)
        parts.fees.forget(instruments)
        for instrument in instruments:
            self._slots.take_back(instrument)

    def resubscribe(self, instrument: Instrument) -> None:
        """Have a market's data anew, read by the grid that it has now."""
        parts = self._parts
        parts.command(parts.market_data.remove([instrument]) + parts.market_data.add([instrument]))

    def set_exclusive(self, event: str, is_exclusive: bool) -> bool:
        """Take the venue's word on whether one market of an event pays at most; return whether that is new."""
        return self._loop.risk.set_exclusive(event, is_exclusive)

    def set_terms(self, instrument: Instrument, multiplier_milli: int, maker_percent: int) -> None:
        """Charge a market by these terms, below 0 by those of the configuration, and count so what fills can cost."""
        loop, fees = self._loop, self._parts.fees
        fees.set_terms(instrument, multiplier_milli, maker_percent)
        if instrument.index != NOWHERE:
            loop.risk.set_fee_bound(instrument, fees.bound(instrument))
        for order in loop.orders.live():
            if order.instrument is instrument:
                loop.risk.update(order)
