"""Pre-trade risk: checks in `_checks`, what counts against them in `_exposure`, both compiled.

A passed check promises nothing until `Risk.update` has counted the order, so call it before the request leaves.
"""

from engine.risk._checks import Risk
from engine.risk._exposure import Exposure
from engine.risk.codes import RiskReject, TradingState
from engine.risk.limits import DuplicateLimit, Limits, RateLimit, RatioLimit, RepeatLimit
from engine.units import NO_LIMIT

__all__ = [
    "NO_LIMIT", "DuplicateLimit", "Exposure", "Limits", "RateLimit", "RatioLimit", "RepeatLimit", "Risk", "RiskReject",
    "TradingState",
]  # fmt: skip
