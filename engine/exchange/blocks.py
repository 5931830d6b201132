"""Trades beside the book: two orders that their owners have agreed on, at one price.

Units   as in `instrument`; times in ns, passed in.
Errors  none: a refusal is an event.
Source  Kalshi FIX: RFQ; market data, block trades.
"""

from collections.abc import Callable

from engine import fix
from engine.exchange import refusals
from engine.exchange.events import Accepted, Event, NewOrder, PublicTrade, Refusal, Traded
from engine.exchange.exchange import Exchange
from engine.exchange.market import RestingOrder
from engine.exchange.reporter import Reporter


class BlockTrades:
    """Trades of one exchange; `nonce` begins the ids of their orders and must be no other reporter's."""

    def __init__(self, exchange: Exchange, nonce: str, naming: Callable[[str], str] = str) -> None:
        self._exchange = exchange
        self._reporter = Reporter(nonce, naming)

    def trade(self, maker: NewOrder, taker: NewOrder, now_ns: int) -> list[Event]:
        """Let two orders of one symbol, price and quantity trade; if either is refused, neither does."""
        for request in (maker, taker):
            if (refusal := self._refusal(request, now_ns)) is not None:
                return [self._exchange.refused(request, refusal, now_ns)]
        events: list[Event] = []
        trade_id = self._reporter.next_trade_id()
        for request in (maker, taker):
            events += self._fill(request, trade_id, request is taker, now_ns)
        events.append(PublicTrade(taker.symbol, trade_id, taker.side, taker.price, taker.order_qty, now_ns, True))
        return events

    def _refusal(self, request: NewOrder, now_ns: int) -> Refusal | None:
        market = self._exchange.markets.get(request.symbol)
        if (refusal := self._exchange.rules.refuse_new(request, market, now_ns)) is not None:
            return refusal
        if market is None:
            return refusals.UNKNOWN_SYMBOL
        if self._exchange.orders.has(request.account, request.cl_ord_id):
            return refusals.DUPLICATE
        return self._exchange.rules.refuse_entry(request, market, now_ns)

    def _fill(self, request: NewOrder, trade_id: str, is_taker: bool, now_ns: int) -> list[Event]:
        """Enter an order and fill it at once."""
        number = self._exchange.next_number()
        order = RestingOrder.from_request(request, number, self._reporter.order_id(number))
        self._exchange.orders.add(order)
        accepted = self._reporter.report(Accepted, order, now_ns)
        price, qty = request.price, request.order_qty
        order.fill(price, qty)
        instrument = self._exchange.markets[request.symbol].instrument
        fee = self._exchange.rules.charge(order, instrument, price, qty, is_taker, now_ns)
        details = {"trade_id": trade_id, "last_px": price, "last_qty": qty, "fee": fee, "is_taker": is_taker}
        traded = self._reporter.report(Traded, order, now_ns, **details)
        self._exchange.orders.finish(order)
        return [accepted, traded]


def opposite(side: int) -> int:
    """Return the other side."""
    return fix.SELL if side == fix.BUY else fix.BUY
