"""Requests that the venue refuses, market by market: a row of them stops the market, and so does one that says why.

Source  FIX 4.4: OrdRejReason(103), 2 is "exchange closed".
Thread  the loop thread only.
"""

from collections.abc import Callable, Container, Iterable, Mapping

from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Change, Order
from engine.orders.table import Outcome
from engine.orders.words import reason_of
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.markets import Markets, Stop
from engine.venue import Verdict

EXCHANGE_CLOSED = 2  # OrdRejReason(103)
SECOND_NS = 1_000_000_000
FIRST_WAIT_NS, LONGEST_WAIT_NS = SECOND_NS, 60 * SECOND_NS


class Rejects:
    """Counts refusals in a row; `most` of them stop their market until a person resumes.

    `closed_texts` are the texts by which the venue says that a market takes no requests now, `verdicts` what follows
    from each text that it is known to write, up to a colon. One that throttles stops its market for `FIRST_WAIT_NS`,
    and twice as long each time in a row. `repeated` is told of each refusal that counts.
    """

    def __init__(
        self,
        markets: Markets,
        notices: Notices,
        most: int,
        closed_texts: Container[str],
        verdicts: Mapping[str, Verdict],
        call_later: Callable[[int, Callable[[], None]], object],
        repeated: Callable[[Instrument], object] = lambda market: None,
    ) -> None:
        self._markets = markets
        self._notices = notices
        self._most = most
        self._closed_texts = closed_texts
        self._verdicts = verdicts
        self._call_later = call_later
        self._repeated = repeated
        self._in_a_row: dict[Instrument, int] = {}
        self._throttled: dict[Instrument, int] = {}  # how often in a row

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        for instrument in instruments:
            self._in_a_row.pop(instrument, None)
            self._throttled.pop(instrument, None)

    def refused(self, change: Change) -> bool:
        """Tell of a refusal and stop the market where it has to be; return whether any market has refusals in a row."""
        order = change.order
        what = "a request" if order is None else f"ClOrdID(11) {order.cl_ord_id} in {order.instrument.symbol}"
        self._notices.tell(
            NoticeKind.REQUEST_REFUSED, f"{what}: {reason_of(change.reason)}: {change.text or 'no text'}"
        )
        if order is None or (change.kind == Outcome.CANCEL_REJECTED and order.is_done):  # too late, as may happen
            return bool(self._in_a_row or self._throttled)
        market, words = order.instrument, change.text or reason_of(change.reason)
        is_closed = change.kind == Outcome.REJECTED and change.reason == EXCHANGE_CLOSED
        verdict = self._verdicts.get(change.text.partition(":")[0])
        if is_closed or change.text in self._closed_texts or verdict is Verdict.CLOSES_MARKET:
            self._markets.stop(market, Stop.INACTIVE, f"the venue takes no orders: {words}")
        elif verdict is Verdict.THROTTLES:
            self._throttle(market, words)
        if change.kind == Outcome.CANCEL_REJECTED and order.ord_status == Status.UNKNOWN:
            return bool(self._in_a_row or self._throttled)  # we ask again and again what became of it
        self._repeated(market)
        count = self._in_a_row.get(market, 0) + 1
        if count < self._most:
            self._in_a_row[market] = count
        else:
            self._in_a_row.pop(market, None)
            self._markets.stop(market, Stop.REJECTS, f"{count} requests refused in a row, the last: {words}")
        return bool(self._in_a_row or self._throttled)

    def _throttle(self, market: Instrument, words: str) -> None:
        """Take no new orders in a market for a while; what is refused meanwhile had left before."""
        if self._markets.has(market, Stop.THROTTLED):
            return
        times = self._throttled.get(market, 0)
        self._throttled[market] = times + 1
        wait_ns = min(FIRST_WAIT_NS << min(times, 10), LONGEST_WAIT_NS)
        self._markets.stop(market, Stop.THROTTLED, f"no new orders for {wait_ns // SECOND_NS} s: {words}")
        self._call_later(wait_ns, lambda: self._markets.lift(market, Stop.THROTTLED))

    def accepted(self, order: Order | None) -> bool:
        """Begin to count anew in the market of an order that was taken; return as `refused` does."""
        if order is not None:
            self._in_a_row.pop(order.instrument, None)
            self._throttled.pop(order.instrument, None)
        return bool(self._in_a_row or self._throttled)
