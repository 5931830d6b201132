"""The most that the venue's fees can add to what an order costs, as risk adds it up: in integers, per market.

Units   money and prices as in `instrument`, quantities in lots.
"""

from math import gcd
from typing import NamedTuple

_ROOM = 2**61  # for the product of a rate and two prices, and for what is added to it


class FeeBound(NamedTuple):
    """Fills of an order for `qty` lots at a price `p` cost at most qty * (per_lot + rate * p * (limit - p) / unit).

    The quotient is rounded up, so that the bound holds however the quantity is split; `per_order` comes on top once.
    Without a `limit`, where prices are unbounded, only `per_lot` and `per_order` count.
    """

    per_lot: int = 0
    rate: int = 0
    unit: int = 1
    per_order: int = 0

    def fitted(self, limit: int) -> "FeeBound":
        """Return a bound that is no lower and whose products fit into 64 bits."""
        common = gcd(self.rate, self.unit)
        rate, unit = self.rate // common, self.unit // common
        most = (limit // 2 + 1) ** 2  # of p * (limit - p)
        while unit > 1 and rate * most + unit >= _ROOM:
            rate, unit = -(-rate // 2), unit // 2
        if rate * most + unit >= _ROOM:  # no price makes a difference any more
            return FeeBound(min(self.per_lot + rate * most, _ROOM), 0, 1, min(self.per_order, _ROOM))
        return FeeBound(min(self.per_lot, _ROOM), rate if limit else 0, unit, min(self.per_order, _ROOM))


NO_FEE = FeeBound()
