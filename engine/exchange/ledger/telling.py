"""Records and events made of what the exchange told and of what an account has.

Units   as in `records`.
"""

from engine import fix
from engine.exchange.account_events import PositionChanged, PositionPaid
from engine.exchange.events import Accepted, Canceled, Expired, Replaced, Traded
from engine.exchange.ledger.reasons import reason_of
from engine.exchange.ledger.records import FillRecord, OrderRecord, PositionRecord, SettlementRecord


def entered(event: Accepted, number: int, shard: int) -> OrderRecord:
    """Return the record of an order that was accepted."""
    return OrderRecord(
        number=number,
        account=event.account,
        order_id=event.order_id,
        cl_ord_id=event.cl_ord_id,
        first_cl_ord_id=event.cl_ord_id,
        symbol=event.symbol,
        shard=shard,
        side=event.side,
        price=event.price,
        order_qty=event.order_qty,
        cum_qty=0,
        leaves_qty=event.leaves_qty,
        status=fix.Status.NEW,
        ord_type=event.ord_type,
        time_in_force=event.time_in_force,
        expire_time_ns=event.expire_time_ns,
        terms=event.terms,
        created_ns=event.now_ns,
        updated_ns=event.now_ns,
    )


def changed(record: OrderRecord, event: Traded | Replaced | Canceled | Expired) -> None:
    """Bring the record of an order up to date."""
    record.reason = reason_of(event, record)
    record.cl_ord_id = event.cl_ord_id
    record.price, record.order_qty = event.price, event.order_qty
    record.cum_qty, record.leaves_qty, record.status = event.cum_qty, event.leaves_qty, event.ord_status
    record.time_in_force, record.expire_time_ns = event.time_in_force, event.expire_time_ns
    record.updated_ns = event.now_ns
    if isinstance(event, Canceled):
        record.text = event.text


def cost(record: OrderRecord, event: Traded, limit: int) -> None:
    """Add what a fill cost to the record of its order."""
    own_price = event.last_px if event.side == fix.BUY else limit - event.last_px
    if event.is_taker:
        record.taker_cost += own_price * event.last_qty
        record.taker_fees += event.fee
    else:
        record.maker_cost += own_price * event.last_qty
        record.maker_fees += event.fee


def fill(event: Traded, position: PositionRecord, number: int, change: int, freed: int) -> FillRecord:
    """Return the record of a fill that left a position as it is now."""
    return FillRecord(
        number=number,
        account=event.account,
        trade_id=event.trade_id,
        exec_id=event.exec_id,
        order_id=event.order_id,
        cl_ord_id=event.cl_ord_id,
        symbol=event.symbol,
        shard=position.shard,
        side=event.side,
        price=event.last_px,
        qty=event.last_qty,
        fee=event.fee,
        is_taker=event.is_taker,
        time_ns=event.now_ns,
        net_after=position.net,
        balance_change=change,
        freed=freed,
    )


def position_changed(event: Traded, position: PositionRecord, change: int, freed: int) -> PositionChanged:
    """Return the event that tells what a fill made of a position."""
    return PositionChanged(
        account=event.account,
        symbol=event.symbol,
        shard=position.shard,
        exec_id=event.exec_id,
        trade_id=event.trade_id,
        net=position.net,
        cost=position.cost,
        realized=position.realized,
        fees=position.fees,
        open_fees=position.open_fees,
        volume=position.volume,
        balance_change=change,
        freed=freed,
        now_ns=event.now_ns,
    )


def settlement(
    position: PositionRecord, number: int, result: str, value: int, revenue: int, fee: int, now_ns: int
) -> SettlementRecord:
    """Return the record of a position that is paid, taken before it is emptied."""
    return SettlementRecord(
        number=number,
        account=position.account,
        symbol=position.symbol,
        event=position.event,
        shard=position.shard,
        result=result,
        value=value,
        yes_qty=max(position.net, 0),
        no_qty=max(-position.net, 0),
        yes_cost=position.cost if position.net > 0 else 0,
        no_cost=position.cost if position.net < 0 else 0,
        revenue=revenue,
        fee=fee,
        time_ns=now_ns,
    )


def position_paid(record: SettlementRecord) -> PositionPaid:
    """Return the event that tells of a payment."""
    return PositionPaid(
        account=record.account,
        symbol=record.symbol,
        event=record.event,
        shard=record.shard,
        report_id=f"st-{record.number}",
        result=record.result,
        value=record.value,
        long_qty=record.yes_qty,
        short_qty=record.no_qty,
        revenue=record.revenue,
        fee=record.fee,
        now_ns=record.time_ns,
    )
