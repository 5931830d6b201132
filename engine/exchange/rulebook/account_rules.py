"""VenueRules of a venue with accounts: hours, states, grids, groups, collateral, reduce-only, cost bound, fees.

Units   as in `instrument`; times in ns, passed in.
Cost    an order O(open orders of its account in that market).
Source  Kalshi FIX: order entry, error handling; Kalshi market model: collateral, states and hours, settlement bounds.
"""

from engine import fix
from engine.exchange import refusals
from engine.exchange.events import ANY_SHARD, Cancel, MassCancel, NewOrder, Refusal, Replace, Stp
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.ledger.terms import charged
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import MarketRecord, MarketStatus
from engine.exchange.market import Market, RestingOrder
from engine.exchange.rulebook.groups import OrderGroups
from engine.exchange.rulebook.hours import Hours
from engine.instrument import Instrument

_DECIDED = (MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED, MarketStatus.FINALIZED)


class AccountRules:
    """The rules of a venue whose accounts pay for what they do. Accounts of the house trade on credit, and any type."""

    def __init__(
        self, listing: VenueListing, ledger: Ledger, groups: OrderGroups, hours: Hours, position_limit: int = 0
    ) -> None:
        self._listing = listing
        self._ledger = ledger
        self._groups = groups
        self._hours = hours
        self._position_limit = position_limit  # contracts of either side in one market, 0 is no bound

    def refuse_new(self, request: NewOrder, market: Market | None, now_ns: int) -> Refusal | None:
        """Return what is wrong with the hours, the market or the request."""
        listed = self._listing.markets.get(request.symbol)
        if request.symbol in self._listing.archived:
            return refusals.ALREADY_CLOSED
        if market is None or listed is None or request.shard not in (ANY_SHARD, listed.shard):
            return refusals.UNKNOWN_SYMBOL
        if not self._hours.is_open(listed.shard):
            return refusals.EXCHANGE_PAUSED
        if not self._hours.is_trading(listed.shard):
            return refusals.PAUSED
        if not _is_active(listed, now_ns):
            return refusals.ALREADY_CLOSED if listed.status in _DECIDED else refusals.CLOSED
        if self._ledger.is_house(request.account):
            return refusals.refuse_new(request, market)
        if request.ord_type != fix.Type.LIMIT or (request.reduce_only and request.time_in_force != fix.Tif.IOC):
            return refusals.UNSUPPORTED
        if request.price <= listed.settlement_floor:
            return refusals.WRONG_PRICE
        return refusals.refuse_new(request, market)

    def refuse_entry(self, request: NewOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return what the order's group or the account's cash says against it."""
        if self._ledger.is_house(request.account):
            return None
        if request.group:
            group = self._groups.find(request.account, request.group)
            if group is None or group.shard != self._listing.shard_of(request.symbol):
                return refusals.UNKNOWN_GROUP
            if group.is_triggered:
                return refusals.GROUP_LIMIT
        if request.reduce_only:
            return None  # it only gives cash back
        if self._position_limit and self._reach(request) > self._position_limit:
            return refusals.MARKET_LIMIT
        is_covered = self._ledger.is_covered(
            request.account,
            request.symbol,
            request.side,
            request.price,
            request.order_qty,
            is_taker=not request.post_only,
            now_ns=now_ns,
        )
        return None if is_covered else refusals.BALANCE

    def _reach(self, request: NewOrder) -> int:
        """Return how far from 0 the position may come if every open order of this side trades, and this one."""
        holdings = self._ledger.open(request.account)
        orders = holdings.open.get(request.symbol, {}).values()
        qty = request.order_qty + sum(order.leaves_qty for order in orders if order.side == request.side)
        net = holdings.net(request.symbol)
        return abs(net + qty if request.side == fix.BUY else net - qty)

    def refuse_cancel(self, request: Cancel, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return what is wrong with the hours, the market, the request or its order."""
        listed = self._listing.markets[order.symbol]
        if request.shard not in (ANY_SHARD, listed.shard):
            return refusals.UNKNOWN_ORDER
        if not self._hours.is_open(listed.shard):
            return refusals.CHANGE_EXCHANGE_PAUSED
        if listed.close_ns and listed.close_ns <= now_ns:
            return refusals.CHANGE_CLOSED
        refusal = refusals.refuse_cancel(request, order, market)
        return refusals.FILLED if refusal == refusals.TOO_LATE else refusal

    def refuse_replace(self, request: Replace, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return what is wrong with the hours, the market, the request, its order or the account's cash."""
        listed = self._listing.markets[order.symbol]
        if request.shard not in (ANY_SHARD, listed.shard):
            return refusals.UNKNOWN_ORDER
        if not self._hours.is_open(listed.shard):
            return refusals.CHANGE_EXCHANGE_PAUSED
        if not self._hours.is_trading(listed.shard):
            return refusals.CHANGE_PAUSED
        if not _is_active(listed, now_ns):
            return refusals.CHANGE_CLOSED
        refusal = refusals.refuse_replace(request, order, market, now_ns)
        if refusal is None and request.price <= listed.settlement_floor:
            return refusals.WRONG_PRICE
        if refusal is not None or self._ledger.is_house(order.account):
            return refusal
        if _meets_itself(request, order, market):
            return refusals.CHANGE_SELF_CROSS
        return self._refuse_cost(request, order, now_ns)

    def _refuse_cost(self, request: Replace, order: RestingOrder, now_ns: int) -> Refusal | None:
        """Return why the account cannot bear what a replace adds; one that only takes away is always borne."""
        qty = request.order_qty - order.cum_qty
        if request.price == order.price and qty <= order.leaves_qty:
            return None
        is_covered = self._ledger.is_covered(
            order.account,
            order.symbol,
            order.side,
            request.price,
            qty,
            is_taker=not order.post_only,
            now_ns=now_ns,
            replaced=order.order_id,
        )
        return None if is_covered else refusals.CHANGE_BALANCE

    def refuse_mass_cancel(self, request: MassCancel, now_ns: int) -> Refusal | None:
        """Return that the exchange is paused or does not answer, if so."""
        if self._hours.lost(ANY_SHARD) is not None:
            return refusals.UNAVAILABLE
        return None if self._hours.is_open() else refusals.CHANGE_EXCHANGE_PAUSED

    def stop(self, order: RestingOrder, market: Market, now_ns: int) -> str:
        """Cancel what reduces nothing or costs too much; hold back what would turn a position over."""
        if order.terms.reduce_only:
            net = self._ledger.open(order.account).net(order.symbol)
            held = max(-net, 0) if order.side == fix.BUY else max(net, 0)
            order.held_back = max(order.leaves_qty - held, 0)
            if not held:
                return refusals.REDUCE_ONLY
        if order.terms.max_cost and self._cost(order, market) > order.terms.max_cost:
            return refusals.TOO_DEAR
        return ""

    def _cost(self, order: RestingOrder, market: Market) -> int:
        """Return what the order's contracts cost if it trades at once what it can, and the rest at its own price."""
        limit = market.instrument.limit
        left, cost = order.leaves_qty, 0
        for level in market.opposite(order.side):
            if not left or not order.accepts(level.price):
                break
            qty = min(left, level.size)
            left -= qty
            cost += qty * (level.price if order.side == fix.BUY else limit - level.price)
        spent = order.cum_cost if order.side == fix.BUY else limit * order.cum_qty - order.cum_cost
        return spent + cost + left * (order.price if order.side == fix.BUY else limit - order.price)

    def charge(
        self, order: RestingOrder, instrument: Instrument, price: int, qty: int, is_taker: bool, now_ns: int
    ) -> int:
        """Return the trade fee as the account's precision makes it."""
        fee = self._listing.fee_of(order.symbol, price, qty, is_taker, now_ns)
        if self._ledger.is_house(order.account):
            return fee
        revenue = -price * qty if order.side == fix.BUY else price * qty
        return charged(order, fee, revenue, self._ledger.open(order.account).precision)


def _meets_itself(request: Replace, order: RestingOrder, market: Market) -> bool:
    """Return whether the first order that a changed one would trade with is its account's own, and stops it."""
    best = market.opposite(order.side).best()
    if best is None or order.stp != Stp.TAKER_AT_CROSS or best.first().account != order.account:
        return False
    return request.price >= best.price if order.side == fix.BUY else request.price <= best.price


def _is_active(market: MarketRecord, now_ns: int) -> bool:
    return market.status == MarketStatus.ACTIVE and not 0 < market.close_ns <= now_ns
