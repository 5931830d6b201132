"""An account's orders, fills, positions and settlements as the venue shows them, deprecated fields included.

A bid buys YES, an ask buys NO at one less its price. On an order the older `side` and `action` call that buying and
selling YES; on a fill `side` is the outcome that was acquired.

Units   as in `engine.exchange.ledger.records`.
Source  Kalshi REST operations: objects, needs of other clients.
"""

from typing import Any

from engine import fix
from engine.exchange.events import Stp
from engine.exchange.ledger.names import member_of, subaccount_of
from engine.exchange.ledger.records import FillRecord, OrderRecord, PositionRecord, SettlementRecord
from engine.sim.rest.numbers import DOLLAR, cents, count, dollars, money, time_text

_STP = {Stp.TAKER_AT_CROSS: "taker_at_cross", Stp.MAKER: "maker"}
_CENTS = 100  # price units in one


def order_shown(order: OrderRecord) -> dict[str, Any]:
    """Return one order."""
    shown: dict[str, Any] = {
        "order_id": order.order_id,
        "user_id": member_of(order.account),
        "client_order_id": order.cl_ord_id,
        "ticker": order.symbol,
        "exchange_index": order.shard,
        **sides(order.side),
        "type": "market" if order.ord_type == fix.Type.MARKET else "limit",
        "status": order.rest_status,
        **prices(order.price),
        "initial_count_fp": count(order.order_qty),
        "fill_count_fp": count(order.cum_qty),
        "remaining_count_fp": count(order.leaves_qty),
        "taker_fill_cost_dollars": money(order.taker_cost),
        "maker_fill_cost_dollars": money(order.maker_cost),
        "taker_fees_dollars": money(order.taker_fees),
        "maker_fees_dollars": money(order.maker_fees),
        "created_time": time_text(order.created_ns),
        "last_update_time": time_text(order.updated_ns),
        "self_trade_prevention_type": _STP[order.terms.stp],
        "cancel_order_on_pause": order.terms.cancel_on_pause,
        "subaccount_number": subaccount_of(order.account),
    }
    if order.expire_time_ns:
        shown["expiration_time"] = time_text(order.expire_time_ns)
    if order.terms.group:
        shown["order_group_id"] = order.terms.group
    return shown


def fill_shown(fill: FillRecord) -> dict[str, Any]:
    """Return one fill."""
    return {
        "fill_id": fill.trade_id,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "ticker": fill.symbol,
        "market_ticker": fill.symbol,
        "exchange_index": fill.shard,
        **acquired(fill.side),
        "count_fp": count(fill.qty),
        **prices(fill.price),
        "is_taker": fill.is_taker,
        "fee_cost": money(fill.fee),
        "created_time": time_text(fill.time_ns),
        "ts": fill.time_ns // 1_000_000_000,
        "subaccount_number": subaccount_of(fill.account),
    }


def position_shown(position: PositionRecord, resting_orders: int) -> dict[str, Any]:
    """Return the position in one market; `resting_orders` are the account's in it."""
    return {
        "ticker": position.symbol,
        "exchange_index": position.shard,
        "total_traded_dollars": money(position.traded),
        "position_fp": count(position.net),
        "market_exposure_dollars": money(position.cost),
        "realized_pnl_dollars": money(position.realized),
        "fees_paid_dollars": money(position.fees),
        "resting_orders_count": resting_orders,
        "last_updated_ts": time_text(position.updated_ns),
    }


def event_position_shown(event: str, positions: list[PositionRecord]) -> dict[str, Any]:
    """Return the positions of one event together."""
    return {
        "event_ticker": event,
        "total_cost_dollars": money(sum(position.traded for position in positions)),
        "total_cost_shares_fp": count(sum(position.volume for position in positions)),
        "event_exposure_dollars": money(sum(position.cost for position in positions)),
        "realized_pnl_dollars": money(sum(position.realized for position in positions)),
        "fees_paid_dollars": money(sum(position.fees for position in positions)),
    }


def settlement_shown(settlement: SettlementRecord) -> dict[str, Any]:
    """Return one market paid. `revenue` and `value` are cents."""
    return {
        "ticker": settlement.symbol,
        "event_ticker": settlement.event,
        "exchange_index": settlement.shard,
        "market_result": settlement.result,
        "yes_count_fp": count(settlement.yes_qty),
        "yes_total_cost_dollars": money(settlement.yes_cost),
        "no_count_fp": count(settlement.no_qty),
        "no_total_cost_dollars": money(settlement.no_cost),
        "revenue": cents(settlement.revenue),
        "value": settlement.value // _CENTS,
        "fee_cost": money(settlement.fee),
        "settled_time": time_text(settlement.time_ns),
    }


def sides(side: int) -> dict[str, str]:
    """Return the direction in the venue's newer and older words."""
    if side == fix.BUY:
        return {"outcome_side": "yes", "book_side": "bid", "side": "yes", "action": "buy"}
    return {"outcome_side": "no", "book_side": "ask", "side": "yes", "action": "sell"}


def acquired(side: int) -> dict[str, str]:
    """Return what a fill acquired: in the older words an outcome, which is always bought."""
    outcome = "yes" if side == fix.BUY else "no"
    return {**sides(side), "side": outcome, "action": "buy"}


def prices(price: int) -> dict[str, str]:
    """Return a price on both scales."""
    return {"yes_price_dollars": dollars(price), "no_price_dollars": dollars(DOLLAR - price)}
