"""Order messages of a client as requests to the exchange.

Units   prices in $0.0001, quantities in 0.01 contract, money in 10**-6 dollar; a number finer than its unit is WRONG,
        which the exchange refuses.
Errors  none: the fields have passed `find_fault`.
Source  Kalshi FIX: NewOrderSingle, OrderCancelReplaceRequest, OrderCancelRequest, OrderMassCancelRequest.
"""

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.exchange.events import ANY_SHARD, Cancel, MassCancel, NewOrder, Replace, Stp
from engine.sim.fix.kalshi.wire import parse_money, parse_price, parse_qty
from engine.venue.kalshi.fix import tags

WRONG = -1
REDUCE_ONLY = "E"  # ExecInst(18)
_UNREADABLE_TIME_NS = 1  # long past


def new_order(fields: Fields, account: str, session: str, in_dollars: bool) -> NewOrder:
    """Return the request of a NewOrderSingle(D)."""
    instructions = fields.text(fix.ExecInst).split()
    return NewOrder(
        account=account,
        cl_ord_id=fields.text(fix.ClOrdID),
        symbol=fields.text(fix.Symbol),
        side=int(fields.text(fix.Side)),
        order_qty=_qty(fields),
        price=price(fields, in_dollars),
        time_in_force=fields.text(fix.TimeInForce, fix.Tif.DAY),
        expire_time_ns=_expiry(fields),
        post_only=fix.POST_ONLY in instructions,
        reduce_only=REDUCE_ONLY in instructions,
        stp=int(fields.text(tags.SelfTradePreventionType, str(Stp.TAKER_AT_CROSS))),
        cancel_on_pause=fields.text(tags.CancelOrderOnPause) == "Y",
        group=fields.text(tags.SecondaryClOrdID) or fields.text(tags.OrderGroupID),
        max_cost=_money(fields),
        shard=shard(fields),
        session=session,
    )


def replace(fields: Fields, account: str, in_dollars: bool, old_price: int) -> Replace:
    """Return the request of an OrderCancelReplaceRequest(G); without Price(44) the order keeps `old_price`."""
    return Replace(
        account=account,
        cl_ord_id=fields.text(fix.ClOrdID),
        orig_cl_ord_id=fields.text(fix.OrigClOrdID),
        order_id=fields.text(fix.OrderID),
        symbol=fields.text(fix.Symbol),
        side=int(fields.text(fix.Side)),
        order_qty=_qty(fields),
        price=price(fields, in_dollars) if fix.Price in fields else old_price,
        time_in_force=fields.text(fix.TimeInForce),
        expire_time_ns=_expiry(fields),
        shard=shard(fields),
    )


def cancel(fields: Fields, account: str) -> Cancel:
    """Return the request of an OrderCancelRequest(F)."""
    return Cancel(
        account=account,
        cl_ord_id=fields.text(fix.ClOrdID),
        orig_cl_ord_id=fields.text(fix.OrigClOrdID),
        order_id=fields.text(fix.OrderID),
        symbol=fields.text(fix.Symbol),
        side=int(fields.text(fix.Side)),
        shard=shard(fields),
    )


def mass_cancel(fields: Fields, account: str, session: str) -> MassCancel:
    """Return the request of an OrderMassCancelRequest(q): the orders of this session, on every shard."""
    return MassCancel(account=account, cl_ord_id=fields.text(fix.ClOrdID), session=session)


def shard(fields: Fields) -> int:
    """Return ExDestination(100), ANY_SHARD where the symbol decides."""
    return int(fields.text(tags.ExDestination, str(ANY_SHARD)))


def subaccount(fields: Fields) -> int:
    """Return AllocAccount(79), the primary one without it."""
    return int(fields.text(tags.AllocAccount, "0"))


def price(fields: Fields, in_dollars: bool) -> int:
    """Return Price(44)."""
    try:
        return parse_price(fields.text(fix.Price), in_dollars)
    except DecodeError:
        return WRONG


def _qty(fields: Fields) -> int:
    try:
        return parse_qty(fields.text(fix.OrderQty))
    except DecodeError:
        return WRONG


def _money(fields: Fields) -> int:
    try:
        return parse_money(fields.text(tags.MaxExecutionCost, "0"))
    except DecodeError:
        return WRONG


def _expiry(fields: Fields) -> int:
    """Return ExpireTime(126), 0 without one."""
    try:
        return fields.timestamp_ns(fix.ExpireTime, 0)
    except DecodeError:  # digits that are no date
        return _UNREADABLE_TIME_NS
