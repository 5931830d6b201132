"""Matching: an incoming order trades, ends or rests, with the events of each step.

Units   prices, sizes and money as in `instrument`; times in ns, passed in.
Cost    O(1) per match, O(log prices) for a new price.
Source  Kalshi market model: matching, self-trade prevention; FIX 4.4 volume 4: order of reports.
"""

from typing import Any

from engine import fix
from engine.exchange import refusals
from engine.exchange.events import CAPTURED, Canceled, Event, Expired, LevelChanged, PublicTrade, Report, Stp, Traded
from engine.exchange.market import Market, RestingOrder
from engine.exchange.orders import Registry
from engine.exchange.reporter import Reporter
from engine.exchange.rules import VenueRules


class Matching:
    """The markets of one venue; reports come before the public events of the same change."""

    def __init__(
        self,
        markets: dict[str, Market],
        orders: Registry,
        reporter: Reporter,
        rules: VenueRules,
        house: frozenset[str],
    ) -> None:
        self._markets = markets
        self._orders = orders
        self._reporter = reporter
        self._rules = rules
        self._house = house

    def enter(self, order: RestingOrder, now_ns: int, events: list[Event]) -> None:
        """Match an incoming order, then end it or let it rest."""
        market = self._markets[order.symbol]
        text = self._rules.stop(order, market, now_ns)
        if text:
            pass
        elif order.post_only and market.is_crossed_by(order):
            text = refusals.POST_ONLY_CROSS
        elif order.time_in_force == fix.Tif.FOK and market.size_for(order) < order.leaves_qty:
            text = refusals.FOK_SHORT
        else:
            text = self._match(market, order, now_ns, events)
        if not order.leaves_qty:
            return
        if order.held_back and order.leaves_qty == order.held_back:
            text = text or refusals.REDUCE_ONLY
        if text or order.ord_type == fix.Type.MARKET or order.time_in_force in (fix.Tif.IOC, fix.Tif.FOK):
            events += self.end(order, Canceled, now_ns, text=text or refusals.IOC_REST)
        else:
            market.side(order.side).add(order)
            level_changed(market, order.side, order.price, order.leaves_qty, now_ns, events)

    def _match(self, market: Market, taker: RestingOrder, now_ns: int, events: list[Event]) -> str:
        """Trade `taker` against the other side, best price and oldest first; return why it stopped early, or ''."""
        resting = market.opposite(taker.side)
        while taker.leaves_qty > taker.held_back:
            level = resting.best()
            if level is None or not taker.accepts(level.price):
                break
            maker = level.first()
            if maker.account != taker.account:
                self.trade(maker, taker, min(maker.leaves_qty, taker.leaves_qty - taker.held_back), now_ns, events)
            elif taker.stp == Stp.MAKER:
                events += self.end(maker, Canceled, now_ns, text=refusals.MAKER_STP)
            else:
                return refusals.TAKER_STP
        return ""

    def trade(
        self, maker: RestingOrder, taker: RestingOrder | None, qty: int, now_ns: int, events: list[Event]
    ) -> None:
        """Let `maker` trade with `taker`, which is None where the counterparty has no order here."""
        market = self._markets[maker.symbol]
        market.side(maker.side).shrink(maker, qty)
        trade_id = self._reporter.next_trade_id()
        for order, is_taker in ((taker, True), (maker, False)):
            if order is not None:
                self._fill(market, order, trade_id, maker.price, qty, is_taker, now_ns, events)
        level_changed(market, maker.side, maker.price, -qty, now_ns, events)
        if market.captured is None:
            taker_side = fix.SELL if maker.side == fix.BUY else fix.BUY
            events.append(PublicTrade(maker.symbol, trade_id, taker_side, maker.price, qty, now_ns))

    def _fill(
        self,
        market: Market,
        order: RestingOrder,
        trade_id: str,
        price: int,
        qty: int,
        is_taker: bool,
        now_ns: int,
        events: list[Event],
    ) -> None:
        order.fill(price, qty)
        if order.account == CAPTURED:
            if market.captured is not None:
                market.captured.taken(order.side, price, qty)
            return
        fee = self._rules.charge(order, market.instrument, price, qty, is_taker, now_ns)
        details = {"trade_id": trade_id, "last_px": price, "last_qty": qty, "fee": fee, "is_taker": is_taker}
        events.append(self._reporter.report(Traded, order, now_ns, **details))
        if not order.leaves_qty:
            self._finish(order)

    def end(
        self, order: RestingOrder, kind: type[Report], now_ns: int, cl_ord_id: str = "", **details: Any
    ) -> list[Event]:
        """End a live order as `Canceled` or `Expired`, by the request `cl_ord_id` if its owner made one."""
        market = self._markets[order.symbol]
        side = market.side(order.side)
        removed = order.leaves_qty if side.holds(order) else 0
        if removed:
            side.shrink(order, removed)
        order.end(fix.Status.EXPIRED if kind is Expired else fix.Status.CANCELED)
        orig_cl_ord_id = ""
        if cl_ord_id:
            orig_cl_ord_id = order.cl_ord_id
            self._orders.rename(order, cl_ord_id)
        events: list[Event] = [self._reporter.report(kind, order, now_ns, orig_cl_ord_id=orig_cl_ord_id, **details)]
        level_changed(market, order.side, order.price, -removed, now_ns, events)
        self._finish(order)
        return events

    def _finish(self, order: RestingOrder) -> None:
        self._orders.finish(order)
        if order.account in self._house:
            self._orders.forget(order)


def level_changed(market: Market, side: int, price: int, delta: int, now_ns: int, events: list[Event]) -> None:
    """Add a public level change, unless the market publishes a capture."""
    if delta and market.captured is None:
        events.append(LevelChanged(market.instrument.symbol, side, price, delta, now_ns))
