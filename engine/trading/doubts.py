"""Orders in doubt, and the markets that wait for them: what contradicts about one order stops one market.

An order is in doubt while its OrdStatus(39) is UNKNOWN. Its market opens again when the venue has answered about each
order that stopped it, or a person resumes. Contradictions in two markets at once are no accident of one order: the
engine halts.

Units   times in ns since 1970.
Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from engine import fix
from engine.codec import Fields
from engine.errors import JournalError
from engine.fix import Status
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.order import Change, Order
from engine.orders.orders import Orders
from engine.risk import Risk
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.guard import Guard
from engine.trading.markets import Markets, Stop


class Doubt(NamedTuple):
    """Why one order, or one market where there is no order of ours, is in doubt."""

    instrument: Instrument
    order: Order | None
    text: str
    is_contradiction: bool  # else an answer is missing, no more
    since_ns: int


class Doubts:
    """The doubts of one desk; it halts where they are not about one market."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        orders: Orders,
        risk: Risk,
        journal: NullJournal,
        markets: Markets,
        notices: Notices,
        guard: Guard,
        wall_ns: Callable[[], int],
    ) -> None:
        self._by_symbol = {instrument.symbol: instrument for instrument in instruments}
        self._orders = orders
        self._risk = risk
        self._journal = journal
        self._markets = markets
        self._notices = notices
        self._guard = guard
        self._wall_ns = wall_ns
        self._doubts: dict[Order | Instrument, Doubt] = {}
        self._borne: set[Order] = set()  # still in doubt, and a person trades on

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too by their names."""
        self._by_symbol.update({instrument.symbol: instrument for instrument in instruments})

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets, and every doubt about them."""
        gone = set(instruments)
        for instrument in gone:
            self._by_symbol.pop(instrument.symbol, None)
        self._doubts = {key: each for key, each in self._doubts.items() if each.instrument not in gone}
        self._borne = {order for order in self._borne if order.instrument not in gone}

    def await_answer(self, order: Order, text: str) -> None:
        """Stop the market of an order whose request may or may not have arrived."""
        self._add(order.instrument, order, text, is_contradiction=False)

    def contradicted(self, change: Change) -> None:
        """Stop the market of what an UNKNOWN change is about; halt where nobody can say which one that is."""
        if change.order is not None:
            self._contradict(change.order, change.text)
        else:
            self._contradict_market(change.symbol, f"a report contradicts what we know: {change.text}")

    def unreadable(self, fields: Fields, text: str) -> None:
        """Put the order in doubt that a report is about which cannot be read, or else its market; halt for neither."""
        order = self._orders.find(*[fields.text(tag) for tag in (fix.ClOrdID, fix.OrigClOrdID, fix.OrderID)])
        if order is not None:
            self.suspect(order, f"ClOrdID(11) {order.cl_ord_id!r}: {text}")
        else:
            self._contradict_market(fields.text(fix.Symbol), text)

    def suspect(self, order: Order, text: str) -> None:
        """Put an order in doubt: it counts at its worst, its market stops, and the venue is asked what became of it."""
        self._take_for_unknown(order)
        self._contradict(order, text)
        self._guard.call("on_order", order)

    def overdue(self, order: Order, text: str) -> None:
        """Do the same for an order whose answer is missing though the session lives, which contradicts nothing."""
        self._take_for_unknown(order)
        self._notices.tell(NoticeKind.ORDER_IN_DOUBT, text)
        self.await_answer(order, text)
        self._guard.call("on_order", order)

    def _take_for_unknown(self, order: Order) -> None:
        try:
            self._journal.append_doubt(order, self._wall_ns())
        except (JournalError, OSError) as error:
            self._guard.halt(f"journal: {error}")
        self._orders.doubt(order)
        self._risk.update(order)

    def _contradict(self, order: Order, text: str) -> None:
        self._notices.tell(NoticeKind.ORDER_IN_DOUBT, text)
        self._add(order.instrument, order, text, is_contradiction=True)

    def _contradict_market(self, symbol: str, text: str) -> None:
        """Stop a market for something that is about no order of ours, until a person resumes; halt for a stranger."""
        instrument = self._by_symbol.get(symbol)
        self._notices.tell(NoticeKind.ORDER_IN_DOUBT, text)
        if instrument is None:
            self._guard.halt(text)
        else:
            self._add(instrument, None, text, is_contradiction=True)

    def _add(self, instrument: Instrument, order: Order | None, text: str, is_contradiction: bool) -> None:
        if order in self._borne:
            return
        key = order or instrument
        before = self._doubts.get(key)
        since_ns = before.since_ns if before else self._wall_ns()
        self._doubts[key] = Doubt(instrument, order, text, is_contradiction, since_ns)
        self._markets.stop(instrument, Stop.DOUBT, text)
        others = {each.instrument.symbol for each in self._doubts.values() if each.is_contradiction}
        others.discard(instrument.symbol)
        if is_contradiction and others:
            self._guard.halt(f"contradictions in {instrument.symbol} and in {', '.join(sorted(others))}: {text}")

    def review(self) -> None:
        """Open the markets of which every order is known again."""
        if self._borne:
            self._borne = {order for order in self._borne if order.ord_status == Status.UNKNOWN}
        if not self._doubts:
            return
        known = [key for key, each in self._doubts.items() if each.order and each.order.ord_status != Status.UNKNOWN]
        freed = {self._doubts.pop(key).instrument for key in known}
        for instrument in freed.difference(each.instrument for each in self._doubts.values()):
            self._markets.lift(instrument, Stop.DOUBT)

    def bear(self) -> None:
        """Open every market by a person's decision: what is in doubt now stops nothing any more."""
        self._borne.update(each.order for each in self._doubts.values() if each.order)
        for instrument in {each.instrument for each in self._doubts.values()}:
            self._markets.lift(instrument, Stop.DOUBT)
        self._doubts.clear()
        self.review()

    def all(self) -> list[Doubt]:
        """Return every doubt that stops a market, the oldest first."""
        return list(self._doubts.values())
