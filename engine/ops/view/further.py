"""What a view says of the sessions beside that of orders: copies of reports, and settlements.

Units   times in ns.
Shapes  each tuple has the fields of its rows in their order.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from engine.ops.view.account import Row
from engine.session import Session

COPIES_ROWS: tuple[Row, ...] = (
    ("heard", "q", "reports that they told"),
    ("agreed", "q", "fills that the session of orders told too"),
    ("booked", "q", "fills and ends of orders that a copy told first"),
    ("recovered", "q", "those of them that the session of orders could not tell"),
    ("contradicted", "q", "reports that do not fit what was known"),
    ("strangers", "q", "reports of orders that are none of ours"),
    ("elsewhere", "q", "reports of markets that are not ours"),
    ("lag_ns", "q", "how far the last fill that both told ran behind the session of orders; below 0: ahead of it"),
    ("requests", "q", "requests for past reports"),
    ("failures", "q", "those of them that failed"),
    ("missed", "q", "past reports that were announced and did not come"),
)
SETTLEMENT_ROWS: tuple[Row, ...] = (
    ("heard", "q", "settlements that were told"),
    ("booked", "q", "those that nobody had told before"),
    ("agreed", "q", "those that paid what was held"),
    ("confirmed", "q", "those that REST told just so"),
    ("differed", "q", "differences"),
    ("elsewhere", "q", "settlements of markets that are not ours"),
)


class CopiesFacts(NamedTuple):
    """Copied reports; the fields are those of COPIES_ROWS."""

    heard: int
    agreed: int
    booked: int
    recovered: int
    contradicted: int
    strangers: int
    elsewhere: int
    lag_ns: int
    requests: int
    failures: int
    missed: int


class SettlementFacts(NamedTuple):
    """Settlements; the fields are those of SETTLEMENT_ROWS."""

    heard: int
    booked: int
    agreed: int
    confirmed: int
    differed: int
    elsewhere: int


class FurtherFacts(NamedTuple):
    """All of it at one moment; None for what this engine has not."""

    copies: CopiesFacts | None
    settlements: SettlementFacts | None

    def blocks(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the records by the block that they belong into."""
        return {
            "copies": [self.copies] if self.copies else [],
            "settlements": [self.settlements] if self.settlements else [],
        }


class FurtherShown(Protocol):
    """The sessions beside that of orders, as far as they are shown."""

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The sessions by their name in the configuration."""

    def shown(self) -> FurtherFacts:
        """Return what they do now."""
