"""The fee rule of a fee type and multiplier.

Source  Kalshi market model: fees.
"""

from engine.exchange.listing.records import FeeType
from engine.venue.kalshi.fees import QuadraticFee

_MAKER_PERCENT = {FeeType.QUADRATIC: 0, FeeType.WITH_MAKER: 25, FeeType.WITH_COMBO_MAKER: 50, FeeType.FLAT: 0}
_UNKNOWN_MAKER_PERCENT = 25


class FeeRules:
    """One rule object for equal terms."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, int], QuadraticFee] = {}

    def rule(self, fee_type: str, multiplier_milli: int) -> QuadraticFee:
        """Return the rule; an unknown type charges makers too, and `flat` half of what others do."""
        rule = self._rules.get((fee_type, multiplier_milli))
        if rule is None:
            milli = multiplier_milli // 2 if fee_type == FeeType.FLAT else multiplier_milli
            rule = QuadraticFee(milli, _MAKER_PERCENT.get(fee_type, _UNKNOWN_MAKER_PERCENT))
            self._rules[fee_type, multiplier_milli] = rule
        return rule
