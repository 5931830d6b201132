"""The channels that Kalshi's feed has: who may subscribe to each, for which markets, and what it numbers.

Source  Kalshi WebSocket: channels; replies and envelope (which messages carry seq).
"""

from enum import Enum
from typing import NamedTuple

BOOK, TICKER, TRADE = "orderbook_delta", "ticker", "trade"
LIFECYCLE, COMBO_LIFECYCLE = "market_lifecycle_v2", "multivariate_market_lifecycle"
FILLS, USER_ORDERS, POSITIONS = "fill", "user_orders", "market_positions"
ORDER_GROUPS, COMMUNICATIONS = "order_group_updates", "communications"
COMBO = "KXMVE"  # how the symbol of a combination begins


class Markets(Enum):
    """What a channel makes of the markets that a subscription names."""

    REQUIRED = 1
    OPTIONAL = 2  # all of them where none is named
    REFUSED = 3
    IGNORED = 4


class Channel(NamedTuple):
    """One channel; `needs` is the parameter that a subscription must have, and `missing` the error without it."""

    markets: Markets
    is_private: bool = False
    needs: str = ""
    missing: int = 0


CHANNELS = {
    BOOK: Channel(Markets.REQUIRED),
    TICKER: Channel(Markets.OPTIONAL),
    TRADE: Channel(Markets.OPTIONAL),
    FILLS: Channel(Markets.OPTIONAL, is_private=True),
    USER_ORDERS: Channel(Markets.OPTIONAL, is_private=True),
    POSITIONS: Channel(Markets.OPTIONAL, is_private=True),
    ORDER_GROUPS: Channel(Markets.REFUSED, is_private=True),
    LIFECYCLE: Channel(Markets.REFUSED),
    COMBO_LIFECYCLE: Channel(Markets.REFUSED),
    COMMUNICATIONS: Channel(Markets.IGNORED, is_private=True),
    "cfbenchmarks_value": Channel(Markets.IGNORED, needs="index_ids", missing=24),
    "cfbenchmarks_value_5hz": Channel(Markets.IGNORED, needs="index_ids", missing=24),
    "pyth_value": Channel(Markets.IGNORED, needs="underlying_tickers", missing=28),
}
NUMBERED = frozenset((
    "orderbook_snapshot", "orderbook_delta", "trade", "market_lifecycle_v2", "multivariate_market_lifecycle",
    "event_lifecycle", "event_fee_update", "rfq_created", "rfq_deleted", "quote_created", "quote_accepted",
    "quote_executed", "order_group_updates", "cfbenchmarks_value", "cfbenchmarks_value_5hz", "pyth_value",
))  # fmt: skip


def lives_of(symbol: str) -> str:
    """Return the channel that tells of a market's life: combinations have one of their own."""
    return COMBO_LIFECYCLE if symbol.startswith(COMBO) else LIFECYCLE
