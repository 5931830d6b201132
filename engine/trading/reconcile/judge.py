"""The rules of reconciliation: our orders and positions against the venue's, values in, findings out.

A fill is matched by the venue's id of it, or else by what it traded: two fills of one order at one price and of one
size are the same to every sum, so that the surplus alone is news.

Units   prices, sizes and money as in the instrument.
Errors  none: what cannot be is a finding.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.repeats import TRADE_PREFIX
from engine.orders.report import ExecutionReport
from engine.orders.table import TERMINAL
from engine.trading.reconcile.reports import absence_report, fill_report, state_report
from engine.trading.reconcile.rules import Rule
from engine.venue.account import VenueFill, VenueOrder, VenuePosition

Find = Callable[[str, str], Order | None]  # an order of ours by ClOrdID(11) or OrderID(37)


class Finding(NamedTuple):
    """One difference. `reports` set it right; `order` is in doubt where nothing does; `stops` stops the market.

    `gap` is what a position of the venue's has beyond ours: it stays the same while both trade on.
    """

    rule: Rule
    symbol: str
    text: str
    reports: tuple[ExecutionReport, ...] = ()
    order: Order | None = None
    stops: bool = False
    gap: int = 0

    @property
    def identity(self) -> tuple[Rule, str, object]:
        """What is the same where the same difference is found again."""
        return self.rule, self.symbol, self.gap or self.text


def missed_fills(order: Order, fills: Iterable[VenueFill]) -> list[VenueFill]:
    """Return which of the venue's fills of an order we have not counted, oldest first."""
    kept = [each for each in order.all_kept() if each[1] and not each[5]]
    by_id = {key for key, *_ in kept}
    unmatched = [fill for fill in fills if f"{TRADE_PREFIX}{fill.trade_id}" not in by_id]
    ours = Counter((qty, price) for key, qty, price, *_ in kept if not key.startswith(TRADE_PREFIX))
    missed = []
    for fill in sorted(unmatched, key=lambda each: (each.time_ns, each.trade_id)):
        if ours[fill.qty, fill.price]:
            ours[fill.qty, fill.price] -= 1
        else:
            missed.append(fill)
    return missed


def judge_fills(
    find: Find, fills: Iterable[VenueFill], filled: Mapping[Order, int], waiting: Container[Order] = ()
) -> list[Finding]:
    """Book what we missed. `filled` is how much of an order the venue says is filled, where it does.

    Orders that are `waiting` for an answer are left alone: their fills come behind it.

    What is asked for begins at some time: of an order that is older, no more is booked than its sum says is missing.
    """
    of_order: dict[Order, list[VenueFill]] = {}
    findings = []
    listed = list(dict.fromkeys(fills))
    times = Counter((each.trade_id, each.order_id) for each in listed)  # one trade may be of two orders
    for fill in listed:
        order = find(fill.cl_ord_id, fill.order_id)
        if fault := _fault_of(fill, order, times[fill.trade_id, fill.order_id]):
            text = f"trade {fill.trade_id} of order {fill.order_id}, {fill.qty} at {fill.price}: {fault[1]}"
            symbol = fill.symbol if order is None else order.instrument.symbol
            findings.append(Finding(fault[0], symbol, text, order=order, stops=True))
        elif order is None:
            text = f"trade {fill.trade_id} of order {fill.order_id}, {fill.qty} at {fill.price}, is none of ours"
            findings.append(Finding(Rule.STRANGER_FILL, fill.symbol, text, stops=True))
        elif order not in waiting:
            of_order.setdefault(order, []).append(fill)
    for order, own in of_order.items():
        missing = filled.get(order, sum(fill.qty for fill in own)) - order.cum_qty
        for fill in _latest(missed_fills(order, own), missing):
            text = f"ClOrdID(11) {order.cl_ord_id}: trade {fill.trade_id}, {fill.qty} at {fill.price}"
            findings.append(Finding(Rule.FILL_MISSED, fill.symbol, text, (fill_report(order, fill),)))
    return findings


def _fault_of(fill: VenueFill, order: Order | None, times: int) -> tuple[Rule, str] | None:
    """Return why a fill cannot be booked as the venue says it; None where nothing is wrong with it."""
    if times > 1:
        return Rule.FILL_TWICE, "another fill of that name says something else"
    if order is None:
        return None
    instrument = order.instrument
    if (fill.symbol, fill.side) != (instrument.symbol, order.side):
        return Rule.FILL_IMPOSSIBLE, f"our order is of side {order.side} in {instrument.symbol}"
    if fill.qty <= 0 or fill.price <= 0 or (instrument.limit and fill.price >= instrument.limit):
        return Rule.FILL_IMPOSSIBLE, "no market trades that"
    return None


def _latest(fills: list[VenueFill], qty: int) -> list[VenueFill]:
    """Return the latest of these that make at most `qty`, oldest first."""
    taken = []
    for fill in reversed(fills):
        if fill.qty <= qty:
            qty -= fill.qty
            taken.append(fill)
    return taken[::-1]


def judge_order(order: Order, known: VenueOrder | None, unbooked: int = 0) -> Finding | None:
    """Judge one order that may live by us, once its fills are booked; None where both sides agree.

    `unbooked` is what fills would add that are found and not booked, where nothing is to be changed.
    `known` is None only if the venue was asked for every order of the market, finished ones as well.
    """
    symbol, name = order.instrument.symbol, f"ClOrdID(11) {order.cl_ord_id}"
    if known is None:
        if order.order_id or order.cum_qty:
            text = f"{name}: the venue took it as OrderID(37) {order.order_id} and does not have it now"
            return Finding(Rule.ORDER_LOST, symbol, text, order=order, stops=True)
        if order.ord_status != Status.UNKNOWN and not order.is_lost:
            return None  # on its way, over a connection that stands
        text = f"{name}: the venue does not have it"
        return Finding(Rule.ORDER_NEVER_ARRIVED, symbol, text, (absence_report(order),))
    if (known.symbol, known.side) != (symbol, order.side):
        text = f"{name}: side {order.side} by us, side {known.side} in {known.symbol} at the venue"
        return Finding(Rule.ORDER_IMPOSSIBLE, symbol, text, order=order, stops=True)
    if known.cum_qty != order.cum_qty + unbooked:
        text = f"{name}: {known.cum_qty} filled by the venue, our fills make {order.cum_qty + unbooked}"
        return Finding(Rule.FILLS_DIFFER, symbol, text, order=order, stops=True)
    if known.status in TERMINAL:
        text = f"{name}: OrdStatus(39) {known.status} at the venue"
        return Finding(Rule.ORDER_OVER, symbol, text, (state_report(order, known),))
    if order.ord_status in (Status.PENDING_NEW, Status.UNKNOWN) or _differs(order, known):
        text = f"{name}: works at the venue, {known.leaves_qty} left at {known.price}"
        return Finding(Rule.ORDER_WORKS, symbol, text, (state_report(order, known),))
    return None


def _differs(order: Order, known: VenueOrder) -> bool:
    """Return whether an order that works on both sides works differently, with no request in flight to explain it."""
    is_same = (order.price, order.order_qty) == (known.price, known.cum_qty + known.leaves_qty)
    return not (is_same or order.pending)


def judge_strangers(find: Find, resting: Iterable[VenueOrder]) -> list[Finding]:
    """Tell of what rests at the venue and is none of ours, or over by what we know."""
    findings = []
    for known in resting:
        order = find(known.cl_ord_id, known.order_id)
        if order is None or order.is_done:
            what = "is over by what we know" if order else "is none of ours"
            text = f"OrderID(37) {known.order_id}, ClOrdID(11) {known.cl_ord_id!r}, {known.leaves_qty} left: {what}"
            findings.append(Finding(Rule.STRANGER_ORDER, known.symbol, text, stops=True))
    return findings


def judge_positions(ours: Mapping[Instrument, tuple[int, int]], theirs: Iterable[VenuePosition]) -> list[Finding]:
    """Compare (net, fees) of each market, once every fill is booked. A market that the venue leaves out is flat."""
    listed = {each.symbol: each for each in theirs}
    findings = []
    for instrument, (net, fees) in ours.items():
        known = listed.get(instrument.symbol, VenuePosition(symbol=instrument.symbol, net=0, fees=fees))
        size, money = instrument.format_size, instrument.format_money
        if known.net != net:
            text = f"{size(known.net)} held by the venue, {size(net)} by our fills"
            findings.append(Finding(Rule.POSITION_DIFFERS, instrument.symbol, text, stops=True, gap=known.net - net))
        elif known.fees is not None and known.fees != fees:
            text = f"{money(known.fees)} paid in fees by the venue, {money(fees)} by our fills"
            findings.append(Finding(Rule.FEES_DIFFER, instrument.symbol, text))
    return findings
