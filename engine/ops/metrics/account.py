"""What surrounds the session of orders, of the View, as metrics: the REST side, and further sessions.

Shapes  without a REST side none of them is there. Codes are the venue's, of which the client names 64 and no more.
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client.core import CounterMetricFamily, Metric

from engine.ops.metrics.shapes import counted_by, counter, gauge, gauged_by
from engine.ops.view.reader import View

CACHE = {"hit": "hits", "miss": "misses", "shared": "shared", "stale": "stale"}
COPIES = {name: name for name in ("heard", "agreed", "booked", "recovered", "contradicted", "strangers", "elsewhere")}
SETTLEMENTS = {name: name for name in ("heard", "booked", "agreed", "confirmed", "differed", "elsewhere")}
SOURCES = ("feed", "rest")
MARKETS = {"known": "known", "waiting": "waiting", "refused": "refused"}


def of_account(view: View) -> Iterable[Metric]:
    """Yield what there is of them."""
    for rest in view.records("rest"):
        yield from _traffic(rest)
        yield from _pace(rest)
    if view.records("rest"):
        errors = CounterMetricFamily("fixlane_rest_errors", "REST requests that failed", labels=["code"])
        for row in view.records("rest_errors"):
            errors.add_metric([row.code], row.count)
        yield errors
    for account in view.records("account"):
        yield gauge("account_compared_timestamp_seconds", "when it was last compared", account.compared_utc_ns / 1e9)
        yield counter("account_comparisons", "comparisons of the account with the venue's", account.comparisons)
        yield counter("account_failures", "comparisons that could not be made", account.failures)
        yield gauge("account_differences", "differences that the last comparison found", account.differences)
        yield gauge("account_stopped_markets", "markets that are stopped for them", account.stopped)
        yield counted_by(
            "account_fills", "fills that a second source told too", "source", _of_sources(account, "fills")
        )
        lags = {source: lag_ns / 1e9 for source, lag_ns in _of_sources(account, "lag_ns").items()}
        yield gauged_by("account_fill_lag_seconds", "how far it runs behind the session of orders", "source", lags)
        if account.cash_state:
            yield from _cash(account, 10 ** (view.head.price_decimals + view.head.size_decimals))
    for universe in view.records("universe"):
        yield gauged_by("universe_markets", "markets that are wanted", "state", _by(universe, MARKETS))
        yield gauge("universe_listed_timestamp_seconds", "when they were last listed", universe.listed_utc_ns / 1e9)
        yield counter("universe_failures", "lists of markets that could not be had", universe.failures)
    for copies in view.records("copies"):
        yield counted_by("copies", "copied reports by what became of them", "outcome", _by(copies, COPIES))
        yield gauge("copies_lag_seconds", "how far copies run behind the session of orders", copies.lag_ns / 1e9)
        yield counter("copies_requests", "requests for past reports", copies.requests)
        yield counter("copies_failures", "those of them that failed", copies.failures)
        yield counter("copies_missed", "past reports that were announced and did not come", copies.missed)
    for told in view.records("settlements"):
        outcomes = _by(told, SETTLEMENTS)
        yield counted_by("settlements", "settlements of a session of their own", "outcome", outcomes)


def _of_sources(account: Any, figure: str) -> dict[str, int]:
    return {source: getattr(account, f"{source}_{figure}") for source in SOURCES}


def _cash(account: Any, unit: int) -> Iterable[Metric]:
    yield gauge("account_cash_dollars", "cash at the venue as it was compared last", account.cash / unit)
    yield gauge("account_cash_difference_dollars", "by how much it is more than ours makes", account.cash_gap / unit)
    yield counter("account_cash_flows", "deposits, withdrawals and transfers that were booked", account.flows)


def _traffic(rest: Any) -> Iterable[Metric]:
    requests = {"read": rest.requests - rest.writes, "write": rest.writes}
    yield counted_by("rest_requests", "REST requests sent", "kind", requests)
    yield gauge("rest_in_flight", "REST requests on their way", rest.in_flight)
    yield counted_by("rest_cache", "reads by what answered them", "answer", _by(rest, CACHE))
    yield counter("rest_retries", "REST requests sent again", rest.retries)
    yield counter("rest_timeouts", "REST requests not answered in time", rest.timeouts)
    yield counter("rest_unknown", "writes whose outcome nobody knows", rest.unknown)
    seconds = CounterMetricFamily("fixlane_rest_answer_seconds", "how long answers took in all")
    seconds.add_metric([], rest.answer_ns / 1e9)
    yield seconds


def _pace(rest: Any) -> Iterable[Metric]:
    yield counter("rest_limited", "REST requests that the venue refused for their rate", rest.limited)
    yield counter("rest_refused", "REST requests not sent: too many waited, or for too long", rest.refused)
    yield gauge("rest_waiting", "REST requests that wait for tokens or their turn", rest.waiting)
    yield counter("rest_waits", "REST requests that had to wait", rest.waits)
    seconds = CounterMetricFamily("fixlane_rest_wait_seconds", "how long they waited in all")
    seconds.add_metric([], rest.wait_ns / 1e9)
    yield seconds
    left = {"read": rest.read_tokens, "write": rest.write_tokens}
    yield gauged_by("rest_tokens", "tokens of the account that are left", "bucket", left)


def _by(record: Any, names: dict[str, str]) -> dict[str, int]:
    return {label: getattr(record, name) for label, name in names.items()}
