"""The figures of the REST side, as status and metrics show them."""

from collections.abc import Callable

from engine.app.account.markets import MarketsWatch
from engine.app.account.watch import AccountWatch
from engine.net.rest.client import RestClient
from engine.ops.view.account import AccountFacts, RestFacts, UniverseFacts
from engine.trading.reconcile.second_sources import FillSource, SecondSources, SourceLag
from engine.trading.universe.universe import Universe


def rest_facts(client: RestClient, clock_ns: Callable[[], int]) -> RestFacts:
    """Return what a client has done, and what it may still spend."""
    counts, limits, now_ns = client.counts, client.tokens.limits, clock_ns()
    return RestFacts(
        name=client.settings.url,
        requests=counts.requests,
        writes=counts.writes,
        in_flight=counts.in_flight,
        waiting=counts.waiting,
        hits=counts.hits,
        misses=counts.misses,
        shared=counts.shared,
        stale=counts.stale,
        waits=counts.waits,
        wait_ns=counts.wait_ns,
        retries=counts.retries,
        limited=counts.limited,
        refused=counts.refused,
        timeouts=counts.timeouts,
        unknown=counts.unknown,
        renewals=counts.renewals,
        renewal_failures=counts.renewal_failures,
        answer_ns=counts.answer_ns,
        slowest_ns=counts.slowest_ns,
        read_tokens=client.tokens.reads.available(now_ns),
        write_tokens=client.tokens.writes().available(now_ns),
        read_per_second=limits.read_per_second,
        write_per_second=limits.write_per_second,
        error_utc_ns=counts.last_error_ns,
        error=counts.last_error,
    )


def account_facts(watch: AccountWatch, sources: SecondSources | None = None) -> AccountFacts:
    """Return when an account was compared, and what came of it; `sources` are the others of its fills."""
    last, cash = watch.last, watch.cash
    lags = sources.lags if sources is not None else dict.fromkeys(FillSource, SourceLag())
    feed, rest = lags[FillSource.FEED], lags[FillSource.REST]
    return AccountFacts(
        compared_utc_ns=watch.last_ns,
        comparisons=watch.comparisons,
        differences=len(last.findings) if last else 0,
        stopped=last.stopped if last else 0,
        failures=watch.failures,
        cash=cash.theirs if cash else 0,
        cash_gap=cash.gap if cash else 0,
        cash_state=cash.state.value if cash else "",
        flows=cash.flows if cash else 0,
        error_utc_ns=watch.error_ns,
        error=watch.error,
        feed_fills=feed.fills,
        feed_lag_ns=feed.lag_ns,
        rest_fills=rest.fills,
        rest_lag_ns=rest.lag_ns,
    )


def universe_facts(universe: Universe, watch: MarketsWatch) -> UniverseFacts:
    """Return how many markets there are, and when they were listed."""
    return UniverseFacts(
        known=len(universe),
        waiting=universe.waiting,
        refused=universe.refused,
        listed_utc_ns=watch.listed_ns,
        failures=watch.failures,
        error_utc_ns=watch.error_ns,
        error=watch.error,
    )
