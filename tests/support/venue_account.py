"""A venue that knows one account, as a plain reference: what it did, what it told, and what it would answer."""

import msgspec

from engine.fix import BUY, Exec, Status
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.trading.reconcile.reconcile import VenueAccount
from engine.venue.account import VenueFill, VenueOrder, VenuePosition
from tests.support.order_reports import report


class AccountVenue:
    """Takes orders by their ClOrdID(11); each act returns the report that the session would bring."""

    def __init__(self) -> None:
        self.orders: dict[str, VenueOrder] = {}
        self.fills: list[VenueFill] = []

    def accept(self, order: Order) -> ExecutionReport:
        self.orders[order.cl_ord_id] = VenueOrder(
            order_id=f"V-{order.cl_ord_id}",
            cl_ord_id=order.cl_ord_id,
            symbol=order.instrument.symbol,
            side=order.side,
            price=order.price,
            order_qty=order.order_qty,
            cum_qty=0,
            leaves_qty=order.order_qty,
            status=Status.NEW,
        )
        return self._told(order, Exec.NEW)

    def fill(self, order: Order, qty: int, price: int, fee: int = 3) -> ExecutionReport:
        known = self.orders[order.cl_ord_id]
        leaves_qty = known.leaves_qty - qty
        status = Status.PARTIALLY_FILLED if leaves_qty else Status.FILLED
        self._change(order, cum_qty=known.cum_qty + qty, leaves_qty=leaves_qty, status=status)
        trade_id = f"T{len(self.fills)}"
        self.fills.append(
            VenueFill(
                trade_id=trade_id,
                order_id=known.order_id,
                cl_ord_id="" if len(self.fills) % 2 else order.cl_ord_id,  # REST does not say it
                symbol=known.symbol,
                side=known.side,
                price=price,
                qty=qty,
                fee=fee,
                is_taker=False,
                time_ns=len(self.fills),
            )
        )
        return self._told(order, Exec.TRADE, exec_id=f"E{trade_id}", last_qty=qty, last_px=price, fee=fee)

    def cancel(self, order: Order) -> ExecutionReport:
        self._change(order, leaves_qty=0, status=Status.CANCELED)
        return self._told(order, Exec.CANCELED)

    def replace(self, order: Order) -> ExecutionReport:
        """Carry out the replace in flight."""
        known = self.orders[order.cl_ord_id]
        leaves_qty = order.pending_qty - known.cum_qty
        self._change(order, price=order.pending_price, order_qty=order.pending_qty, leaves_qty=leaves_qty)
        return self._told(
            order,
            Exec.REPLACED,
            cl_ord_id=order.pending_cl_ord_id,
            orig_cl_ord_id=order.cl_ord_id,
            price=order.pending_price,
            order_qty=order.pending_qty,
        )

    def is_working(self, order: Order) -> bool:
        known = self.orders.get(order.cl_ord_id)
        return known is not None and known.leaves_qty > 0

    def account(self) -> VenueAccount:
        """Return what it would say now."""
        orders = list(self.orders.values())
        nets: dict[str, list[int]] = {}
        for fill in self.fills:
            net = nets.setdefault(fill.symbol, [0, 0])
            net[0] += fill.qty if fill.side == BUY else -fill.qty
            net[1] += fill.fee
        positions = [VenuePosition(symbol=symbol, net=net, fees=fees) for symbol, (net, fees) in nets.items()]
        return VenueAccount(orders, self.fills, positions, [each for each in orders if each.leaves_qty])

    def _change(self, order: Order, **values: object) -> None:

        self.orders[order.cl_ord_id] = msgspec.structs.replace(self.orders[order.cl_ord_id], **values)

    def _told(self, order: Order, exec_type: str, **values: object) -> ExecutionReport:
        known = self.orders[order.cl_ord_id]
        said = {"cl_ord_id": order.cl_ord_id, "order_id": known.order_id, "cum_qty": known.cum_qty} | values
        return report(str(said.pop("cl_ord_id")), exec_type, known.status, leaves_qty=known.leaves_qty, **said)
