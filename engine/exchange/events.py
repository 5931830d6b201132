"""Requests to the exchange and events from it: plain values without behaviour.

Units   prices, sizes and money as in `instrument`; times in ns of the clock that the caller passes in.
Shapes  a request is answered by a list of events in the order in which the venue would send them: reports
        go to their `account` alone, `LevelChanged` and `PublicTrade` to everybody.
Source  FIX 4.4 volume 4; Kalshi FIX: order entry, reports, reject codes and texts.
"""

from typing import ClassVar, NamedTuple

import msgspec

from engine import fix

ANY_SHARD = -1  # routed by its symbol
CAPTURED = ""  # the account of captured liquidity: it gets no reports


class Stp:
    """SelfTradePreventionType(2964) of the incoming order."""

    TAKER_AT_CROSS = 1  # cancel what is left of the incoming order
    MAKER = 2  # cancel the resting order and go on


class Refusal(NamedTuple):
    """OrdRejReason(103) or CxlRejReason(102), and Text(58)."""

    reason: int
    text: str


class EntryTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order was entered with beside price, size and validity, as every report repeats it."""

    stp: int = Stp.TAKER_AT_CROSS
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    group: str = ""  # of an order group
    max_cost: int = 0  # MaxExecutionCost, 0 is no bound
    session: str = ""  # who entered it, for whoever cancels by session


PLAIN_TERMS = EntryTerms()


# Requests


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """NewOrderSingle(D). A market order has no price; `expire_time_ns` belongs to GTD."""

    account: str
    cl_ord_id: str
    symbol: str
    side: int
    order_qty: int
    price: int = 0
    ord_type: str = fix.Type.LIMIT
    time_in_force: str = fix.Tif.DAY
    expire_time_ns: int = 0
    post_only: bool = False
    stp: int = Stp.TAKER_AT_CROSS
    reduce_only: bool = False  # IOC only
    cancel_on_pause: bool = False
    group: str = ""
    max_cost: int = 0
    shard: int = ANY_SHARD
    session: str = ""


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """OrderCancelRequest(F). Either id finds the order; symbol and side are compared if given. Without a `cl_ord_id`
    of its own it leaves the order's."""

    account: str
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    order_id: str = ""
    symbol: str = ""
    side: int = 0
    shard: int = ANY_SHARD


class Replace(msgspec.Struct, frozen=True, kw_only=True):
    """OrderCancelReplaceRequest(G). `order_qty` is the new total, filled part included; no TimeInForce keeps it, and
    no `cl_ord_id` leaves the order's."""

    account: str
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    order_id: str = ""
    symbol: str = ""
    side: int = 0
    order_qty: int
    price: int
    time_in_force: str = ""
    expire_time_ns: int = 0
    shard: int = ANY_SHARD


class MassCancel(msgspec.Struct, frozen=True, kw_only=True):
    """OrderMassCancelRequest(q): every order of the account, or those of one symbol, side or session."""

    account: str
    cl_ord_id: str
    symbol: str = ""
    side: int = 0
    session: str = ""


class StatusRequest(msgspec.Struct, frozen=True, kw_only=True):
    """OrderStatusRequest(H); with neither id, OrderMassStatusRequest(AF): every open order of the account."""

    account: str
    cl_ord_id: str = ""
    order_id: str = ""


Request = NewOrder | Cancel | Replace | MassCancel | StatusRequest


# Reports


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What every ExecutionReport(8) holds: the order as it stands after the event."""

    exec_type: ClassVar[str] = ""

    account: str
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    order_id: str = ""  # empty: the venue gave it none
    exec_id: str
    symbol: str
    side: int
    price: int
    order_qty: int
    cum_qty: int
    leaves_qty: int
    cum_cost: int  # sum of LastPx * LastQty, from which AvgPx(6)
    ord_status: str
    ord_type: str
    time_in_force: str
    expire_time_ns: int
    now_ns: int
    terms: EntryTerms = PLAIN_TERMS


class Accepted(Report, frozen=True, kw_only=True):
    """The order is in the market."""

    exec_type = fix.Exec.NEW


class Rejected(Report, frozen=True, kw_only=True):
    """The order was refused and never was in the market."""

    exec_type = fix.Exec.REJECTED
    reason: int
    text: str


class Traded(Report, frozen=True, kw_only=True):
    """One match of one order; the order's fields are as after it."""

    exec_type = fix.Exec.TRADE
    trade_id: str
    last_px: int
    last_qty: int
    fee: int
    is_taker: bool


class Undone(Report, frozen=True, kw_only=True):
    """A match was taken back, that of ExecRefID(19) `exec_ref_id`; the order's fields are as after it."""

    exec_ref_id: str
    trade_id: str
    undo_px: int
    undo_qty: int
    undo_fee: int


class Busted(Undone, frozen=True, kw_only=True):
    """The match never was."""

    exec_type = fix.Exec.TRADE_CANCEL


class Corrected(Undone, frozen=True, kw_only=True):
    """The match was another one."""

    exec_type = fix.Exec.TRADE_CORRECT
    last_px: int
    last_qty: int
    fee: int
    is_taker: bool


class Replaced(Report, frozen=True, kw_only=True):
    """The order has its new price, quantity or validity."""

    exec_type = fix.Exec.REPLACED


class Canceled(Report, frozen=True, kw_only=True):
    """The rest of the order left the market; `text` says why, and is empty if its owner asked."""

    exec_type = fix.Exec.CANCELED
    text: str


class Expired(Report, frozen=True, kw_only=True):
    """The order has expired, by its own time or because its market closed."""

    exec_type = fix.Exec.EXPIRED


class OrderState(Report, frozen=True, kw_only=True):
    """Answer to a status request; of an unknown order REJECTED with reason 5."""

    exec_type = fix.Exec.ORDER_STATUS
    reason: int = 0
    text: str = ""


class CancelRejected(msgspec.Struct, frozen=True, kw_only=True):
    """OrderCancelReject(9): the order stays as it was. `response_to` is CxlRejResponseTo(434)."""

    account: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    ord_status: str
    response_to: str
    reason: int
    text: str
    now_ns: int


class MassCanceled(msgspec.Struct, frozen=True, kw_only=True):
    """OrderMassCancelReport(r), followed by one `Canceled` per order; `reason` (532) is -1 unless refused."""

    account: str
    cl_ord_id: str
    exec_id: str
    symbol: str
    affected: int
    reason: int = -1
    text: str = ""
    now_ns: int


# Public events


class LevelChanged(msgspec.Struct, frozen=True):
    """The size at one price of one side of the book changed by `delta`."""

    symbol: str
    side: int
    price: int
    delta: int
    now_ns: int


class PublicTrade(msgspec.Struct, frozen=True):
    """One match, as everybody sees it; `side` is the taker's."""

    symbol: str
    trade_id: str
    side: int
    price: int
    qty: int
    now_ns: int
    is_block: bool = False  # agreed beside the book


Event = Report | CancelRejected | MassCanceled | LevelChanged | PublicTrade
