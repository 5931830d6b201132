"""Events about accounts, markets and hours, beside those of orders and trades in `events`.

Units   as in `instrument`; times in ns of the clock that the caller passes in.
Shapes  what names an account goes to it alone, everything else to everybody.
Source  Kalshi FIX: market settlement, order groups; Kalshi WebSocket: market_lifecycle_v2, order_group_updates.
"""

import msgspec

from engine.instrument import PriceBand


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill made of a position. It follows the `Traded` of the same ExecID(17).

    `long_qty` and `short_qty` are LongQty(704) and ShortQty(705), `balance_change` the CollateralAmountChange(1704) of
    type BALANCE with the fee in it, `freed` what of that netting across the event's markets gave back.
    """

    account: str
    symbol: str
    shard: int
    exec_id: str
    trade_id: str
    net: int
    cost: int
    realized: int
    fees: int
    open_fees: int
    volume: int
    balance_change: int
    freed: int
    now_ns: int

    @property
    def long_qty(self) -> int:
        """Return the YES contracts held."""
        return max(self.net, 0)

    @property
    def short_qty(self) -> int:
        """Return the NO contracts held."""
        return max(-self.net, 0)


class PositionPaid(msgspec.Struct, frozen=True, kw_only=True):
    """A settled market paid a position: `revenue` is the amount of type PAYOUT, net of `fee`."""

    account: str
    symbol: str
    event: str
    shard: int
    report_id: str  # MarketSettlementReportID(20105)
    result: str
    value: int  # the price that a YES contract is worth
    long_qty: int
    short_qty: int
    revenue: int
    fee: int
    now_ns: int


class BalanceChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Cash came, went or was moved by hand."""

    account: str
    shard: int
    cash: int
    now_ns: int


class GroupStep:
    """What happened to an order group, in the words of the venue's feed."""

    CREATED = "created"
    TRIGGERED = "triggered"
    RESET = "reset"
    DELETED = "deleted"
    LIMIT_UPDATED = "limit_updated"


class GroupChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order group was made, triggered, reset, deleted or given another limit; `limit` is in size units."""

    account: str
    group: str
    shard: int
    step: str
    limit: int
    now_ns: int


class MarketStep:
    """What happened to a market, in the words of the venue's feed. At its time it opens and closes without a word."""

    CREATED = "created"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    CLOSE_DATE_UPDATED = "close_date_updated"
    DETERMINED = "determined"
    SETTLED = "settled"
    GRID_UPDATED = "price_level_structure_updated"
    METADATA_UPDATED = "metadata_updated"


class MarketChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A step in a market's life. Only the fields that belong to `step` are set; the listing has the rest."""

    symbol: str
    event: str
    series: str
    shard: int
    step: str
    now_ns: int
    close_ns: int = 0
    result: str = ""
    value: int = -1
    label: str = ""
    bands: tuple[PriceBand, ...] = ()


class EventCreated(msgspec.Struct, frozen=True, kw_only=True):
    """An event was listed; what it is stands in the listing."""

    event: str
    series: str
    shard: int
    now_ns: int


class EventFeeChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An event has other fees than its series, or the same again: then both are None."""

    event: str
    fee_type: str | None
    multiplier_milli: int | None
    now_ns: int


class HoursChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A shard, or with -1 the whole exchange, was opened or paused."""

    shard: int
    is_open: bool
    is_trading: bool
    resumes_ns: int
    now_ns: int


AccountEvent = PositionChanged | PositionPaid | BalanceChanged | GroupChanged
ListingEvent = MarketChanged | EventCreated | EventFeeChanged | HoursChanged
