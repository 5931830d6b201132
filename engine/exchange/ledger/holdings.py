"""What one account has: cash by shard, positions, open orders, and what those may need.

Buying YES costs its price and buying NO the rest of what a contract pays; what reverses a position closes it first, and
only contracts that open one need cash. Of several orders on one side those that trade last open: the better prices
close.

Units   as in `instrument`; a net position counts YES contracts, NO contracts below 0.
Cost    a fill O(1), a changed order O(open orders of its market).
Source  Kalshi market model: collateral and positions.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from engine import fix
from engine.exchange.ledger.records import OrderRecord, PositionRecord


class Claim(NamedTuple):
    """What an order may still buy or sell, and the fee of one that does so entirely."""

    side: int
    price: int
    qty: int
    fee: int


class Holdings:
    """One account. `precision` is the least amount that its balance changes by, in money."""

    def __init__(self, account: str, precision: int) -> None:
        self.account = account
        self.precision = precision
        self.is_netting = False
        self.cash: defaultdict[int, int] = defaultdict(int)
        self.positions: dict[str, PositionRecord] = {}
        self.open: dict[str, dict[str, OrderRecord]] = {}  # by market and OrderID
        self.claims: dict[str, dict[str, Claim]] = {}  # of the open orders
        self.freed: dict[str, int] = {}  # by event: what netting gave back
        self.updated_ns = 0
        self._needs: dict[str, tuple[int, int]] = {}  # by market: shard and money
        self._resting: defaultdict[int, int] = defaultdict(int)  # by shard

    def net(self, symbol: str) -> int:
        """Return the net position in a market."""
        position = self.positions.get(symbol)
        return position.net if position else 0

    def resting(self, shard: int) -> int:
        """Return what the open orders on a shard may need."""
        return self._resting[shard]

    def need_of(self, symbol: str) -> int:
        """Return what the open orders of a market may need."""
        return self._needs.get(symbol, (0, 0))[1]

    def set_need(self, symbol: str, shard: int, need: int) -> None:
        """Replace what the open orders of a market may need."""
        self._resting[shard] += need - self.need_of(symbol)
        if need:
            self._needs[symbol] = (shard, need)
        else:
            self._needs.pop(symbol, None)

    def trade(self, position: PositionRecord, side: int, price: int, qty: int, fee: int, limit: int) -> int:
        """Book a trade; return what the cash changes by."""
        signed = qty if side == fix.BUY else -qty
        own_price = price if side == fix.BUY else limit - price
        closed = min(qty, -position.net) if side == fix.BUY else min(qty, position.net)
        closed, opened = max(closed, 0), qty - max(closed, 0)
        received = closed * (limit - own_price)
        paid = opened * own_price
        if closed:
            self._close(position, closed, received)
        open_fee = fee * opened // qty
        position.cost += paid
        position.open_fees += open_fee
        position.net += signed
        position.fees += fee
        position.volume += qty
        position.traded += received + paid
        return received - paid - fee

    def settle(self, position: PositionRecord, gross: int, fee: int, now_ns: int) -> None:
        """Empty a position that was paid."""
        position.realized += gross - position.cost
        position.fees += fee
        position.net = position.cost = position.open_fees = 0
        position.updated_ns = self.updated_ns = now_ns
        position.is_settled = True

    def _close(self, position: PositionRecord, qty: int, received: int) -> None:
        """Take `qty` contracts off a position at their average cost."""
        held = abs(position.net)
        cost, fees = position.cost * qty // held, position.open_fees * qty // held
        position.cost -= cost
        position.open_fees -= fees
        position.realized += received - cost


def need(net: int, claims: Iterable[Claim], limit: int) -> int:
    """Return what orders of one market may need beside a net position, their fees included."""
    buys, sells = [], []
    for side, price, qty, fee in claims:
        if side == fix.BUY:
            buys.append((price, qty, fee))
        else:
            sells.append((limit - price, qty, fee))
    return _need_of_side(buys, max(-net, 0)) + _need_of_side(sells, max(net, 0))


def _need_of_side(claims: list[tuple[int, int, int]], held: int) -> int:
    """Return what claims of (cost of a lot, lots, fee) need once the dearest, which trade first, have closed `held`."""
    if held:
        claims.sort()
    opens = sum(qty for _, qty, _ in claims) - held
    total = 0
    for cost, qty, fee in claims:
        if opens <= 0:
            break
        total += min(opens, qty) * cost + fee
        opens -= qty
    return total
