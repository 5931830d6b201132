"""Pre-trade risk: checks in `_risk`, what counts against them in `_exposure`, both compiled.

A passed check promises nothing until `Risk.update` has counted the order, so call it before the request leaves.
"""

from engine._exposure import Exposure
from engine._risk import Risk
from engine.limits import NO_LIMIT, DuplicateLimit, Limits, RateLimit
from engine.risk_codes import RiskReject, TradingState

__all__ = ["NO_LIMIT", "DuplicateLimit", "Exposure", "Limits", "RateLimit", "Risk", "RiskReject", "TradingState"]
