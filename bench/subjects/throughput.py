"""`throughput`: how many orders a second one session sends and has acknowledged, and the latency at half that rate,
75 000 a second at most.

Orders are pipelined: whenever a burst fits into the window of unanswered orders it is sent, one order after another,
on the full path. An order is timed from its decision until its report is handled, so its latency in the pipelined run
is mostly the window's; the figure of that run is its rate. The venue says how long it was busy: near 1 it was the
bound, not the engine. At half the rate the venue asks for as many orders at once, each timed from when it was due.
"""

import asyncio
from array import array
from pathlib import Path
from time import perf_counter_ns

from bench.plan import Pace, Plan, Repetition, Samples
from bench.stopwatch import Stopwatch
from bench.subjects import order
from bench.subjects.sampler import Sampler
from bench.subjects.strategies import OrderProbe
from bench.venue.process import MeasuringVenue

NS_PER_S = 1_000_000_000
MOST_SCHEDULED = 75_000  # orders a second: each of them is a system call of its own on either side
LARGEST_BURST = 64  # that the venue asks for at once
HALF = "open_loop@half"


class PipelinedSampler(Sampler):
    """Keeps up to `window` orders unanswered and fills up in bursts."""

    async def pipelined(self, count: int, window: int, burst: int) -> "array[int]":
        """Send `count` orders; return the latency of each."""
        self._begin(count, 0, False)
        self._left, self._burst, self._room = count, burst, window - burst
        self._fill_up()
        return await self._finish()

    def answered(self, now_ns: int) -> None:
        if not self._left:
            super().answered(now_ns)
            return
        self._samples.append(now_ns - self._started_ns.popleft())
        if len(self._started_ns) <= self._room:
            self._fill_up()

    def _begin(self, count: int, interval_ns: int, is_closed_loop: bool) -> None:
        super()._begin(count, interval_ns, is_closed_loop)
        self._left = 0

    def _fill_up(self) -> None:
        while self._left and len(self._started_ns) <= self._room:
            size = min(self._burst, self._left)
            self._left -= size
            for _ in range(size):
                self._start(perf_counter_ns())


class Pipeline(OrderProbe):
    """The strategy of `order`, with many orders unanswered at a time."""

    sampler: PipelinedSampler

    def __init__(self) -> None:
        super().__init__()
        self.sampler = PipelinedSampler(self._send)


async def measure(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    """Measure the rate with orders pipelined, then the latency on a schedule of half that rate."""
    probe = Pipeline()
    async with order.engine(plan, venue, state, probe) as (sockets, _), order.trigger(venue) as trigger:
        await _pipelined(plan.warm_up, plan, venue, probe.sampler)
        for pace in plan.paces:
            if not pace.is_open_loop:
                result.samples[pace.name] = await _pipelined(pace.count, plan, venue, probe.sampler)
                continue
            fastest = next(iter(result.samples.values()))
            rate = min(fastest.sent / fastest.seconds / 2, MOST_SCHEDULED)
            interval_ns = round(NS_PER_S / rate)
            stopwatch = Stopwatch()
            venue.start("order_open", interval_ns, pace.count, order.MOST_LAG_NS, min(plan.burst, LARGEST_BURST))
            values = await probe.sampler.triggered(trigger, sockets, lambda: asyncio.ensure_future(venue.finish()))
            scheduled_ns = pace.count * interval_ns
            samples = Samples(values, *stopwatch.read(), pace.count, len(values), scheduled_ns=scheduled_ns)
            result.samples[pace.name] = samples


async def _pipelined(count: int, plan: Plan, venue: MeasuringVenue, sampler: PipelinedSampler) -> Samples:
    venue.start("answer_busily", count, order.IDLE_NS)
    stopwatch = Stopwatch()
    values = await sampler.pipelined(count, plan.window, plan.burst)
    seconds, cpu_s = stopwatch.read()
    busy_ns = await venue.finish()
    return Samples(values, seconds, cpu_s, count, count, venue_busy=busy_ns / NS_PER_S / seconds)


def paces(count: int) -> tuple[Pace, Pace]:
    """Return the pipelined run and the scheduled one, whose interval the first decides."""
    return Pace("", count, 0), Pace(HALF, count // 2, 0, True)
