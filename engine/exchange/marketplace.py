"""A whole venue without its wires: exchange, accounts, listing, hours and order groups, moved by one call each.

The servers of a venue stand on it. Every method that changes something returns the events that follow, in the order in
which they are to be told. The ledger has learned from them already.

Units   as in `instrument`; times in ns, passed in.
Errors  none for a request: a refusal is an event, or a `Refusal` where no order is concerned.
Thread  one; no I/O, no clock.
Source  Kalshi FIX: order entry, order groups; Kalshi REST: queue positions; Kalshi market model.
"""

from collections.abc import Collection, Iterable
from typing import Any

from engine import fix
from engine.exchange import refusals
from engine.exchange.account_events import GroupChanged, PositionChanged
from engine.exchange.events import (
    ANY_SHARD,
    Accepted,
    Canceled,
    Event,
    Expired,
    MassCancel,
    PublicTrade,
    Refusal,
    Replaced,
    Report,
    Request,
    StatusRequest,
    Traded,
)
from engine.exchange.exchange import Exchange
from engine.exchange.faults import Faults
from engine.exchange.house import House
from engine.exchange.ledger.history import Retention
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.liquidity import LiquiditySettings
from engine.exchange.listing.lifecycle import MarketLifecycle, VenueEvent
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.rolling import RollingSeries, RollingSettings
from engine.exchange.listing.tape import TradeTape
from engine.exchange.market import Market, RestingOrder
from engine.exchange.reporter import uuid_of
from engine.exchange.rulebook.account_rules import AccountRules
from engine.exchange.rulebook.groups import OrderGroup, OrderGroups
from engine.exchange.rulebook.hours import Hours
from engine.venue.kalshi.fees import QuadraticFee

_TIDY_NS = 60 * 1_000_000_000


class Marketplace:
    """A venue with accounts. Its parts are public to be read; what moves them goes through the methods here.

    `lifecycle` and `ledger.deposit` return events too, and may be called directly. With `liquidity` the house quotes
    every active market; orders are expired `sweep_ns` after their market closed, and it is put aside `keep_ns` after
    it was paid.
    """

    def __init__(
        self,
        *,
        nonce: str = "",
        house: Collection[str] = (),
        faults: Faults | None = None,
        liquidity: LiquiditySettings | None = None,
        sweep_ns: int = 0,
        keep_ns: int = 0,
        position_limit: int = 0,
        retention: Retention | None = None,
    ) -> None:
        self._house = House(liquidity)
        house = (*house, *self._house.accounts)
        self.listing = VenueListing()
        self.ledger = Ledger(self.listing, house=house)
        self.groups = OrderGroups()
        self.hours = Hours()
        self.tape = TradeTape()
        rules = AccountRules(self.listing, self.ledger, self.groups, self.hours, position_limit)
        self.exchange = Exchange(
            (), QuadraticFee(), nonce=nonce, house=house, faults=faults, rules=rules, naming=uuid_of
        )
        self.lifecycle = MarketLifecycle(
            self.exchange, self.ledger, self.listing, self._follow, sweep_ns=sweep_ns, keep_ns=keep_ns
        )
        self._nonce = nonce
        self._group_numbers = 0
        self._rolling: list[RollingSeries] = []
        self._retention = retention or Retention()
        self._tidied_ns = 0

    # Requests

    def submit(self, request: Request, now_ns: int) -> list[VenueEvent]:
        """Carry out any request about orders."""
        is_applied = None if isinstance(request, MassCancel | StatusRequest) else self._is_lost(request)
        if is_applied is None:
            return self._follow(self.exchange.submit(request, now_ns), now_ns)
        told: list[VenueEvent] = []
        if is_applied:
            done = self._follow(self.exchange.submit(request, now_ns), now_ns)
            told = [event for event in done if getattr(event, "account", "") != request.account]
        return [self.exchange.refused(request, refusals.UNAVAILABLE, now_ns), *told]

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Take everything that is due: planned pauses, expiries, faults, steps of markets, quotes of the house."""
        events: list[VenueEvent] = []
        for change in self.hours.advance(now_ns):
            events += [change, *self._cancel_flagged(change.shard, now_ns)]
        events += self._follow(self.exchange.advance(now_ns), now_ns)
        events += self.lifecycle.advance(now_ns)
        for series in self._rolling:
            events += series.advance(now_ns)
        events += self._follow(self._house.step(self.exchange, self.listing, now_ns), now_ns)
        self._put_aside(now_ns)
        return events

    def roll(self, settings: RollingSettings) -> None:
        """List a series that opens a new event every so often, from the next `advance` on."""
        self._rolling.append(RollingSeries(settings, self.listing, self.lifecycle))

    def set_hours(self, now_ns: int, **changes: Any) -> list[VenueEvent]:
        """Open or pause the exchange or a shard, as `Hours.change` takes it."""
        change = self.hours.change(now_ns, **changes)
        return [change, *self._cancel_flagged(change.shard, now_ns)]

    def book_trades(self, events: Iterable[Event], now_ns: int) -> list[VenueEvent]:
        """Take events that the exchange returned to somebody else, such as a liquidity generator."""
        return self._follow(list(events), now_ns)

    # Order groups

    def create_group(self, account: str, limit: int, now_ns: int, shard: int = 0) -> list[VenueEvent] | Refusal:
        """Make an order group that may trade `limit`, in size units, in 15 seconds."""
        self._group_numbers += 1
        group_id = uuid_of(f"{self._nonce}G{self._group_numbers}")
        return _listed(self.groups.create(group_id, account, shard, limit, now_ns))

    def limit_group(self, account: str, group_id: str, limit: int, now_ns: int) -> list[VenueEvent] | Refusal:
        """Give an order group another limit, which may trigger it at once."""
        changed = _listed(self.groups.set_limit(account, group_id, limit, now_ns))
        group = self.groups.find(account, group_id)
        if isinstance(changed, Refusal) or group is None or group.matched(now_ns) < group.limit:
            return changed
        return changed + self._trigger(group, now_ns)

    def reset_group(self, account: str, group_id: str, now_ns: int) -> list[VenueEvent] | Refusal:
        """Let an order group take orders again."""
        return _listed(self.groups.reset(account, group_id, now_ns))

    def trigger_group(self, account: str, group_id: str, now_ns: int) -> list[VenueEvent] | Refusal:
        """Cancel the orders of a group, which takes no more until a reset."""
        group = self.groups.find(account, group_id)
        return refusals.UNKNOWN_GROUP if group is None else self._trigger(group, now_ns)

    def delete_group(self, account: str, group_id: str, now_ns: int) -> list[VenueEvent] | Refusal:
        """Cancel the orders of a group, and forget it."""
        group = self.groups.find(account, group_id)
        if group is None:
            return refusals.UNKNOWN_GROUP
        canceled = self._cancel_group(group, now_ns)
        deleted = _listed(self.groups.delete(account, group_id, now_ns))
        return deleted if isinstance(deleted, Refusal) else [*deleted, *canceled]

    # Queries

    def queue_position(self, account: str, order_id: str) -> int | None:
        """Return how many contracts trade before an order of the account does; None if it does not rest."""
        order = self.exchange.orders.find(account, order_id=order_id)
        if order is None or not order.is_live:
            return None
        return _ahead(self.exchange.markets[order.symbol], order)

    def worth(self, account: str) -> int:
        """Return what the account's positions are worth at the best prices that others pay, else at the last."""
        total = 0
        for position in self.ledger.positions(account):
            total += abs(position.net) * self._mark(position.symbol, position.net)
        return total

    def _mark(self, symbol: str, net: int) -> int:
        market, limit = self.exchange.markets[symbol], self.listing.limit_of(symbol)
        best = market.bids.best() if net > 0 else market.asks.best()
        price = best.price if best else self.listing.markets[symbol].last_price
        return price if net > 0 else limit - price

    # Steps of the above

    def _put_aside(self, now_ns: int) -> None:
        """Archive what is old and forget what belongs to no market, once a minute."""
        if now_ns - self._tidied_ns >= _TIDY_NS:
            self._tidied_ns = now_ns
            self.ledger.archive(self._retention.cutoffs(now_ns))
            self.tape.forget(self.listing.markets.__contains__)

    def _is_lost(self, request: Request) -> bool | None:
        """Return whether a shard that does not answer carries a request out all the same; None if it answers."""
        shard = getattr(request, "shard", ANY_SHARD)
        listed = self.listing.markets.get(getattr(request, "symbol", ""))
        return self.hours.lost(listed.shard if shard == ANY_SHARD and listed else shard)

    def _follow(self, events: list[Event], now_ns: int) -> list[VenueEvent]:
        """Let every part learn from events of the exchange; return them and what follows."""
        return self._count([*events, *self.ledger.take(events)], now_ns)

    def _count(self, events: list[VenueEvent], now_ns: int) -> list[VenueEvent]:
        """Count trades for the tape and the groups; cancel the groups that have reached their limit."""
        reached: dict[str, OrderGroup] = {}
        for event in events:
            if isinstance(event, PublicTrade):
                self.tape.add(event, self.listing.markets[event.symbol])
            elif isinstance(event, Report) and event.terms.group:
                group = self.groups.find(event.account, event.terms.group)
                if group is not None and _reaches(group, event):
                    reached[group.id] = group
        for group in reached.values():
            events += self._trigger(group, now_ns)
        return events

    def _trigger(self, group: OrderGroup, now_ns: int) -> list[VenueEvent]:
        triggered = _listed(self.groups.trigger(group.account, group.id, now_ns))
        assert not isinstance(triggered, Refusal)
        return [*triggered, *self._cancel_group(group, now_ns)]

    def _cancel_group(self, group: OrderGroup, now_ns: int) -> list[VenueEvent]:
        orders = [self.exchange.orders.find(group.account, order_id=order_id) for order_id in group.orders]
        return self._cancel(orders, refusals.GROUP, now_ns)

    def _cancel_flagged(self, shard: int, now_ns: int) -> list[VenueEvent]:
        """Cancel the orders of a paused shard that ask for it."""
        if self.hours.is_trading(shard):
            return []
        text = refusals.PAUSED.text if self.hours.is_open(shard) else refusals.EXCHANGE_PAUSED.text
        orders = [
            order
            for account in self.exchange.orders.accounts()
            for order in self.exchange.orders.open_orders(account)
            if order.terms.cancel_on_pause and shard in (ANY_SHARD, self.listing.shard_of(order.symbol))
        ]
        return self._cancel(orders, text, now_ns)

    def _cancel(self, orders: Iterable[RestingOrder | None], text: str, now_ns: int) -> list[VenueEvent]:
        live = [order for order in orders if order is not None]
        return self._follow(self.exchange.cancel_orders(live, text, now_ns), now_ns)


def positions_of(events: Iterable[VenueEvent]) -> dict[str, PositionChanged]:
    """Return what each fill among `events` made of a position, by the ExecID(17) of the fill."""
    return {event.exec_id: event for event in events if isinstance(event, PositionChanged)}


def _reaches(group: OrderGroup, event: Report) -> bool:
    """Tell a group of a report of one of its orders; return whether it has reached its limit."""
    if isinstance(event, Accepted | Replaced | Traded) and event.ord_status != fix.Status.FILLED:
        group.orders[event.order_id] = None
    elif isinstance(event, Canceled | Expired | Traded):
        group.orders.pop(event.order_id, None)
    return isinstance(event, Traded) and group.trade(event.last_qty, event.now_ns) and not group.is_triggered


def _ahead(market: Market, order: RestingOrder) -> int:
    ahead = 0
    for level in market.side(order.side):
        if level.price != order.price:
            ahead += level.size
            continue
        for other in level.queue.values():
            if other is order:
                return ahead
            ahead += other.leaves_qty
    return ahead


def _listed(answer: GroupChanged | Refusal) -> list[VenueEvent] | Refusal:
    return answer if isinstance(answer, Refusal) else [answer]
