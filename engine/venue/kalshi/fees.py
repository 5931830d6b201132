"""Kalshi's fees: a quadratic of the price, rounded up, then settled at the precision of the account.

Units   price, qty and money as in the instrument that each fee is of, whatever its decimals.
Cost    integers only, no allocation in `QuadraticFee.fee` beyond them.
Source  Kalshi fee schedule, and its fee rounding page in the six-decimal edition.
"""

from engine import fix
from engine.instrument import Instrument

MEMBER = 4  # decimals of a direct member's account: $0.0001
RETAIL = 2  # of any other: $0.01
TRADE_FEE = 6  # of the fee of one trade: $0.000001

_RATE = 7  # hundredths of a dollar, per contract and P(1-P)
_SCALE = 7  # decimals of hundredths, of thousandths and of percent together


class QuadraticFee:
    """FeeRule of a market: 7 % of C*P*(1-P), times `multiplier_milli` thousandths; a maker pays `maker_percent` of it.

    `maker_percent` is 0 for fee type `quadratic`, 25 with maker fees, 50 with combo maker fees.
    """

    __slots__ = ("_dollar", "_is_whole", "_maker", "_price_decimals", "_size_decimals", "_taker", "_unit")

    def __init__(self, multiplier_milli: int = 1_000, maker_percent: int = 0) -> None:
        self._taker = _RATE * multiplier_milli * 100
        self._maker = _RATE * multiplier_milli * maker_percent
        self._take_decimals(4, 2)  # Kalshi's own

    def _take_decimals(self, price_decimals: int, size_decimals: int) -> None:
        """Count in these units from here on; the markets of one engine share theirs."""
        self._price_decimals, self._size_decimals = price_decimals, size_decimals
        ten: int = 10
        self._dollar = ten**price_decimals
        # factor * qty * price * (dollar - price) has so many decimals; what is above those of a trade fee goes
        self._unit = ten ** (_SCALE + 2 * price_decimals + size_decimals - TRADE_FEE)
        self._is_whole = price_decimals + size_decimals == TRADE_FEE

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return the trade fee, rounded up to $0.000001 and to the instrument's money unit."""
        if instrument.price_decimals != self._price_decimals or instrument.size_decimals != self._size_decimals:
            self._take_decimals(instrument.price_decimals, instrument.size_decimals)
        factor = self._taker if is_taker else self._maker
        millionths = -(-factor * qty * price * (self._dollar - price) // self._unit)
        return millionths if self._is_whole else _rounded_up(millionths, self._price_decimals + self._size_decimals)


class OrderFees:
    """Net fees of one order's fills: rounded against the account's `decimals`, what accumulates is paid back."""

    __slots__ = ("_accumulated", "_instrument", "_precision", "_rule")

    def __init__(self, rule: QuadraticFee, instrument: Instrument, decimals: int = MEMBER) -> None:
        self._rule = rule
        self._instrument = instrument
        self._precision: int = 10 ** max(instrument.price_decimals + instrument.size_decimals - decimals, 0)
        self._accumulated = 0

    def fee(self, side: int, price: int, qty: int, is_taker: bool) -> int:
        """Return what the next fill costs in the end; never negative."""
        trade_fee = self._rule.fee(self._instrument, price, qty, is_taker)
        revenue = -price * qty if side == fix.BUY else price * qty
        rounding = (revenue - trade_fee) % self._precision
        self._accumulated += rounding
        charged = trade_fee + rounding
        rebate = min(self._accumulated, charged) // self._precision * self._precision
        self._accumulated -= rebate
        return charged - rebate


def _rounded_up(millionths: int, decimals: int) -> int:
    """Return an amount of `TRADE_FEE` decimals in money of so many, rounded up where those are fewer."""
    finer, coarser = int(10 ** max(decimals - TRADE_FEE, 0)), int(10 ** max(TRADE_FEE - decimals, 0))
    return -(-millionths * finer // coarser)
