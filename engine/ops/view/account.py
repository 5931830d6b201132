"""What a view says of the venue's REST side: the client, the account that is compared, the markets that are listed.

Units   times in ns, `_utc_ns` since 1970; tokens as the venue counts them.
Shapes  each tuple has the fields of its rows in their order.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

Row = tuple[str, str, str]  # name, shape, meaning

REST_ROWS: tuple[Row, ...] = (
    ("name", "120s", "the address"),
    ("requests", "q", "requests sent, each retry counting as one"),
    ("writes", "q", "those of them that change something"),
    ("in_flight", "q", "on their way now"),
    ("waiting", "q", "waiting now, for tokens or their turn"),
    ("hits", "q", "reads that the cache answered"),
    ("misses", "q", "reads that it might have answered"),
    ("shared", "q", "reads that the answer to another one answered"),
    ("stale", "q", "reads that an old answer had to answer"),
    ("waits", "q", "requests that had to wait"),
    ("wait_ns", "q", "how long, in all"),
    ("retries", "q", "requests sent again"),
    ("limited", "q", "refused by the venue for their rate: 429 and the like"),
    ("refused", "q", "not sent: too many waited, or for too long"),
    ("timeouts", "q", "not answered in time"),
    ("unknown", "q", "writes whose outcome nobody knows"),
    ("renewals", "q", "credentials renewed"),
    ("renewal_failures", "q", "attempts at it that failed"),
    ("answer_ns", "q", "how long answers took, in all"),
    ("slowest_ns", "q", "the longest of them"),
    ("read_tokens", "q", "tokens of reads that are left"),
    ("write_tokens", "q", "tokens of writes that are left, FIX orders included where they share them"),
    ("read_per_second", "q", "tokens of reads that the account gets"),
    ("write_per_second", "q", "tokens of writes that it gets"),
    ("error_utc_ns", "q", "when a request last failed, 0 for never"),
    ("error", "240s", "why, in the venue's words where there are any"),
)
ERROR_ROWS: tuple[Row, ...] = (
    ("code", "64s", "the venue's, or a word for the kind of failure"),
    ("count", "q", "requests that failed so"),
)
ACCOUNT_ROWS: tuple[Row, ...] = (
    ("compared_utc_ns", "q", "when the last comparison began, 0 for none"),
    ("comparisons", "q", "comparisons that came to an end"),
    ("differences", "q", "that the last one found"),
    ("stopped", "q", "markets that are stopped for them"),
    ("failures", "q", "comparisons that could not be made"),
    ("cash", "q", "the venue's, in money, as it was compared last"),
    ("cash_gap", "q", "by how much it is more than ours makes, below 0 less"),
    ("cash_state", "64s", "what came of it, in words; empty where it is not compared"),
    ("flows", "q", "deposits, withdrawals and transfers that were booked"),
    ("error_utc_ns", "q", "when a comparison could not be made last, 0 for never"),
    ("error", "240s", "why"),
    ("feed_fills", "q", "fills that the feed and the session of orders told"),
    ("feed_lag_ns", "q", "how far the last of them ran behind the session; below 0: ahead of it"),
    ("rest_fills", "q", "fills that REST and the session of orders told"),
    ("rest_lag_ns", "q", "the same of the last of them; REST is asked with each comparison"),
)
UNIVERSE_ROWS: tuple[Row, ...] = (
    ("known", "q", "markets that are traded"),
    ("waiting", "q", "markets that are wanted and have no room"),
    ("refused", "q", "markets that are wanted and cannot be traded"),
    ("listed_utc_ns", "q", "when the venue last listed all of them, 0 for never"),
    ("failures", "q", "lists that could not be had"),
    ("error_utc_ns", "q", "when that was last, 0 for never"),
    ("error", "240s", "why"),
)


class RestFacts(NamedTuple):
    """The client; the fields are those of REST_ROWS."""

    name: str
    requests: int
    writes: int
    in_flight: int
    waiting: int
    hits: int
    misses: int
    shared: int
    stale: int
    waits: int
    wait_ns: int
    retries: int
    limited: int
    refused: int
    timeouts: int
    unknown: int
    renewals: int
    renewal_failures: int
    answer_ns: int
    slowest_ns: int
    read_tokens: int
    write_tokens: int
    read_per_second: int
    write_per_second: int
    error_utc_ns: int
    error: str


class AccountFacts(NamedTuple):
    """The account; the fields are those of ACCOUNT_ROWS."""

    compared_utc_ns: int
    comparisons: int
    differences: int
    stopped: int
    failures: int
    cash: int
    cash_gap: int
    cash_state: str
    flows: int
    error_utc_ns: int
    error: str
    feed_fills: int
    feed_lag_ns: int
    rest_fills: int
    rest_lag_ns: int


class UniverseFacts(NamedTuple):
    """The markets; the fields are those of UNIVERSE_ROWS."""

    known: int
    waiting: int
    refused: int
    listed_utc_ns: int
    failures: int
    error_utc_ns: int
    error: str


class SideFacts(NamedTuple):
    """All of it at one moment; None for what this engine does not do. `errors` counts failures by their code."""

    rest: RestFacts
    errors: Mapping[str, int]
    account: AccountFacts | None
    universe: UniverseFacts | None

    def blocks(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the records by the block that they belong into."""
        return {
            "rest": [self.rest],
            "rest_errors": sorted(self.errors.items()),
            "account": [self.account] if self.account else [],
            "universe": [self.universe] if self.universe else [],
        }


class ComparedFacts(NamedTuple):
    """An account that is compared without a REST side."""

    account: AccountFacts

    def blocks(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the record by the block that it belongs into."""
        return {"account": [self.account]}


class AccountShown(Protocol):
    """What reads the account of an engine, over REST or its session, as far as it is shown."""

    def shown(self) -> SideFacts | ComparedFacts:
        """Return what it does now."""
