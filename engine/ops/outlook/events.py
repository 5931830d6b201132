"""What each event that is held, or that an order may yet be filled in, pays by its outcomes.

A market of which nobody says that it excludes others is an event of its own: nothing is guessed from names. What an
event pays is exact, open orders at their worst; how likely an outcome is comes from the books and enters no worst case.

Units   prices, sizes and money as in the View; beliefs are shares that add up to twice what a contract pays.
Cost    O(markets) for a whole picture.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from engine.book import NO_ASK, NO_BID
from engine.ops.view import layout
from engine.ops.view.reader import MarketName, View
from engine.portfolio.outcomes import NettingRule, Outcomes, Payoff, Stake, collateral, payoff
from engine.portfolio.probabilities import Beliefs, Quote, beliefs

FRESH = layout.BOOK_STATES.index("fresh")


class MarketShown(NamedTuple):
    """A market with its record in the View and what its open orders may lose."""

    name: MarketName
    record: Any

    @property
    def is_fresh(self) -> bool:
        """Whether its book is believed."""
        return bool(self.record.book_state == FRESH)

    @property
    def is_open(self) -> bool:
        """Whether it is held, or an order may still trade there."""
        record = self.record
        return bool(record.net or record.loss_if_no or record.loss_if_yes)

    def stake(self) -> Stake:
        """Return what it adds to its event."""
        record = self.record
        return Stake(record.net, record.cash - record.fees, record.loss_if_no, record.loss_if_yes)

    def quote(self) -> Quote:
        """Return its best prices; what nobody quotes, and what a doubted book says, leaves all open."""
        bid = 0 if self.record.bid == NO_BID or not self.is_fresh else self.record.bid
        ask = self.name.limit if self.record.ask == NO_ASK or not self.is_fresh else self.record.ask
        return Quote(bid, ask)


class EventShown(NamedTuple):
    """An event: its markets, what they pay in each outcome, and how likely the books say that each is.

    `outcomes` says where each market pays; `pays` and `beliefs` are None for a market whose price nothing bounds.
    """

    name: str
    is_exclusive: bool
    markets: tuple[MarketShown, ...]
    outcomes: Outcomes
    pays: Payoff | None
    beliefs: Beliefs | None

    @property
    def limit(self) -> int:
        """What a contract that wins is paid, in price units; 0 where nothing bounds it."""
        return self.markets[0].name.limit

    @property
    def pnl(self) -> int:
        """Profit and loss at the marks, after fees."""
        return sum([market.record.pnl for market in self.markets])

    @property
    def held_collateral(self) -> tuple[int, int]:
        """What is held against what is sold: without netting, and where exclusive outcomes are netted."""
        nets = [market.record.net for market in self.markets]
        gross = collateral(self.outcomes, nets, self.limit, NettingRule.NONE)
        return gross, collateral(self.outcomes, nets, self.limit, NettingRule.MECNET) if self.is_exclusive else gross

    def words(self) -> list[str]:
        """Return the outcomes by name."""
        names = [market.name.symbol for market in self.markets]
        return ["none listed", *names] if self.is_exclusive else ["no", "yes"]


def events_of(view: View, *, with_all: bool = False) -> list[EventShown]:
    """Return the events in which something is open, the worst first; with `with_all` every one."""
    found = [_event(name, markets) for name, markets in _grouped(view) if with_all or any(m.is_open for m in markets)]
    return sorted(found, key=lambda event: (event.pays.worst if event.pays is not None else 0, event.name))


def _grouped(view: View) -> Iterator[tuple[str, list[MarketShown]]]:
    exclusive: dict[str, list[MarketShown]] = {}
    for place, record in view.markets().items():
        market = MarketShown(view.names[place], record)
        if record.flags & layout.EXCLUSIVE and market.name.event:
            exclusive.setdefault(market.name.event, []).append(market)
        else:
            yield market.name.symbol, [market]
    yield from exclusive.items()


def _event(name: str, markets: Sequence[MarketShown]) -> EventShown:
    is_exclusive = bool(markets[0].record.flags & layout.EXCLUSIVE)
    limit = markets[0].name.limit
    outcomes = Outcomes.exclusive(len(markets))
    if not limit:
        return EventShown(name, is_exclusive, tuple(markets), outcomes, None, None)
    pays = payoff(outcomes, [market.stake() for market in markets], limit)
    believed = beliefs(outcomes, [market.quote() for market in markets], limit)
    return EventShown(name, is_exclusive, tuple(markets), outcomes, pays, believed)
