"""An engine's side of order lives over REST: it writes, applies what answers say, collects what they owe, and asks."""

from typing import Any, Generic, Protocol, TypeVar

from engine.fix import BUY, Msg, Tif
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.venue.kalshi.rest.dialect import refusal_of
from engine.venue.kalshi.rest.order_path import KalshiRestOrders, is_same
from engine.venue.rest import Call, PagedCall, RestRequest
from engine.venue.rest_orders import RestOrderAnswer
from tests.support.order_reports import RAIN, open_order

NEW, CANCEL, REPLACE = Msg.NEW_ORDER_SINGLE, Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST
NOW_NS = 1_795_444_200 * 10**9


class Answering(Protocol):
    """A venue as a life needs it."""

    def answer(self, request: RestRequest) -> tuple[int, bytes]:
        """Return status and body."""


T = TypeVar("T")
V = TypeVar("V", bound=Answering)


class Life(Generic[V]):
    """Orders, their REST path, and a venue; `fault` is what happens to the next write."""

    def __init__(self, venue: V, instrument: Instrument = RAIN, nonce: str = "r", shard: int = 2) -> None:
        self.orders = Orders(nonce)
        self.path = KalshiRestOrders({instrument.symbol: shard})
        self.venue = venue
        self.instrument = instrument
        self.fault = ""
        self.kinds: list[int] = []
        self.trades: list[tuple[int, int]] = []
        self.owed: dict[Order, RestOrderAnswer] = {}

    def open(self, qty: int = 1_000, tif: str = Tif.GTC, side: int = BUY, price: int = 4_200) -> Order:
        order = open_order(self.orders, qty, price, tif=tif, side=side, instrument=self.instrument)
        self.write(order, NEW, self.path.new_order(order, NOW_NS))
        return order

    def cancel(self, order: Order) -> None:
        self.orders.request_cancel(order, 2)
        self.write(order, CANCEL, self.path.cancel(order, NOW_NS))

    def replace(self, order: Order, price: int, qty: int) -> None:
        self.orders.request_replace(order, price, qty, 2)
        self.write(order, REPLACE, self.path.replace(order, NOW_NS))

    def write(self, order: Order, request: str, call: Call[RestOrderAnswer]) -> None:
        fault, self.fault = self.fault, ""
        if fault in ("429", "503"):
            self.apply(self.path.refused(order, request, int(fault), refusal_of(b'{"error":"no"}')))
        elif fault == "never left":
            self.apply(self.path.unknown(order, request, "connection lost"))
        else:
            status, body = self.venue.answer(call.request)
            if fault == "answer lost":
                self.apply(self.path.unknown(order, request, "timed out"))
            elif status in call.statuses:
                self.take(order, call.read(body))
            else:
                self.apply(self.path.refused(order, request, status, refusal_of(body)))

    def take(self, order: Order, answer: RestOrderAnswer) -> None:
        for each in answer.reports:
            self.apply(each)
        if answer.owed_qty:
            self.owed[order] = answer
            self.collect(order)

    def collect(self, order: Order) -> None:
        """Ask for the fills that an answer owes."""
        answer = self.owed[order]
        reports = self.path.trades(order, self.page(self.path.fills_of(answer)), answer)
        for each in reports:
            self.apply(each)
        if reports:
            del self.owed[order]

    def apply(self, told: Any) -> None:
        change = self.orders.apply(told)
        assert change.kind != Outcome.UNKNOWN, change.text
        self.kinds.append(change.kind)
        assert change.order is not None
        if change.last_qty:
            self.trades.append((change.last_qty, change.last_px))

    def look(self, order: Order) -> None:
        """Ask what became of an order, by its id or among all of its market."""
        if order.order_id:
            call = self.path.state_of(order)
            self.take(order, call.read(self.venue.answer(call.request)[1]))
            return
        told = [each for each in self.page(self.path.lookup(order, 0)) if is_same(order, each)]
        if told:
            self.take(order, self.path.found(order, told[0]))
        else:
            self.apply(self.path.never_arrived(order))

    def page(self, paged: PagedCall[T]) -> list[T]:
        return paged.read(self.venue.answer(paged.following(""))[1]).items
