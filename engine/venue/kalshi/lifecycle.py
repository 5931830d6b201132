"""A Kalshi market's life: open, paused, closed, determined, settled, and the grid that changes meanwhile.

Units   the payout of a contract is a price; `_ts` fields are in seconds.
Errors  DecodeError or ConfigError for price bands that make no grid.
Source  Kalshi WebSocket, market_lifecycle_v2; market model, states and settlement.
"""

from engine.errors import DecodeError
from engine.instrument import Instrument, PriceBand, price_grid
from engine.venue import EventKind, MarketEvent, MarketState
from engine.venue.kalshi.frames import Band, Stage
from engine.venue.kalshi.market import ListedMarket

_NS = 1_000_000_000
STATES = {
    "created": MarketState.UNCHANGED,  # it opens at its time, without a word
    "activated": MarketState.ACTIVE,
    "deactivated": MarketState.PAUSED,
    "close_date_updated": MarketState.UNCHANGED,
    "determined": MarketState.DETERMINED,
    "settled": MarketState.SETTLED,
    "price_level_structure_updated": MarketState.UNCHANGED,
    "metadata_updated": MarketState.UNCHANGED,
}
_EXCLUSIVE = {"MECNET": 1, "DIRECNET": 0}  # by the type by which collateral is returned


def exclusive_of(netting: str | None, is_told: bool | None = None) -> int:
    """Return whether of the markets of an event one pays at most, as `MarketListing.exclusive`.

    What an event says of it goes before how its collateral is returned, which is said of few.
    """
    return _EXCLUSIVE.get(netting or "", -1) if is_told is None else int(is_told)


def take_stage(event: MarketEvent, market: ListedMarket, stage: Stage, now_ns: int) -> bool:
    """Make `event` say what a stage means for its market, at the venue's time `now_ns`; False if it is an unknown one.

    The market remembers what the stages told before: a settlement comes without its value.
    """
    state = STATES.get(stage.event_type)
    if state is None:
        return False
    if stage.price_ranges:
        bands = read_bands(stage.price_ranges, market.instrument)
        event.grid = price_grid(bands, market.instrument.limit)
        market.use_grid(event.grid)
    if stage.close_ts:
        event.close_ns = stage.close_ts * _NS
        state = _at_close(market.state, event.close_ns, now_ns)
    if state == MarketState.DETERMINED:
        market.payout = payout_of(stage, market.instrument)
    if state != MarketState.UNCHANGED:
        market.state = state
    event.kind = EventKind.STATE
    event.instrument = market.instrument
    event.state = state
    event.text = stage.event_type
    event.price = market.payout if state in (MarketState.DETERMINED, MarketState.SETTLED) else -1
    return True


def _at_close(state: int, close_ns: int, now_ns: int) -> int:
    """Return the state that follows from another time of closing: a closed market may open again."""
    if now_ns and close_ns <= now_ns:
        return MarketState.CLOSED
    return MarketState.ACTIVE if state == MarketState.CLOSED else MarketState.UNCHANGED


def read_bands(bands: list[Band], instrument: Instrument) -> tuple[PriceBand, ...]:
    """Return price ranges in the instrument's units; raise DecodeError if they are no numbers of it."""
    parse = instrument.parse_price
    return tuple(PriceBand(parse(band.start), parse(band.end), parse(band.step)) for band in bands)


def payout_of(stage: Stage, instrument: Instrument) -> int:
    """Return what a contract pays: its value where there is one, or what the result says; -1 if neither does."""
    limit: int = 10**instrument.price_decimals
    by_result = {"yes": limit, "no": 0}.get(stage.result, -1)
    if not stage.settlement_value:
        return by_result
    try:
        value = instrument.parse_price(stage.settlement_value)
    except DecodeError:  # finer than a price can be: the state counts all the same
        return by_result
    return value if 0 <= value <= limit else by_result
