"""A plain, slow exchange to test the real one against: one list of resting orders, searched from end to end.

It knows one market and no refusals: requests must be valid. Trades are (maker id, taker id, price, qty).
"""

from dataclasses import dataclass

from engine import fix
from engine.exchange.events import Stp


@dataclass
class Resting:
    account: str
    order_id: str
    side: int
    price: int
    leaves: int
    arrival: int


class ReferenceMatcher:
    def __init__(self) -> None:
        self.resting: list[Resting] = []
        self.trades: list[tuple[str, str, int, int]] = []
        self.arrivals = 0

    def new(
        self, account: str, order_id: str, side: int, price: int, qty: int, kind: str, post_only: bool, stp: int
    ) -> None:
        """`kind` is a TimeInForce, or "market"."""
        order = Resting(account, order_id, side, price, qty, 0)
        self.enter(order, kind, post_only, stp)

    def enter(self, order: Resting, kind: str, post_only: bool, stp: int) -> None:
        reachable = [other for other in self.resting if self.meets(order, other, kind)]
        if post_only and reachable:
            return
        if kind == fix.Tif.FOK and sum(other.leaves for other in reachable) < order.leaves:
            return
        while order.leaves:
            reachable = [other for other in self.resting if self.meets(order, other, kind)]
            if not reachable:
                break
            sign = 1 if order.side == fix.BUY else -1
            best = min(reachable, key=lambda other: (sign * other.price, other.arrival))
            if best.account == order.account:
                if stp == Stp.TAKER_AT_CROSS:
                    return
                self.resting.remove(best)
                continue
            qty = min(order.leaves, best.leaves)
            self.trades.append((best.order_id, order.order_id, best.price, qty))
            order.leaves -= qty
            best.leaves -= qty
            if not best.leaves:
                self.resting.remove(best)
        if order.leaves and kind == fix.Tif.GTC:
            self.arrivals += 1
            order.arrival = self.arrivals
            self.resting.append(order)

    def meets(self, order: Resting, other: Resting, kind: str) -> bool:
        if other.side == order.side:
            return False
        if kind == "market":
            return True
        return other.price <= order.price if order.side == fix.BUY else other.price >= order.price

    def find(self, order_id: str) -> Resting | None:
        return next((order for order in self.resting if order.order_id == order_id), None)

    def cancel(self, order_id: str) -> None:
        self.resting.remove(self.resting[[order.order_id for order in self.resting].index(order_id)])

    def replace(self, order_id: str, price: int, leaves: int, post_only: bool, stp: int) -> None:
        order = self.find(order_id)
        assert order is not None
        if not leaves:
            self.cancel(order_id)
        elif price == order.price and leaves <= order.leaves:
            order.leaves = leaves
        else:
            self.cancel(order_id)
            order.price, order.leaves = price, leaves
            self.enter(order, fix.Tif.GTC, post_only, stp)

    def queues(self, side: int) -> list[tuple[int, list[tuple[str, int]]]]:
        """Return (price, [(order id, leaves), oldest first]) of one side, best first."""
        prices = sorted({order.price for order in self.resting if order.side == side}, reverse=side == fix.BUY)
        return [
            (
                price,
                [
                    (order.order_id, order.leaves)
                    for order in sorted(self.resting, key=lambda order: order.arrival)
                    if order.side == side and order.price == price
                ],
            )
            for price in prices
        ]
