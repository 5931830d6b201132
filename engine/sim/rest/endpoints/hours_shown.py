"""Whether the exchange is open, when it is, and how fresh its answers are.

Source  Kalshi REST: exchange; Kalshi market model: hours; Kalshi REST operations: exchange.
"""

from typing import Any

from engine.sim.rest.numbers import time_text
from engine.sim.rest.operations import PUBLIC, Asked, Operation, Query

Answer = dict[str, Any]
_YEAR_NS = 365 * 86_400 * 1_000_000_000
_WHOLE = [{"open_time": "00:00", "close_time": "00:00"}]
_THURSDAY = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DESCRIPTIONS = {0: "default", 1: "combos", 2: "crypto and commodities", 3: "sports"}


def get_status(asked: Asked[Query, None]) -> Answer:
    """Return whether each shard takes requests and trades; on top it is shard 0."""
    hours = asked.venue.place.hours
    shards = sorted({0, *(series.shard for series in asked.venue.listing.series.values())})
    statuses = [_shard_shown(shard, hours.is_open(shard), hours.is_trading(shard)) for shard in shards]
    return _status(statuses, hours.resumes_ns)


def get_broken_status(asked: Asked[Query, None]) -> Answer:
    """Return the answer while the exchange cannot be reached, which keeps its own shape."""
    return _status([_shard_shown(0, False, False)], 0)


def get_schedule(asked: Asked[Query, None]) -> Answer:
    """Return the hours of a week, Eastern time, and the planned pauses."""
    year = {
        "start_time": time_text(asked.now_ns - _YEAR_NS),
        "end_time": time_text(asked.now_ns + _YEAR_NS),
        **{day: _THURSDAY if day == "thursday" else _WHOLE for day in _DAYS},
    }
    windows = [
        {"start_datetime": time_text(pause.begin_ns), "end_datetime": time_text(pause.end_ns)}
        for pause in asked.venue.place.hours.pauses
    ]
    return {"schedule": {"standard_hours": [year], "maintenance_windows": windows}}


def get_user_data_timestamp(asked: Asked[Query, None]) -> Answer:
    """Return how fresh what accounts read of themselves is."""
    return {"as_of_time": time_text(asked.now_ns - asked.records.lag.lag_ns)}


def get_announcements(asked: Asked[Query, None]) -> Answer:
    """Return what the venue announces: nothing."""
    return {"announcements": []}


def _status(statuses: list[Answer], resumes_ns: int) -> Answer:
    first = statuses[0]
    names = ("exchange_active", "trading_active", "intra_exchange_transfers_active")
    answer = {**{name: first[name] for name in names}, "exchange_index_statuses": statuses}
    return {**answer, "exchange_estimated_resume_time": time_text(resumes_ns)} if resumes_ns else answer


def _shard_shown(shard: int, is_open: bool, is_trading: bool) -> Answer:
    return {
        "exchange_index": shard,
        "description": _DESCRIPTIONS.get(shard, "more"),
        "exchange_active": is_open,
        "trading_active": is_trading,
        "intra_exchange_transfers_active": is_open,
    }


def _read(name: str, path: str, run: Any, **more: Any) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, scope=PUBLIC, **more)


OPERATIONS = (
    _read("get_exchange_status", "/exchange/status", get_status, broken=get_broken_status),
    _read("get_exchange_schedule", "/exchange/schedule", get_schedule),
    _read("get_user_data_timestamp", "/exchange/user_data_timestamp", get_user_data_timestamp),
    _read("get_exchange_announcements", "/exchange/announcements", get_announcements),
)
