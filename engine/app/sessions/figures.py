"""The figures of the sessions beside that of orders, as status and metrics show them."""

from engine.app.sessions.copies import Copies
from engine.app.sessions.drop_copy import MissedReports
from engine.app.sessions.post_trade import PostTrade
from engine.ops.view.further import CopiesFacts, FurtherFacts, SettlementFacts


def further_facts(copies: Copies | None, drop_copy: MissedReports | None, post_trade: PostTrade | None) -> FurtherFacts:
    """Return what they have told; None for what this engine has not."""
    return FurtherFacts(
        None if copies is None else copies_facts(copies, drop_copy),
        None if post_trade is None else settlement_facts(post_trade),
    )


def copies_facts(copies: Copies, drop_copy: MissedReports | None) -> CopiesFacts:
    """Return what became of copied reports, and of the requests for past ones."""
    counts = copies.counts
    return CopiesFacts(
        heard=counts.heard,
        agreed=counts.agreed,
        booked=counts.booked,
        recovered=counts.recovered,
        contradicted=counts.contradicted,
        strangers=counts.strangers,
        elsewhere=counts.elsewhere,
        lag_ns=counts.lag_ns,
        requests=drop_copy.requests if drop_copy else 0,
        failures=drop_copy.failures if drop_copy else 0,
        missed=drop_copy.missed if drop_copy else 0,
    )


def settlement_facts(post_trade: PostTrade) -> SettlementFacts:
    """Return what became of settlements."""
    counts = post_trade.counts
    return SettlementFacts(
        heard=counts.heard,
        booked=counts.booked,
        agreed=counts.agreed,
        confirmed=counts.asked,
        differed=counts.differed,
        elsewhere=counts.elsewhere,
    )
