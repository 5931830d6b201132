"""What is known of the markets whose frames are recorded, in the files that readers of captures look for.

Units   prices as text in dollars.
Errors  OSError from the disk.
Source  Kalshi REST: event, with its markets.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from engine._decimal import format_decimal
from engine.instrument import Instrument


def write_events(directory: Path, instruments: Sequence[Instrument]) -> None:
    """Write what is known of each market beside its frames; what is there already stays: it may know the result."""
    by_event: dict[str, list[Instrument]] = {}
    for each in instruments:
        if each.grid is not None:
            by_event.setdefault(each.event, []).append(each)
    for event, markets in by_event.items():
        path = directory / f"{event.replace('/', '_')}.event.json"
        if not path.exists():
            partial = path.with_name(path.name + ".partial")
            partial.write_text(json.dumps(_event(event, markets), indent=1) + "\n")
            partial.rename(path)


def _event(event: str, instruments: Sequence[Instrument]) -> dict[str, object]:
    markets = [
        {
            "ticker": each.symbol,
            "event_ticker": event,
            "price_ranges": [
                {
                    "start": format_decimal(band.start, each.price_decimals),
                    "end": format_decimal(band.end, each.price_decimals),
                    "step": format_decimal(band.step, each.price_decimals),
                }
                for band in (each.grid.bands if each.grid else ())
            ],
        }
        for each in instruments
    ]
    return {"response": {"event": {"event_ticker": event, "series_ticker": instruments[0].series}, "markets": markets}}
