"""What the venue also offers and this one has none of: lists are empty, single things are not found.

Source  Kalshi REST operations: multivariate, incentive programs, live data, milestones, search, structured targets.
"""

from typing import Annotated, Any

import msgspec

from engine.sim.rest.operations import PUBLIC, Asked, Limit200, Limit500, Operation, Query, Seconds
from engine.sim.rest.refusals import not_found

Answer = dict[str, Any]


class ListQuery(Query, frozen=True, kw_only=True):
    """A page of a list."""

    limit: Limit200 = 100
    cursor: str = ""


class MilestonesQuery(Query, frozen=True, kw_only=True):
    """A page of milestones."""

    limit: Limit500
    cursor: str = ""


class ProgramsQuery(Query, frozen=True, kw_only=True):
    """A page of incentive programs."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    cursor: str = ""


class LiveQuery(Query, frozen=True, kw_only=True):
    """Which milestones."""

    milestone_ids: Annotated[list[str], msgspec.Meta(max_length=100)]


class ForecastQuery(Query, frozen=True, kw_only=True):
    """Which percentiles, and of which time."""

    percentiles: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=9_999)]], msgspec.Meta(max_length=10)]
    start_ts: Seconds
    end_ts: Seconds
    period_interval: int


def get_forecast(asked: Asked[ForecastQuery, None]) -> Answer:
    """Return the forecasts of an event that is listed, of which there are none."""
    event = asked.venue.listing.event(asked.path["ticker"])
    if event is None or event.series != asked.path["series_ticker"]:
        raise not_found("event in this series")
    return {"forecast_history": []}


def _none(name: str, path: str, answer: Answer, query: type[Query] = Query) -> Operation:
    return Operation(name=name, method="GET", path=path, run=lambda asked: answer, query=query, scope=PUBLIC)


def _missing(name: str, path: str, what: str) -> Operation:
    def refuse(asked: Asked[Query, None]) -> Answer:
        """Say that it is not there."""
        raise not_found(what)

    return Operation(name=name, method="GET", path=path, run=refuse, scope=PUBLIC)


OPERATIONS = (
    _none("get_incentive_programs", "/incentive_programs", {"incentive_programs": []}, ProgramsQuery),
    _none("get_multivariate_event_collections", "/multivariate_event_collections",
          {"multivariate_contracts": [], "cursor": ""}, ListQuery),
    _none("get_milestones", "/milestones", {"milestones": [], "cursor": ""}, MilestonesQuery),
    _none("get_structured_targets", "/structured_targets", {"structured_targets": [], "cursor": ""}),
    _none("get_filters_for_sports", "/search/filters_by_sport", {"filters_by_sports": {}, "sport_ordering": []}),
    _none("get_tags_for_series_categories", "/search/tags_by_categories", {"tags_by_categories": {}}),
    _none("get_live_datas", "/live_data/batch", {"live_datas": []}, LiveQuery),
    Operation(name="get_event_forecast_percentiles_history", method="GET", run=get_forecast, query=ForecastQuery,
              path="/series/{series_ticker}/events/{ticker}/forecast_percentile_history"),
    _missing("get_multivariate_event_collection", "/multivariate_event_collections/{collection_ticker}", "collection"),
    _missing("get_milestone", "/milestones/{milestone_id}", "milestone"),
    _missing("get_structured_target", "/structured_targets/{structured_target_id}", "structured target"),
)  # fmt: skip
