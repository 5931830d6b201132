"""`order`: from the strategy's decision to its report handled, measured inside the engine's process.

An order of a scheduled run is asked for by eight bytes from the venue and timed from the moment that was set for it,
so the way of those bytes to the engine is part of its latency.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import peers
from bench.baselines.order import BaselineOrder
from bench.plan import BASELINE, PEERS, Pace, Plan, Repetition, Samples
from bench.rig import Rig
from bench.stopwatch import Stopwatch
from bench.subjects.frames import bench_instrument
from bench.subjects.sampler import Sampler
from bench.subjects.stages import Stages
from bench.subjects.strategies import ASK, BID, OrderProbe
from bench.venue import certificate, kalshi
from bench.venue.process import MeasuringVenue
from engine.runtime._sockets import Sockets

IDLE_NS = 5_000_000_000
MOST_LAG_NS = 500_000_000  # an order later than this ends a scheduled run: its rate is not held


async def measure(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    """Run every pace of the plan on one connection."""
    if plan.stack == BASELINE:
        await _measure_baseline(plan, venue, state, result)
    elif plan.stack in PEERS:
        await peers.measure(plan, venue, state, result)
    else:
        await _measure_engine(plan, venue, state, result)


async def _measure_baseline(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    baseline = BaselineOrder(state, venue.fix_port)
    venue.start("accept_fix")
    await baseline.session.start()
    try:
        await venue.finish()
        sockets = Sockets(asyncio.get_running_loop())
        await _run_paces(plan, venue, baseline.sampler, sockets, result)
    finally:
        baseline.session.stop()


async def _measure_engine(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    probe = OrderProbe()
    async with engine(plan, venue, state, probe) as (sockets, stages):
        await _run_paces(plan, venue, probe.sampler, sockets, result, stages)


@asynccontextmanager
async def engine(
    plan: Plan, venue: MeasuringVenue, state: Path, probe: OrderProbe
) -> AsyncIterator[tuple[Sockets, Stages | None]]:
    """An engine that has logged on to the venue and waits as the plan says: its sockets, and its stamps if any."""
    secret = certificate.file(state) if plan.has_tls else None
    key, public_key = kalshi.made_key() if plan.is_kalshi else (None, b"")
    rig = Rig(
        plan.stack, state, venue.fix_port, venue.feed_port, bench_instrument(), probe, secret, key, plan.has_journal
    )
    rig.on_fault = probe.sampler.fail
    rig.set_book(BID, ASK)
    if plan.prepare is not None:
        plan.prepare(rig)
    stages = Stages(rig) if plan.with_stages else None
    venue.start("accept_fix", secret, public_key)
    await rig.connect_session()
    try:
        await venue.finish()
        with rig.mode(plan.mode, plan.engine_core, plan.collects_garbage, lambda: probe.sampler.last_ns):
            yield rig.sockets, stages
    finally:
        await rig.close()


@asynccontextmanager
async def trigger(venue: MeasuringVenue) -> AsyncIterator[socket.socket]:
    """The connection on which the venue asks for orders."""
    venue.start("accept_trigger")
    with socket.create_connection(("127.0.0.1", venue.trigger_port)) as connection:
        connection.setblocking(False)
        await venue.finish()
        yield connection


async def _run_paces(
    plan: Plan,
    venue: MeasuringVenue,
    sampler: Sampler,
    sockets: Sockets,
    result: Repetition,
    stages: Stages | None = None,
) -> None:
    sampler.patience_s = plan.patience_s
    async with trigger(venue) as asking:
        await _run(Pace("", plan.warm_up, 0), venue, sampler, sockets, asking)
        if stages is not None:
            stages.clear()
        for pace in plan.paces:
            if result.gives_up(pace):
                continue
            result.samples[pace.name] = await _run(pace, venue, sampler, sockets, asking)
    if stages is not None:
        result.stages = stages.table()


async def _run(
    pace: Pace, venue: MeasuringVenue, sampler: Sampler, sockets: Sockets, trigger: socket.socket
) -> Samples:
    stopwatch = Stopwatch()
    if pace.is_open_loop:
        venue.start("order_open", pace.interval_ns, pace.count, MOST_LAG_NS)
        values = await sampler.triggered(trigger, sockets, lambda: asyncio.ensure_future(venue.finish()))
    else:
        venue.start("answer", pace.count, IDLE_NS)
        values = await sampler.closed(pace.count, pace.interval_ns)
        await venue.finish()
    scheduled_ns = pace.count * pace.interval_ns if pace.is_open_loop else 0
    return Samples(values, *stopwatch.read(), pace.count, len(values), scheduled_ns=scheduled_ns)
