"""Bodies of order requests, and what they ask of the exchange.

Shapes  a field that may be left out may be null as well.
Errors  RestRefused 400 for what does not go together.
Source  Kalshi REST: order writes.
"""

import uuid
from typing import Literal

import msgspec

from engine import fix
from engine.exchange.events import ANY_SHARD, NewOrder, Stp
from engine.sim.rest.numbers import from_seconds, parse_count, parse_price
from engine.sim.rest.refusals import bad_request

_SIDES = {"bid": fix.BUY, "ask": fix.SELL}
_TIFS = {
    "good_till_canceled": fix.Tif.GTC,
    "immediate_or_cancel": fix.Tif.IOC,
    "fill_or_kill": fix.Tif.FOK,
}
_STPS = {"taker_at_cross": Stp.TAKER_AT_CROSS, "maker": Stp.MAKER}


class CreateOrder(msgspec.Struct, kw_only=True):
    """A new order; `side` is of the YES book."""

    ticker: str
    side: Literal["bid", "ask"]
    count: str
    price: str
    time_in_force: Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]
    self_trade_prevention_type: Literal["taker_at_cross", "maker"]
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    subaccount: int | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None

    def request(self, account: str, now_ns: int) -> NewOrder:
        """Return what it asks of the exchange; an order without an id of its client gets one."""
        return NewOrder(
            account=account,
            cl_ord_id=self.client_order_id or str(uuid.uuid4()),
            symbol=self.ticker,
            side=_SIDES[self.side],
            order_qty=parse_count(self.count),
            price=parse_price(self.price),
            time_in_force=self._time_in_force(now_ns),
            expire_time_ns=from_seconds(self.expiration_time or 0),
            post_only=bool(self.post_only),
            stp=_STPS[self.self_trade_prevention_type],
            reduce_only=bool(self.reduce_only),
            cancel_on_pause=bool(self.cancel_order_on_pause),
            group=self.order_group_id or "",
            shard=ANY_SHARD if self.exchange_index is None else self.exchange_index,
        )

    def _time_in_force(self, now_ns: int) -> str:
        time_in_force = _TIFS[self.time_in_force]
        if not self.expiration_time:
            return time_in_force
        if time_in_force != fix.Tif.GTC:
            raise bad_request("expiration_time goes with good_till_canceled only", "invalid_order")
        if from_seconds(self.expiration_time) <= now_ns:
            raise bad_request("expiration_time has passed", "invalid_order")
        return fix.Tif.GTD


class AmendOrder(msgspec.Struct, kw_only=True):
    """A new price and total of an order. An `expiration_time` of 0 takes the expiry away, none keeps it."""

    ticker: str
    side: Literal["bid", "ask"]
    price: str
    count: str
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None

    @property
    def side_number(self) -> int:
        """Return Side(54)."""
        return _SIDES[self.side]

    def validity(self, now_ns: int) -> tuple[str, int]:
        """Return TimeInForce(59) and ExpireTime(126) in ns; "" and 0 keep those of the order."""
        if self.expiration_time is None:
            return "", 0
        if self.expiration_time == 0:
            return fix.Tif.GTC, 0
        if from_seconds(self.expiration_time) <= now_ns:
            raise bad_request("expiration_time has passed", "invalid_order")
        return fix.Tif.GTD, from_seconds(self.expiration_time)


class DecreaseOrder(msgspec.Struct, kw_only=True):
    """What an order loses, or what is left of it: one of both."""

    reduce_by: str | None = None
    reduce_to: str | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCreate(msgspec.Struct, kw_only=True):
    """Several orders."""

    orders: list[CreateOrder]


class CancelOne(msgspec.Struct, kw_only=True):
    """One order of a batch to cancel."""

    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCancel(msgspec.Struct, kw_only=True):
    """Several orders to cancel."""

    orders: list[CancelOne]
