"""What the ledger remembers, as its queries return it.

Units   as in `instrument`: prices of YES contracts, sizes, money as their product; times in ns since 1970. A net
        position counts YES contracts, NO contracts below 0.
Shapes  `number` grows with every record of its kind, so that a page can go on behind the last one.
"""

import msgspec

from engine import fix
from engine.exchange.events import PLAIN_TERMS, EntryTerms


class RestingStatus:
    """How a query names the state of orders, as the venue's REST reads do."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"


class OrderRecord(msgspec.Struct, kw_only=True):
    """One order as it stands; `status` is OrdStatus(39), and `text` says why it ended if its owner did not ask."""

    number: int
    account: str
    order_id: str
    cl_ord_id: str  # under which it was last changed
    first_cl_ord_id: str
    symbol: str
    shard: int
    side: int
    price: int
    order_qty: int
    cum_qty: int
    leaves_qty: int
    status: str
    ord_type: str
    time_in_force: str
    expire_time_ns: int
    terms: EntryTerms = PLAIN_TERMS
    text: str = ""
    taker_cost: int = 0  # of the contracts got: those of a sale of YES are NO contracts
    maker_cost: int = 0
    taker_fees: int = 0
    maker_fees: int = 0
    reason: str = ""  # what changed it last, in the words of the venue's feed, such as "Trade"
    created_ns: int = 0
    updated_ns: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it rests or may still trade."""
        return self.status in (fix.Status.NEW, fix.Status.PARTIALLY_FILLED)

    @property
    def rest_status(self) -> str:
        """Return its state as REST reads name it."""
        if self.is_live:
            return RestingStatus.RESTING
        return RestingStatus.EXECUTED if self.status == fix.Status.FILLED else RestingStatus.CANCELED


class FillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One account's part in one trade, and what it had afterwards."""

    number: int
    account: str
    trade_id: str
    exec_id: str
    order_id: str
    cl_ord_id: str
    symbol: str
    shard: int
    side: int
    price: int
    qty: int
    fee: int
    is_taker: bool
    time_ns: int
    net_after: int
    balance_change: int  # of the cash, fee and freed collateral included
    freed: int = 0  # collateral that other positions of the event gave back, part of the change


class PositionRecord(msgspec.Struct, kw_only=True):
    """An account's position in one market. `cost` is what the open contracts cost without their fees."""

    account: str
    symbol: str
    event: str
    shard: int
    net: int = 0
    cost: int = 0
    open_fees: int = 0  # those of the open contracts
    realized: int = 0  # without fees
    fees: int = 0
    traded: int = 0  # cost of all contracts that changed hands
    volume: int = 0  # contracts that changed hands
    updated_ns: int = 0
    is_settled: bool = False


class SettlementRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One market paid to one account. `value` is the price that a YES contract is worth; revenue is net of the fee."""

    number: int
    account: str
    symbol: str
    event: str
    shard: int
    result: str
    value: int
    yes_qty: int
    no_qty: int
    yes_cost: int
    no_cost: int
    revenue: int
    fee: int
    time_ns: int


class BalanceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The cash of an account on one shard, and how much of it its resting orders may need."""

    account: str
    shard: int
    cash: int
    resting: int
    updated_ns: int

    @property
    def free(self) -> int:
        """Return what another order may need."""
        return self.cash - self.resting


class TransferRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Money moved between two places of one member, or in from outside: then `source` is empty."""

    number: int
    transfer_id: str
    source: str
    source_shard: int
    destination: str
    destination_shard: int
    amount: int
    time_ns: int
