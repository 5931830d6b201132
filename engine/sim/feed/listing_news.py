"""What everybody is told of markets and events: their lives, their events, other fees.

Units   as in the listing's records; `_ts` on the wire is in seconds.
Source  Kalshi WebSocket: market_lifecycle_v2, multivariate_market_lifecycle.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine._decimal import format_decimal
from engine.exchange.account_events import EventCreated, EventFeeChanged, MarketChanged, MarketStep
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import MarketRecord
from engine.instrument import PriceBand
from engine.sim.feed import frames
from engine.sim.feed.channels import lives_of
from engine.sim.feed.publisher import MarketData

_PRICE, _MILLI = 4, 3  # decimals
_NS = 1_000_000_000


class ListingNews:
    """Tells of the listing's steps; a market of which nothing is known any more is told by its step alone."""

    def __init__(self, market_data: MarketData, listing: VenueListing) -> None:
        self._market_data = market_data
        self._listing = listing

    def publish(self, events: Iterable[object]) -> None:
        """Tell what these events say of markets and events."""
        for event in events:
            if isinstance(event, MarketChanged):
                self._market(event)
            elif isinstance(event, EventCreated):
                self._event(event)
            elif isinstance(event, EventFeeChanged):
                self._fee(event)

    def _market(self, event: MarketChanged) -> None:
        market = self._listing.market(event.symbol)
        fields = _FIELDS[event.step](event, market) if market is not None else {}
        self._market_data.on_stage(event.symbol, event.step, **fields)

    def _event(self, event: EventCreated) -> None:
        record = self._listing.event(event.event)
        fields: dict[str, Any] = {
            "event_ticker": event.event,
            "exchange_index": event.shard,
            "title": record.title if record else "",
            "subtitle": record.sub_title if record else "",
            "collateral_return_type": record.netting if record else "",
            "series_ticker": event.series,
        }
        if record and record.strike_date_ns:
            fields["strike_date"] = record.strike_date_ns // _NS
        if record and record.strike_period:
            fields["strike_period"] = record.strike_period
        self._tell(event.event, "event_lifecycle", fields)

    def _fee(self, event: EventFeeChanged) -> None:
        milli = event.multiplier_milli
        multiplier = None if milli is None else msgspec.Raw(format_decimal(milli, _MILLI).encode())
        fields = {
            "event_ticker": event.event,
            "fee_type_override": event.fee_type,
            "fee_multiplier_override": multiplier,
        }
        self._tell(event.event, "event_fee_update", fields)

    def _tell(self, event: str, type_: str, fields: dict[str, Any]) -> None:
        data = self._market_data
        data.tell(lives_of(event), type_, frames.message(fields, data.now_ms))


def _created(event: MarketChanged, market: MarketRecord) -> dict[str, Any]:
    return {
        "exchange_index": event.shard,
        "open_ts": market.opens_ns // _NS,
        "close_ts": market.close_ns // _NS,
        "price_level_structure": market.label,
        "price_ranges": _ranges(market.bands),
        "additional_metadata": {
            "name": market.title,
            "title": market.title,
            "yes_sub_title": market.yes_sub_title,
            "no_sub_title": market.no_sub_title,
            "rules_primary": market.rules_primary,
            "rules_secondary": market.rules_secondary,
            "can_close_early": market.can_close_early,
            "event_ticker": market.event,
            "expected_expiration_ts": market.expected_expiration_ns // _NS,
            **_strikes(market),
        },
    }


def _grid(event: MarketChanged, market: MarketRecord) -> dict[str, Any]:
    return {"price_level_structure": event.label, "price_ranges": _ranges(event.bands)}


def _determined(event: MarketChanged, market: MarketRecord) -> dict[str, Any]:
    value = format_decimal(event.value, _PRICE)
    return {"result": event.result, "determination_ts": event.now_ns // _NS, "settlement_value": value}


def _metadata(event: MarketChanged, market: MarketRecord) -> dict[str, Any]:
    return {**_strikes(market), "yes_sub_title": market.yes_sub_title}


_FIELDS: dict[str, Callable[[MarketChanged, MarketRecord], dict[str, Any]]] = {
    MarketStep.CREATED: _created,
    MarketStep.ACTIVATED: lambda event, market: {"is_deactivated": False},
    MarketStep.DEACTIVATED: lambda event, market: {"is_deactivated": True},
    MarketStep.CLOSE_DATE_UPDATED: lambda event, market: {"close_ts": event.close_ns // _NS},
    MarketStep.DETERMINED: _determined,
    MarketStep.SETTLED: lambda event, market: {"settled_ts": event.now_ns // _NS},
    MarketStep.GRID_UPDATED: _grid,
    MarketStep.METADATA_UPDATED: _metadata,
}


def _strikes(market: MarketRecord) -> dict[str, Any]:
    """Return the strikes that a market has, as numbers of just their digits."""
    strikes: dict[str, Any] = {"strike_type": market.strike_type} if market.strike_type else {}
    for name in ("floor_strike", "cap_strike"):
        if text := getattr(market, name):
            strikes[name] = msgspec.Raw(text.encode())
    return strikes


def _ranges(bands: Iterable[PriceBand]) -> list[dict[str, str]]:
    return [{name: format_decimal(getattr(band, name), _PRICE) for name in ("start", "end", "step")} for band in bands]
