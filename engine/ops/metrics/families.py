"""The View as Prometheus metrics: names with base units, every state of a set of states as a series of its own.

Shapes  labels come from closed sets, "other" is the rest; what is by market is bounded by MOST_MARKETS, and the largest
        positions come first, so that `other` and the named ones add up to the whole.
Errors  none: without a view `fixlane_engine_up` is 0 and alone.
"""

import math
from collections.abc import Callable, Collection, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.errors import ConfigError
from engine.ops.metrics.account import of_account
from engine.ops.metrics.shapes import counted_by, counter, gauge, gauged_by, kinds, labelled, states
from engine.ops.view import layout
from engine.ops.view.reader import View
from engine.risk import NO_LIMIT, RiskReject
from engine.runtime.latency import LatencyCounts
from engine.runtime.notices import NoticeKind

MOST_MARKETS = 200
REASONS = 100  # of refusals that have a series of their own: 0 to 99
BUCKETS_NS = tuple(mantissa * 10**power for power in range(3, 10) for mantissa in (1, 2, 5)) + (10**10,)
OTHER, NOBODY = "other", "nobody"
FRAMES = {
    "applied": "book_updates",
    "trade": "trades",
    "stale": "stale_updates",
    "unreadable": "bad_frames",
    "unknown": "unknown_frames",
}
ORDER_EVENTS = {
    "sent": "orders",
    "accepted": "acks",
    "replaced": "replaces",
    "ended": "cancels",
    "rejected": "rejects",
    "cancel_rejected": "cancel_rejects",
}
LATENCIES = {
    "tick_to_order": "from a frame read to the order that answers it handed to the session",
    "order_to_ack": "from a request sent to its answer handled",
}
MONEY = {
    "cash": "what sales brought less what purchases cost, before fees",
    "fees": "fees paid",
    "pnl": "realised and unrealised profit, after fees",
}


class ViewCollector(Collector):
    """Makes the metrics of whatever `read` returns; `markets` are shown whether they are held or not."""

    def __init__(self, read: Callable[[], View], markets: Collection[str] = ()) -> None:
        self._read = read
        self._markets = frozenset(markets)

    def collect(self) -> Iterable[Metric]:
        """Yield every metric as the view has it now."""
        try:
            view = self._read()
        except ConfigError:
            yield gauge("engine_up", "1 while the engine runs", 0)
            return
        yield from _engine(view)
        yield from _sessions(view)
        yield from _feeds(view)
        yield from of_account(view)
        yield from _orders(view)
        yield from _told(view)
        yield from _money(view)
        yield from _limits(view)
        yield from _by_market(view, self._markets)
        yield from _by_strategy(view)
        for name, counts in view.latencies().items():
            yield _histogram(name, counts)


def _engine(view: View) -> Iterable[Metric]:
    head, desk = view.head, view.desk
    info = GaugeMetricFamily("fixlane_build_info", "1, of the version that runs", labels=["version"])
    info.add_metric([desk.version], 1)
    yield info
    is_up = view.is_alive() and not view.has_ended
    yield gauge("engine_up", "1 while the engine runs", is_up)
    yield gauge("start_time_seconds", "when the engine started", head.start_utc_ns / 1e9)
    yield gauge("view_timestamp_seconds", "when these values were published", head.written_utc_ns / 1e9)
    yield gauge("view_publish_seconds", "what publishing took the loop last", head.took_ns / 1e9)
    yield counter("view_failures", "views that could not be published", head.failures)
    yield states("trading_state", "whether the engine trades", layout.TRADING_STATES, desk.trading_state)
    yield states("risk_state", "the kill switch", layout.RISK_STATES, desk.risk_state)


def _sessions(view: View) -> Iterable[Metric]:
    state = labelled("session_state", "of the FIX session", "session", "state")
    numbers = labelled("session_next_seq_num", "next MsgSeqNum(34)", "session", "direction")
    logons = CounterMetricFamily("fixlane_session_logons", "times it logged on", labels=["session"])
    for session in view.records("sessions"):
        for each in layout.SESSION_STATES:
            state.add_metric([session.name, each], session.state == each)
        numbers.add_metric([session.name, "out"], session.next_out)
        numbers.add_metric([session.name, "in"], session.next_in)
        logons.add_metric([session.name], session.logons)
    yield from (state, numbers, logons)


def _feeds(view: View) -> Iterable[Metric]:
    connected = labelled("feed_connected", "1 while the feed is connected", "feed")
    lag = labelled("feed_lag_seconds", "how far its messages run behind the venue's clock", "feed")
    families = {
        name: CounterMetricFamily(f"fixlane_feed_{name}", text, labels=["feed"])
        for name, text in (
            ("reconnects", "connections made anew"),
            ("losses", "connections lost and attempts failed"),
            ("received_bytes", "bytes of its messages"),
            ("resyncs", "snapshots asked for again"),
        )
    }
    for feed in view.records("feeds"):
        connected.add_metric([feed.name], feed.is_connected)
        lag.add_metric([feed.name], feed.lag_ns / 1e9)
        counted = max(feed.connects - 1, 0), feed.losses, feed.bytes, feed.resyncs
        for family, value in zip(families.values(), counted, strict=True):
            family.add_metric([feed.name], value)
    yield from (connected, lag, *families.values())
    counters = view.counters
    yield counter("feed_gaps", "losses seen in a feed sequence", counters.gaps)
    frames = kinds(counters, FRAMES) | {OTHER: counters.frames - sum(kinds(counters, FRAMES).values())}
    yield counted_by("feed_frames", "market-data frames by what became of them", "kind", frames)
    books = dict.fromkeys(layout.BOOK_STATES, 0)
    stopped = 0
    for market in view.markets().values():
        books[layout.BOOK_STATES[market.book_state]] += 1
        stopped += bool(market.flags & layout.STOPPED)
    yield gauged_by("books", "books by their state", "state", books)
    yield gauge("markets_stopped", "markets that take no new orders", stopped)


def _orders(view: View) -> Iterable[Metric]:
    counters, head = view.counters, view.head
    yield counted_by("orders", "orders and requests by what became of them", "event", kinds(counters, ORDER_EVENTS))
    yield counter("fills", "fills", counters.fills)
    reports = {"duplicate": counters.duplicates, "unknown": counters.unknown_reports}
    reports[OTHER] = counters.reports - sum(reports.values())
    yield counted_by("reports", "messages received about orders", "kind", reports)
    live = dict.fromkeys((*layout.ORDER_STATES.values(), OTHER), 0)
    for order in view.records("orders"):
        live[layout.ORDER_STATES.get(chr(order.ord_status), OTHER)] += 1
    live[OTHER] += head.live_orders - sum(live.values())
    yield gauged_by("orders_open", "orders that may still trade", "state", live)
    age_ns = head.written_ns - head.unknown_since_ns if head.unknown_since_ns else 0
    yield gauge("orders_unknown_age_seconds", "how long the oldest order in doubt is in doubt", age_ns / 1e9)


def _told(view: View) -> Iterable[Metric]:
    denied = {row.code: row.count for row in view.records("denials")}
    denials = {code.name.lower(): denied.pop(code.value, 0) for code in RiskReject if code}
    yield counted_by("risk_denials", "requests denied by risk", "code", denials | {OTHER: sum(denied.values())})
    reasons: dict[str, int] = {}
    for row in view.records("rejects"):
        reason = str(row.reason) if 0 <= row.reason < REASONS else OTHER
        reasons[reason] = reasons.get(reason, 0) + row.count
    yield counted_by("rejects", "requests refused by the venue", "reason", reasons)
    told = {row.kind: row.count for row in view.records("notices")}
    notices = {kind.value: told.pop(kind.value, 0) for kind in NoticeKind}
    notices[OTHER] = sum(told.values())
    yield counted_by("notices", "what was refused, lost or not understood", "kind", notices)


def _money(view: View) -> Iterable[Metric]:
    head = view.head
    unit = 10 ** (head.price_decimals + head.size_decimals)
    for name, text in MONEY.items():
        yield gauge(f"{name}_dollars", text, getattr(head, name) / unit)
    yield gauge("realised_dollars", "what closed quantity earned, before fees", (head.cash + head.cost) / unit)
    yield gauge("unrealised_dollars", "what is open is worth beyond its cost", (head.value - head.cost) / unit)
    yield gauge("pnl_day_dollars", "profit since the trading day began, after fees", head.day_pnl / unit)
    yield gauge("open_cost_dollars", "what all open orders together can lose", head.open_cost / unit)
    contracts = head.gross_position / 10**head.size_decimals
    yield gauge("gross_position_contracts", "filled and open at worst, over all markets", contracts)


def _limits(view: View) -> Iterable[Metric]:
    ratio = labelled("limit_used_ratio", "the part of a limit that is used, 0 without one", "limit")
    for limit in view.records("limits"):
        is_bound = limit.limit < NO_LIMIT
        ratio.add_metric([limit.name], (limit.used / limit.limit if limit.limit else limit.used > 0) if is_bound else 0)
    yield ratio
    if view.head.tokens >= 0:
        yield gauge("rate_tokens", "requests that the rate limit has left", view.head.tokens)


def _by_market(view: View, listed: Collection[str]) -> Iterable[Metric]:
    """What is held, ordered or listed; positions beyond the bound are added up as `other`."""
    head, markets = view.head, view.markets()
    money, contracts = 10 ** (head.price_decimals + head.size_decimals), 10**head.size_decimals
    names = {index: view.symbol(index) for index in markets}
    ordered = {order.market for order in view.records("orders")}
    wanted = [
        index
        for index, market in markets.items()
        if market.net or market.pnl or index in ordered or names[index] in listed
    ]
    wanted.sort(key=lambda index: (-abs(markets[index].net), -abs(markets[index].pnl), index))
    shown, rest = wanted[:MOST_MARKETS], wanted[MOST_MARKETS:]
    net = labelled("position_contracts", "net position, below 0 for a short one", "symbol")
    pnl = labelled("market_pnl_dollars", "realised and unrealised, after fees", "symbol")
    day = labelled("market_pnl_day_dollars", "the same since the trading day began", "symbol")
    age = labelled("book_age_seconds", "since the book moved last", "symbol")
    stale = labelled("book_stale", "1 while the book is not to be believed", "symbol")
    for index in shown:
        market, symbol = markets[index], [names[index]]
        net.add_metric(symbol, market.net / contracts)
        pnl.add_metric(symbol, market.pnl / money)
        day.add_metric(symbol, market.day_pnl / money)
        age.add_metric(symbol, (head.written_ns - market.updated_ns) / 1e9 if market.updated_ns else math.inf)
        stale.add_metric(symbol, layout.BOOK_STATES[market.book_state] != "fresh")
    if rest:
        for family, unit, field in ((pnl, money, "pnl"), (day, money, "day_pnl")):
            family.add_metric([OTHER], sum(getattr(markets[index], field) for index in rest) / unit)
    yield from (net, pnl, day, age, stale)


def _by_strategy(view: View) -> Iterable[Metric]:
    """What each of several strategies has and made; without a name it is nobody's."""
    money = 10 ** (view.head.price_decimals + view.head.size_decimals)
    pnl = labelled("strategy_pnl_dollars", "its realised and unrealised profit, after fees", "strategy")
    day = labelled("strategy_pnl_day_dollars", "the same since the trading day began", "strategy")
    fees = labelled("strategy_fees_dollars", "fees that it paid", "strategy")
    orders = labelled("strategy_open_orders", "its orders that may still trade", "strategy")
    stopped = labelled("strategy_stopped", "1 while it is stopped by itself", "strategy")
    for each in view.records("strategies"):
        for family, value in ((pnl, each.pnl), (day, each.day_pnl), (fees, each.fees)):
            family.add_metric([each.name or NOBODY], value / money)
        orders.add_metric([each.name or NOBODY], each.open_orders)
        stopped.add_metric([each.name or NOBODY], each.state == "stopped")
    yield from (pnl, day, fees, orders, stopped)


def _histogram(name: str, counts: LatencyCounts) -> Metric:
    buckets = [(str(bound / 1e9), float(counts.count_at_most(bound))) for bound in BUCKETS_NS]
    buckets.append(("+Inf", float(counts.count)))
    text = LATENCIES[name]
    return HistogramMetricFamily(f"fixlane_{name}_seconds", text, buckets=buckets, sum_value=counts.total_ns / 1e9)
