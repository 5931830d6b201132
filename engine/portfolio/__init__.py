"""What is held and what it is worth: the only profit and loss of the program.

`_portfolio` keeps it, `marks` says what a position is valued at, `day` when a day begins; `shared` divides an account
among strategies.
"""

from engine.portfolio._portfolio import Portfolio, Position
from engine.portfolio._totals import Totals

__all__ = ["Portfolio", "Position", "Totals"]
