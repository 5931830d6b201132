"""Whether Kalshi is open, when it means to be, and how fresh what it says about an account is.

Source  Kalshi REST, start-up reads; operations of group exchange.
"""

import msgspec

from engine.errors import DecodeError
from engine.venue.kalshi.rest.dialect import refusal_of
from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import get, path
from engine.venue.rest import Call, Urgency

_HOUR_NS = 3_600 * 10**9
_STATUS_ANSWERS = (200, 500, 503, 504)  # it tells of its own failure in the same form


class KalshiShardStatus(msgspec.Struct, frozen=True):
    """What one shard takes."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool
    description: str = ""
    intra_exchange_transfers_active: bool | None = None


class KalshiStatus(msgspec.Struct, frozen=True):
    """What the exchange takes; the values at the top are those of shard 0."""

    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool | None = None
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[KalshiShardStatus] | None = None


class KalshiHours(msgspec.Struct, frozen=True):
    """One session of a day in Eastern Time, HH:MM; a close of 00:00 is midnight at its end."""

    open_time: str
    close_time: str


class KalshiWeek(msgspec.Struct, frozen=True):
    """The sessions of each weekday, while it holds."""

    start_time: str
    end_time: str
    monday: list[KalshiHours]
    tuesday: list[KalshiHours]
    wednesday: list[KalshiHours]
    thursday: list[KalshiHours]
    friday: list[KalshiHours]
    saturday: list[KalshiHours]
    sunday: list[KalshiHours]


class KalshiMaintenance(msgspec.Struct, frozen=True):
    """A planned time without trading."""

    start_datetime: str
    end_datetime: str


class KalshiSchedule(msgspec.Struct, frozen=True):
    """When the exchange is open."""

    standard_hours: list[KalshiWeek]
    maintenance_windows: list[KalshiMaintenance]


class KalshiScheduleAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for the schedule."""

    schedule: KalshiSchedule


class KalshiFreshness(msgspec.Struct, frozen=True):
    """Until when orders, fills, balance and positions tell everything."""

    as_of_time: str


_read_status = Reader("get_exchange_status", KalshiStatus)
read_schedule = Reader("get_exchange_schedule", KalshiScheduleAnswer)
read_freshness = Reader("get_user_data_timestamp", KalshiFreshness)


def read_status(body: bytes) -> KalshiStatus:
    """Return what the exchange says of itself; of a failure that says anything else the DecodeError has its words."""
    try:
        return _read_status(body)
    except DecodeError as error:
        raise DecodeError(f"{error}: {refusal_of(body).text}") from None


def status() -> Call[KalshiStatus]:
    """Return what asks whether the exchange is open."""
    where = path("exchange", "status")
    return get(_read_status.operation, where, read_status, urgency=Urgency.RECONCILE, statuses=_STATUS_ANSWERS)


def schedule() -> Call[KalshiScheduleAnswer]:
    """Return what asks when it means to be."""
    where = path("exchange", "schedule")
    return get(read_schedule.operation, where, read_schedule, urgency=Urgency.RECONCILE, max_age_ns=_HOUR_NS)


def user_data_timestamp() -> Call[KalshiFreshness]:
    """Return what asks how fresh the reads of an account are."""
    where = path("exchange", "user_data_timestamp")
    return get(read_freshness.operation, where, read_freshness, urgency=Urgency.RECONCILE)
