"""What an integer counts, as an annotation: the configuration converts the text that a person writes by it, exactly.

`Side` is the one side of orders, book levels and trades.

Units   a size, price or money is an integer in the units of its instrument; a duration or a time of day is in ns.
"""

from enum import Enum
from typing import Annotated

import msgspec

NO_LIMIT = 2**61  # beyond every sum, yet two of them add up inside 64 bits


class Side:
    """Side of an order, of a level or of a trade's aggressor: who bids buys. The numbers are those of Side(54)."""

    BUY = 1
    SELL = 2


class Unit(Enum):
    """What an integer counts; the value is how a person writes it."""

    SIZE = 'contracts as text, such as "100" or "0.5"'
    PRICE = 'dollars as text, such as "0.05"'
    MONEY = 'an amount in dollars as text, such as "250"'
    TIME_OF_DAY = 'a time of day as text, such as "00:00" or "16:30:00"'
    DURATION = 'a duration as text, such as "500ms", "2s" or "15min"'
    COUNT = "a whole number"


Size = Annotated[int, Unit.SIZE]
Price = Annotated[int, Unit.PRICE]
Money = Annotated[int, Unit.MONEY]
TimeOfDay = Annotated[int, Unit.TIME_OF_DAY]
Duration = Annotated[int, Unit.DURATION]
Count = Annotated[int, Unit.COUNT]
# The same where "none" may be written: no limit.
SizeLimit = Annotated[int, Unit.SIZE, NO_LIMIT]
PriceLimit = Annotated[int, Unit.PRICE, NO_LIMIT]
MoneyLimit = Annotated[int, Unit.MONEY, NO_LIMIT]
DurationLimit = Annotated[int, Unit.DURATION, NO_LIMIT]
CountLimit = Annotated[int, Unit.COUNT, NO_LIMIT]


class Section(msgspec.Struct, frozen=True, kw_only=True, rename=lambda name: name.removesuffix("_ns")):
    """A table of the configuration: its keys are the field names, a duration's without `_ns`."""
