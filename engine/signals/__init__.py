"""Statistics for strategies, in integers: the same inputs give the same results on every machine."""

from engine.signals.bars import Bar, Bars
from engine.signals.books import MILLIONTHS, imbalance, micro_price
from engine.signals.rolling import Ema, Volatility, Vwap

__all__ = ["MILLIONTHS", "Bar", "Bars", "Ema", "Volatility", "Vwap", "imbalance", "micro_price"]
