"""What an account has at a venue, as the venue tells it: values to compare with ours.

Units   prices, sizes and money as in the venue's instruments; a net position counts YES contracts, short below 0.
"""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import msgspec

from engine.venue.rest import Call, PagedCall


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the venue has it. `status` is OrdStatus(39)."""

    order_id: str
    cl_ord_id: str
    symbol: str
    side: int
    price: int
    order_qty: int
    cum_qty: int
    leaves_qty: int
    status: str
    shard: int = 0
    updated_ns: int = 0
    reason: str = ""  # why it was changed last, in the venue's word, where it says so


class VenueFill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill. `trade_id` is TrdMatchID(880): the same over FIX, feed and REST. `cl_ord_id` may be empty."""

    trade_id: str
    order_id: str
    cl_ord_id: str
    symbol: str
    side: int
    price: int
    qty: int
    fee: int
    is_taker: bool
    time_ns: int
    net_after: int | None = None  # the net position after it, where the venue says so


class VenuePosition(msgspec.Struct, frozen=True, kw_only=True):
    """The net position in one market, and what it has cost in fees so far: None where the venue does not say."""

    symbol: str
    net: int
    fees: int | None
    realized: int = 0


class VenueBalance(msgspec.Struct, frozen=True, kw_only=True):
    """Free and bound cash of the account, in all and by shard."""

    cash: int
    shards: dict[int, int] = {}
    updated_ns: int = 0


class VenueFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Cash that came from outside, above 0, or left, below 0, its fee taken off; `kind` is a word for people."""

    flow_id: str
    kind: str
    amount: int
    time_ns: int = 0


class VenueSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """One market paid. `payout` is what a YES contract got."""

    symbol: str
    payout: int
    revenue: int
    fee: int
    time_ns: int
    yes_qty: int = 0
    no_qty: int = 0


class OrderGroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order group: `change` is the venue's word. `limit` is the new one, -1 where it says none."""

    group_id: str
    change: str
    limit: int = -1
    time_ns: int = 0


class AccountDialect(Protocol):
    """What asks a venue for an account. Lists are complete only once their last page is read."""

    def as_of(self) -> Call[int] | None:
        """Return what asks how fresh the answers below are, in ns since 1970; None where they are always fresh."""

    def balance(self) -> Call[VenueBalance]:
        """Return what asks for the cash."""

    def flows(self) -> tuple[PagedCall[VenueFlow], ...]:
        """Return what asks for every deposit, withdrawal and transfer that has been carried out; none if untold."""

    def positions(self) -> PagedCall[VenuePosition]:
        """Return what asks for every position that is not settled."""

    def open_orders(self) -> PagedCall[VenueOrder]:
        """Return what asks for every resting order."""

    def orders_of(self, symbol: str, since_ns: int) -> PagedCall[VenueOrder]:
        """Return what asks for every order of a market, whatever its state, changed since then."""

    def fills(self, since_ns: int) -> PagedCall[VenueFill]:
        """Return what asks for every fill since then."""

    def settlements(self, since_ns: int) -> PagedCall[VenueSettlement]:
        """Return what asks for every settlement since then."""


class QueuePlace(msgspec.Struct, frozen=True, kw_only=True):
    """How many contracts trade before an order does, as text."""

    order_id: str
    symbol: str
    position: str


@runtime_checkable
class QueueDialect(Protocol):
    """What asks a venue where our resting orders stand in their queues."""

    def queue_places(self, symbols: Iterable[str]) -> Call[list[QueuePlace]]:
        """Return what asks for those of up to 100 markets."""
