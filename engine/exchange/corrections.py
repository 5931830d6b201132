"""Trades that the venue takes back or corrects, as it does with one that was clearly an error.

A bust takes a trade out of the records of every member that had a part in it, a correction gives it another price. What
was taken back does not trade again: OrderQty(38) is the less by it, and an order that is over stays over.

Units   as in `instrument`; times in ns, passed in.
Errors  none: where nothing has traded nothing is taken back.
Cost    O(`MOST_FILLS`) a bust or correction; of a fill one append.
Source  FIX 4.4 volume 4: ExecutionReport(8), ExecType(150) Trade Cancel (H) and Trade Correct (G), ExecRefID(19).
"""

from collections import deque
from collections.abc import Iterator

from engine import fix
from engine.exchange.events import Busted, Corrected, Event, Traded
from engine.exchange.exchange import Exchange
from engine.exchange.faults import FaultKind
from engine.exchange.market import RestingOrder

MOST_FILLS = 10_000  # older ones stand
KINDS = (FaultKind.BUST_FILL, FaultKind.CORRECT_FILL)
CENT = 100
Part = Traded | Corrected  # of one member in one trade


class Corrections:
    """The latest fills of the members of one exchange, and what is done about them."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._parts: deque[Part] = deque(maxlen=MOST_FILLS)

    def note(self, event: Event) -> None:
        """Remember a fill that a member is told of."""
        if isinstance(event, Traded):
            self._parts.append(event)

    def advance(self, now_ns: int) -> list[Event]:
        """Perform the faults that are due, each on the latest fill that it means; return what the members are told.

        One that means no fill so far waits for it.
        """
        return [event for kind in KINDS for event in self._perform(kind, now_ns)]

    def _perform(self, kind: str, now_ns: int) -> Iterator[Event]:
        faults = self._exchange.faults
        if not faults.active(kind, now_ns):
            return
        for part in reversed(list(self._parts)):
            if part in self._parts and faults.take(kind, now_ns, symbol=part.symbol, account=part.account):
                yield from self._undo(part.trade_id, kind == FaultKind.CORRECT_FILL, now_ns)

    def _undo(self, trade_id: str, is_correct: bool, now_ns: int) -> Iterator[Event]:
        parts = [part for part in self._parts if part.trade_id == trade_id]
        price = self._better_price(parts) if is_correct else 0
        for part in parts:
            self._parts.remove(part)
            order = self._exchange.orders.find(part.account, order_id=part.order_id)
            if order is None:  # of a market that is forgotten
                continue
            if price:
                corrected = self._correct(order, part, price, now_ns)
                self._parts.append(corrected)
                yield corrected
            else:
                yield self._bust(order, part, now_ns)

    def _better_price(self, parts: list[Part]) -> int:
        """Return a price a cent better for the member whose trade it was; 0 where two were, or where it is none."""
        first = parts[0]
        price = first.last_px + (-CENT if first.side == fix.BUY else CENT)
        is_valid = self._exchange.markets[first.symbol].instrument.is_valid_price(price)
        return price if len(parts) == 1 and is_valid else 0

    def _bust(self, order: RestingOrder, part: Part, now_ns: int) -> Busted:
        _take_back(order, part.last_px, part.last_qty)
        return self._exchange.reporter.report(Busted, order, now_ns, **_undone(part))

    def _correct(self, order: RestingOrder, part: Part, price: int, now_ns: int) -> Corrected:
        order.cum_cost += (price - part.last_px) * part.last_qty
        instrument = self._exchange.markets[order.symbol].instrument
        fee = self._exchange.rules.charge(order, instrument, price, part.last_qty, part.is_taker, now_ns)
        details = {"last_px": price, "last_qty": part.last_qty, "fee": fee, "is_taker": part.is_taker}
        return self._exchange.reporter.report(Corrected, order, now_ns, **_undone(part), **details)


def _undone(part: Part) -> dict[str, object]:
    return {
        "exec_ref_id": part.exec_id,
        "trade_id": part.trade_id,
        "undo_px": part.last_px,
        "undo_qty": part.last_qty,
        "undo_fee": part.fee,
    }


def _take_back(order: RestingOrder, price: int, qty: int) -> None:
    """Take one trade back; what it was does not trade again, so that a live order is the smaller by it."""
    order.cum_qty -= qty
    order.cum_cost -= price * qty
    if order.is_live:
        order.order_qty -= qty
        order.ord_status = fix.Status.PARTIALLY_FILLED if order.cum_qty else fix.Status.NEW
    elif order.ord_status == fix.Status.FILLED:
        order.ord_status = fix.Status.CANCELED
