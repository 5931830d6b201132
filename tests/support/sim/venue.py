"""An exchange under test: requests in few words, events as short tuples.

Units   prices in cents and sizes in contracts are written as the engine counts them: 4500 is 45 cents, 100 is one.
"""

from collections.abc import Iterable

from engine import fix
from engine.exchange.events import (
    Accepted,
    Cancel,
    Canceled,
    CancelRejected,
    Event,
    Expired,
    LevelChanged,
    MassCancel,
    MassCanceled,
    NewOrder,
    OrderState,
    PublicTrade,
    Rejected,
    Replace,
    Replaced,
    Report,
    StatusRequest,
    Traded,
)
from engine.exchange.exchange import Exchange
from engine.exchange.faults import Faults
from engine.instrument import Instrument, PriceBand
from engine.venue.kalshi.fees import QuadraticFee

CENT = (PriceBand(0, 10_000, 100),)
TAPERED = (PriceBand(0, 1_000, 10), PriceBand(1_000, 9_000, 100), PriceBand(9_000, 10_000, 10))
NOON_NS = 1_795_453_200_000_000_000  # 2026-11-23 12:00 Eastern
SECOND_NS = 1_000_000_000
B, S = fix.BUY, fix.SELL


class Venue:
    """Markets A (whole cents) and B (tapered), and a clock that tests move."""

    def __init__(self, *, house: Iterable[str] = (), faults: Faults | None = None) -> None:
        instruments = [Instrument("A", 0, CENT), Instrument("B", 1, TAPERED)]
        self.exchange = Exchange(instruments, QuadraticFee(), house=tuple(house), faults=faults)
        self.now_ns = NOON_NS

    def new(
        self,
        account: str,
        cl_ord_id: str,
        side: int,
        qty: int,
        price: int,
        tif: str = fix.Tif.GTC,
        *,
        symbol: str = "A",
        **more: object,
    ) -> list[tuple[object, ...]]:
        request = NewOrder(
            account=account,
            cl_ord_id=cl_ord_id,
            symbol=symbol,
            side=side,
            order_qty=qty,
            price=price,
            time_in_force=tif,
            **more,  # type: ignore[arg-type]
        )
        return self.told(self.exchange.new(request, self.now_ns))

    def cancel(self, account: str, cl_ord_id: str, orig: str = "", **more: object) -> list[tuple[object, ...]]:
        request = Cancel(account=account, cl_ord_id=cl_ord_id, orig_cl_ord_id=orig, **more)  # type: ignore[arg-type]
        return self.told(self.exchange.cancel(request, self.now_ns))

    def replace(
        self, account: str, cl_ord_id: str, orig: str, qty: int, price: int, **more: object
    ) -> list[tuple[object, ...]]:
        request = Replace(
            account=account,
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig,
            order_qty=qty,
            price=price,
            **more,  # type: ignore[arg-type]
        )
        return self.told(self.exchange.replace(request, self.now_ns))

    def mass_cancel(self, account: str, cl_ord_id: str, **more: object) -> list[tuple[object, ...]]:
        request = MassCancel(account=account, cl_ord_id=cl_ord_id, **more)  # type: ignore[arg-type]
        return self.told(self.exchange.mass_cancel(request, self.now_ns))

    def status(self, account: str, cl_ord_id: str = "", order_id: str = "") -> list[tuple[object, ...]]:
        request = StatusRequest(account=account, cl_ord_id=cl_ord_id, order_id=order_id)
        return self.told(self.exchange.status(request, self.now_ns))

    def advance(self, by_ns: int) -> list[tuple[object, ...]]:
        self.now_ns += by_ns
        return self.told(self.exchange.advance(self.now_ns))

    def told(self, events: list[Event]) -> list[tuple[object, ...]]:
        """Check the books, then put `events` in short."""
        for market in self.exchange.markets.values():
            market._check()
        return [brief(event) for event in events]

    def bids(self, symbol: str = "A") -> list[tuple[int, int]]:
        return self.exchange.markets[symbol].bids.levels()

    def asks(self, symbol: str = "A") -> list[tuple[int, int]]:
        return self.exchange.markets[symbol].asks.levels()


def brief(event: Event) -> tuple[object, ...]:
    match event:
        case LevelChanged():
            return ("level", event.side, event.price, event.delta)
        case PublicTrade():
            return ("trade", event.side, event.price, event.qty)
        case CancelRejected():
            return (
                "cancel rejected",
                event.account,
                event.cl_ord_id,
                event.ord_status,
                event.response_to,
                event.reason,
                event.text,
            )
        case MassCanceled():
            return ("mass canceled", event.account, event.cl_ord_id, event.affected, event.reason)
    return brief_report(event)


def brief_report(event: Report) -> tuple[object, ...]:
    who = (event.account, event.cl_ord_id)
    match event:
        case Accepted():
            return ("accepted", *who, event.leaves_qty)
        case Rejected():
            return ("rejected", *who, event.reason, event.text)
        case Traded():
            return ("traded", *who, event.last_px, event.last_qty, event.leaves_qty)
        case Replaced():
            return ("replaced", *who, event.orig_cl_ord_id, event.price, event.order_qty, event.leaves_qty)
        case Canceled():
            return ("canceled", *who, event.orig_cl_ord_id, event.cum_qty, event.text)
        case Expired():
            return ("expired", *who, event.cum_qty)
        case OrderState():
            return ("state", *who, event.ord_status, event.cum_qty, event.leaves_qty, event.reason)
    raise AssertionError(event)
