"""What members are told of their accounts: fills, orders, positions and order groups, deprecated fields included.

Shapes  each goes to the member's own connections alone; of an order that changed several times at once, the last state.
Units   as in the ledger's records.
Source  Kalshi WebSocket: private channels.
"""

from collections.abc import Iterable
from typing import Any

from engine import fix
from engine._decimal import format_decimal
from engine.exchange.account_events import GroupChanged, GroupStep, PositionChanged
from engine.exchange.events import Accepted, Canceled, Expired, Replaced, Report, Stp, Traded
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.ledger.names import member_of, subaccount_of
from engine.exchange.ledger.records import OrderRecord
from engine.sim.feed import frames
from engine.sim.feed.channels import FILLS, ORDER_GROUPS, POSITIONS, USER_ORDERS
from engine.sim.feed.publisher import MarketData

_PRICE, _SIZE, _MONEY = 4, 2, 6  # decimals
_NS_PER_MS = 1_000_000
_NS = 1_000_000_000
_STP = {Stp.TAKER_AT_CROSS: "taker_at_cross", Stp.MAKER: "maker"}
_WITH_LIMIT = (GroupStep.CREATED, GroupStep.LIMIT_UPDATED)
ORDER_EVENTS = (Accepted, Traded, Replaced, Canceled, Expired)


class AccountNews:
    """Tells members what the ledger learned."""

    def __init__(self, market_data: MarketData, ledger: Ledger) -> None:
        self._market_data = market_data
        self._ledger = ledger

    def publish(self, events: Iterable[object]) -> None:
        """Tell what these events, of which the ledger has learned, made of accounts."""
        events = list(events)
        net_after = {event.exec_id: event.net for event in events if isinstance(event, PositionChanged)}
        orders: dict[str, Report] = {}
        for event in events:
            if isinstance(event, Traded):
                self._fill(event, net_after.get(event.exec_id, 0))
            elif isinstance(event, PositionChanged):
                self._position(event)
            elif isinstance(event, GroupChanged):
                self._group(event)
            if isinstance(event, ORDER_EVENTS) and event.order_id:
                orders[event.order_id] = event
        for order_id in orders:
            record = self._ledger.order_records.get(order_id)
            if record is not None:
                self._tell(record.account, USER_ORDERS, "user_order", order_fields(record), record.symbol)

    def _fill(self, event: Traded, net_after: int) -> None:
        fields = {
            "trade_id": event.trade_id,
            "order_id": event.order_id,
            "client_order_id": event.cl_ord_id,
            "market_ticker": event.symbol,
            "exchange_index": self._shard_of(event.order_id),
            "is_taker": event.is_taker,
            **sides(event.side),
            "action": "buy",  # what `side` names was acquired, whichever it is
            "purchased_side": _outcome(event.side),
            "yes_price_dollars": format_decimal(event.last_px, _PRICE),
            "count_fp": format_decimal(event.last_qty, _SIZE),
            "fee_cost": format_decimal(event.fee, _MONEY),
            "post_position_fp": format_decimal(net_after, _SIZE),
            "ts": event.now_ns // _NS,
            "ts_ms": event.now_ns // _NS_PER_MS,
            **_subaccount(event.account),
        }
        self._tell(event.account, FILLS, "fill", fields, event.symbol)

    def _shard_of(self, order_id: str) -> int:
        record = self._ledger.order_records.get(order_id)
        return record.shard if record is not None else 0

    def _position(self, event: PositionChanged) -> None:
        fields = {
            "user_id": member_of(event.account),
            "market_ticker": event.symbol,
            "position_fp": format_decimal(event.net, _SIZE),
            "position_cost_dollars": money(event.cost),
            "realized_pnl_dollars": money(event.realized),
            "fees_paid_dollars": money(event.fees),
            "position_fee_cost_dollars": money(event.open_fees),
            "volume_fp": format_decimal(event.volume, _SIZE),
            **_subaccount(event.account),
        }
        self._tell(event.account, POSITIONS, "market_position", fields, event.symbol)

    def _group(self, event: GroupChanged) -> None:
        limit = {"contracts_limit_fp": format_decimal(event.limit, _SIZE)} if event.step in _WITH_LIMIT else {}
        fields = {
            "event_type": event.step,
            "order_group_id": event.group,
            **limit,
            "ts_ms": event.now_ns // _NS_PER_MS,
        }
        self._tell(event.account, ORDER_GROUPS, ORDER_GROUPS, fields, "")

    def _tell(self, account: str, channel: str, type_: str, fields: dict[str, Any], symbol: str) -> None:
        data = self._market_data
        tail = frames.message(fields, data.now_ms)
        data.tell_member(member_of(account), subaccount_of(account), channel, type_, tail, symbol)


def order_fields(order: OrderRecord) -> dict[str, Any]:
    """Return an order as its member is told of it."""
    created_ms, updated_ms = order.created_ns // _NS_PER_MS, order.updated_ns // _NS_PER_MS
    fields: dict[str, Any] = {
        "order_id": order.order_id,
        "user_id": member_of(order.account),
        "client_order_id": order.cl_ord_id,
        "ticker": order.symbol,
        "exchange_index": order.shard,
        "status": order.rest_status,
        **sides(order.side),
        "is_yes": order.side == fix.BUY,
        "yes_price_dollars": format_decimal(order.price, _PRICE),
        "initial_count_fp": format_decimal(order.order_qty, _SIZE),
        "remaining_count_fp": format_decimal(order.leaves_qty, _SIZE),
        "fill_count_fp": format_decimal(order.cum_qty, _SIZE),
        "taker_fill_cost_dollars": format_decimal(order.taker_cost, _MONEY),
        "maker_fill_cost_dollars": format_decimal(order.maker_cost, _MONEY),
        "taker_fees_dollars": format_decimal(order.taker_fees, _MONEY),
        "maker_fees_dollars": format_decimal(order.maker_fees, _MONEY),
        "self_trade_prevention_type": _STP[order.terms.stp],
        "created_ts_ms": created_ms,
        "created_time": frames.rfc3339(created_ms),
        "last_updated_ts_ms": updated_ms,
        "last_update_time": frames.rfc3339(updated_ms),
        "last_update_reason": order.reason,
        "subaccount_number": subaccount_of(order.account),
    }
    if order.expire_time_ns:
        expires_ms = order.expire_time_ns // _NS_PER_MS
        fields |= {"expiration_ts_ms": expires_ms, "expiration_time": frames.rfc3339(expires_ms)}
    if order.terms.group:
        fields["order_group_id"] = order.terms.group
    return fields


def sides(side: int) -> dict[str, str]:
    """Return a direction in the venue's newer words, and in the oldest one."""
    outcome = _outcome(side)
    return {"outcome_side": outcome, "book_side": "bid" if side == fix.BUY else "ask", "side": outcome}


def money(amount: int) -> str:
    """Return money with four decimals, or with six where it has them."""
    return format_decimal(amount, _MONEY) if amount % 100 else format_decimal(amount // 100, _PRICE)


def _outcome(side: int) -> str:
    return "yes" if side == fix.BUY else "no"


def _subaccount(account: str) -> dict[str, int]:
    number = subaccount_of(account)
    return {"subaccount": number} if number else {}
