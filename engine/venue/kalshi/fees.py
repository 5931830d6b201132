"""Kalshi's fees: a quadratic of the price, rounded up, then settled at the precision of the account.

Units   price, qty and money as in the instrument that each fee is of, whatever its decimals.
Cost    integers only, no allocation in `QuadraticFee.fee` beyond them; what an account is charged is counted in C.
Source  Kalshi fee schedule, and its fee rounding page in the six-decimal edition.
"""

from collections.abc import Iterable

from engine import fix
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.risk.fee_bound import FeeBound
from engine.risk.fee_terms import FeeTerms

BUY = fix.BUY
MOST_MARKETS = 200_000  # whose terms are kept
TRADE_FEE = 6  # of the fee of one trade: $0.000001

_RATE = 7  # hundredths of a dollar, per contract and P(1-P)
_SCALE = 7  # decimals of hundredths, of thousandths and of percent together


class QuadraticFee:
    """FeeRule of a market: 7 % of C*P*(1-P), times `multiplier_milli` thousandths; a maker pays `maker_percent` of it.

    `maker_percent` is 0 for fee type `quadratic`, 25 with maker fees, 50 with combo maker fees.
    """

    __slots__ = ("_dollar", "_is_whole", "_maker", "_price_decimals", "_size_decimals", "_taker", "_unit", "precision")

    def __init__(self, multiplier_milli: int = 1_000, maker_percent: int = 0, precision: int = 1) -> None:
        self.precision = precision  # the least amount that the account's balance can change by
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

    def __reduce__(self) -> tuple[object, ...]:
        """Return how to make the same rule again, for a simulated venue that is kept."""
        percent = self._maker * 100 // self._taker if self._taker else 0
        return QuadraticFee, (self._taker // (_RATE * 100), percent, self.precision)

    def bound(self, instrument: Instrument) -> FeeBound:
        """Return the most that a lot costs, whoever takes; finer money is still rounded up to the millionth."""
        decimals = instrument.price_decimals + instrument.size_decimals
        scale = 10 ** (_SCALE + 2 * instrument.price_decimals + instrument.size_decimals)
        finer = 10 ** max(decimals - TRADE_FEE, 0)
        return FeeBound(finer if finer > 1 else 0, max(self._taker, self._maker) * 10**decimals, scale)

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return the trade fee, rounded up to $0.000001 and to the instrument's money unit."""
        if instrument.price_decimals != self._price_decimals or instrument.size_decimals != self._size_decimals:
            self._take_decimals(instrument.price_decimals, instrument.size_decimals)
        factor = self._taker if is_taker else self._maker
        millionths = -(-factor * qty * price * (self._dollar - price) // self._unit)
        return millionths if self._is_whole else _rounded_up(millionths, self._price_decimals + self._size_decimals)


class KalshiFees:
    """FeeRule of an account: each market by the terms of its series, fills rounded as the account is.

    A fill is rounded against the account's decimals, and what accumulates over an order is paid back to it.
    """

    __slots__ = ("_rules", "_terms")

    def __init__(self, terms: FeeTerms) -> None:
        self._terms = terms
        self._rules: dict[Instrument, QuadraticFee] = {}

    def _rule(self, instrument: Instrument) -> QuadraticFee:
        rule = self._rules.get(instrument)
        if rule is None:
            rule = self._keep(instrument, *self._terms.of(instrument))
        return rule

    def set_terms(self, instrument: Instrument, multiplier_milli: int, maker_percent: int) -> None:
        """Charge a market by these terms, which the venue has told; below 0 by those that are configured."""
        multiplier, percent = self._terms.of(instrument)
        self._keep(
            instrument,
            multiplier_milli if multiplier_milli >= 0 else multiplier,
            maker_percent if maker_percent >= 0 else percent,
        )

    def _keep(self, instrument: Instrument, multiplier_milli: int, maker_percent: int) -> QuadraticFee:
        rule = QuadraticFee(multiplier_milli, maker_percent, self._precision(instrument))
        while len(self._rules) >= MOST_MARKETS:  # markets come and go: the one that came first is over
            del self._rules[next(iter(self._rules))]
        self._rules[instrument] = rule
        return rule

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return the trade fee."""
        return self._rule(instrument).fee(instrument, price, qty, is_taker)

    def charge(self, order: Order, price: int, qty: int, is_taker: bool) -> int:
        """Return what the next fill costs in the end; never negative."""
        rule = self._rule(order.instrument)
        trade_fee = rule.fee(order.instrument, price, qty, is_taker)
        precision = rule.precision
        revenue = -price * qty if order.side == BUY else price * qty
        rounding = (revenue - trade_fee) % precision
        accumulated = order.fee_rest + rounding
        charged = trade_fee + rounding
        rebate = min(accumulated, charged) // precision * precision
        order.fee_rest = accumulated - rebate
        return charged - rebate

    def bound(self, instrument: Instrument) -> FeeBound:
        """Return the taker's fee, which no maker's exceeds, and one rounding of the account."""
        rule = self._rule(instrument)
        return rule.bound(instrument)._replace(per_order=rule.precision - 1)

    def forget(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        for instrument in instruments:
            self._rules.pop(instrument, None)

    def _precision(self, instrument: Instrument) -> int:
        decimals = instrument.price_decimals + instrument.size_decimals - self._terms.account_decimals
        return int(10 ** max(decimals, 0))


def _rounded_up(millionths: int, decimals: int) -> int:
    """Return an amount of `TRADE_FEE` decimals in money of so many, rounded up where those are fewer."""
    finer, coarser = int(10 ** max(decimals - TRADE_FEE, 0)), int(10 ** max(TRADE_FEE - decimals, 0))
    return -(-millionths * finer // coarser)
