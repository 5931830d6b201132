"""Requests that the venue refuses, market by market: a row of them stops the market, and so does one that says why.

Source  FIX 4.4: OrdRejReason(103), 2 is "exchange closed".
Thread  the loop thread only.
"""

from collections.abc import Container, Iterable

from engine.instrument import Instrument
from engine.orders.order import Change, Order
from engine.orders.table import Outcome
from engine.orders.words import reason_of
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.markets import Markets, Stop

EXCHANGE_CLOSED = 2  # OrdRejReason(103)


class Rejects:
    """Counts refusals in a row; `most` of them stop their market until a person resumes.

    `closed_texts` are the texts by which the venue says that a market takes no requests now.
    """

    def __init__(self, markets: Markets, notices: Notices, most: int, closed_texts: Container[str]) -> None:
        self._markets = markets
        self._notices = notices
        self._most = most
        self._closed_texts = closed_texts
        self._in_a_row: dict[Instrument, int] = {}

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        for instrument in instruments:
            self._in_a_row.pop(instrument, None)

    def refused(self, change: Change) -> bool:
        """Tell of a refusal and stop the market where it has to be; return whether any market has refusals in a row."""
        order = change.order
        what = "a request" if order is None else f"ClOrdID(11) {order.cl_ord_id} in {order.instrument.symbol}"
        self._notices.tell(
            NoticeKind.REQUEST_REFUSED, f"{what}: {reason_of(change.reason)}: {change.text or 'no text'}"
        )
        if order is None or (change.kind == Outcome.CANCEL_REJECTED and order.is_done):  # too late, as may happen
            return bool(self._in_a_row)
        market, words = order.instrument, change.text or reason_of(change.reason)
        is_closed = change.kind == Outcome.REJECTED and change.reason == EXCHANGE_CLOSED
        if is_closed or change.text in self._closed_texts:
            self._markets.stop(market, Stop.INACTIVE, f"the venue takes no orders: {words}")
        count = self._in_a_row.get(market, 0) + 1
        if count < self._most:
            self._in_a_row[market] = count
        else:
            self._in_a_row.pop(market, None)
            self._markets.stop(market, Stop.REJECTS, f"{count} requests refused in a row, the last: {words}")
        return bool(self._in_a_row)

    def accepted(self, order: Order | None) -> bool:
        """Begin to count anew in the market of an order that was taken; return as `refused` does."""
        if order is not None:
            self._in_a_row.pop(order.instrument, None)
        return bool(self._in_a_row)
