"""What a venue tells of reports beside the session of orders: copies of them, live or asked for, and settlements.

Units   times in ns since 1970; prices, sizes and money as in the venue's instruments.
Shapes  `further` of a venue returns a `FurtherDialect`, by whose parts a session beside that of orders is understood.
Errors  DecodeError for a message that cannot be read, or that contradicts what was read before.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from engine.codec import Fields
from engine.orders.report import ExecutionReport
from engine.venue.account import VenueSettlement


class CopiedReport(NamedTuple):
    """A report as another session than that of orders tells it; its `report` may be kept, no other message reuses it.

    `trade_id` is the venue's name of a fill, "" for what is none; `time_ns` when it happened, 0 where nobody says.
    """

    report: ExecutionReport
    trade_id: str
    time_ns: int


class ResendOutcome(Enum):
    """What became of a request for past reports, and what to do next."""

    COMPLETE = "every report of the range was sent"
    TOO_MANY_REQUESTS = "ask again later"
    SERVER_ERROR = "ask again"
    TOO_OLD = "its begin is outside of the window: ask by REST"
    END_TOO_LARGE = "its end is not there yet: leave it out"
    REFUSED = "refused for a reason that is not known: ask by REST"

    @property
    def is_lost(self) -> bool:
        """Whether no other request would bring it: it is learnt elsewhere."""
        return self in (ResendOutcome.TOO_OLD, ResendOutcome.REFUSED)


class ResendAnswer(NamedTuple):
    """The end of one request: `reports` is how many were sent for it, 0 where it was refused."""

    ref_seq_num: int
    outcome: ResendOutcome
    reports: int
    text: str


class MissedPlan(NamedTuple):
    """What to ask for after an absence, and of which shards the venue cannot say any more: REST must."""

    requests: tuple[bytes, ...]
    too_old: tuple[int, ...]


class PastReports(Protocol):
    """Asks for reports from the last one that was seen; state of one session, which resends nothing by itself."""

    @property
    def missed(self) -> int:
        """Reports that were announced and did not come."""

    def note(self, exec_id: str, time_ns: int) -> None:
        """Note that everything up to this report has been seen; one without a place in the venue's order is ignored."""

    def plan(self, now_ns: int) -> MissedPlan:
        """Return the requests for everything since; what is too old is begun anew with the next report."""

    def sent(self, seq_num: int, place: int) -> None:
        """Note that the request at this place of the last plan left under this MsgSeqNum(34)."""

    def take(self, fields: Fields) -> ResendAnswer | None:
        """Take every message of the session; return the end of a request, None for what is none."""

    def is_idle(self) -> bool:
        """Return whether every request has its answer."""

    def lost(self) -> None:
        """Forget the requests that the end of the connection left without an answer."""


class SettlementStream(Protocol):
    """Puts together what a venue says of the markets that it paid."""

    def take(self, fields: Fields) -> VenueSettlement | None:
        """Return what a market paid, once it is whole; None before that, for one known, and for other messages."""


class FurtherDialect(Protocol):
    """How a venue speaks on the sessions beside that of orders."""

    def problems(self, name: str, values: Mapping[str, str]) -> list[str]:
        """Return why a session with these values of a session file cannot be what its name says."""

    def flags(self, name: str) -> Mapping[str, bool | int]:
        """Return the flags of Logon that make a session what its name says."""

    def read_copy(self, fields: Fields) -> CopiedReport | None:
        """Return a copied report; None for any other message."""

    def past(self) -> PastReports:
        """Return what asks for past reports on one session."""

    def settlements(self) -> SettlementStream:
        """Return what reads settlements on one session."""
