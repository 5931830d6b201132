"""Series, events and markets as the venue shows them, with what older clients ask for beside.

A book without bids shows a bid of 0, one without asks an ask of 1.

Units   as in `engine.exchange.listing.records`.
Source  Kalshi REST: markets, fees; Kalshi REST operations: objects, needs of other clients.
"""

from typing import Any

from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import EventRecord, FeeChange, MarketRecord, SeriesRecord
from engine.instrument import PriceBand
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.numbers import DOLLAR, count, dollars, time_text

_NS = 1_000_000_000
_MILLI = 1_000
_HTTPS = "https://example.org"


def market_shown(market: MarketRecord, venue: VenueAccess, now_ns: int) -> dict[str, Any]:
    """Return one market."""
    book = venue.exchange.markets.get(market.ticker)
    bid = book.bids.best() if book else None
    ask = book.asks.best() if book else None
    shown: dict[str, Any] = {
        "ticker": market.ticker,
        "event_ticker": market.event,
        "series_ticker": market.series,
        "exchange_index": market.shard,
        "market_type": market.market_type,
        "title": market.title,
        "subtitle": market.subtitle,
        "yes_sub_title": market.yes_sub_title,
        "no_sub_title": market.no_sub_title,
        "status": market.status,
        "result": market.result,
        "created_time": time_text(market.created_ns),
        "updated_time": time_text(market.updated_ns),
        "open_time": time_text(market.opens_ns or market.created_ns),
        "close_time": time_text(market.close_ns),
        "expiration_time": time_text(market.latest_expiration_ns or market.close_ns),
        "latest_expiration_time": time_text(market.latest_expiration_ns or market.close_ns),
        "settlement_timer_seconds": market.settlement_timer_ns // _NS,
        "can_close_early": market.can_close_early,
        **_quotes(bid.price if bid else 0, ask.price if ask else DOLLAR),
        "yes_bid_size_fp": count(bid.size if bid else 0),
        "yes_ask_size_fp": count(ask.size if ask else 0),
        "last_price_dollars": dollars(market.last_price),
        "previous_price_dollars": dollars(market.previous_price),
        "previous_yes_bid_dollars": dollars(market.previous_bid),
        "previous_yes_ask_dollars": dollars(market.previous_ask),
        "volume_fp": count(market.volume),
        "volume_24h_fp": count(venue.place.tape.day_volume(market.ticker, now_ns)),
        "open_interest_fp": count(venue.ledger.open_interest.get(market.ticker, 0)),
        "notional_value_dollars": dollars(DOLLAR),
        "liquidity_dollars": dollars(0),
        "fractional_trading_enabled": True,
        "settlement_bounds_type": "default" if market.settlement_floor < 0 else "floor",
        "expiration_value": market.expiration_value,
        "rules_primary": market.rules_primary,
        "rules_secondary": market.rules_secondary,
        "price_level_structure": market.label,
        "price_ranges": [_band_shown(band) for band in market.bands],
        "is_provisional": False,
    }
    return shown | _optional(market)


def _quotes(bid: int, ask: int) -> dict[str, str]:
    return {
        "yes_bid_dollars": dollars(bid),
        "yes_ask_dollars": dollars(ask),
        "no_bid_dollars": dollars(DOLLAR - ask),
        "no_ask_dollars": dollars(DOLLAR - bid),
    }


def _optional(market: MarketRecord) -> dict[str, Any]:
    """Return the fields that a market has only sometimes."""
    times = {
        "expected_expiration_time": market.expected_expiration_ns,
        "fee_waiver_expiration_time": market.fee_waiver_ns,
        "settlement_ts": market.settled_ns,
    }
    texts = {
        "early_close_condition": market.early_close_condition,
        "strike_type": market.strike_type,
        "functional_strike": market.functional_strike,
    }
    strikes = {"floor_strike": market.floor_strike, "cap_strike": market.cap_strike}
    return {
        **{name: time_text(value) for name, value in times.items() if value},
        **{name: value for name, value in texts.items() if value},
        **{name: _number(value) for name, value in strikes.items() if value},
        **({"settlement_value_dollars": dollars(market.value)} if market.value >= 0 else {}),
        **({"settlement_floor_dollars": dollars(market.settlement_floor)} if market.settlement_floor >= 0 else {}),
    }


def _band_shown(band: PriceBand) -> dict[str, str]:
    return {"start": dollars(band.start), "end": dollars(band.end), "step": dollars(band.step)}


def event_shown(event: EventRecord, listing: VenueListing) -> dict[str, Any]:
    """Return one event, without its markets."""
    series = listing.series[event.series]
    shown: dict[str, Any] = {
        "event_ticker": event.ticker,
        "series_ticker": event.series,
        "exchange_index": event.shard,
        "title": event.title,
        "sub_title": event.sub_title,
        "category": series.category,
        "collateral_return_type": event.netting,
        "mutually_exclusive": event.mutually_exclusive,
        "available_on_brokers": False,
        "settlement_sources": [],
        "product_metadata": {},
        "last_updated_ts": time_text(event.updated_ns),
    }
    if event.strike_date_ns:
        shown["strike_date"] = time_text(event.strike_date_ns)
    if event.strike_period:
        shown["strike_period"] = event.strike_period
    if event.fee_type is not None:
        shown["fee_type_override"] = event.fee_type
    if event.multiplier_milli is not None:
        shown["fee_multiplier_override"] = multiplier_shown(event.multiplier_milli)
    return shown


def series_shown(series: SeriesRecord, volume: int | None) -> dict[str, Any]:
    """Return one series, with its volume if it is asked for."""
    shown: dict[str, Any] = {
        "ticker": series.ticker,
        "exchange_index": series.shard,
        "frequency": series.frequency,
        "title": series.title,
        "category": series.category,
        "categories": [series.category],
        "tags": list(series.tags),
        "contract_url": series.contract_url or _HTTPS,
        "contract_terms_url": series.contract_terms_url or _HTTPS,
        "fee_type": series.fee_type,
        "fee_multiplier": multiplier_shown(series.multiplier_milli),
        "settlement_sources": [],
        "additional_prohibitions": [],
        "last_updated_ts": time_text(series.updated_ns),
    }
    return shown if volume is None else {**shown, "volume_fp": count(volume)}


def series_fee_change_shown(change: FeeChange) -> dict[str, Any]:
    """Return a change of a series' fees."""
    return {
        "id": change.id,
        "series_ticker": change.series,
        "fee_type": change.fee_type or "quadratic",
        "fee_multiplier": multiplier_shown(_MILLI if change.multiplier_milli is None else change.multiplier_milli),
        "scheduled_ts": time_text(change.scheduled_ns),
    }


def event_fee_change_shown(change: FeeChange) -> dict[str, Any]:
    """Return a change of an event's own fees; null is the series' fees again."""
    milli = change.multiplier_milli
    return {
        "id": change.id,
        "event_ticker": change.event,
        "series_ticker": change.series,
        "fee_type_override": change.fee_type,
        "fee_multiplier_override": None if milli is None else multiplier_shown(milli),
        "scheduled_ts": time_text(change.scheduled_ns),
    }


def multiplier_shown(milli: int) -> float | int:
    """Return thousandths as the number that JSON has for them."""
    return milli / _MILLI if milli % _MILLI else milli // _MILLI


def _number(text: str) -> float | int:
    return float(text) if "." in text else int(text)
