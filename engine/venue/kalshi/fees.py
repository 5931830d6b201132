"""Kalshi's fees: a quadratic of the price, rounded up, then settled at the precision of the account.

Units   price in $0.0001 of the YES contract, qty in 0.01 contract, money in $0.000001.
Cost    integers only, no allocation in `QuadraticFee.fee`.
Source  Kalshi fee schedule, and its fee rounding page in the six-decimal edition.
"""

from engine import fix

PAYOUT = 10_000  # $1 in price units
MEMBER = 100  # precision of a direct member's account: $0.0001
RETAIL = 10_000  # of any other: $0.01

_RATE = 7  # hundredths of a dollar, per contract and P(1-P)
_SCALE = 10**6 * 1_000 * 100  # of price * price * qty to money, of multiplier and of percent


class QuadraticFee:
    """FeeRule of a market: 7 % of C*P*(1-P), times `multiplier_milli` thousandths; a maker pays `maker_percent` of it.

    `maker_percent` is 0 for fee type `quadratic`, 25 with maker fees, 50 with combo maker fees.
    """

    __slots__ = ("_maker", "_taker")

    def __init__(self, multiplier_milli: int = 1_000, maker_percent: int = 0) -> None:
        self._taker = _RATE * multiplier_milli * 100
        self._maker = _RATE * multiplier_milli * maker_percent

    def fee(self, price: int, qty: int, is_taker: bool) -> int:
        """Return the trade fee, rounded up to $0.000001."""
        factor = self._taker if is_taker else self._maker
        return -(-factor * qty * price * (PAYOUT - price) // _SCALE)


class OrderFees:
    """Net fees of one order's fills: rounded against the account's `precision`, what accumulates is paid back."""

    __slots__ = ("_accumulated", "_precision", "_rule")

    def __init__(self, rule: QuadraticFee, precision: int = MEMBER) -> None:
        self._rule = rule
        self._precision = precision
        self._accumulated = 0

    def fee(self, side: int, price: int, qty: int, is_taker: bool) -> int:
        """Return what the next fill costs in the end; never negative."""
        trade_fee = self._rule.fee(price, qty, is_taker)
        revenue = -price * qty if side == fix.BUY else price * qty
        rounding = (revenue - trade_fee) % self._precision
        self._accumulated += rounding
        charged = trade_fee + rounding
        rebate = min(self._accumulated, charged) // self._precision * self._precision
        self._accumulated -= rebate
        return charged - rebate
