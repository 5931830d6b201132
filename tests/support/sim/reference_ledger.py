"""A ledger as plain as can be, to compare the real one with: what was paid and got, and a dollar for each NO held.

Whoever sells a contract gets its price and owes it; as long as it is owed, the venue keeps what it may cost. So cash is
what came in less what went out, less a dollar for each contract that is short.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from engine import fix
from engine.exchange.account_events import BalanceChanged, MarketChanged, MarketStep
from engine.exchange.events import Traded
from engine.exchange.ledger.records import OrderRecord

DOLLAR_PRICE = 10_000


class PlainLedger:
    """Learns from trades, and from markets that settle; `precision` is that of every account."""

    def __init__(self, precision: int) -> None:
        self.flow: Counter[str] = Counter()
        self.nets: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.fees = 0
        self._precision = precision

    def take(self, events: Iterable[object]) -> None:
        for event in events:
            if isinstance(event, Traded):
                signed = event.last_qty if event.side == fix.BUY else -event.last_qty
                self.flow[event.account] -= signed * event.last_px + event.fee
                self.nets[event.account][event.symbol] += signed
                self.fees += event.fee
            elif isinstance(event, MarketChanged) and event.step == MarketStep.SETTLED:
                self._settle(event.symbol, event.value)
            elif isinstance(event, BalanceChanged):
                raise AssertionError("cash is brought in before the life begins")

    def _settle(self, symbol: str, value: int) -> None:
        for account, nets in self.nets.items():
            net = nets.pop(symbol, 0)
            fee = (net * value if net > 0 else -net * (DOLLAR_PRICE - value)) % self._precision
            self.flow[account] += net * value - fee
            self.fees += fee

    def cash(self, account: str) -> int:
        """Return what an account has, without what it was brought."""
        return self.flow[account] - DOLLAR_PRICE * sum(-net for net in self.nets[account].values() if net < 0)

    def held(self) -> int:
        """Return the dollars that all contracts pay in the end, which are either's."""
        return DOLLAR_PRICE * sum(net for nets in self.nets.values() for net in nets.values() if net > 0)


def worst_cost(net: int, orders: Iterable[OrderRecord]) -> int:
    """Return what orders of one market cost if all trade, the best first, lot by lot; without fees.

    What closes a position costs nothing, and what comes in by it is not counted on.
    """
    total = 0
    listed = list(orders)
    for side in (fix.BUY, fix.SELL):
        held = max(-net, 0) if side == fix.BUY else max(net, 0)
        own = [
            (order.price if side == fix.BUY else DOLLAR_PRICE - order.price, order.leaves_qty)
            for order in listed
            if order.side == side
        ]
        for price, qty in sorted(own, reverse=True):
            for _ in range(qty):
                if held:
                    held -= 1
                else:
                    total += price
    return total
