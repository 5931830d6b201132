"""Amounts of the demo: money as the engine counts it, and how a person reads it.

Units   sizes, prices and money as in `instrument`; latencies in ns, shown in us.
"""

from typing import NamedTuple

from engine._decimal import format_decimal
from engine.app.engine import Engine

NOTHING = "-"


class Money(NamedTuple):
    """What is held and what it is worth: a value per market, in the order of the engine's books, and in all."""

    nets: list[int]
    marks: list[int]
    pnls: list[int]  # realised and unrealised, after fees
    pnl: int
    cash: int  # what trading brought and cost, fees included


def read_money(engine: Engine) -> Money:
    """Return the profit and loss of now; the one place of the demo that knows where it is kept."""
    portfolio = engine.portfolio
    nets = [position.net for position in portfolio]
    marks = [position.mark for position in portfolio]
    pnls = [position.pnl for position in portfolio]
    return Money(nets, marks, pnls, portfolio.pnl, portfolio.cash - portfolio.fees)


def dollars(money: int, decimals: int, shown: int = 4) -> str:
    """Return money that counts 10**-decimals dollars as +0.1234, rounded to at most `shown` decimals."""
    if decimals > shown:
        unit = 10 ** (decimals - shown)
        rounded = (abs(money) + unit // 2) // unit
        money, decimals = rounded if money >= 0 else -rounded, shown
    return signed(format_decimal(money, decimals))


def signed(text: str) -> str:
    """Return the text of a number with its sign."""
    return text if text.startswith("-") else f"+{text}"


def microseconds(duration_ns: int) -> str:
    """Return a duration with a decimal where that still tells something."""
    return f"{duration_ns / 1000:.{0 if duration_ns >= 1_000_000 else 1}f}"


def shortened(name: str, width: int) -> str:
    """Return `name` in at most `width` characters: its middle goes, for markets differ at their ends."""
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"
