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
_SCALE = 100 * 1_000 * 100  # of hundredths, of thousandths and of percent to one


class QuadraticFee:
    """FeeRule of a market: 7 % of C*P*(1-P), times `multiplier_milli` thousandths; a maker pays `maker_percent` of it.

    `maker_percent` is 0 for fee type `quadratic`, 25 with maker fees, 50 with combo maker fees.
    """

    __slots__ = ("_maker", "_taker")

    def __init__(self, multiplier_milli: int = 1_000, maker_percent: int = 0) -> None:
        self._taker = _RATE * multiplier_milli * 100
        self._maker = _RATE * multiplier_milli * maker_percent

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return the trade fee, rounded up to $0.000001 and to the instrument's money unit."""
        factor = self._taker if is_taker else self._maker
        dollar = 10**instrument.price_decimals
        # The product counts 10**-(2 * price_decimals + size_decimals) dollars, scaled
        unit = _SCALE * 10 ** (2 * instrument.price_decimals + instrument.size_decimals)
        millionths = -(-factor * qty * price * (dollar - price) * 10**TRADE_FEE // unit)
        return _rounded_up(millionths, instrument.price_decimals + instrument.size_decimals)


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
