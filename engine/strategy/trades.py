"""A trade of the market, as a strategy reads it afterwards."""

from typing import NamedTuple


class LastTrade(NamedTuple):
    """Somebody traded `size` at `price` in the book; `side` is the aggressor's, `time_ns` since 1970 by our clock."""

    time_ns: int
    side: int
    price: int
    size: int
