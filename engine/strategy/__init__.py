"""What a strategy is, what it may do, and every name that it needs for that: the one module that a strategy imports."""

from engine.book import NO_ASK, NO_BID, Book
from engine.fix import Tif
from engine.fix import Type as OrdType
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Position
from engine.risk.codes import RiskReject
from engine.strategy.base import Strategy
from engine.strategy.context import Context, TimerHandle
from engine.strategy.portfolio_view import LimitsLeft, PortfolioView, Sums
from engine.strategy.status import TradingStatus
from engine.strategy.trades import LastTrade
from engine.units import NO_LIMIT, Duration, Money, Price, Side, Size

__all__ = [
    "NO_ASK", "NO_BID", "NO_LIMIT", "Book", "Context", "Duration", "PortfolioView", "Instrument", "LimitsLeft", "Money",
    "OrdType", "Order", "Position", "Price", "RiskReject", "Side", "Size", "Strategy", "Sums", "Tif", "TimerHandle",
    "LastTrade", "TradingStatus",
]  # fmt: skip
