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


class MarketNaming(Enum):
    """What a channel makes of the markets that a subscription names."""

    REQUIRED = 1
    OPTIONAL = 2  # all of them where none is named
    REFUSED = 3
    IGNORED = 4


class ChannelRules(NamedTuple):
    """One channel; `needs` is the parameter that a subscription must have, and `missing` the error without it."""

    markets: MarketNaming
    is_private: bool = False
    needs: str = ""
    missing: int = 0


CHANNELS = {
    BOOK: ChannelRules(MarketNaming.REQUIRED),
    TICKER: ChannelRules(MarketNaming.OPTIONAL),
    TRADE: ChannelRules(MarketNaming.OPTIONAL),
    FILLS: ChannelRules(MarketNaming.OPTIONAL, is_private=True),
    USER_ORDERS: ChannelRules(MarketNaming.OPTIONAL, is_private=True),
    POSITIONS: ChannelRules(MarketNaming.OPTIONAL, is_private=True),
    ORDER_GROUPS: ChannelRules(MarketNaming.IGNORED, is_private=True),
    LIFECYCLE: ChannelRules(MarketNaming.REFUSED),
    COMBO_LIFECYCLE: ChannelRules(MarketNaming.REFUSED),
    COMMUNICATIONS: ChannelRules(MarketNaming.IGNORED, is_private=True),
    "cfbenchmarks_value": ChannelRules(MarketNaming.IGNORED, needs="index_ids", missing=24),
    "cfbenchmarks_value_5hz": ChannelRules(MarketNaming.IGNORED, needs="index_ids", missing=24),
    "pyth_value": ChannelRules(MarketNaming.IGNORED, needs="underlying_tickers", missing=28),
}
NUMBERED = frozenset((
    "orderbook_snapshot", "orderbook_delta", "trade", "market_lifecycle_v2", "multivariate_market_lifecycle",
    "event_lifecycle", "event_fee_update", "rfq_created", "rfq_deleted", "quote_created", "quote_accepted",
    "quote_executed", "order_group_updates", "cfbenchmarks_value", "cfbenchmarks_value_5hz", "pyth_value",
))  # fmt: skip


def lives_of(symbol: str) -> str:
    """Return the channel that tells of a market's life: combinations have one of their own."""
    return COMBO_LIFECYCLE if symbol.startswith(COMBO) else LIFECYCLE
