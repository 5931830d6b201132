"""The ledger: what every account has and did, learned from the events of the exchange.

Units   as in `records`.
Errors  KeyError for a market that `terms` does not know.
Cost    an event O(open orders of the account in that market).
Thread  one; no I/O, no clock.
Source  Kalshi market model: collateral and positions, settlement; Kalshi FIX: 704, 705, 1703, UMS.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from engine import fix
from engine.exchange.account_events import AccountEvent, PositionChanged
from engine.exchange.events import CAPTURED, Accepted, Canceled, Expired, Replaced, Report, Traded
from engine.exchange.ledger import telling
from engine.exchange.ledger.accounts import Accounts
from engine.exchange.ledger.holdings import Claim, Holdings, need
from engine.exchange.ledger.netting import sure_payout
from engine.exchange.ledger.records import OrderRecord, PositionRecord
from engine.exchange.ledger.terms import MarketTerms


class Ledger(Accounts):
    """Accounts that trade, and the money that the venue has kept of them (`fees`)."""

    def __init__(self, terms: MarketTerms, *, house: Iterable[str] = ()) -> None:
        super().__init__(house=house)
        self.open_interest: defaultdict[str, int] = defaultdict(int)  # contracts that are held, by market
        self.fees = 0
        self._terms = terms
        self._holders: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._touched: set[tuple[str, str]] = set()  # accounts and markets whose orders may need something else now

    def take(self, events: Iterable[object]) -> list[AccountEvent]:
        """Learn from events in their order, each once; return what the fills made of positions."""
        told: list[AccountEvent] = []
        for event in events:
            if isinstance(event, Report) and event.account != CAPTURED:
                if isinstance(event, Traded):
                    told.append(self._trade(event))
                if event.account not in self._house:
                    self._take_order(event)
        for account, symbol in self._touched:
            self._count_need(account, symbol)
        self._touched.clear()
        return told

    def is_covered(
        self,
        account: str,
        symbol: str,
        side: int,
        price: int,
        qty: int,
        *,
        is_taker: bool,
        now_ns: int,
        replaced: str = "",
    ) -> bool:
        """Return whether an account's cash bears another order, or one in place of the order `replaced`."""
        holdings, shard = self.open(account), self._terms.shard_of(symbol)
        open_claims = holdings.claims.get(symbol, {})
        claims = [claim for order_id, claim in open_claims.items() if order_id != replaced]
        fee = self._terms.fee_of(symbol, price, qty, is_taker, now_ns)
        claims.append(Claim(side, price, qty, fee + holdings.precision if fee else 0))
        total = need(holdings.net(symbol), claims, self._terms.limit_of(symbol))
        total += self._unfreed(holdings, symbol, side, price, qty)
        return holdings.resting(shard) - holdings.need_of(symbol) + total <= holdings.cash[shard]

    def _unfreed(self, holdings: Holdings, symbol: str, side: int, price: int, qty: int) -> int:
        """Return what an order takes back of freed collateral, beyond what it gets for what it closes."""
        freed = holdings.freed.get(self._terms.event_of(symbol), 0)
        if not freed:
            return 0
        limit, net = self._terms.limit_of(symbol), holdings.net(symbol)
        closed = min(qty, max(-net if side == fix.BUY else net, 0))
        got = closed * (limit - price if side == fix.BUY else price)
        after = {symbol: net + (qty if side == fix.BUY else -qty)}
        return max(freed - self._sure(holdings, self._terms.event_of(symbol), limit, after) - got, 0)

    def set_netting(self, account: str, enabled: bool) -> None:
        """Let positions free collateral across an event or not; one that is netted is so until nothing is freed."""
        self.open(account).is_netting = enabled

    def pay(self, symbol: str, result: str, value: int, now_ns: int) -> list[AccountEvent]:
        """Pay every position in a market: `value` for YES, the rest for NO. Nobody has one afterwards."""
        self.open_interest.pop(symbol, None)
        events: list[AccountEvent] = []
        for account in self._holders.pop(symbol, {}):
            events += self._pay(self.holdings[account], symbol, result, value, now_ns)
        return events

    # Orders

    def _take_order(self, event: Report) -> None:
        if isinstance(event, Accepted):
            record = telling.entered(event, next(self._numbers), self._terms.shard_of(event.symbol))
            self.order_records[event.order_id] = record
            self.open(event.account).open.setdefault(event.symbol, {})[event.order_id] = record
            self._claim(record)
        elif isinstance(event, Traded | Replaced | Canceled | Expired):
            self._update(event)
        self._touched.add((event.account, event.symbol))

    def _update(self, event: Traded | Replaced | Canceled | Expired) -> None:
        record = self.order_records.get(event.order_id)
        if record is None:
            return  # entered before this ledger began
        telling.changed(record, event)
        if isinstance(event, Traded):
            telling.cost(record, event, self._terms.limit_of(event.symbol))
        if record.is_live:
            self._claim(record)
        else:
            self._finish(record)

    def _finish(self, record: OrderRecord) -> None:
        holdings = self.holdings[record.account]
        for of_markets in (holdings.open, holdings.claims):
            of_market = of_markets[record.symbol]
            del of_market[record.order_id]
            if not of_market:
                del of_markets[record.symbol]
        self._forget(self.histories[record.account].orders.add(record))

    def _count_need(self, account: str, symbol: str) -> None:
        holdings = self.open(account)
        claims = holdings.claims.get(symbol, {}).values()
        total = need(holdings.net(symbol), claims, self._terms.limit_of(symbol)) if claims else 0
        if total != holdings.need_of(symbol):
            holdings.set_need(symbol, self._terms.shard_of(symbol), total)

    def _claim(self, record: OrderRecord) -> None:
        """Count what an open order may still cost, as a maker."""
        fee = self._terms.fee_of(record.symbol, record.price, record.leaves_qty, False, record.updated_ns)
        claims = self.holdings[record.account].claims.setdefault(record.symbol, {})
        claims[record.order_id] = Claim(record.side, record.price, record.leaves_qty, fee)

    # Positions

    def _trade(self, event: Traded) -> PositionChanged:
        holdings, position = self._position(event.account, event.symbol)
        held = max(position.net, 0)
        limit = self._terms.limit_of(event.symbol)
        change = holdings.trade(position, event.side, event.last_px, event.last_qty, event.fee, limit)
        holdings.cash[position.shard] += change
        position.updated_ns = holdings.updated_ns = event.now_ns
        self.open_interest[event.symbol] += max(position.net, 0) - held
        self.fees += event.fee
        freed = self._net(holdings, position)
        if event.account not in self._house:
            record = telling.fill(event, position, next(self._numbers), change + freed, freed)
            self.histories[event.account].fills.add(record)
        return telling.position_changed(event, position, change + freed, freed)

    def _position(self, account: str, symbol: str) -> tuple[Holdings, PositionRecord]:
        holdings = self.open(account)
        position = holdings.positions.get(symbol)
        if position is None:
            event, shard = self._terms.event_of(symbol), self._terms.shard_of(symbol)
            position = PositionRecord(account=account, symbol=symbol, event=event, shard=shard)
            holdings.positions[symbol] = position
            self._holders[symbol][account] = None
        return holdings, position

    def _net(self, holdings: Holdings, position: PositionRecord) -> int:
        """Give back, or take again, what the event's positions are sure to pay together; return the change of cash."""
        if not holdings.is_netting and position.event not in holdings.freed:
            return 0
        sure = self._sure(holdings, position.event, self._terms.limit_of(position.symbol), {})
        change = sure - holdings.freed.pop(position.event, 0)
        if sure:
            holdings.freed[position.event] = sure
        holdings.cash[position.shard] += change
        return change

    def _sure(self, holdings: Holdings, event: str, limit: int, after: Mapping[str, int]) -> int:
        """Return what the event's positions are sure to pay, those `after` some change where it says so."""
        kind, markets = self._terms.netting_of(event)
        nets = [after.get(symbol, holdings.net(symbol)) for symbol, _ in markets]
        return sure_payout(kind, nets, [known for _, known in markets], limit)

    def _pay(self, holdings: Holdings, symbol: str, result: str, value: int, now_ns: int) -> list[AccountEvent]:
        position = holdings.positions.pop(symbol)
        gross = max(position.net, 0) * value + max(-position.net, 0) * (self._terms.limit_of(symbol) - value)
        fee = gross % holdings.precision
        self.fees += fee
        holdings.cash[position.shard] += gross - fee
        record = telling.settlement(position, next(self._numbers), result, value, gross - fee, fee, now_ns)
        holdings.settle(position, gross, fee, now_ns)
        self._net(holdings, position)
        if holdings.account in self._house:
            return []
        history = self.histories[holdings.account]
        history.positions.add(position)
        if not record.yes_qty and not record.no_qty:
            return []
        history.settlements.add(record)
        return [telling.position_paid(record)]
