"""Series, events and markets as the venue describes them.

Units   prices and sizes as in `instrument`; times in ns since 1970, 0 where there is none; fee multipliers in
        thousandths; strikes as decimal text, empty where there is none.
Source  Kalshi REST: markets, events, series; Kalshi market model: states, price grid, fees.
"""

import msgspec

from engine.exchange.ledger.terms import Netting
from engine.exchange.listing.grids import LINEAR_CENT, bands_of
from engine.instrument import PriceBand


class MarketStatus:
    """A market's state, as REST names it."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"


class MarketResult:
    """How a market ended; NONE while nobody knows. A void one is scalar."""

    NONE = ""
    YES = "yes"
    NO = "no"
    SCALAR = "scalar"


class FeeType:
    """How a series charges. An unknown type charges makers like WITH_MAKER."""

    QUADRATIC = "quadratic"
    WITH_MAKER = "quadratic_with_maker_fees"
    WITH_COMBO_MAKER = "quadratic_with_combo_maker_fees"
    FLAT = "flat"


class SeriesRecord(msgspec.Struct, kw_only=True):
    """A series of events."""

    ticker: str
    title: str = ""
    category: str = "Other"
    frequency: str = "custom"
    tags: tuple[str, ...] = ()
    fee_type: str = FeeType.QUADRATIC
    multiplier_milli: int = 1_000
    shard: int = 0
    contract_url: str = ""
    contract_terms_url: str = ""
    updated_ns: int = 0


class EventRecord(msgspec.Struct, kw_only=True):
    """An event of a series; its fee terms are None where they are those of the series."""

    ticker: str
    series: str
    title: str = ""
    sub_title: str = ""
    netting: str = Netting.NONE  # collateral_return_type
    mutually_exclusive: bool = False
    strike_date_ns: int = 0
    strike_period: str = ""
    fee_type: str | None = None
    multiplier_milli: int | None = None
    shard: int = 0
    created_ns: int = 0
    updated_ns: int = 0
    markets: list[str] = []  # tickers, the lowest strike first


class MarketRecord(msgspec.Struct, kw_only=True):
    """A market of an event. `value` is the price that a YES contract is worth in the end, -1 while nobody knows."""

    ticker: str
    event: str
    series: str = ""  # that of its event
    shard: int = 0
    market_type: str = "binary"
    title: str = ""
    subtitle: str = ""
    yes_sub_title: str = ""
    no_sub_title: str = ""
    rules_primary: str = ""
    rules_secondary: str = ""
    label: str = LINEAR_CENT  # price_level_structure
    bands: tuple[PriceBand, ...] = bands_of(LINEAR_CENT)
    strike_type: str = ""
    floor_strike: str = ""
    cap_strike: str = ""
    functional_strike: str = ""
    status: str = MarketStatus.INITIALIZED
    created_ns: int = 0
    updated_ns: int = 0
    opens_ns: int = 0
    close_ns: int = 0
    expected_expiration_ns: int = 0
    latest_expiration_ns: int = 0
    can_close_early: bool = True
    early_close_condition: str = ""
    settlement_timer_ns: int = 0
    fee_waiver_ns: int = 0  # no fees before it
    result: str = MarketResult.NONE
    value: int = -1
    expiration_value: str = ""
    determined_ns: int = 0
    settled_ns: int = 0
    settlement_floor: int = -1  # -1: bounds are the default
    last_price: int = 0
    last_size: int = 0
    previous_price: int = 0  # those of a day ago, as the venue shows them
    previous_bid: int = 0
    previous_ask: int = 0
    volume: int = 0
    traded_ns: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it was paid."""
        return self.status == MarketStatus.FINALIZED


class FeeChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fee terms that a series, or the `event` that is set, has from a time on; an event's None are the series' own."""

    id: str
    series: str
    event: str = ""
    fee_type: str | None
    multiplier_milli: int | None
    scheduled_ns: int
