"""Prometheus metrics: plain integers of the engine, read at each scrape.

Units   prices and money in the instrument's units, ages and latencies in seconds, as Prometheus wants them.
Cost    nothing on the path; a scrape takes about a millisecond of the loop thread, so scrape seldom when colocated.
Thread  the loop thread serves the scrape itself: no second thread contends for the interpreter.
"""

import asyncio
import math
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from engine.errors import ConfigError
from engine.ops.view import Source
from engine.risk import RiskReject
from engine.runtime.latency import LatencyCounts

DENIALS = {denial.value: denial.name.lower() for denial in RiskReject}
BUCKETS_NS = tuple(mantissa * 10**power for power in range(3, 9) for mantissa in (1, 2, 5))
COUNTERS = {
    "frames": "market-data frames received",
    "book_updates": "frames that changed a book",
    "bad_frames": "frames that could not be read",
    "unknown_frames": "frames of an unknown type or market",
    "stale_updates": "updates refused by a stale book",
    "gaps": "losses seen in a feed sequence",
    "trades": "public trades",
    "orders": "new orders sent",
    "acks": "orders acknowledged",
    "fills": "fills",
    "cancels": "orders cancelled or expired",
    "replaces": "orders replaced",
    "cancel_rejects": "cancels and replaces refused by the venue",
    "reports": "messages received about orders",
    "duplicates": "reports that repeat one already applied",
    "unknown_reports": "messages that no rule understands",
}


class EngineCollector(Collector):
    """Turns the engine's integers into metric families, on each scrape."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """Yield every metric as it is now."""
        yield from self._totals()
        yield from self._by_code()
        yield from self._session()
        yield from self._markets()
        for name, recorder in self._source.latencies().items():
            yield _histogram(f"fixlane_{name}_seconds", LatencyCounts(recorder))

    def _totals(self) -> Iterable[Metric]:
        counters = self._source.counters
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"fixlane_{name}", text, value=getattr(counters, name))
        yield CounterMetricFamily("fixlane_reconnects", "feed connections made anew", value=self._source.reconnects())

    def _by_code(self) -> Iterable[Metric]:
        counters = self._source.counters
        denials = CounterMetricFamily("fixlane_risk_denials", "requests denied by risk", labels=["code"])
        for code, count in counters.denials_by_code.items():
            denials.add_metric([DENIALS[code]], count)
        yield denials
        rejects = CounterMetricFamily("fixlane_rejects", "requests refused by the venue", labels=["reason"])
        for reason, count in counters.rejects_by_reason.items():
            rejects.add_metric([str(reason)], count)
        yield rejects

    def _session(self) -> Iterable[Metric]:
        is_logged_on, sender, target = self._source.session_state()
        yield GaugeMetricFamily("fixlane_session_logged_on", "1 while the FIX session is up", value=int(is_logged_on))
        numbers = GaugeMetricFamily("fixlane_next_msg_seq_num", "next MsgSeqNum(34)", labels=["direction"])
        numbers.add_metric(["out"], sender)
        numbers.add_metric(["in"], target)
        yield numbers
        state = GaugeMetricFamily("fixlane_trading_state", "1 for the state that holds", labels=["state"])
        state.add_metric([self._source.trading_state()], 1)
        yield state

    def _markets(self) -> Iterable[Metric]:
        now_ns = self._source.clock_ns()
        age = GaugeMetricFamily("fixlane_book_age_seconds", "since the book's last update", labels=["symbol"])
        stale = GaugeMetricFamily("fixlane_book_stale", "1 while the book is not to be believed", labels=["symbol"])
        net = GaugeMetricFamily("fixlane_position", "net position in size units", labels=["symbol"])
        pnl = GaugeMetricFamily("fixlane_pnl", "realised and unrealised, after fees, in money units", labels=["symbol"])
        day = GaugeMetricFamily("fixlane_day_pnl", "profit since the trading day began, in money units")
        day.add_metric([], self._source.portfolio.day_pnl)
        for book, position in zip(self._source.books, self._source.portfolio, strict=True):
            symbol = [book.instrument.symbol]
            age.add_metric(symbol, (now_ns - book.updated_ns) / 1e9 if book.updated_ns else math.inf)
            stale.add_metric(symbol, int(book.is_stale))
            net.add_metric(symbol, position.net)
            pnl.add_metric(symbol, position.pnl)
        yield from (age, stale, net, pnl, day)


async def serve(source: Source, port: int) -> asyncio.Server:
    """Answer every HTTP request on 127.0.0.1:`port` with the metrics as they are now."""
    registry = CollectorRegistry()
    registry.register(EngineCollector(source))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, whatever it asks for."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            body = generate_latest(registry)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE_LATEST}\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the scraper left or spoke no HTTP
        finally:
            writer.close()

    try:
        return await asyncio.start_server(answer, "127.0.0.1", port)
    except OSError as error:
        raise ConfigError(f"[metrics] port {port}: {error}; choose a free one, or 0 for none") from None


def _histogram(name: str, counts: LatencyCounts) -> Metric:
    buckets = [(str(bound / 1e9), float(counts.count_at_most(bound))) for bound in BUCKETS_NS]
    buckets.append(("+Inf", float(counts.count)))
    return HistogramMetricFamily(name, name.replace("_", " "), buckets=buckets, sum_value=counts.total_ns / 1e9)
