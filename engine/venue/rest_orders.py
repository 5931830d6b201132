"""Orders over REST as a venue means them: requests as calls, answers and look-ups as reports.

An answer tells how much was filled, not in which trades. What it tells beyond our fills is *owed*: the order's fills
are asked for, and until then it counts at its worst. A fill is known as "trade:" and the venue's id of it, whichever
way it comes.

Units   as in the order's instrument; times in ns since 1970.
Errors  ConfigError for a request that cannot be sent, DecodeError for an answer that cannot be read.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue import Verdict
from engine.venue.account import VenueFill, VenueOrder
from engine.venue.rest import Call, PagedCall, RestRefusal


class RestOrderAnswer(NamedTuple):
    """What an answer says of an order: reports to apply now, and what was filled beyond them and our fills.

    `order_id` is the venue's, for the fills of what is owed. `is_over` says that nothing rests once that is counted;
    `is_stale` that the answer is older than our fills, so that it says nothing yet and is to be asked for again. `then`
    is to be applied once what is owed is counted.
    """

    reports: tuple[ExecutionReport, ...]
    order_id: str = ""
    owed_qty: int = 0
    is_over: bool = False
    is_stale: bool = False
    then: tuple[ExecutionReport, ...] = ()


class RestOrderDialect(Protocol):
    """Orders to calls, and what comes of them to reports."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the channels of the feed that tell of our orders and fills."""

    @property
    def consequences(self) -> Mapping[str, Verdict]:
        """Return what follows from a refusal, by its text up to a colon."""

    def new_order(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what opens an order, under `order.cl_ord_id`."""

    def cancel(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what cancels an order that the venue has named."""

    def replace(self, order: Order, now_ns: int) -> Call[RestOrderAnswer]:
        """Return what moves an order to its pending price and total."""

    def cancel_told(self, told: VenueOrder) -> Call[object]:
        """Return what cancels an order that the venue tells of, whoever placed it."""

    def mass_cancel(self) -> Call[None]:
        """Return what cancels every order of the account."""

    def state_of(self, order: Order) -> Call[RestOrderAnswer]:
        """Return what asks for the state of an order that the venue has named."""

    def lookup(self, order: Order, since_ns: int) -> PagedCall[VenueOrder]:
        """Return what lists the orders among which one must be that the venue has not named."""

    def is_same(self, order: Order, told: VenueOrder) -> bool:
        """Return whether the venue tells of this order."""

    def fills_of(self, answer: RestOrderAnswer) -> PagedCall[VenueFill]:
        """Return what asks for every fill of the order that an answer is about."""

    def refused(self, order: Order, request: str, status: int, refusal: RestRefusal) -> ExecutionReport:
        """Return the report of a refused `request`, a MsgType(35)."""

    def unknown(self, order: Order, request: str, text: str) -> ExecutionReport:
        """Return the report of a request whose outcome nobody knows."""

    def never_sent(self, order: Order, request: str, text: str) -> ExecutionReport:
        """Return the report of a request that did not leave us."""

    def found(self, order: Order, told: VenueOrder) -> RestOrderAnswer:
        """Return what an order's state means, as the venue tells it now."""

    def never_arrived(self, order: Order) -> ExecutionReport:
        """Return the report of an order that the venue does not know."""

    def trades(self, order: Order, fills: Sequence[VenueFill], answer: RestOrderAnswer) -> list[ExecutionReport]:
        """Return the reports of the fills that an answer owes; none while they are not all told."""
