"""Whether an order with options may leave: the venue must offer them, and what only reduces must have what to reduce.

Errors  none: a refusal is a RiskReject code, and told in words.
Thread  the loop thread only; only orders with options come here.
"""

from engine.instrument import Instrument
from engine.orders.options import Judge, OrderOptions, none_offered
from engine.risk import Risk
from engine.risk.codes import RiskReject
from engine.runtime.notices import NoticeKind, Notices


class OptionRules:
    """The rules of one desk; `judge` is its venue's."""

    def __init__(self, risk: Risk, notices: Notices, judge: Judge = none_offered) -> None:
        self._risk = risk
        self._notices = notices
        self._judge = judge

    def check(
        self,
        options: OrderOptions,
        instrument: Instrument,
        side: int,
        qty: int,
        time_in_force: str,
        post_only: bool,
        ord_type: str,
    ) -> int:
        """Return the RiskReject code of an order, 0 if it may leave as far as its options go."""
        if not options.asks_venue:
            return RiskReject.NONE
        text = self._judge(options, time_in_force, post_only, ord_type)
        if text:
            self._notices.tell(NoticeKind.OPTION_REFUSED, f"{instrument.symbol}: {text}")
            return RiskReject.NOT_OFFERED
        return self._risk.check_reduces(instrument, side, qty) if options.reduce_only else RiskReject.NONE
