"""The metrics as Prometheus reads them: every name, every value, over HTTP, from plain integers."""

import asyncio
import math
import re
import urllib.request
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from engine.errors import ConfigError
from engine.ops.metrics import COUNTERS, EngineCollector, serve
from engine.risk import RiskReject
from engine.runtime.latency import LatencyRecorder
from engine.venue import EventKind
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill


class Source:
    """A desk as the collector sees an engine."""

    def __init__(self, scene: Scene | None = None) -> None:
        self.scene = scene or Scene()
        self.counters = self.scene.loop.counters
        self.books = self.scene.books
        self.portfolio = self.scene.portfolio

    def clock_ns(self) -> int:
        return self.scene.now_ns

    def session_state(self) -> tuple[bool, int, int]:
        return True, 17, 23

    def trading_state(self) -> str:
        return "trading"

    def reconnects(self) -> int:
        return 2

    def latencies(self) -> dict[str, LatencyRecorder]:
        return {"tick_to_order": self.scene.loop.tick_to_order, "order_round_trip": self.scene.loop.round_trip}


def families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def scraped(source: Source) -> dict[str, Metric]:
    registry = CollectorRegistry()
    registry.register(EngineCollector(source))
    return families(generate_latest(registry).decode())


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    """Return {label values: value} of a family without buckets."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_every_counter_of_the_engine_is_exported_with_its_value() -> None:
    source = Source()
    for number, name in enumerate(COUNTERS):
        setattr(source.counters, name, number + 1)
    found = scraped(source)
    assert [samples(found[f"fixlane_{name}"]) for name in COUNTERS] == [
        {(): number + 1} for number in range(len(COUNTERS))
    ]
    # What is left is exported by code, below
    assert {name for name in dir(source.counters) if not name.startswith("_")} - set(COUNTERS) == {
        "rejects", "risk_denials", "denials_by_code", "rejects_by_reason",
    }  # fmt: skip


def test_rejects_and_denials_are_exported_by_code() -> None:
    source = Source()
    source.counters.denials_by_code = {RiskReject.RATE: 3, int(RiskReject.BOOK_STALE): 1}
    source.counters.rejects_by_reason = {99: 2}
    found = scraped(source)
    assert samples(found["fixlane_risk_denials"]) == {("rate",): 3, ("book_stale",): 1}
    assert samples(found["fixlane_rejects"]) == {("99",): 2}


def test_session_and_reconnects_are_exported() -> None:
    found = scraped(Source())
    assert samples(found["fixlane_session_logged_on"]) == {(): 1}
    assert samples(found["fixlane_next_msg_seq_num"]) == {("out",): 17, ("in",): 23}
    assert samples(found["fixlane_trading_state"]) == {("trading",): 1}
    assert samples(found["fixlane_reconnects"]) == {(): 2}


def test_books_positions_and_profit_are_exported_by_market() -> None:
    source = Source()
    scene = source.scene
    scene.portfolio.mark_book(scene.books[0])
    order = scene.buy()
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, 10, "E1", 4_500))
    scene.books[1].mark_stale()
    scene.now_ns += 2_500_000_000
    found = scraped(source)
    assert samples(found["fixlane_book_age_seconds"]) == {("RAIN",): 2.5, ("SNOW",): 2.5}
    assert samples(found["fixlane_book_stale"]) == {("RAIN",): 0, ("SNOW",): 1}
    assert samples(found["fixlane_position"]) == {("RAIN",): 10, ("SNOW",): 0}
    assert samples(found["fixlane_pnl"]) == {("RAIN",): 10 * (4_500 - 4_500) - 7, ("SNOW",): 0}
    assert samples(found["fixlane_day_pnl"]) == {(): -7}


def test_book_without_any_update_is_infinitely_old() -> None:
    source = Source()
    source.books[0].updated_ns = 0
    assert samples(scraped(source)["fixlane_book_age_seconds"])["RAIN",] == math.inf


def test_profit_is_the_portfolios_where_nobody_bids_any_more() -> None:
    source = Source()
    scene = source.scene
    scene.portfolio.fill(scene.rain, 1, 10, 4_500, 3)
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[], asks=[(9_900, 1)])
    found = scraped(source)
    assert samples(found["fixlane_pnl"]) == {("RAIN",): -10 * 4_500 - 3, ("SNOW",): 0}
    assert samples(found["fixlane_day_pnl"]) == {(): scene.portfolio.pnl} == {(): -45_003}


@pytest.mark.parametrize("name", ["tick_to_order", "order_round_trip"])
def test_latencies_are_histograms_in_seconds(name: str) -> None:
    source = Source()
    recorder = source.latencies()[name]
    for duration_ns in (800, 15_000, 15_000, 3_000_000_000):
        recorder.record(duration_ns)
    family = scraped(source)[f"fixlane_{name}_seconds"]
    assert family.type == "histogram"
    buckets = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
    assert [bound for bound, _ in buckets] == sorted(bound for bound, _ in buckets)
    counts = dict(buckets)
    assert (counts[1e-6], counts[1e-5], counts[2e-5], counts[0.5], counts[math.inf]) == (1, 1, 3, 3, 4)
    values = {s.name.rpartition("_")[2]: s.value for s in family.samples if not s.name.endswith("_bucket")}
    assert values == {"count": 4, "sum": pytest.approx(3.0000308)}


def test_names_follow_the_conventions_of_prometheus() -> None:
    source = Source()
    source.counters.denials_by_code = {RiskReject.RATE: 3}
    for family in scraped(source).values():
        assert re.fullmatch("fixlane_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation
        if family.type == "counter":
            assert all(sample.name == family.name + "_total" for sample in family.samples)
        for sample in family.samples:
            assert not sample.name.endswith(("_ns", "_ms", "_us"))


def fetched(request: bytes | None = None, port: int = 0) -> Any:
    """Serve, fetch once, and return what came back."""

    async def run() -> Any:
        server = await serve(Source(), port)
        host = server.sockets[0].getsockname()
        assert host[0] == "127.0.0.1"
        try:
            if request is None:
                url = f"http://127.0.0.1:{host[1]}/metrics"
                reply = await asyncio.to_thread(urllib.request.urlopen, url, timeout=2)
                return reply.status, reply.headers, reply.read().decode()
            reader, writer = await asyncio.open_connection(*host)
            writer.write(request)
            writer.write_eof()
            try:
                return await reader.read()
            except ConnectionError:  # what it had not read yet makes the kernel reset the connection
                return b""
            finally:
                writer.close()
        finally:
            server.close()

    return asyncio.run(asyncio.wait_for(run(), 5))


def test_scrape_over_http_is_the_metrics_as_they_are() -> None:
    status, headers, text = fetched()
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert int(headers["Content-Length"]) == len(text)
    assert samples(families(text)["fixlane_next_msg_seq_num"]) == {("out",): 17, ("in",): 23}


@pytest.mark.parametrize("request_", [b"", b"nonsense", b"x" * 200_000])
def test_scraper_that_speaks_no_http_is_hung_up_on(request_: bytes) -> None:
    assert fetched(request_) == b""


def test_taken_port_is_a_configuration_error() -> None:
    async def run() -> None:
        first = await serve(Source(), 0)
        port = first.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match=rf"\[metrics\] port {port}: .*; choose a free one"):
            await serve(Source(), port)
        first.close()

    asyncio.run(run())
