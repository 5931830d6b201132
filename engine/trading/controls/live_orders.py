"""Follows up what lives at the venue: cancels it, or asks what became of it, until the venue has answered.

Units   times in ns, monotonic unless said.
Errors  none: what could not be sent is reported and asked for again.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine import fix
from engine.errors import JournalError, SessionError
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.trading.loop import TradingLoop

RETRY_NS = 1_000_000_000
ANSWER_NS = 10_000_000_000  # for a venue to answer a request while the session lives; then it is taken for lost
MOST_ASKED = 10_000  # are kept, and those of the last `RETRY_NS`


class LiveOrders:
    """Requests about the live orders of one loop, each again after `RETRY_NS`; `report` takes lines for people."""

    def __init__(self, loop: TradingLoop, wall_ns: Callable[[], int], report: Callable[[str], None]) -> None:
        self._loop = loop
        self._wall_ns = wall_ns
        self._report = report
        self._looked_ns = 0
        self._unseen: list[Order] = []  # since the session was lost: a venue may come back without its orders
        self._asked_ns: dict[str, int] = {}  # ClOrdID -> when its status or cancel was last asked for

    def forget(self) -> None:
        """Ask anew at once: what was asked before is answered, lost, or of another kind."""
        self._asked_ns.clear()

    def reconnected(self, asks_one_by_one: bool = True) -> None:
        """Ask anew, and once about every order that lived through the loss of the session, if nobody else does."""
        self.forget()
        live = self._loop.orders.live() if asks_one_by_one else []
        self._unseen = [order for order in live if order.ord_status != fix.Status.UNKNOWN]

    def unknown(self) -> list[Order]:
        """Return the live orders of which nobody knows what became."""
        return [order for order in self._loop.orders.live() if order.ord_status == fix.Status.UNKNOWN]

    def take_overdue(self, now_ns: int) -> None:
        """Take for UNKNOWN what the venue has not answered for `ANSWER_NS`: the request, or its answer, got lost."""
        if now_ns - self._looked_ns < RETRY_NS:
            return
        self._looked_ns = now_ns
        for order in self._loop.orders.live():
            is_awaited = order.ord_status == fix.Status.PENDING_NEW or (order.pending and not order.is_lost)
            if is_awaited and order.sent_ns and now_ns - order.sent_ns >= ANSWER_NS:
                text = f"not answered for {ANSWER_NS // RETRY_NS} s, taken for lost"
                self._loop.doubts.overdue(order, f"ClOrdID(11) {order.pending_cl_ord_id or order.cl_ord_id}: {text}")

    def cancel_all(self, now_ns: int) -> None:
        """Ask for the cancel of every live order; one that stays unanswered is asked about, or mass cancelled."""
        if self.cancel(self._loop.orders.live(), now_ns):
            self.sweep()

    def cancel_in(self, instruments: Iterable[Instrument], now_ns: int) -> None:
        """Ask for the cancel of every live order in these markets."""
        among = set(instruments)
        self.cancel([order for order in self._loop.orders.live() if order.instrument in among], now_ns)

    def cancel(self, orders: Iterable[Order], now_ns: int) -> bool:
        """Ask for these cancels; True if one order can neither be cancelled nor asked about now."""
        is_unanswered = False
        for order in orders:
            if self._is_due(order, now_ns):
                is_in_doubt = order.ord_status == fix.Status.UNKNOWN  # it may not exist: then no cancel ends it
                is_sent = self._loop.cancel(order)
                if not is_sent or is_in_doubt:
                    is_unanswered |= not (self._ask(order) or is_sent)
        return is_unanswered

    def ask_for_unknown(self, now_ns: int) -> int:
        """Ask what became of every order in doubt, or cancel it; return how many there are.

        Those that nobody has confirmed since the session was lost are asked about too, and trade on meanwhile.
        """
        self._ask_for_unseen()
        unknown = self.unknown()
        for order in unknown:
            if self._is_due(order, now_ns) and not self._ask(order):
                self._loop.cancel(order)
        return len(unknown)

    def _ask_for_unseen(self) -> None:
        """Ask without a note, which would make a cancel of these orders wait."""
        unseen, self._unseen = self._unseen, []
        for order in unseen:
            if not order.is_done and order.ord_status != fix.Status.UNKNOWN:
                self._ask(order)

    def sweep(self) -> bool:
        """Cancel whatever lives at the venue, known to us or not; False if that could not be sent."""
        cl_ord_id, wall_ns = self._loop.orders.next_cl_ord_id(), self._wall_ns()
        self.record(lambda journal, _: journal.append_request(cl_ord_id, wall_ns))
        try:
            self._loop.gateway.mass_cancel(cl_ord_id, wall_ns)
        except SessionError as error:
            self._report(f"not sent: {error}")
            return False
        return True

    def record(self, append: Callable[[NullJournal, int], object]) -> None:
        """Write to the journal now; one that cannot be written holds up nothing that takes risk away."""
        try:
            append(self._loop.journal, self._wall_ns())
        except (JournalError, OSError) as error:
            self._report(f"not in the journal: {error}")

    def _ask(self, order: Order) -> bool:
        """Ask what became of an order; False where the venue has no such request."""
        try:
            return self._loop.gateway.order_status(order, self._wall_ns())
        except SessionError as error:
            self._report(f"not sent: {error}")
            return True

    def _is_due(self, order: Order, now_ns: int) -> bool:
        """Return whether this order may be asked for now, and note that it is."""
        if now_ns - self._asked_ns.get(order.cl_ord_id, -RETRY_NS) < RETRY_NS:
            return False
        if len(self._asked_ns) >= MOST_ASKED:  # what may be asked for again anyway
            self._asked_ns = {key: at for key, at in self._asked_ns.items() if now_ns - at < RETRY_NS}
        self._asked_ns[order.cl_ord_id] = now_ns
        return True
